"""Documents that are generated are what their generator prints today."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_OPTIONS = """\
from locust.argument_parser import LocustArgumentParser
from locustfiles._options import add_options

parser = LocustArgumentParser(add_help=False, add_env_var_help=False, add_config_file_help=False)
add_options(parser)
for option in parser._actions:
    value = "" if option.metavar is None else " " + option.metavar.replace("|", " or ")
    silent = option.default is None or option.default is False
    default = "" if silent else f"{option.default:g}" if option.type else option.default
    print("|", " | ".join((f"`{option.option_strings[0]}{value}`", default, option.help)), "|")
"""
"""Prints a table's rows; locust changes Python's sockets when it is imported, so in a process of its own."""


def test_the_command_reference_is_what_help_says(tmp_path: Path) -> None:
    """docs/cli.md is the output of ``make docs``."""
    fresh = tmp_path / "cli.md"
    words = ["utils", "docs", "--name", "anp", "--title", "The anp command", "--output", str(fresh)]

    subprocess.run([sys.executable, "-m", "typer", "harness.cli", *words], cwd=ROOT, check=True, capture_output=True)

    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8"), "run: make docs"


def test_the_swarms_own_options_are_in_the_table() -> None:
    """The table of docs/distributed.md has every option that a scenario adds to locust's, with its default and help."""
    printed = subprocess.run([sys.executable, "-c", _OPTIONS], cwd=ROOT, check=True, capture_output=True, text=True)
    expected = printed.stdout.splitlines()
    lines = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8").splitlines()

    assert len(expected) > 20
    assert [line for line in lines if line.startswith("| `--")] == expected


VERBS = [
    ["demo"],
    ["synth"],
    ["synth", "show"],
    ["synth", "fingerprint"],
    ["synth", "dials"],
    ["synth", "report"],
    ["synth", "learn"],
    ["serve"],
    ["cache"],
    ["audit"],
    ["swarm"],
    ["compare"],
    ["init"],
    ["trial"],
    ["report"],
    ["runs", "list"],
    ["runs", "show"],
    ["runs", "promote"],
    ["runs", "export"],
    ["runs", "prune"],
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_explains_every_option_and_ends_with_an_example(verb: list[str]) -> None:
    """Each verb's help says what every option does and ends with a command one can type."""
    import typer.main

    from harness.cli import app

    command = typer.main.get_command(app)
    for word in verb:
        command = command.commands[word]  # type: ignore[attr-defined]

    assert [option.name for option in command.params if not getattr(option, "help", None)] == []
    assert f"- `anp {' '.join(verb)}" in (command.epilog or "")
    assert command.help


def test_every_verb_is_tested_for_help() -> None:
    """The list above names every verb there is."""
    import typer.main

    from harness.cli import app

    groups = {"synth", "runs"}
    found = set()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found |= {(name, sub) for sub in command.commands} if name in groups else {(name,)}

    assert found | {("synth",)} == {tuple(verb) for verb in VERBS}


def test_every_decision_is_in_the_index() -> None:
    """docs/decisions/README.md links each decision, and each has a status."""
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")

    for decision in sorted(folder.glob("*.md")):
        if decision.name != "README.md":
            assert f"({decision.name})" in index
            assert "status" in decision.read_text(encoding="utf-8").lower()


def test_the_readmes_transcript_is_that_of_the_published_example() -> None:
    """The verdict in the README is the headline of the comparison in results/example, every primary cell included."""
    comparison = json.loads((ROOT / "results" / "example" / "compare.json").read_text(encoding="utf-8"))
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

    assert comparison["overall"]["headline"] in readme
    for cell in comparison["cells"]:
        if cell["primary"]:
            interval = f"[{cell['ratio']['low']:.3f}, {cell['ratio']['high']:.3f}]"
            assert interval in readme, cell["cell"]
