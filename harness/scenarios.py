"""The scenarios that a swarm can follow: the public locustfiles, by name."""

from __future__ import annotations

from importlib import resources

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
