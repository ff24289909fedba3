from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from results.comparison import Comparison, compare_trial
from results.record import Record
from results.report import text


def printed(comparison: Comparison, width: int = 110) -> str:
    """The report as a terminal of that width shows it, without colour."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(text.render(comparison))
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_the_verdict_comes_first(demo_comparison: Comparison) -> None:
    """The first line begins with the verdict in capitals."""
    assert printed(demo_comparison).startswith("FASTER  The median of reader article pages is faster by at least")


def test_every_primary_cell_has_its_line(demo_comparison: Comparison) -> None:
    """The table names every primary cell with its margin and its word."""
    lines = printed(demo_comparison).splitlines()

    for result in demo_comparison.primary:
        line = next(line for line in lines if line.startswith(f"{result.label} "))
        assert "±" in line
        assert result.verdict.word.split()[0] in line


def test_the_hit_ratio_and_the_evidence_are_told(demo_comparison: Comparison) -> None:
    """Hit ratio, grade, number of launches and what could have been found are part of the text."""
    shown = " ".join(printed(demo_comparison).split())

    for part in ("reader: 0 % before, 100 % after", "Grade A: 8 launches", "would have called slower", "5 → 0"):
        assert part in shown


def test_a_failed_gate_is_printed_with_its_limit(make_trial: Callable[..., Record]) -> None:
    """A failed gate stands in the text with what was measured and what was allowed."""
    shown = " ".join(printed(compare_trial(make_trial(cpu=0.95))).split())

    assert shown.startswith("INVALID")
    assert "95 % (limit 80 %)" in shown


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal(demo_comparison: Comparison, width: int) -> None:
    """On a terminal of 80 columns or more nothing runs over and no figure is cut."""
    shown = printed(demo_comparison, width)

    words = set(shown.split())
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    for result in demo_comparison.primary:
        assert set(result.verdict.qualifier.split()) <= words


def test_markup_in_names_is_printed_as_it_is(make_trial: Callable[..., Record]) -> None:
    """Square brackets in a name are text to the terminal, not markup."""
    page = {"persona": "[bold]reader[/bold]", "route": "[link=x]", "requests": 300}

    assert "[bold]reader[/bold] [link=x] p50" in printed(compare_trial(make_trial(pages=[page])), 200)
