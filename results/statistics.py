"""The statistics of the verdict: quantiles, intervals over launches, and what a run could have found.

Pure functions over arrays; one value per launch and cell is their only unit. Nothing here knows of requests, files or
words. Where a source is named, the formula is the source's.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_ENUMERATED: Final = 12
"""Up to so many launches every sign flip is tried; above, a seeded sample of as many."""

NO_SPREAD: Final = 1e-12
"""Relative standard deviation of values that differ by the rounding of doubles alone."""

_MOST_LAUNCHES: Final = 200
"""Beyond this no number of launches is recommended: another experiment is."""


def quantile(ordered: Floats, p: float) -> float:
    """The type-7 quantile of values in ascending order (Hyndman & Fan 1996); infinite values stand for failures.

    Linear interpolation at rank ``(n - 1) p``, numpy's default, but exact next to infinite values where the difference
    of neighbours is undefined. NaN without values.
    """
    if not ordered.size:
        return math.nan
    rank = (ordered.size - 1) * p
    low = math.floor(rank)
    part = rank - low
    if part == 0:
        return float(ordered[low])
    below, above = float(ordered[low]), float(ordered[low + 1])
    return math.inf if math.isinf(above) else below + part * (above - below)


def floor(p: float) -> int:
    """How many requests a quantile needs in each arm of each launch.

    The larger of two floors: ten values beyond the quantile, and a sample whose smallest and largest value enclose the
    quantile with 95 % probability, ``1 - p^n - (1 - p)^n >= 0.95`` (Wilks 1941).
    """
    beyond = math.ceil(round(10 / (1 - p), 9))
    n = 2
    while 1 - p**n - (1 - p) ** n < 0.95:
        n += 1
    return max(beyond, n)


def _special() -> Any:
    """SciPy's special functions, late: loading them takes as long as all else that a short command loads."""
    from scipy import special

    return special


def t_critical(k: int, alpha: float, m: int = 1) -> float:
    """Two-sided Bonferroni critical value of Student's t for ``m`` intervals over ``k`` launches.

    Infinite where ``k`` is below 2, so that no interval is ever claimed from one launch.
    """
    return float(_special().stdtrit(k - 1, 1 - alpha / (2 * m))) if k > 1 else math.inf


def sign_flips(k: int, seed: int) -> Floats:
    """Rows of +1 and -1: all assignments to ``k`` launches up to an overall sign, or a seeded sample of them."""
    if k <= _ENUMERATED:
        rest = np.array(list(itertools.product((1.0, -1.0), repeat=k - 1)), np.float64).reshape(-1, k - 1)
        return np.hstack([np.ones((rest.shape[0], 1)), rest])
    drawn = np.random.default_rng(seed).choice((1.0, -1.0), size=(2**_ENUMERATED, k))
    drawn[0] = 1
    return drawn


ENOUGH_TO_FLIP: Final = 8
"""Launches from which joint sign flips are used: with six, twelve independent cells raised 6.6 % alarms
(docs/calibration.md)."""

_STRETCH: Final = 2.0
"""What centring takes from the flips' tail is given back as ``1 + 2 / k^2``: from 5.8 % to 5.5 % alarms at eight
launches of three independent cells, measured (docs/calibration.md)."""


def max_t_critical(values: Floats, alpha: float, seed: int = 0) -> float:
    """The critical value that makes the intervals of all columns hold together with probability ``1 - alpha``.

    The largest absolute t statistic over the columns is recomputed under joint sign flips of the centred launches:
    every cell of a launch flips together, so the cells' correlation is used rather than feared (Westfall & Young 1993;
    the wild bootstrap with Rademacher weights of Cameron, Gelbach & Miller 2008). One column needs no such thing and
    gets Student's t, which is also the lower bound for several. With fewer than ``ENOUGH_TO_FLIP`` launches there are
    too few flips to speak for independent cells, and the Bonferroni value stands in.

    Args:
        values: Shape (launches, cells), one log ratio each, finite.
        alpha: Family-wise error rate.
        seed: Of the sample of flips above twelve launches.
    """
    k, m = values.shape
    single = t_critical(k, alpha)
    if m < 2 or k < ENOUGH_TO_FLIP:
        return t_critical(k, alpha, max(m, 1))
    centred = values - values.mean(axis=0)
    spread = np.abs(centred).max(axis=0)
    centred = centred[:, spread > 1e-12 * np.abs(values).max(axis=0, initial=1.0)]
    if not centred.shape[1]:
        return single
    # The order of launches and the names of the arms must not matter, also where flips are sampled.
    centred = centred[np.lexsort(np.abs(centred).T)]
    means = sign_flips(k, seed) @ centred / k
    variance = ((centred**2).sum(axis=0) - k * means**2) / (k - 1)
    with np.errstate(divide="ignore"):
        largest = (np.abs(means) / np.sqrt(np.maximum(variance, 0) / k)).max(axis=1)
    critical = float(np.quantile(largest, 1 - alpha, method="higher") * (1 + _STRETCH / k**2))
    # With few launches a flip can line up all values; the Bonferroni value is valid too, and then the smaller.
    return max(single, min(critical, t_critical(k, alpha, centred.shape[1])))


def interval(values: Floats, critical: float) -> tuple[float, float]:
    """Mean plus and minus ``critical`` standard errors; the whole line below two values or without a critical value."""
    if values.size < 2 or math.isinf(critical):
        return -math.inf, math.inf
    mean = float(values.mean())
    half = critical * float(values.std(ddof=1)) / math.sqrt(values.size)
    return mean - half, mean + half


def t_p_value(values: Floats) -> float:
    """Two-sided p of Student's paired t test of mean zero; 1 where it is not defined."""
    if values.size < 2:
        return 1.0
    spread = float(values.std(ddof=1))
    mean = float(values.mean())
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * _special().stdtr(values.size - 1, -abs(mean) / spread * math.sqrt(values.size)))


def hodges_lehmann(values: Floats) -> float:
    """Median of all averages of two launches, each with itself included (Hodges & Lehmann 1963)."""
    row, column = np.triu_indices(values.size)
    return float(np.median((values[row] + values[column]) / 2))


def signed_rank_interval(values: Floats, alpha: float) -> tuple[float, float]:
    """Exact Wilcoxon signed-rank interval, whose middle is the Hodges-Lehmann estimate.

    The ends are averages of two values, each with itself included, counted off from both sides; the count comes from
    the exact distribution of the signed-rank statistic (Hollander, Wolfe & Chicken 2014, section 3.3).

    Returns:
        Low and high end; the whole line where so few values cannot give the level: below six at ``alpha`` 0.05.
    """
    n = values.size
    chance = np.ones(1)  # of each value of the statistic: every rank is in the sum or not, at even odds
    for rank in range(1, n + 1):
        chance = (np.append(chance, np.zeros(rank)) + np.append(np.zeros(rank), chance)) / 2
    # A sum of probabilities may end a rounding error above a limit that it meets exactly.
    count = int(np.searchsorted(np.cumsum(chance), alpha / 2 * (1 + 1e-12), side="right"))
    if not count:
        return -math.inf, math.inf
    row, column = np.triu_indices(n)
    averages = np.sort((values[row] + values[column]) / 2)
    return float(averages[count - 1]), float(averages[-count])


def order_effect(values: Floats, first_is_before: npt.NDArray[np.bool_], alpha: float) -> tuple[float, float, float]:
    """Carry-over: how far log ratios differ between launches that began with one arm and with the other.

    ``mean(d | before first) - mean(d | after first)``. Half of it is what an arm gains or loses by coming second.

    Args:
        values: One log ratio per launch.
        first_is_before: Whether the before arm ran first, for each launch.
        alpha: Error rate of the interval.

    Returns:
        Estimate, low and high end, as of ``welch_interval``.
    """
    return welch_interval(values[first_is_before], values[~first_is_before], alpha)


def welch_interval(one: Floats, other: Floats, alpha: float) -> tuple[float, float, float]:
    """Mean of one sample less that of another, with Welch's t interval (Welch 1947).

    Returns:
        Estimate, low and high end; the whole line where either sample has fewer than two values.
    """
    estimate = float(one.mean() - other.mean()) if one.size and other.size else math.nan
    if min(one.size, other.size) < 2:
        return estimate, -math.inf, math.inf
    parts = np.array([one.var(ddof=1) / one.size, other.var(ddof=1) / other.size])
    variance = float(parts.sum())
    if variance == 0:
        return estimate, estimate, estimate
    # Welch-Satterthwaite, with variances as shares so that tiny ones do not vanish when squared.
    freedom = 1 / float(((parts / variance) ** 2 / (np.array([one.size, other.size]) - 1)).sum())
    half = float(_special().stdtrit(freedom, 1 - alpha / 2)) * math.sqrt(variance)
    return estimate, estimate - half, estimate + half


def sign_flip_p(values: Floats, seed: int = 0) -> float:
    """Share of sign flips whose mean is at least as far from zero as the observed: exact to twelve launches."""
    ordered = values[np.argsort(np.abs(values), kind="stable")]
    means = np.abs(sign_flips(values.size, seed) @ ordered)
    return float(np.mean(means >= abs(float(ordered.sum())) * (1 - 1e-12)))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that control the false discovery rate (Benjamini & Hochberg 1995)."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(-p, kind="stable")
    scaled = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1)
    return [float(value) for value in adjusted]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that control the family-wise error rate (Holm 1979)."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return [float(value) for value in adjusted]


def detectable(spread: float, k: int, critical: float, margin: float = 0.0) -> float:
    """The smallest true log ratio that ``k`` launches tell from zero with 95 % power; beyond ``margin`` if given.

    ``margin + d s / sqrt(k)``, where a noncentral t at ``d`` with ``k - 1`` degrees of freedom exceeds the critical
    value in 95 of 100. The usual shortcut, ``d = critical + t[.95, k-1]``, forgets that a large critical value
    multiplies the luck of the measured spread too: six launches of twelve cells would have 89 % power.
    """
    if k < 2 or math.isinf(critical):
        return math.inf
    return margin + _noncentrality(k, critical, 0.05) * spread / math.sqrt(k)


def equivalent(spread: float, k: int, critical: float) -> float:
    """The narrowest margin within which ``k`` launches without any difference are called so with 95 % power.

    Each end of the interval clears it in 97.5 of 100.
    """
    if k < 2 or math.isinf(critical):
        return math.inf
    return _noncentrality(k, critical, 0.025) * spread / math.sqrt(k)


def _noncentrality(k: int, critical: float, miss: float) -> float:
    """The distance in standard errors at which an interval over ``k`` launches fails to clear zero this seldom."""
    return float(_special().nctdtrinc(k - 1, miss, critical))


def launches_needed(estimate: float, spread: float, margin: float, alpha: float, m: int, least: int = 3) -> int | None:
    """Fewest launches that settle a cell with 95 % power, were its spread and estimate the true ones.

    Beyond the margin: to say faster or slower. Inside it: to say no difference, where the end of the interval that is
    nearer to the margin has to clear it in 95 of 100, and each end by itself in 97.5 were there no difference at all.

    Args:
        estimate: Mean log ratio.
        spread: Its standard deviation over launches.
        margin: Log ratio that does not matter.
        alpha: Family-wise error rate.
        m: Size of the family.
        least: Fewer than this are not thought of.

    Returns:
        ``None`` above 200: so close to the margin or so noisy that repeating is no remedy.
    """

    def settled(k: int) -> bool:
        critical = t_critical(k, alpha, m)
        if abs(estimate) > margin:
            return detectable(spread, k, critical, margin) <= abs(estimate)
        room = margin - abs(estimate)
        return equivalent(spread, k, critical) <= margin and detectable(spread, k, critical) <= room

    # Every launch more makes it easier, so halving finds the first.
    candidates = range(max(3, least), _MOST_LAUNCHES + 1)
    place = bisect.bisect_left(candidates, True, key=settled)
    return candidates[place] if place < len(candidates) else None


def rounds_or_length(tau2: float, within_variance: float, cost_fixed: float, cost_request: float) -> float:
    """Requests a launch should hold to learn most from the time there is (Kalibera & Jones 2013).

    A launch costs ``cost_fixed + n * cost_request`` and its log ratio has the variance ``tau2 + within_variance / n``;
    the product, and with it the time for a given precision, is least at the ``n`` returned.

    Args:
        tau2: Variance of the log ratio between launches that no number of requests removes.
        within_variance: The part that requests share out: ``n`` times what it adds at ``n`` requests.
        cost_fixed: Seconds a launch costs before its first measured request.
        cost_request: Seconds each measured request costs.

    Returns:
        Infinite where launches do not differ by themselves: then a single long one would do.
    """
    if tau2 <= 0:
        return math.inf
    return math.sqrt(cost_fixed / cost_request * within_variance / tau2)


def mean_interval(values: Floats, alpha: float) -> tuple[float, float, float]:
    """Mean and t interval of launch values, e.g. of differences of proportions."""
    low, high = interval(values, t_critical(values.size, alpha))
    return (float(values.mean()) if values.size else math.nan), low, high


def percentile_curve(ordered: Floats, points: int = 60) -> tuple[Floats, Floats]:
    """A quantile function for drawing: probabilities even in ``log 1/(1-p)``, cut where ten values lie beyond.

    Returns:
        Probabilities and their quantiles.
    """
    if ordered.size < 20:
        return np.empty(0), np.empty(0)
    decades = np.linspace(0, math.log10(ordered.size / 10), points)
    p = 1 - 10**-decades
    return p, np.array([quantile(ordered, float(value)) for value in p])


def finite_median(values: npt.NDArray[Any]) -> float:
    """Median of the finite values; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan
