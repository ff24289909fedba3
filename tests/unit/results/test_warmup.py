import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.warmup import Warmup, mser5


def by_definition(values: np.ndarray) -> int:
    """The cut, term by term as the formula is written; the last third of the means, or five, always stay."""
    means = [values[start : start + 5].mean() for start in range(0, len(values) - 4, 5)]
    figures = [
        sum((y - np.mean(means[d:])) ** 2 for y in means[d:]) / (len(means) - d) ** 2
        for d in range(len(means) - max(5, len(means) // 3) + 1)
    ]
    return 5 * int(np.argmin(figures))


@given(st.integers(0, 1000), st.integers(60, 160), st.floats(-0.02, 0.02))
def test_the_cut_is_that_of_the_definition(seed: int, n: int, slope: float) -> None:
    """The cut is what the formula gives term by term, with and without a trend."""
    values = np.random.default_rng(seed).normal(10, 1, n) + slope * np.arange(n)

    assert mser5(values).cut == by_definition(values)


@pytest.mark.parametrize("length", [10, 25, 60])
def test_a_slow_beginning_is_cut_off(length: int) -> None:
    """A raised beginning is cut off whole, and a steady state is found behind it."""
    values = np.random.default_rng(length).normal(10, 0.5, 400)
    values[:length] += 8

    found = mser5(values)
    assert found.steady
    assert found.cut >= length


def test_a_series_that_never_settles_has_no_steady_state() -> None:
    """Where the level climbs to the end, the cut falls into the second half."""
    values = np.random.default_rng(1).normal(0, 0.1, 300) + np.linspace(1, 30, 300) ** 2

    assert mser5(values).steady is False


@pytest.mark.parametrize("level", [0.0, 0.3, 1e6])
def test_a_constant_series_is_steady_from_the_start(level: float) -> None:
    """Nothing is cut from values that are all the same."""
    assert mser5(np.full(83, level)) == Warmup(0, True)


@pytest.mark.parametrize("n", [0, 1, 59])
def test_of_a_short_series_nothing_is_said(n: int) -> None:
    """Below sixty values it is neither steady nor unsteady."""
    assert mser5(np.ones(n)) == Warmup(0, None)


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_unit_does_not_matter(seed: int, scale: float) -> None:
    """The cut is the same in another unit of time."""
    values = np.random.default_rng(seed).lognormal(size=100)

    assert mser5(values * scale) == mser5(values)
