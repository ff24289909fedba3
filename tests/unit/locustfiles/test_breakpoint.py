"""The search for the breaking point: which steps are judged, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from locustfiles._breakpoint import Breakpoint
from locustfiles._live import Live
from locustfiles._shape import STEP_S
from results.columns import CHECKS, ERROR_CLASSES, PHASES
from results.plan import Arm, SwarmPlan

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
COLUMNS = [(name, np.int8) for name in ("arm", "cache", "error", "check", "phase")]
ROW = np.dtype([*COLUMNS, ("scheduled", float), ("end", float)])
WARMUP_S = 3.0


def search(live: Live, **values: object) -> Breakpoint:
    """A climb from 10/s by doubling, with limits of 100 ms and one error in a hundred."""
    plan = SwarmPlan("s", ARMS, rate=10.0, warmup_s=WARMUP_S, shape="breakpoint:2", **values)  # type: ignore[arg-type]
    return Breakpoint(plan, live, 100.0, 0.01)


def feed(
    live: Live, step: int, *, ms: float = 5.0, errors: int = 0, arm: int | None = None, only_at: float | None = None
) -> None:
    """Let 400 requests of a step be answered, by one arm or both, evenly spread or all at a second of the step."""
    if arm is None:
        for each in (0, 1):
            feed(live, step, ms=ms, errors=errors, arm=each, only_at=only_at)
        return
    rows = np.zeros(400, ROW)
    begin = WARMUP_S + step * STEP_S
    rows["scheduled"] = begin + (np.linspace(0, STEP_S, 400, endpoint=False) if only_at is None else only_at)
    rows["end"] = rows["scheduled"] + ms / 1e3
    rows["error"][len(rows) - errors :] = ERROR_CLASSES.index("closed")
    rows["arm"] = arm
    rows["check"] = CHECKS.index("ok")
    rows["phase"] = PHASES.index("measured")
    rng = np.random.default_rng(step)
    live.add(rng.permutation(rows))


@pytest.fixture
def live() -> Live:
    """Nothing measured yet."""
    return Live(["before", "after"])


def test_a_step_is_judged_when_its_answers_are_in(live: Live) -> None:
    """Not while it lasts nor at its very end, but two seconds later, or when all answers are known to be there."""
    climb = search(live)
    feed(live, 0)
    for moment in (0.0, WARMUP_S + STEP_S, WARMUP_S + STEP_S + 1.9):
        assert not climb.look(moment)
        assert climb.levels == []
    assert not climb.look(WARMUP_S + STEP_S + 2.0)
    [level] = climb.levels
    assert (level.rate, level.holds, level.errors) == (10.0, True, 0.0)
    assert level.p99_ms == pytest.approx(5.0, rel=0.03)
    assert level.requests == 640  # of both arms; the first two of ten seconds do not count
    feed(live, 1)
    assert not climb.look(WARMUP_S + 2 * STEP_S, arrived=True)
    assert [level.rate for level in climb.levels] == [10.0, 20.0]


def test_the_climb_ends_at_the_first_step_that_is_too_slow(live: Live) -> None:
    """The step that breaks the limit is kept with its figures, and nothing after it is judged."""
    climb = search(live)
    for step, ms in enumerate((5.0, 5.0, 150.0, 5.0)):
        feed(live, step, ms=ms)
    assert climb.look(1000.0)
    assert [level.holds for level in climb.levels] == [True, True, False]
    told = climb.to_dict()
    assert (told["held"], told["broke"]) == (20.0, 40.0)
    assert (told["limit_p99_ms"], told["limit_errors"]) == (100.0, 0.01)
    assert [level["rate"] for level in told["levels"]] == [10.0, 20.0, 40.0]


@pytest.mark.parametrize(("errors", "holds"), [(3, True), (12, False)])
def test_too_many_errors_break_a_step_however_fast(live: Live, errors: int, holds: bool) -> None:
    """More than the stated share of failed requests is no rate that holds."""
    climb = search(live)
    feed(live, 0, ms=0.1, errors=errors)
    assert climb.look(WARMUP_S + STEP_S, arrived=True) != holds


def test_the_slower_arm_decides(live: Live) -> None:
    """Of two arms, the one that breaks first is what the climb finds."""
    climb = search(live)
    feed(live, 0, arm=0)
    feed(live, 0, arm=1, ms=200.0)
    assert climb.look(WARMUP_S + STEP_S, arrived=True)
    assert climb.levels[0].p99_ms == pytest.approx(200.0, rel=0.03)


def test_the_queues_of_the_step_before_do_not_count(live: Live) -> None:
    """Slow answers in the first two seconds of a step may be of the step before."""
    climb = search(live)
    feed(live, 0)
    feed(live, 0, ms=500.0, only_at=1.5)
    assert not climb.look(WARMUP_S + STEP_S, arrived=True)


def test_an_arm_that_answers_nothing_does_not_hold(live: Live) -> None:
    """The other arm's good answers do not stand in for those that never came."""
    climb = search(live)
    feed(live, 0, arm=0)
    assert climb.look(WARMUP_S + STEP_S, arrived=True)


def test_a_target_that_answers_nothing_does_not_hold(live: Live) -> None:
    """A step without a single answer is broken, not passed over."""
    climb = search(live)
    assert climb.look(WARMUP_S + STEP_S + 2.0)
    told = climb.to_dict()
    assert (told["held"], told["broke"], told["levels"][0]["p99_ms"]) == (None, 10.0, None)


def test_a_step_that_was_cut_short_is_not_judged(live: Live) -> None:
    """When the run ends in the middle of a step, that step says nothing."""
    climb = search(live, duration_s=15.0)
    feed(live, 0)
    feed(live, 1)
    climb.look(WARMUP_S + 15.0, arrived=True)
    assert climb.to_dict()["held"] == 10.0
    assert len(climb.levels) == 1
