import math
from collections.abc import Callable
from typing import Any

import pytest

from results.comparison import Comparison, compare_archived, compare_trial
from results.design import Design
from results.record import Record


def failed(comparison: Comparison) -> list[str]:
    """Codes of the gates that do not stand and withhold something."""
    return [gate.code for gate in comparison.gates if not gate.ok and gate.effect != "note"]


def notes(comparison: Comparison) -> list[str]:
    """Codes of the gates that do not stand and withhold nothing."""
    return [gate.code for gate in comparison.gates if not gate.ok and gate.effect == "note"]


def test_a_sound_trial_passes_every_gate(demo_comparison: Comparison) -> None:
    """A trial without fault fails no gate, and every launch counts; that the hit ratio moved is noted."""
    assert failed(demo_comparison) == []
    assert notes(demo_comparison) == ["hit_ratio"]
    assert all(launch.used for launch in demo_comparison.launches)


@pytest.mark.parametrize(
    ("fault", "code", "word", "exit_code"),
    [
        ({"wrong_pages": 1}, "checks", "invalid", 4),
        ({"ledger": {"complete": False}}, "ledger", "invalid", 4),
        ({"ledger": {"complete": True, "site": {"after": {"agrees": False}}}}, "ledger", "invalid", 4),
        ({"untimed": 0.3}, "times", "invalid", 4),
        ({"untimed": 0.001, "untimed_ms": -5.0}, "times", "invalid", 4),
        ({"cpu": 0.95}, "saturated", "invalid", 4),
        ({"lag_ms": 3.0}, "saturated", "invalid", 4),
        ({"lag_ms": 3.0, "lag_in": [1, 5]}, "saturated", "invalid", 4),
        ({"start_lag_ms": 3.0}, "saturated", "invalid", 4),
        ({"steal": 0.2}, "saturated", "invalid", 4),
        ({"steal": 0.2}, "steal", "invalid", 4),
        ({"achieved": 0.98}, "saturated", "invalid", 4),
        ({"failures": (0.0, 0.03)}, "errors", "not comparable", 4),
        ({"failures": (0.03, 0.0)}, "errors", "not comparable", 4),
        ({"failures": (0.03, 0.03)}, "errors", "not comparable", 4),
        ({"other_url": 3}, "traffic", "not comparable", 4),
        ({"rates": [50.0] * 7 + [60.0]}, "traffic", "not comparable", 4),
        ({"launches": 5}, "launches", "not enough data", 0),
        ({"interrupted": [1, 4, 6]}, "launches", "not enough data", 0),
        ({"cut_off": [1, 4, 6]}, "launches", "not enough data", 0),
    ],
)
def test_a_fault_fails_its_gate(
    make_trial: Callable[..., Record], fault: dict[str, Any], code: str, word: str, exit_code: int
) -> None:
    """Each fault fails the gate made for it, and no cell keeps a verdict of its own."""
    comparison = compare_trial(make_trial(**fault))

    assert code in failed(comparison)
    assert comparison.overall.word == word
    assert {result.verdict.word for result in comparison.primary} == {word}
    assert comparison.exit_code() == exit_code


@pytest.mark.parametrize(
    "trial",
    [
        {},
        {"wrong_pages": 1},
        {"lag_ms": 3.0, "lag_in": [2]},
        {"steal": 0.2},
        {"steal": math.nan},
        {"failures": (0.002, 0.0)},
        {"launches": 1},
        {"launches": 1, "again": True},
        {"untimed": 0.3},
        {"launches": 2, "method": "rounds"},
        {"launches": 12, "method": "rounds", "second_gains": -0.01},
        {"drift": 0.05},
        {"again": True},
    ],
    ids=str,
)
def test_a_gate_stands_by_its_figure(make_trial: Callable[..., Record], trial: dict[str, Any]) -> None:
    """Whether a gate stands is what its figure and its limit say; a figure that is not known is never fine."""
    for gate in compare_trial(make_trial(**trial)).gates:
        within = gate.measured is not None and (
            gate.measured >= gate.limit if gate.bound == "at least" else gate.measured <= gate.limit
        )
        assert gate.ok == within, gate.code


def test_a_system_that_does_not_tell_of_lost_time_is_noted(make_trial: Callable[..., Record]) -> None:
    """What others on the machine took is unknown then, and no launch is left out for it."""
    comparison = compare_trial(make_trial(steal=math.nan))
    gate = next(gate for gate in comparison.gates if gate.code == "steal")

    assert "steal" in notes(comparison)
    assert "cannot be ruled out" in gate.words
    assert all(launch.used for launch in comparison.launches)


def test_sessions_whose_hit_ratios_lie_apart_are_told(make_trial: Callable[..., Record]) -> None:
    """Two sessions cannot be sure that the hit ratio moved, and must not say that it did not."""
    comparison = compare_archived(make_trial(), make_trial())  # bypassed pages before, hits after
    gate = next(gate for gate in comparison.gates if gate.code == "hit_ratio")

    assert (gate.ok, gate.measured) == (False, 1.0)
    assert "another share of the replies" in gate.words


@pytest.mark.parametrize("fault", [{"wrong_pages": 1}, {"cpu": 0.95}, {"failures": (0.0, 0.03)}, {"launches": 5}])
def test_a_failed_gate_says_what_to_do(make_trial: Callable[..., Record], fault: dict[str, Any]) -> None:
    """The headline of a failed gate is the gate's own sentence, and the next step is among its details."""
    comparison = compare_trial(make_trial(**fault))
    gate = next(gate for gate in comparison.gates if not gate.ok and gate.effect == comparison.overall.word)

    assert comparison.overall.headline == gate.words
    assert gate.details.endswith(".")
    assert gate.details not in comparison.overall.headline


def test_advice_fits_the_cause(make_trial: Callable[..., Record]) -> None:
    """A late generator that is not busy is told of other work on the machine, a busy one to do less."""
    idle, busy = (compare_trial(make_trial(lag_ms=3.0, cpu=cpu)) for cpu in (0.1, 0.95))

    assert [gate.code for gate in idle.gates if "other work on the machine" in gate.details] == ["saturated"]
    assert [gate.code for gate in busy.gates if "Lower the rate" in gate.details] == ["saturated"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"lag_ms": 3.0, "cpu": 0.03}, "the generator was late"),
        ({"cpu": 0.95}, "the generator was saturated"),
        ({"achieved": 0.98}, "the generator was saturated"),
    ],
)
def test_late_is_not_saturated(make_trial: Callable[..., Record], fault: dict[str, Any], reason: str) -> None:
    """Cells name what was wrong with the generator: lateness, or too much asked of it."""
    assert {result.verdict.qualifier for result in compare_trial(make_trial(**fault)).primary} == {reason}


def test_a_launch_that_was_copied_makes_the_trial_invalid(make_trial: Callable[..., Record]) -> None:
    """A launch counted twice would vouch for itself; both are named."""
    comparison = compare_trial(make_trial(copied={5: 2}))
    gate = next(gate for gate in comparison.gates if gate.code == "copies")

    assert (gate.ok, gate.measured, comparison.overall.word) == (False, 2, "invalid")
    assert "launch 6 before is launch 3 before" in gate.words


@pytest.mark.parametrize("column", ["scheduled", "sent"])
def test_a_moment_that_is_no_number_makes_the_trial_invalid(make_trial: Callable[..., Record], column: str) -> None:
    """Whether such a request was slow cannot be told, so its record is not judged; it can be shown."""
    comparison = compare_trial(make_trial(unreadable=column))
    gate = next(gate for gate in comparison.gates if gate.code == "times")

    assert (gate.ok, gate.measured, comparison.overall.word) == (False, 20, "invalid")
    assert comparison.heat is not None


def test_a_wrong_page_is_shown(make_trial: Callable[..., Record]) -> None:
    """The first wrong page that the swarm kept is told in full."""
    gate = compare_trial(make_trial(wrong_pages=1)).gates[0]

    assert "before /a/1 for anonymous: expected 7, got 8" in gate.details


def test_the_weightier_gate_speaks(make_trial: Callable[..., Record]) -> None:
    """Invalid outweighs not comparable, which outweighs not enough data."""
    assert compare_trial(make_trial(wrong_pages=1, failures=(0, 0.03), launches=5)).overall.word == "invalid"
    assert compare_trial(make_trial(failures=(0, 0.03), launches=5)).overall.word == "not comparable"


def test_one_sick_launch_in_eight_is_left_out(make_trial: Callable[..., Record]) -> None:
    """A launch with a late generator does not count, and the others are judged without it."""
    comparison = compare_trial(make_trial(lag_ms=3.0, lag_in=[2]))

    assert [launch.number for launch in comparison.launches if not launch.used] == [3]
    assert comparison.family.launches == 7
    assert comparison.overall.word == "faster"
    assert all(len(result.launches) == 7 for result in comparison.primary)


def test_an_interrupted_launch_is_no_sign_of_saturation(make_trial: Callable[..., Record]) -> None:
    """Launches missing at the end of a run make it short, not invalid."""
    comparison = compare_trial(make_trial(launches=10, interrupted=[8], cut_off=[9]))

    assert comparison.overall.word == "faster"
    assert comparison.family.launches == 8


def test_missing_launches_are_counted_against_the_plan(make_trial: Callable[..., Record]) -> None:
    """The launches gate names how many the plan asked for."""
    comparison = compare_trial(make_trial(launches=5, plan={"launches": 8}))

    assert "5 of 8 planned" in comparison.overall.headline


def test_unknown_classes_withhold_class_verdicts_only(make_trial: Callable[..., Record]) -> None:
    """Where too many classes are unknown, whole pages are judged and single classes are not."""
    page = {"persona": "reader", "route": "home", "requests": 600, "before_cache": "HIT", "after_cache": "HIT"}
    comparison = compare_trial(make_trial(pages=[page | {"after_ms": 1.0}], unknown=0.2))
    words = {result.cell.cache: result.verdict.word for result in comparison.primary}

    assert failed(comparison) == ["cache_class"]
    assert (words["all"], words["HIT"]) == ("faster", "not enough data")


def test_the_minimum_of_launches_is_the_designs(make_trial: Callable[..., Record]) -> None:
    """A design may ask for more launches than there are."""
    comparison = compare_trial(make_trial(), Design(minimum_launches=9))

    assert failed(comparison) == ["launches"]


def test_missing_health_is_no_health(make_trial: Callable[..., Record]) -> None:
    """A generator that recorded nothing of itself is not taken for a fit one."""
    record = make_trial()
    for launch in record.launches():
        (launch.path / "seconds.arrows").unlink()

    comparison = compare_trial(record)
    assert comparison.overall.word == "invalid"
    assert "not recorded" in comparison.launches[0].why_not[0]


def test_lost_rows_make_a_run_invalid(make_trial: Callable[..., Record]) -> None:
    """A stream that lost its end is told from a whole one by the number of rows written."""
    record = make_trial()
    path = record.launches()[0].path / "requests.arrows"
    path.write_bytes(path.read_bytes()[:-2000])

    comparison = compare_trial(record)
    assert "ledger" in failed(comparison)
    assert comparison.overall.word == "invalid"
