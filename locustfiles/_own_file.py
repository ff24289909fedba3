"""Stands in for a locustfile that is not one of ours, named by a variable: whatever is wrong with it is one line.

Locust is given this file. What it imports is then seen as if it had been given the other one.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from locustfiles._errors import SwarmError
from locustfiles._steps import described
from locustfiles._swarm import SwarmUser

VARIABLE = "ANP_OWN_LOCUSTFILE"
"""The path of the file."""


def _users(path: Path) -> dict[str, Any]:
    """The user classes of a file.

    Raises:
        SwarmError: It cannot be executed, or defines no swarm; the message names the line where there is one.
    """
    name = f"anp_{path.stem}"  # not its own, which a module of Python or a package may have
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # as locust does, for modules that lie beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        traceback.print_exc()
        raise SwarmError(f"{_place(error, path)}: {_words(error)}") from None
    finally:
        sys.path.remove(str(path.parent))
        sys.path.insert(1, str(path.parent))
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, SwarmUser) and not value.abstract
    }
    if not found:
        raise SwarmError(f"{path} defines no class derived from SwarmUser; write class Visitor(SwarmUser) in it")
    user = next(iter(found.values()))  # of two the second has been refused
    if user.scenario.name != path.stem:
        raise SwarmError(
            f"{path} defines scenario {user.scenario.name!r}, and a scenario is called as its file; write "
            f"Scenario({path.stem!r}, …), or call the file {user.scenario.name}.py"
        )
    return found


def _words(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg}; correct it"
    return described(error) + ("" if isinstance(error, SwarmError) else "; correct it, or see more with anp --debug")


def _place(error: BaseException, path: Path) -> str:
    """The line of the file that an exception came from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename} line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"{path} line {lines[-1]}" if lines else str(path)


try:
    globals().update(_users(Path(os.environ[VARIABLE])))
except SwarmError as error:
    sys.exit(f"error: {error}")
