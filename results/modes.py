"""Whether a quantile falls between two modes of a sample, such as hits and misses, and jumps from one to the other."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from results.statistics import Floats

_DRIFT: Final = 0.02
"""How far the share of the lower mode may move between launches: two points of hit ratio."""

_BEYOND: Final = 5
"""The outermost values are single requests, not a mode."""

_EMPTY: Final = 0.08
"""A gap may hold this share of the window's values: modes have tails."""

_SHARE: Final = 0.5
"""And must hold more than this share of the window's width."""

_WIDE: Final = math.log(1.5)
"""What lies across a gap is at least half as much again; rounding to a timer's step at a high level is no gap."""


def in_density_gap(ordered: Floats, p: float) -> bool:
    """Whether the ``p`` quantile of a sample lies in, or at the edge of, a gap between two modes.

    Seen is the window of order statistics where the quantile could as well have come out: its 95 % interval by the
    binomial distribution, widened by two points of probability, which is how far a hit ratio can move between launches,
    or by half of what lies beyond the quantile where that is less.
    In that window a run of values is looked for that holds at most 8 % of the values and yet more than half of the
    window's width in logarithms, with a factor of at least 1.5 from end to end. In a unimodal sample no such run is to
    be expected: width and count go together but for chance. Modes that overlap have no gap and are not found.

    How often it errs is in docs/calibration.md: unimodal lognormal samples are called gaps in fewer than 1 of 100.

    Args:
        ordered: Positive values in ascending order; infinite ones stand for failures and are a mode like another.
        p: Between 0 and 1.
    """
    n = ordered.size
    drift = min(_DRIFT, p / 2, (1 - p) / 2)  # an outer quantile is no less far from its end by a moving hit ratio
    half = drift + 1.96 * math.sqrt(p * (1 - p) / n) if n else 0.0
    low = max(math.floor((n - 1) * (p - half)), _BEYOND - 1)
    high = min(math.ceil((n - 1) * (p + half)), n - _BEYOND)
    if high - low < 2:
        return False
    window = ordered[low : high + 1]
    if window[0] <= 0 or math.isinf(window[0]):
        return False
    if math.isinf(window[-1]):
        return True
    logs = np.log(window)
    run = max(1, int(_EMPTY * logs.size))
    widest = float((logs[run:] - logs[:-run]).max())
    return widest > max(_SHARE * float(logs[-1] - logs[0]), _WIDE)
