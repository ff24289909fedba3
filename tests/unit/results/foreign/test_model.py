"""Quantiles of what other tools write, and the range each may lie in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import statistics
from results.foreign.goose import REPORT
from results.foreign.locust import RESOLUTION
from results.foreign.model import EXACT, even, histogram, samples, summary

LATENCIES = st.lists(st.floats(0.01, 9000), min_size=1, max_size=80)
PART = st.sampled_from([0.5, 0.95, 0.99])


def locust_rounds(value: float) -> float:
    """What locust keeps of a response time."""
    if value < 100:
        return round(value)
    return round(value, -1) if value < 1000 else round(value, -2) if value < 10_000 else round(value, -3)


def goose_rounds(value: float) -> float:
    """What Goose keeps of a response time."""
    whole = int(value)
    step = 1 if whole <= 100 else 10 if whole <= 500 else 100 if whole <= 1000 else 1000
    return math.floor(whole / step + 0.5) * step


@given(LATENCIES, PART)
def test_single_requests_have_the_quantile_of_the_house(latencies: list[float], p: float) -> None:
    """The quantile is type 7, and an exact instrument leaves it no range."""
    figure = samples("x", np.array(latencies), 0, EXACT).figure(p)

    assert figure is not None
    assert figure.value == pytest.approx(statistics.quantile(np.sort(latencies), p))
    assert figure.low == figure.value == figure.high


@given(LATENCIES, st.integers(0, 30), PART)
def test_failed_requests_count_as_infinitely_slow(latencies: list[float], failed: int, p: float) -> None:
    """The quantile with failures is that of the latencies with as many infinite ones."""
    figure = samples("x", np.array(latencies), failed, EXACT).figure(p)

    assert figure is not None
    assert figure.value == pytest.approx(statistics.quantile(np.sort([*latencies, *[math.inf] * failed]), p))


@given(LATENCIES, st.sampled_from(["locust", "goose"]), PART)
def test_the_range_holds_the_quantile_of_what_was_measured(latencies: list[float], tool: str, p: float) -> None:
    """Rounded as the tool rounds, the quantile of the measured latencies lies in the range of the written one."""
    rounds, resolution = {"locust": (locust_rounds, RESOLUTION), "goose": (goose_rounds, REPORT)}[tool]
    values, counts = np.unique([rounds(value) for value in latencies], return_counts=True)

    figure = histogram("x", values, counts, resolution).figure(p)

    assert figure is not None
    truth = statistics.quantile(np.sort(latencies), p)
    assert figure.low - 1e-6 <= truth <= figure.high + 1e-6


@given(LATENCIES, st.lists(st.floats(0.01, 9000), min_size=1, max_size=20), PART)
def test_the_range_holds_the_quantile_wherever_mixed_in_failures_are(
    latencies: list[float], failures: list[float], p: float
) -> None:
    """Whatever times the failed requests had, the quantile that counts them as infinite lies in the range."""
    values, counts = np.unique([*latencies, *failures], return_counts=True)

    figure = histogram("x", values, counts, EXACT, failed_within=len(failures)).figure(p)

    assert figure is not None
    truth = statistics.quantile(np.sort([*latencies, *[math.inf] * len(failures)]), p)
    assert figure.low - 1e-9 <= truth or math.isinf(truth)
    assert truth <= figure.high + 1e-9


def test_a_quantile_of_a_summary_is_bounded_by_the_next_one() -> None:
    """With failures mixed in, the next known quantile is the bound; with as good as none, the line to it."""
    known = {0.5: 10.0, 0.9: 18.0, 0.99: 40.0}

    many = summary("x", known, 1000, EXACT, failed_within=100)
    few = summary("x", known, 1000, EXACT, failed_within=1)
    none = summary("x", known, 1000, EXACT)

    assert many.figure(0.5).high == 18.0  # type: ignore[union-attr]
    assert math.isinf(many.figure(0.9).high)  # type: ignore[union-attr]
    assert few.figure(0.5).high == pytest.approx(10.0 + 8.0 * 0.001 / 0.4)  # type: ignore[union-attr]
    assert none.figure(0.5).high == 10.0  # type: ignore[union-attr]
    assert none.figure(0.95) is None


def test_a_summary_of_failures_only_has_infinite_quantiles() -> None:
    """Nothing was answered, so nothing was fast."""
    figure = summary("x", {0.5: 0.1}, 10, EXACT, failed_within=10).figure(0.5)

    assert figure is not None
    assert math.isinf(figure.value)


@pytest.mark.parametrize(
    ("series", "p", "why"),
    [
        (summary("x", {0.5: 1.0}, None, EXACT), 0.5, "does not say how many requests"),
        (summary("x", {0.5: 1.0}, 500, EXACT), 0.95, "the file has no p95"),
        (summary("x", {}, 500, EXACT), 0.5, "a mean only"),
        (summary("x", {0.5: 1.0}, 19, EXACT), 0.5, "19 requests, 20 needed"),
        (samples("x", np.empty(0), 40, EXACT), 0.5, "no request was answered"),
        (samples("x", np.ones(999), 0, EXACT), 0.99, "999 requests, 1,000 needed"),
    ],
)
def test_what_cannot_be_judged_says_why(series, p: float, why: str) -> None:
    """Floors of 20, 200 and 1,000 requests hold, and a summary without a count supports nothing."""
    assert why in series.why_not(p)


@pytest.mark.parametrize(("count", "p"), [(20, 0.5), (200, 0.95), (1000, 0.99)])
def test_at_its_floor_a_quantile_can_be_judged(count: int, p: float) -> None:
    """Just enough requests are enough."""
    assert samples("x", np.ones(count), 0, EXACT).why_not(p) == ""


def test_bounds_never_fall_below_zero() -> None:
    """A millisecond within five may be zero and is not less."""
    low, high = even(5.0, "").bounds(np.array([1.0]))

    assert (low[0], high[0]) == (0.0, 6.0)
