"""Environment variables that stand in for options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from harness.cli import app
from results.errors import ResultsError


def options(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every option of a command and of those below it: its variable, and the one that its name calls for."""
    for param in command.params:
        names = [name for name in param.opts if name.startswith("--")]
        if names and param.name != "help":
            wanted = names[0].removeprefix("--").replace("-", "_")
            yield param.envvar or f"{path}_{param.name}".upper(), f"{path}_{wanted}".upper()
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, f"{path}_{name}")


def test_every_variable_is_called_as_its_option_is() -> None:
    """ANP, the verbs and the option's own name, such as ANP_COMPARE_HTML for --html."""
    found = list(options(typer.main.get_command(app), "anp"))

    assert "ANP_COMPARE_HTML" in [variable for variable, _ in found]
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_the_name_of_a_history_may_come_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ANP_RUNS_PROMOTE_AS, --as is not missed: what is refused is the record."""
    monkeypatch.setenv("ANP_RUNS_PROMOTE_AS", "main")

    with pytest.raises(ResultsError, match="nowhere is not a run record"):
        app(["runs", "promote", "nowhere"], standalone_mode=False)
