"""What must hold of every verdict, whatever the figures: from request times to the word of a cell.

The cells are judged from times in memory, so that many examples cost little. The same path from a record on disk is in
``test_comparison.py``, where also stand: one arm against itself, a known factor, the order of launches, a wider margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import cells, statistics, units, verdict
from results.cells import CellResult, judge_cells
from results.comparison import compare_trial
from results.design import Design, Family, Question
from results.record import Record
from results.samples import Cell

OPPOSITE = {"faster": "slower", "slower": "faster"}
HOME = Cell("reader", "home")
QUESTIONS = (Question(HOME, "p50"), Question(HOME, "p95"))
NO_FLOOR = Design(floor_ms=0.0)
WORDS = {"faster", "slower", "no difference", "not enough data"}

SEEDS = st.integers(0, 10_000)
EFFECTS = st.sampled_from([0.5, 0.9, 0.96, 1.0, 1.04, 1.1, 2.0])
SPREADS = st.sampled_from([0.0, 0.003, 0.02, 0.1])


@dataclass
class Tiny:
    """Stands in for ``Samples``: one cell, times of shape (launches, arms, requests) in milliseconds."""

    times: np.ndarray

    @property
    def launches(self) -> tuple[Any, ...]:
        """Every launch with what judging reads of it."""
        return tuple(self._launch(each) for each in self.times)

    def _launch(self, times: np.ndarray) -> SimpleNamespace:
        flat = times.ravel()
        nothing = np.full(flat.size, np.nan)
        cache = np.zeros(flat.size, np.int8)
        return SimpleNamespace(
            response_ms=flat, service_ms=flat, server_ms=nothing, db_calls=nothing, cache=cache, failed=np.isinf(flat)
        )

    def rows(self, launch: SimpleNamespace, arm: int, cell: Cell) -> np.ndarray:
        """All requests of the arm: there is one cell."""
        assert cell == HOME
        n = launch.response_ms.size // 2
        return np.arange(arm * n, (arm + 1) * n)

    def count(self, launch: SimpleNamespace, arm: int, cell: Cell) -> int:
        """How many those are."""
        return self.rows(launch, arm, cell).size

    def deciding_ms(self, launch: SimpleNamespace) -> np.ndarray:
        """The open workload."""
        return launch.response_ms


def drawn(seed: int, effect: float, spread: float, launches: int = 7, requests: int = 200) -> np.ndarray:
    """Lognormal times around 4 ms; launches and arms have a luck of their own."""
    rng = np.random.default_rng(seed)
    luck = spread * rng.normal(size=(launches, 2, 1))
    times = 4 * np.exp(0.3 * rng.normal(size=(launches, 2, requests)) + luck)
    times[:, 1] *= effect
    return times


def judged(times: np.ndarray, design: Design = NO_FLOOR, questions: Sequence[Question] = QUESTIONS) -> list[CellResult]:
    """The results of the primary cells."""
    samples: Any = Tiny(times)
    return list(judge_cells(samples, samples.launches, design, Family(tuple(questions), (), (), ()), paired=True)[0])


@given(SEEDS, EFFECTS, SPREADS)
def test_exchanging_the_arms_gives_the_reciprocal_of_everything(seed: int, effect: float, spread: float) -> None:
    """With the arms exchanged faster is slower, each launch's ratio its inverse, and the interval is turned round."""
    times = drawn(seed, effect, spread)

    for one, other in zip(judged(times), judged(times[:, ::-1]), strict=True):
        assert other.verdict.word == OPPOSITE.get(one.verdict.word, one.verdict.word)
        assert other.verdict.direction == OPPOSITE.get(one.verdict.direction, one.verdict.direction)
        assert other.ratio.estimate == pytest.approx(1 / one.ratio.estimate)
        assert (other.ratio.low, other.ratio.high) == pytest.approx((1 / one.ratio.high, 1 / one.ratio.low))
        assert other.launches == pytest.approx([1 / ratio for ratio in one.launches])
        assert (other.spread, other.margin, other.tags) == (pytest.approx(one.spread), one.margin, one.tags)


@given(SEEDS, EFFECTS, SPREADS, st.sampled_from([1e-3, 0.4, 60.0, 1e6]))
def test_the_unit_of_time_changes_the_milliseconds_alone(seed: int, effect: float, spread: float, scale: float) -> None:
    """In another unit ratios, intervals and words stay, and differences in milliseconds are scaled."""
    times = drawn(seed, effect, spread)

    for one, other in zip(judged(times), judged(times * scale), strict=True):
        assert other.verdict.word == one.verdict.word
        assert (other.ratio.low, other.ratio.high) == pytest.approx((one.ratio.low, one.ratio.high))
        assert other.change_ms.low == pytest.approx(one.change_ms.low * scale, abs=1e-9 * scale)


@given(
    SEEDS,
    st.sampled_from([0.5, 1.0, 1.04, 1.1, 2.0]),
    SPREADS,
    st.integers(1, 199),
    st.sets(st.integers(0, 6), min_size=1),
)
def test_failures_never_make_an_arm_faster(
    seed: int, effect: float, spread: float, failures: int, launches: set[int]
) -> None:
    """With failed requests in the after arm, in some launches or all, no cell becomes faster nor its latency lower."""
    times = drawn(seed, effect, spread)
    failing = times.copy()
    failing[sorted(launches), 1, :failures] = math.inf

    for one, other in zip(judged(times), judged(failing), strict=True):
        assert not other.latency_ms.after < one.latency_ms.after
        assert other.verdict.word != "faster" or one.verdict.word == "faster"


@given(SEEDS, st.sampled_from([0.01, 0.5, 1.0, 30.0]))
def test_one_launch_alone_rules_nothing_out(seed: int, effect: float) -> None:
    """A single launch has no interval and no verdict, be the difference thirtyfold."""
    for result in judged(drawn(seed, effect, 0.0, launches=1)):
        assert result.verdict.word == "not enough data"
        assert (result.ratio.low, result.ratio.high) == (0.0, math.inf)
        assert result.sensitivity is None


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
@pytest.mark.parametrize("arm", [0, 1])
def test_a_launch_without_a_usable_figure_gives_no_verdict(value: float, arm: int) -> None:
    """Where a launch has no latency, an infinite one or one of zero, its cells are undecided and have no interval."""
    times = drawn(1, 0.1, 0.0)
    times[3, arm] = value

    for result in judged(times):
        assert result.verdict.word == "not enough data"
        assert not math.isfinite(result.ratio.high)


def test_a_cell_with_one_request_is_undecided(make_trial: Callable[..., Record]) -> None:
    """One request in each launch is below every floor, and never becomes a verdict."""
    page = {"persona": "reader", "route": "home", "requests": 1, "after_ms": 0.04}

    comparison = compare_trial(make_trial(pages=[page], launches=8, achieved=1.0))
    assert comparison.overall.word == "not enough data"
    assert {result.verdict.word for result in comparison.cells} == {"not enough data"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (statistics, "quantile"),
        (statistics, "max_t_critical"),
        (statistics, "interval"),
        (statistics, "hodges_lehmann"),
        (statistics, "sign_flip_p"),
        (statistics, "detectable"),
        (cells, "judge"),
        (verdict, "decide"),
    ],
)
def test_an_error_on_the_way_is_never_a_verdict(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """When any step of the statistics fails, the error comes out; nothing stands in for its result."""

    def broken(*_: object, **__: object) -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(module, name, broken)
    with pytest.raises(ZeroDivisionError):
        judged(drawn(1, 2.0, 0.01))


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "word", "ratio", "sign", "shown"),
    [
        (4.0, 8.0, "slower", 2.0, 1, "+100 %"),
        (8.0, 4.0, "faster", 0.5, -1, "−50 %"),
        (4.0, 4.4, "slower", 1.1, 1, "+10 %"),
        (4.4, 4.0, "faster", 1 / 1.1, -1, "−9.1 %"),
        (0.2, 0.1, "faster", 0.5, -1, "−50 %"),
        (4.0, 4.0, "no difference", 1.0, 0, "±0 %"),
    ],
)
def test_longer_times_are_slower_and_nothing_else(
    before_ms: float, after_ms: float, word: str, ratio: float, sign: int, shown: str
) -> None:
    """Milliseconds up, ratio above one, a plus sign and *slower* go together, and so do their opposites."""
    times = np.ones((6, 2, 200)) * np.array([before_ms, after_ms])[:, None]
    # Launches that agree to the last digit get no verdict: these differ, and not by anything that is asserted.
    times[:, 1] *= np.exp(1e-11 * np.array([1, -1, 1, -1, 1, -1]))[:, None]

    for result in judged(times, Design(floor_ms=0.02)):
        assert result.verdict.word == word
        assert (result.latency_ms.before, result.latency_ms.after) == pytest.approx((before_ms, after_ms))
        assert result.ratio.estimate == pytest.approx(ratio)
        assert result.change_ms.estimate == pytest.approx(after_ms - before_ms)
        assert np.sign(round(result.change_ms.low, 9)) == np.sign(round(result.change_ms.high, 9)) == sign
        assert units.change(round(result.ratio.estimate, 12)) == shown
        expected = {"slower": ratio - 1, "faster": 1 - ratio}.get(word)
        assert result.verdict.at_least == (None if expected is None else pytest.approx(expected))


def test_failures_never_make_the_intervals_of_other_cells_narrower() -> None:
    """A cell that failures take out of the family leaves the others' critical value no smaller."""
    times = drawn(1, 0.93, 0.01)
    failing = times.copy()
    failing[0, 1, :11] = math.inf
    family = Family(QUESTIONS, (), (), ())
    healthy, reduced = (
        judge_cells(Tiny(each), Tiny(each).launches, NO_FLOOR, family, paired=True)[1] for each in (times, failing)
    )

    assert reduced >= healthy
