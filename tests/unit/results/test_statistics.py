import itertools
import math

import numpy as np
import pytest
import scipy
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


def intervals_by_signs(values: np.ndarray, alpha: float) -> tuple[float, float]:
    """Hull of the shifts that the exact signed-rank test keeps, from all sign assignments of the ranks."""
    ranks = np.arange(1, values.size + 1)
    signs = np.array(list(itertools.product((0, 1), repeat=values.size)))
    statistic = signs @ ranks
    averages = np.sort([(a + b) / 2 for i, a in enumerate(values) for b in values[i:]])
    kept = []
    # Between two neighbouring averages the statistic does not change; so one shift from each stretch will do.
    edges = np.concatenate([[averages[0] - 1], averages, [averages[-1] + 1]])
    for low, high in itertools.pairwise(edges):
        moved = values - (low + high) / 2
        observed = scipy.stats.rankdata(np.abs(moved))[moved > 0].sum()
        tail = min((statistic <= observed).mean(), (statistic >= observed).mean())
        if tail > alpha / 2:
            kept += [low, high]
    return min(kept), max(kept)


@pytest.mark.parametrize("k", [6, 7, 9, 11])
@pytest.mark.parametrize("alpha", [0.05, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_the_signed_rank_interval_holds_the_shifts_its_test_keeps(k: int, alpha: float, seed: int) -> None:
    """The interval is that of the exact Wilcoxon test turned round, over all assignments of signs."""
    values = np.random.default_rng([k, seed]).normal(size=k)

    assert statistics.signed_rank_interval(values, alpha) == pytest.approx(intervals_by_signs(values, alpha))


@given(st.integers(0, 1000), st.integers(6, 40))
def test_the_signed_rank_interval_agrees_with_scipys_test(seed: int, k: int) -> None:
    """Shifts just inside the ends are kept by scipy's exact Wilcoxon test, shifts just outside are not."""
    values = np.random.default_rng(seed).normal(size=k)
    low, high = statistics.signed_rank_interval(values, 0.05)
    nudge = 1e-9

    for inside, outside in ((low + nudge, low - nudge), (high - nudge, high + nudge)):
        assert scipy.stats.wilcoxon(values - inside, method="exact").pvalue > 0.05
        assert scipy.stats.wilcoxon(values - outside, method="exact").pvalue <= 0.05
    assert low <= statistics.hodges_lehmann(values) <= high


@pytest.mark.parametrize("k", range(6))
def test_five_launches_cannot_give_a_signed_rank_interval(k: int) -> None:
    """Below six launches no rank interval has 95 %, so nothing is ruled out."""
    assert statistics.signed_rank_interval(np.arange(float(k)), 0.05) == (-math.inf, math.inf)


@given(st.integers(0, 1000), st.integers(2, 9), st.integers(2, 9), st.floats(0.1, 10))
def test_the_order_effect_has_welchs_interval(seed: int, one: int, other: int, scale: float) -> None:
    """Carry-over and its interval are those of scipy's t test with unequal variances."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0.1, 0.02, one), rng.normal(0, 0.02 * scale, other)])
    first = np.arange(one + other) < one
    mixed = rng.permutation(one + other)
    test = scipy.stats.ttest_ind(values[:one], values[one:], equal_var=False).confidence_interval(0.95)

    estimate, low, high = statistics.order_effect(values[mixed], first[mixed], 0.05)
    assert (low, high) == pytest.approx((test.low, test.high))
    assert estimate == pytest.approx(values[:one].mean() - values[one:].mean())


def test_one_launch_of_an_order_leaves_its_effect_open() -> None:
    """With a single launch in one of the orders nothing is ruled out, and without any there is no estimate."""
    values = np.array([0.1, 0.2, 0.3])

    assert statistics.order_effect(values, np.array([True, False, False]), 0.05) == pytest.approx(
        (-0.15, -math.inf, math.inf)
    )
    assert math.isnan(statistics.order_effect(values, np.ones(3, bool), 0.05)[0])


def test_launches_without_any_spread_show_the_order_effect_exactly() -> None:
    """Where all launches of an order agree, the interval is the estimate."""
    values = np.array([0.5, 0.5, 0.25, 0.25])

    assert statistics.order_effect(values, np.array([True, True, False, False]), 0.05) == (0.25, 0.25, 0.25)


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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_step_by_step(values: list[float], alpha: float) -> None:
    """Adjusted p values up to alpha are those that Holm's steps reject, the smallest first against alpha / m."""
    rejected = set()
    for step, index in enumerate(np.argsort(values, kind="stable")):
        if values[index] * (len(values) - step) > alpha:
            break
        rejected.add(int(index))

    adjusted = statistics.holm(values)
    assert {index for index, p in enumerate(adjusted) if p <= alpha} == rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_p_values_and_bonferroni(values: list[float]) -> None:
    """Holm's p values are never below the plain ones nor above Bonferroni's."""
    for p, adjusted in zip(values, statistics.holm(values), strict=True):
        assert p <= adjusted <= min(p * len(values), 1) + 1e-12


def test_no_p_values_are_adjusted_to_none() -> None:
    """An empty family stays empty."""
    assert statistics.benjamini_hochberg([]) == []
    assert statistics.holm([]) == []


@given(st.floats(0.005, 0.2), st.integers(6, 30), st.floats(0, 0.1))
def test_more_launches_detect_less(spread: float, k: int, margin: float) -> None:
    """The detectable change shrinks with every launch and never falls below the margin."""
    here = statistics.detectable(spread, k, statistics.t_critical(k, 0.05), margin)
    more = statistics.detectable(spread, k + 1, statistics.t_critical(k + 1, 0.05), margin)

    assert margin < more < here


@pytest.mark.parametrize("k", [3, 6, 8, 16, 40])
@pytest.mark.parametrize("m", [1, 12])
def test_a_detectable_change_is_found_19_times_in_20(k: int, m: int) -> None:
    """At the detectable change the noncentral t distribution gives the interval 95 % power."""
    critical = statistics.t_critical(k, 0.05, m)
    change = statistics.detectable(0.03, k, critical, margin=0.05)

    power = scipy.stats.nct.sf(critical, k - 1, (change - 0.05) / 0.03 * math.sqrt(k))
    assert power == pytest.approx(0.95, abs=1e-5)


@pytest.mark.parametrize(("margin", "m"), [(0.05, 1), (0.05, 12), (0.02, 3)])
def test_the_planned_launches_show_no_difference_19_times_in_20(margin: float, m: int) -> None:
    """At a true ratio of one the planned launches keep both ends of the interval inside the margin, by simulation."""
    k = statistics.launches_needed(0.0, 0.03, margin, 0.05, m)
    assert k is not None
    values = np.random.default_rng(k).normal(0, 0.03, size=(20_000, k))
    half = statistics.t_critical(k, 0.05, m) * values.std(axis=1, ddof=1) / math.sqrt(k)

    assert (np.abs(values.mean(axis=1)) + half < margin).mean() >= 0.945


@pytest.mark.parametrize(("k", "critical"), [(1, 2.0), (0, 2.0), (8, math.inf)])
def test_nothing_is_detectable_without_an_interval(k: int, critical: float) -> None:
    """One launch, or no critical value, would find no change however large."""
    assert statistics.detectable(0.03, k, critical) == math.inf


@given(st.floats(0.1, 0.5), st.floats(0.005, 0.05))
def test_the_planned_launches_are_the_fewest_that_do(estimate: float, spread: float) -> None:
    """With the launches asked for, the estimate is detectable beyond the margin; with one fewer it is not."""
    margin = math.log(1.05)
    k = statistics.launches_needed(estimate, spread, margin, 0.05, 6)

    assert k is not None
    assert statistics.detectable(spread, k, statistics.t_critical(k, 0.05, 6), margin) <= estimate
    if k > 3:
        assert statistics.detectable(spread, k - 1, statistics.t_critical(k - 1, 0.05, 6), margin) > estimate


@given(st.floats(1e-6, 0.01), st.floats(1e-4, 1), st.floats(0.1, 60), st.floats(1e-4, 0.1))
def test_no_other_length_of_launch_learns_more_in_the_same_time(
    tau2: float, within: float, fixed: float, request: float
) -> None:
    """Time for a given precision is least at the length returned, by a search over lengths."""

    def seconds(n: np.ndarray) -> np.ndarray:
        return (fixed + n * request) * (tau2 + within / n)

    best = statistics.rounds_or_length(tau2, within, fixed, request)
    assert seconds(np.array([best])) <= seconds(best * np.geomspace(0.1, 10, 201)).min() * (1 + 1e-12)


def test_launches_that_do_not_differ_need_not_be_repeated() -> None:
    """Without a difference between launches one long launch is as good as many."""
    assert statistics.rounds_or_length(0.0, 1.0, 10.0, 0.01) == math.inf


def test_hopeless_cells_get_no_number_of_launches() -> None:
    """Where no practical number of launches would settle a cell, none is recommended."""
    assert statistics.launches_needed(0.0, 2.0, math.log(1.03), 0.05, 12) is None


def test_curves_stop_where_ten_values_lie_beyond() -> None:
    """A percentile curve ends at the last quantile that ten values support, and rises."""
    p, values = statistics.percentile_curve(np.sort(np.random.default_rng(1).lognormal(size=5000)))

    assert p[-1] == pytest.approx(1 - 10 / 5000)
    assert (np.diff(values) >= 0).all()


@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.2), st.integers(3, 40))
def test_launches_needed_are_never_fewer_than_thought_of(estimate: float, spread: float, least: int) -> None:
    """Who had so many and could not settle it needs more; near the margin, more than far inside it."""
    margin = math.log(1.03)
    k = statistics.launches_needed(estimate, spread, margin, 0.05, 3, least)
    center = statistics.launches_needed(0.0, spread, margin, 0.05, 3, least)

    assert k is None or k >= least
    if abs(estimate) <= margin:
        assert center is not None or k is None
        assert k is None or center is None or k >= center
