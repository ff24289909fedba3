"""docs/outputs.md shows what is really written."""

import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from results.comparison import Comparison
from results.report import gobench, json, junit, markdown, note, otava, text

PAGE = Path(__file__).resolve().parents[4] / "docs" / "outputs.md"
EXAMPLE = re.compile(r"<!-- example: (\w+) -->\n```\w+\n(.*?)\n```", re.DOTALL)


def printed(comparison: Comparison) -> str:
    """The terminal's text at 120 columns, without colour."""
    file = io.StringIO()
    Console(width=120, file=file, color_system=None).print(text.render(comparison))
    return file.getvalue()


OUTPUTS: dict[str, Callable[[Comparison], str]] = {
    "text": printed,
    "note": note.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "json": json.render,
    "before": lambda comparison: gobench.render(comparison, "before"),
    "otava": lambda comparison: otava.render([comparison]),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_example_of_an_output_is_what_it_writes(demo_comparison: Comparison, name: str) -> None:
    """Every excerpt on the page stands in the output, line by line and in order; … is where lines are left out."""
    source = {"commit": "4f1c2ab", "branch": "faster-pages", "dirty": []}
    plan = {**demo_comparison.plan, "started": "2026-11-28T10:00:00Z", "source": source}
    lines = iter(OUTPUTS[name](dataclasses.replace(demo_comparison, plan=plan)).splitlines())
    examples = dict(EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))

    for expected in examples[name].splitlines():
        if expected != "…":
            assert any(line.startswith(expected) for line in lines), f"{expected!r} is not in the {name} output"


def test_every_example_is_checked() -> None:
    """No excerpt on the page is of an output that nobody compares it with."""
    assert {name for name, _ in EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))} == set(OUTPUTS)
