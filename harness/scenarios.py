"""The scenarios that a swarm can follow: the public locustfiles, by name."""

from __future__ import annotations

import difflib
import re
from importlib import resources
from pathlib import Path

from harness.errors import UsageError, unknown


def scenarios() -> list[str]:
    """Names of the public locustfiles."""
    folder = resources.files("locustfiles")
    names = (file.name for file in folder.iterdir())
    return sorted(name[:-3] for name in names if name.endswith(".py") and not name.startswith("_"))


def check_scenario(name: str) -> None:
    """Refuse a scenario there is no locustfile for.

    Raises:
        UsageError: With the nearest known name.
    """
    if name not in scenarios():
        raise UsageError(unknown("scenario", name, scenarios()))


def scenario_of(locustfile: Path) -> str:
    """The scenario of a locustfile that is not one of ours: it is called as its file.

    Raises:
        UsageError: There is no such file, or its name is none of a scenario.
    """
    if not locustfile.is_file():
        what = "is a folder" if locustfile.is_dir() else "does not exist"
        folder = locustfile if locustfile.is_dir() else locustfile.parent
        known = sorted(path.name for path in folder.glob("*.py")) if folder.is_dir() else []
        near = difflib.get_close_matches(locustfile.name, known, n=1)
        remedy = (
            f"did you mean {folder / near[0]}?" if near else "give a Python file with a class derived from SwarmUser"
        )
        raise UsageError(f"the locustfile {locustfile} {what}; {remedy}")
    if locustfile.suffix != ".py" or not re.fullmatch(r"[A-Za-z][\w-]{0,39}", locustfile.stem, re.ASCII):
        raise UsageError(
            f"the locustfile {locustfile} gives its scenario its name, and {locustfile.name!r} does not do; call it by "
            "a word and .py, such as shop_readers.py"
        )
    return locustfile.stem
