import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from results.dependence import batch_median_interval, effective_sample_size


def waves(seed: int, n: int, phi: float) -> np.ndarray:
    """A stationary autoregressive series of order one, mean zero and variance one."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=n) * math.sqrt(1 - phi**2)
    shocks[0] = rng.normal()
    return scipy.signal.lfilter([1.0], [1.0, -phi], shocks)


def by_definition(series: np.ndarray) -> float:
    """The effective size with every autocovariance summed term by term."""
    n = len(series)
    x = series - series.mean()
    rho = [float((x[: n - k] * x[k:]).sum() / (x * x).sum()) for k in range(n)]
    inflation = -1.0
    for k in range(0, n - 1, 2):
        if rho[k] + rho[k + 1] <= 0:
            break
        inflation += 2 * (rho[k] + rho[k + 1])
    return min(n / max(inflation, 1.0), n)


@given(st.integers(0, 1000), st.integers(4, 90), st.sampled_from([0.0, 0.5, 0.9, -0.6]))
def test_the_effective_size_is_that_of_the_definition(seed: int, n: int, phi: float) -> None:
    """The Fourier transform gives what the sums give term by term."""
    series = waves(seed, n, phi)

    assert effective_sample_size(series) == pytest.approx(max(by_definition(series), 1.0))


@pytest.mark.parametrize(("phi", "expected"), [(0.0, 20_000), (0.5, 20_000 / 3), (0.9, 20_000 / 19)])
def test_waves_shrink_the_effective_size_as_theory_says(phi: float, expected: float) -> None:
    """An autoregressive series of order one is worth ``n (1 - phi) / (1 + phi)`` independent values."""
    assert effective_sample_size(waves(3, 20_000, phi)) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("series", [np.zeros(0), np.ones(1), np.full(50, 0.3), np.ones(50, bool)])
def test_a_series_that_does_not_vary_keeps_its_size(series: np.ndarray) -> None:
    """Without variation nothing is worth less than it counts."""
    assert effective_sample_size(series) == series.size


def test_batches_of_time_give_students_interval() -> None:
    """The width is scipy's t interval over the quantiles of the batches, the middle the quantile of all values."""
    values = np.random.default_rng(5).lognormal(size=4000)
    medians = np.median(values.reshape(20, 200), axis=1)
    t = scipy.stats.ttest_1samp(medians, 0).confidence_interval(0.95)

    estimate, low, high = batch_median_interval(values, 0.5, 0.05)
    assert estimate == pytest.approx(np.median(values))
    assert high - low == pytest.approx(t.high - t.low)
    assert (low + high) / 2 == pytest.approx(estimate)


def test_batches_hold_where_independence_is_wrong() -> None:
    """With load in waves the interval of batches holds in nine trials of ten, that of independent values in half."""
    batched = independent = 0
    trials = 100
    for seed in range(trials):
        values = waves(seed, 4000, 0.9)
        _, low, high = batch_median_interval(values, 0.5, 0.05)
        batched += low <= 0 <= high
        interval = scipy.stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
        independent += interval.low <= 0 <= interval.high

    assert batched >= 0.88 * trials
    assert independent < 0.6 * trials


@pytest.mark.parametrize(("n", "p"), [(79, 0.5), (799, 0.95), (3999, 0.99), (0, 0.5)])
def test_small_batches_rule_nothing_out(n: int, p: float) -> None:
    """Where a batch holds fewer than two values beyond the quantile, there is no interval."""
    _, low, high = batch_median_interval(np.arange(1.0, n + 1), p, 0.05)

    assert (low, high) == (-math.inf, math.inf)


def test_failures_leave_no_interval() -> None:
    """A batch whose quantile is infinite rules nothing out."""
    values = np.ones(400)
    values[:15] = math.inf

    assert batch_median_interval(values, 0.5, 0.05)[1:] == (-math.inf, math.inf)
