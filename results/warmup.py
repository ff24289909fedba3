"""Where the warm-up of a series ends: MSER-5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from results.statistics import Floats

_BATCH: Final = 5

_KEPT: Final = 5
"""At least so many means, and a third of all, are kept: a handful agrees by luck."""

_FEWEST: Final = 12
"""Means below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Warmup:
    """What a series says of its own beginning.

    Attributes:
        cut: How many values at the beginning are better left out.
        steady: Whether a steady state was found: the cut lies in the first half. ``None`` where the series is too short
            to tell, below sixty values.
    """

    cut: int
    steady: bool | None


def mser5(values: Floats) -> Warmup:
    """The truncation point that makes the mean of the rest most certain (White 1997; White, Cobb & Spratt 2000).

    Over means of five values, in order of time, the cut ``d`` of ``n`` means minimises

        sum over i > d of (Y_i - mean of the rest)^2 / (n - d)^2

    A cut beyond the middle says that the series has no steady state. Cuts into the last third, or the last five means,
    are not tried: a few means agree by luck, and a series that never settles shows by a cut right there. Values left
    over after the last whole five count for nothing.

    The rule is jumpy: of steady noise it calls about 1 in 10 series of 80 values unsteady and 2 in 100 of 200 values
    (docs/calibration.md). One such series is a hint; most launches of a trial together are a finding.

    Args:
        values: Finite, evenly spaced in time, e.g. medians of tenths of a second.
    """
    n = values.size // _BATCH
    if n < _FEWEST:
        return Warmup(0, None)
    means = values[: n * _BATCH].reshape(n, _BATCH).mean(axis=1)
    cuts = range(n - max(_KEPT, n // 3) + 1)
    spread = np.array([means[cut:].var() / (n - cut) for cut in cuts])
    # A series without any spread is steady from its first value on, whatever rounding leaves of it.
    spread[spread <= 1e-20 * float(np.square(values).max(initial=0.0))] = 0.0
    cut = int(spread.argmin())
    return Warmup(cut * _BATCH, cut <= n / 2)
