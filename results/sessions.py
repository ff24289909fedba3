"""Two sessions at different times: a new one against a history of earlier ones."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from results.statistics import NO_SPREAD, Floats, t_critical

FEWEST_SESSIONS: Final = 5
"""Earlier sessions below which how far sessions differ by themselves is not known; eight are better."""


def session_interval(before_logs: Floats, after_logs: Floats, alpha: float, m: int = 1) -> tuple[float, float, float]:
    """Interval of the log ratio of sessions after a change to sessions before it.

    A session is the unit here. How far sessions of one version differ, by another day, another neighbour on the
    machine, another placement of the process, is taken from the earlier ones alone; what launches within a session say
    of it is far too little. With ``s`` the standard deviation of the earlier sessions:

        mean(after) - mean(before) ± t[1 - alpha / 2m, n_before - 1] s sqrt(1 / n_after + 1 / n_before)

    Args:
        before_logs: One log level per earlier session, e.g. the mean log quantile over its launches.
        after_logs: The same of the sessions after the change, at least one.
        alpha: Error rate of all ``m`` intervals together.
        m: How many cells are judged (Bonferroni).

    Returns:
        Estimate, low and high end; the whole line below five earlier sessions, and where these agree to the last digit.
    """
    if not before_logs.size or not after_logs.size:
        return math.nan, -math.inf, math.inf
    estimate = float(after_logs.mean() - before_logs.mean())
    if before_logs.size < FEWEST_SESSIONS:
        return estimate, -math.inf, math.inf
    spread = float(before_logs.std(ddof=1))
    if spread <= NO_SPREAD * max(1.0, float(np.abs(before_logs).max())):
        return estimate, -math.inf, math.inf
    half = t_critical(before_logs.size, alpha, m) * spread * math.sqrt(1 / after_logs.size + 1 / before_logs.size)
    return estimate, estimate - half, estimate + half
