"""Latency over time as counts: how many requests of an arm took how long, when, launch after launch.

A heat map shows what a percentile hides: two speeds at once, stalls, a warm-up that did not end (Gregg, *Visualizing
System Latency*, 2010). Rows are even in the logarithm of latency, columns in time; every launch has as many columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from results.samples import AFTER, BEFORE, Launch, Samples

_COLUMNS: Final = 144
_ROWS: Final = 36
_MOST_COLUMNS: Final = 24
"""Of one launch: more would hold too few requests each."""


@dataclass(frozen=True, slots=True)
class ArmHeat:
    """Counts of one arm.

    Attributes:
        arm: Its name in the comparison: ``before`` or ``after``.
        counts: Of every column the requests in each row, from the fastest.
        failed: Of every column the requests without a usable response; they are in no row.
    """

    arm: str
    counts: tuple[tuple[int, ...], ...]
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Latency over time of both arms on one grid.

    Attributes:
        launches: Numbers of the launches, in the order they ran.
        columns: Columns of each.
        seconds: Time that a column spans, of the longest launch.
        low_ms, high_ms: Outer edges of the rows, which are even in the logarithm.
        arms: Both arms.
    """

    launches: tuple[int, ...]
    columns: int
    seconds: float
    low_ms: float
    high_ms: float
    arms: tuple[ArmHeat, ArmHeat]


def heat(samples: Samples, launches: Sequence[Launch]) -> Heat | None:
    """Count the measured requests of all these launches; ``None`` where no request was answered."""
    answered = [_positive(samples.deciding_ms(launch)) for launch in launches]
    if not any(values.size for values in answered):
        return None
    low = min(float(values.min()) for values in answered if values.size)
    high = max(float(values.max()) for values in answered if values.size)
    low, high = low / 1.0001, max(high, low * 1.1) * 1.0001
    columns = max(1, min(_MOST_COLUMNS, _COLUMNS // len(launches)))
    spans = [_span(launch) for launch in launches]
    arms = []
    for arm, name in ((BEFORE, "before"), (AFTER, "after")):
        counts = np.zeros((len(launches), columns, _ROWS), np.int64)
        failed = np.zeros((len(launches), columns), np.int64)
        for position, (launch, (start, length)) in enumerate(zip(launches, spans, strict=True)):
            rows = launch.arm_rows(arm)
            rows = rows[np.isfinite(launch.scheduled[rows])]
            latency = samples.deciding_ms(launch)[rows]
            column = np.clip((launch.scheduled[rows] - start) / length * columns, 0, columns - 1).astype(np.intp)
            ended = np.isfinite(latency) & (latency > 0)
            share = np.log(latency[ended] / low) / math.log(high / low)
            row = np.clip(share * _ROWS, 0, _ROWS - 1).astype(np.intp)
            counts[position] = np.bincount(column[ended] * _ROWS + row, minlength=columns * _ROWS).reshape(-1, _ROWS)
            failed[position] = np.bincount(column[launch.failed[rows]], minlength=columns)
        arms.append(
            ArmHeat(
                name,
                tuple(tuple(map(int, column)) for column in counts.reshape(-1, _ROWS)),
                tuple(map(int, failed.ravel())),
            )
        )
    longest = max(length for _, length in spans)
    return Heat(tuple(launch.number for launch in launches), columns, longest / columns, low, high, (arms[0], arms[1]))


def _positive(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[np.isfinite(values) & (values > 0)]


def _span(launch: Launch) -> tuple[float, float]:
    """When the first measured request was due and how long after it the last."""
    due = launch.scheduled[np.isfinite(launch.scheduled)]  # a damaged record is shown too, with the gate that says so
    if not due.size:
        return 0.0, 1.0
    start = float(due.min())
    return start, max(float(due.max()) - start, 1e-9)
