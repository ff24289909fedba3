import dataclasses
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from results.baselines import History
from results.comparison import Comparison, compare_trial
from results.gate import Gate
from results.measures import Interval
from results.noise import NoiseCell, NoiseFloor
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

    for part in (
        "reader: 0 % before, 100 % after",
        "Evidence grade A: both arms side by side, started afresh in every launch, over 8 launches.",
        "would have called slower",
        "5 → 0",
    ):
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

    assert "over all 6 launches, none of which counts." in shown
    assert "would have called slower" not in shown
    assert shown.count("The generator was not fit") == 1


def test_an_interval_without_width_is_left_away(demo_comparison: Comparison) -> None:
    """A hit ratio that moved alike in every launch has no interval to show."""
    assert "(+100.0 points)" in printed(demo_comparison)


def test_one_is_singular(make_trial: Callable[..., Record]) -> None:
    """A single cell and a single launch are not written as several."""
    page = {"persona": "reader", "route": "home", "requests": 60}
    shown = " ".join(printed(compare_trial(make_trial(launches=1, pages=[page]))).split())

    assert "over 1 launch. 1 primary cell, without intervals." in shown
    assert "1 of 1 planned launch counts, and a verdict takes at least 6." in shown
    assert "1 launches" not in shown


@pytest.mark.parametrize("width", [80, 120, 160])
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


def test_a_note_is_no_failure(demo_comparison: Comparison) -> None:
    """A gate that only leaves a note is counted as one and never marked as failed."""
    gate = Gate("drift", "Change of pace", 0.1, 0.03, "%", ok=False, effect="note", words="The machine slowed down.")
    shown = " ".join(printed(dataclasses.replace(demo_comparison, gates=(gate,))).split())

    assert "0 of 1 gates passed, 1 note." in shown
    assert "· note: Change of pace: 10 % (limit: at most 3.0 %). The machine slowed down." in shown
    assert "✗" not in shown
    assert "failed" not in shown


def test_further_lines_of_a_gate_are_set_in(make_trial: Callable[..., Record]) -> None:
    """What a gate says over several lines stands apart from the mark of the next gate."""
    lines = printed(compare_trial(make_trial(launches=5)), 80).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(" ✗ "))

    assert lines[start + 1].startswith("   ")
    assert not lines[start + 1].startswith("    ")


def test_weaker_evidence_is_told(demo_comparison: Comparison) -> None:
    """A reversal, a duet that was given up and two sessions each say what they are."""
    reversal = dataclasses.replace(demo_comparison, grade="B", method="reversal")
    given_up = dataclasses.replace(demo_comparison, method="rounds", fallback="The arms were loaded in turn: so it is.")
    history = History(("monday", "tuesday"), (), 5)
    sessions = dataclasses.replace(demo_comparison, grade="C", method="sessions", history=history)

    assert "Evidence grade B: one place, switched from before to after and back, over 8 launches." in printed(
        reversal, 160
    )
    assert "one at a time in an order left to chance" in printed(given_up, 160)
    assert "The arms were loaded in turn: so it is." in printed(given_up, 160)
    assert "Evidence grade C: two sessions at different times" in printed(sessions, 160)
    assert "History: 2 sessions before the change, 5 needed (monday, tuesday)." in printed(sessions, 160)


def test_the_noise_floor_has_its_line(demo_comparison: Comparison) -> None:
    """Where two copies of one version were run, the line says what they can differ by."""
    cell = NoiseCell("reader article p50", Interval(1, 0.98, 1.01), Interval(0, -0.08, 0.04), 0.08, "no difference", "")
    noisy = dataclasses.replace(demo_comparison, noise=NoiseFloor("before", 8, (cell,)))

    assert "Noise floor" not in printed(demo_comparison)
    assert "two copies of before over 8 launches" in " ".join(printed(noisy).split())
    assert "reader article p50 2.0 % (0.080 ms)." in " ".join(printed(noisy).split())
