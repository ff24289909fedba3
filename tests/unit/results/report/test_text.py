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
    assert "95 % (limit: at most 80 %)" in shown


def test_launches_are_limited_from_below(make_trial: Callable[..., Record]) -> None:
    """A limit says which side of it is fine."""
    shown = " ".join(printed(compare_trial(make_trial(launches=5))).split())

    assert "5 launches (limit: at least 6 launches)" in shown


def test_launches_that_do_not_count_are_not_passed_off(make_trial: Callable[..., Record]) -> None:
    """Figures over launches none of which counts say so, and promise to have caught nothing."""
    shown = " ".join(printed(compare_trial(make_trial(launches=6, lag_ms=3.0))).split())

    assert "Grade A: all 6 launches, none of which counts" in shown
    assert "would have called slower" not in shown
    assert shown.count("The generator was not fit") == 1


def test_an_interval_without_width_is_left_away(demo_comparison: Comparison) -> None:
    """A hit ratio that moved alike in every launch has no interval to show."""
    assert "(+100.0 points)" in printed(demo_comparison)


def test_one_is_singular(make_trial: Callable[..., Record]) -> None:
    """A single cell and a single launch are not written as several."""
    page = {"persona": "reader", "route": "home", "requests": 60}
    shown = " ".join(printed(compare_trial(make_trial(launches=1, pages=[page]))).split())

    assert "1 launch; 1 primary cell, " in shown
    assert "1 launch (limit: at least 6 launches). A verdict" in shown
    assert "1 launches" not in shown


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
