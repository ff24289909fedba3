from collections.abc import Callable
from typing import Any

import pytest

from results.comparison import Comparison, compare_archived, compare_trial
from results.gate import Gate
from results.record import Record

PAGES = [{"persona": "reader", "route": "article", "requests": 500}]


def gate(comparison: Comparison, code: str) -> Gate:
    """The gate of a name."""
    return next(gate for gate in comparison.gates if gate.code == code)


def test_a_level_run_is_steady(make_trial: Callable[..., Record]) -> None:
    """A trial whose response times have no trend had settled, and the machine kept its pace."""
    comparison = compare_trial(make_trial(pages=PAGES))

    assert gate(comparison, "warm_up").ok
    assert gate(comparison, "drift").ok


def test_a_warm_up_that_was_too_short_is_noted(make_trial: Callable[..., Record]) -> None:
    """Response times that are higher at the beginning of every launch are noted, and withhold nothing."""
    comparison = compare_trial(make_trial(pages=PAGES, settling=0.3))

    assert not gate(comparison, "warm_up").ok
    assert gate(comparison, "warm_up").effect == "note"
    assert comparison.is_judged


def test_too_few_requests_cannot_tell_a_warm_up(make_trial: Callable[..., Record]) -> None:
    """Where nothing can be told of the beginning, that is said rather than taken for steady."""
    found = gate(compare_trial(make_trial(pages=[PAGES[0] | {"requests": 60}])), "warm_up")

    assert (found.ok, found.measured) == (False, None)


def test_a_machine_that_slows_down_is_noted_and_cancels(make_trial: Callable[..., Record]) -> None:
    """A drift of both arms is told, and the ratio is what it would have been without."""
    comparison = compare_trial(make_trial(pages=PAGES, drift=0.05))
    still = compare_trial(make_trial(pages=PAGES))

    assert not gate(comparison, "drift").ok
    assert "slower" in gate(comparison, "drift").words
    assert comparison.primary[0].ratio.estimate == pytest.approx(still.primary[0].ratio.estimate)


@pytest.mark.parametrize(("gains", "ok"), [(0.0, True), (-0.2, False)])
def test_an_order_that_matters_is_noted(make_trial: Callable[..., Record], gains: float, ok: bool) -> None:
    """Where whoever comes second is a fifth faster, the order of rounds is said to matter."""
    comparison = compare_trial(make_trial(pages=PAGES, launches=12, method="rounds", second_gains=gains))

    assert gate(comparison, "order").ok == ok


def test_a_duet_has_no_order(make_trial: Callable[..., Record]) -> None:
    """Arms that are loaded side by side have no first one."""
    assert "order" not in {each.code for each in compare_trial(make_trial(pages=PAGES)).gates}


@pytest.mark.parametrize(
    ("settings", "word"), [({}, "no difference"), ({"second_gains": -0.3}, "not enough data")], ids=["back", "away"]
)
def test_a_reversal_whose_first_arm_does_not_return_settles_nothing(
    make_trial: Callable[..., Record], settings: dict[str, Any], word: str
) -> None:
    """In A-B-B-A the last round of A must be at the level of the first, or nothing is claimed."""
    record = make_trial(pages=PAGES, launches=12, method="reversal", launch_sd=0.005, **settings)
    comparison = compare_trial(record)

    assert comparison.grade == "B"
    assert gate(comparison, "returns").ok == (word == "no difference")
    assert comparison.overall.word == word


@pytest.mark.parametrize(("settling", "ok"), [(0.0, True), (0.3, False)])
def test_a_session_that_changes_under_way_settles_nothing(
    make_trial: Callable[..., Record], settling: float, ok: bool
) -> None:
    """A session whose first half was slower than its second is not one session."""
    one = make_trial(pages=PAGES, launches=1)
    other = make_trial(pages=PAGES, launches=1, seed=2, settling=settling, settled_after=5.0)
    found = gate(compare_archived(one, other), "session_drift")

    assert found.ok == ok
    assert ok or "The session after" in found.words
