import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from results import statistics

FINITE = st.floats(-1, 1, allow_subnormal=False)
SAMPLES = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=60)
LAUNCHES = st.lists(FINITE, min_size=3, max_size=10).map(np.array)


@given(SAMPLES, st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_quantiles_are_type_7(values: list[float], p: float) -> None:
    """Of finite values the quantile is numpy's default one."""
    assert statistics.quantile(np.sort(values), p) == pytest.approx(np.quantile(values, p))


@given(SAMPLES, st.integers(1, 60), st.sampled_from([0.5, 0.95, 0.99]))
def test_failures_never_lower_a_quantile(values: list[float], failures: int, p: float) -> None:
    """Adding infinitely slow requests raises a quantile or leaves it; it is never undefined."""
    ordered = np.sort(values)

    worse = statistics.quantile(np.concatenate([ordered, np.full(failures, np.inf)]), p)
    assert worse >= statistics.quantile(ordered, p) * (1 - 1e-12)


def test_a_quantile_of_nothing_is_not_a_number() -> None:
    """Without values there is no quantile."""
    assert math.isnan(statistics.quantile(np.empty(0), 0.5))


@pytest.mark.parametrize(("p", "n"), [(0.5, 20), (0.95, 200), (0.99, 1000), (0.999, 10_000)])
def test_a_quantile_needs_ten_values_beyond(p: float, n: int) -> None:
    """The sample floor asks for ten requests slower than the quantile."""
    assert statistics.floor(p) == n


@pytest.mark.parametrize("k", [2, 6, 8, 20])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_one_cell_gets_students_t(k: int, alpha: float) -> None:
    """For one cell the critical value is that of Student's t."""
    values = np.random.default_rng(k).normal(size=(k, 1))

    assert statistics.max_t_critical(values, alpha) == pytest.approx(scipy.stats.t.ppf(1 - alpha / 2, k - 1))


@given(LAUNCHES)
def test_the_interval_is_that_of_the_t_test(values: np.ndarray) -> None:
    """Interval and p value agree with scipy's one-sample t test."""
    if values.std(ddof=1) < 1e-6:
        return
    test = scipy.stats.ttest_1samp(values, 0)
    interval = test.confidence_interval(0.95)

    assert statistics.interval(values, statistics.t_critical(values.size, 0.05)) == pytest.approx(
        (interval.low, interval.high)
    )
    assert statistics.t_p_value(values) == pytest.approx(test.pvalue)


def test_one_launch_has_no_interval() -> None:
    """From one launch nothing is ruled out."""
    assert statistics.interval(np.array([0.3]), statistics.t_critical(1, 0.05)) == (-math.inf, math.inf)


@pytest.mark.parametrize("k", [6, 8, 14])
@pytest.mark.parametrize("m", [2, 12])
def test_the_family_value_lies_between_one_t_and_bonferroni(k: int, m: int) -> None:
    """The simultaneous critical value is never below Student's t and never above Bonferroni's."""
    values = np.random.default_rng(m).normal(size=(k, m))

    critical = statistics.max_t_critical(values, 0.05)
    assert statistics.t_critical(k, 0.05) <= critical <= statistics.t_critical(k, 0.05, m)


@pytest.mark.parametrize("k", [8, 15])
def test_the_family_value_ignores_order_and_direction(k: int) -> None:
    """Permuting launches or exchanging the arms leaves the critical value as it is, also where flips are sampled."""
    rng = np.random.default_rng(k)
    values = rng.normal(size=(k, 5))

    critical = statistics.max_t_critical(values, 0.05)
    assert statistics.max_t_critical(rng.permutation(values), 0.05) == pytest.approx(critical)
    assert statistics.max_t_critical(-values, 0.05) == pytest.approx(critical)


def test_perfectly_equal_cells_cost_nothing() -> None:
    """Twelve copies of one cell need no wider interval than the cell alone by much."""
    column = np.random.default_rng(3).normal(size=(8, 1))

    copies = statistics.max_t_critical(np.repeat(column, 12, axis=1), 0.05)
    assert copies == pytest.approx(statistics.max_t_critical(np.repeat(column, 2, axis=1), 0.05))


def test_cells_without_any_spread_are_passed_over() -> None:
    """A cell whose launches all agree does not spoil the others' critical value."""
    values = np.random.default_rng(4).normal(size=(8, 3))
    constant = np.full((8, 1), 0.7)

    assert statistics.max_t_critical(np.hstack([values, constant]), 0.05) == pytest.approx(
        statistics.max_t_critical(values, 0.05)
    )


def test_the_intervals_hold_together_as_often_as_said() -> None:
    """Over seeded experiments with correlated cells all intervals cover at once in about 95 of 100."""
    rng = np.random.default_rng(20261121)
    covered = 0
    experiments = 400
    for _ in range(experiments):
        shared = rng.normal(size=(8, 1))
        values = 0.05 * (0.6 * shared + 0.8 * rng.normal(size=(8, 9)))
        critical = statistics.max_t_critical(values, 0.05)
        half = critical * values.std(axis=0, ddof=1) / math.sqrt(8)
        covered += bool((np.abs(values.mean(axis=0)) <= half).all())

    assert scipy.stats.binomtest(covered, experiments, 0.95).pvalue > 0.001


@given(LAUNCHES)
def test_hodges_lehmann_is_the_median_of_averages(values: np.ndarray) -> None:
    """The robust estimate lies within the launches and turns round with them."""
    estimate = statistics.hodges_lehmann(values)

    assert values.min() <= estimate <= values.max()
    assert statistics.hodges_lehmann(-values) == pytest.approx(-estimate)


@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=8))
def test_the_sign_flip_p_is_exact(values: list[float]) -> None:
    """The p value of sign flips equals scipy's exact permutation test."""
    sample = np.array(values) - 0.3

    expected = scipy.stats.permutation_test(
        (sample,), lambda x, axis: np.abs(np.mean(x, axis=axis)), permutation_type="samples", alternative="greater"
    )
    assert statistics.sign_flip_p(sample) == pytest.approx(expected.pvalue, abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_benjamini_and_hochberg(values: list[float]) -> None:
    """The adjustment equals scipy's."""
    assert statistics.benjamini_hochberg(values) == pytest.approx(scipy.stats.false_discovery_control(values).tolist())


def test_no_p_values_are_adjusted_to_none() -> None:
    """An empty family stays empty."""
    assert statistics.benjamini_hochberg([]) == []


@given(st.floats(0.005, 0.2), st.integers(6, 30), st.floats(0, 0.1))
def test_more_launches_detect_less(spread: float, k: int, margin: float) -> None:
    """The detectable change shrinks with every launch and never falls below the margin."""
    here = statistics.detectable(spread, k, statistics.t_critical(k, 0.05), margin)
    more = statistics.detectable(spread, k + 1, statistics.t_critical(k + 1, 0.05), margin)

    assert margin < more < here


@given(st.floats(0.1, 0.5), st.floats(0.005, 0.05))
def test_the_planned_launches_are_the_fewest_that_do(estimate: float, spread: float) -> None:
    """With the launches asked for, the estimate is detectable beyond the margin; with one fewer it is not."""
    margin = math.log(1.05)
    k = statistics.launches_needed(estimate, spread, margin, 0.05, 6)

    assert k is not None
    assert statistics.detectable(spread, k, statistics.t_critical(k, 0.05, 6), margin) <= estimate
    if k > 3:
        assert statistics.detectable(spread, k - 1, statistics.t_critical(k - 1, 0.05, 6), margin) > estimate


def test_hopeless_cells_get_no_number_of_launches() -> None:
    """Where no practical number of launches would settle a cell, none is recommended."""
    assert statistics.launches_needed(0.0, 2.0, math.log(1.03), 0.05, 12) is None


def test_curves_stop_where_ten_values_lie_beyond() -> None:
    """A percentile curve ends at the last quantile that ten values support, and rises."""
    p, values = statistics.percentile_curve(np.sort(np.random.default_rng(1).lognormal(size=5000)))

    assert p[-1] == pytest.approx(1 - 10 / 5000)
    assert (np.diff(values) >= 0).all()
