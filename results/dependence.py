"""Requests that follow each other are not independent: what one launch alone says, for display and for planning.

Never for a verdict. The order-statistic interval for independent values covers half the time or less where load comes
in waves; batches of time or an effective sample size tell more honestly how little a single launch knows.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from results.statistics import Floats, quantile, t_critical


def effective_sample_size(series: npt.NDArray[np.float64 | np.bool_]) -> float:
    """How many independent values say as much about the mean as this series in order of time.

    ``n / (1 + 2 sum of autocorrelations)``, summed over pairs of neighbouring lags while a pair is positive: the
    initial positive sequence (Geyer 1992). For a quantile ``q`` pass the indicator ``values <= q``.

    Returns:
        Between 1 and ``n``; ``n`` where the series does not vary.
    """
    n = series.size
    centred = np.asarray(series, np.float64)
    centred = centred - centred.mean() if n else centred
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2 if n else np.zeros(0)
    covariance = np.fft.irfft(power, 2 * n)[:n] if n else np.zeros(0)
    if n < 4 or covariance[0] <= 1e-12 * n * float(np.abs(series).max()) ** 2:
        return float(n)
    correlation = covariance / covariance[0]
    pairs = correlation[: n - n % 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    inflation = 2 * float(pairs[: ends[0] if ends.size else pairs.size].sum()) - 1
    return min(max(n / max(inflation, 1.0), 1.0), float(n))


def batch_median_interval(values: Floats, p: float, alpha: float, batches: int = 20) -> tuple[float, float, float]:
    """A quantile of one launch with an interval that allows for waves longer than a request.

    The values are cut into batches of time; Student's t over the batches' quantiles gives the width, around the
    quantile of all values. It holds as far as waves are short against a batch.

    Args:
        values: In order of time; infinite ones stand for failures.
        p: Of the quantile.
        alpha: Error rate.
        batches: How many.

    Returns:
        Estimate, low and high end; the whole line where a batch would hold fewer than two values on the rarer side of
        the quantile, or where failures reach the quantile of a batch.
    """
    estimate = quantile(np.sort(values), p)
    if values.size // batches * min(p, 1 - p) < 2 - 1e-9:
        return estimate, -math.inf, math.inf
    quantiles = np.array([quantile(np.sort(part), p) for part in np.array_split(values, batches)])
    if not np.isfinite(quantiles).all():
        return estimate, -math.inf, math.inf
    half = t_critical(batches, alpha) * float(quantiles.std(ddof=1)) / math.sqrt(batches)
    return estimate, estimate - half, estimate + half
