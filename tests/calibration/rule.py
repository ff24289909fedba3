"""The verdict's rule for thousands of experiments at once; ``test_quick.py`` holds it to the rule that is shipped."""

from __future__ import annotations

import math

import numpy as np

from results import statistics

Floats = np.ndarray


def critical_values(values: Floats, alpha: float) -> Floats:
    """``statistics.max_t_critical`` of every experiment; values of shape (experiments, launches, cells)."""
    experiments, k, m = values.shape
    if m < 2 or k < statistics.ENOUGH_TO_FLIP:
        return np.full(experiments, statistics.t_critical(k, alpha, m))
    return flipped(values, alpha, 1 + 2 / k**2)


def flipped(values: Floats, alpha: float, stretch: float) -> Floats:
    """The critical values of joint sign flips, between Student's and Bonferroni's."""
    experiments, k, _ = values.shape
    single = statistics.t_critical(k, alpha)
    flips = statistics.sign_flips(k, 0)
    sampled = flips.shape[0] < 2 ** (k - 1)
    flips = np.ascontiguousarray(flips.T, np.float32)
    place = math.ceil((1 - alpha) * (flips.shape[1] - 1) - 1e-9)
    centred = values - values.mean(axis=1, keepdims=True)
    moving = np.abs(centred).max(axis=1) > 1e-12 * np.maximum(np.abs(values).max(axis=1), 1.0)
    # (sum of flipped values)^2 / (k * sum of squares) rises with the t statistic, so that it can be sorted instead.
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = centred / np.sqrt(k * (centred**2).sum(axis=1, keepdims=True))
    unit = np.where(moving[:, None], unit, 0).transpose(0, 2, 1).astype(np.float32)  # (experiments, cells, launches)
    if sampled:
        for number, each in enumerate(centred):
            unit[number] = unit[number][:, np.lexsort(np.abs(each[:, moving[number]]).T)]
    largest = np.empty(experiments)
    for number, each in enumerate(unit):
        sums = each @ flips
        share = np.abs(sums, out=sums).max(axis=0)
        share.partition(place)
        largest[number] = float(share[place]) ** 2
    with np.errstate(divide="ignore"):
        out = np.sqrt((k - 1) * largest / np.maximum(1 - largest, 0)) * stretch
    bonferroni = np.array([statistics.t_critical(k, alpha, max(int(cells), 1)) for cells in moving.sum(axis=1)])
    return np.maximum(single, np.minimum(out, bonferroni))


def intervals(values: Floats, critical: Floats) -> tuple[Floats, Floats]:
    """Ends of the intervals, shape (experiments, cells)."""
    mean = values.mean(axis=1)
    half = critical[:, None] * values.std(axis=1, ddof=1) / math.sqrt(values.shape[1])
    return mean - half, mean + half


def pooled_spread(values: Floats) -> Floats:
    """The spread over launches that a planner would know: root of the mean variance over experiments, by cell."""
    return np.sqrt(values.var(axis=1, ddof=1).mean(axis=0))
