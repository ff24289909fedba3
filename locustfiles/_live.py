"""The run as it goes: latency by arm and cache class, in histograms that add up over workers and over time.

A histogram has 32 buckets to each doubling of the latency from one microsecond up, so a quantile is within 2.2 percent.
It serves the web interface and the search for the breaking point; the record's figures come from its rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, PHASES

_PER_DOUBLING = 32
_BUCKETS = 30 * _PER_DOUBLING  # up to a thousand seconds
_KEPT_S = 120  # seconds of which each is known by itself
_NONE = ERROR_CLASSES.index("none")
_PASSED = np.isin(np.array(CHECKS), ("ok", "unchecked"))
_MEASURED = PHASES.index("measured")

REUSED: Final = ("HIT", "STALE", "REVALIDATED")
"""Classes that were answered out of a cache."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """One arm and cache class over some stretch of time. Times are milliseconds from the scheduled moment.

    Attributes:
        share: Of the arm's answers.
    """

    arm: str
    cache: str
    requests: int
    errors: int
    failed_checks: int
    share: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class _Stretch:
    """Counts of one stretch of time: histograms of good answers, errors and failed checks, by arm and class."""

    def __init__(self, arms: int) -> None:
        cells = (arms, len(CACHE_CLASSES))
        self.times: Counts = np.zeros((*cells, _BUCKETS), np.int64)
        self.errors: Counts = np.zeros(cells, np.int64)
        self.failed: Counts = np.zeros(cells, np.int64)

    def add(self, arm: Any, cache: Any, bucket: Any, error: Any, failed: Any) -> None:
        np.add.at(self.times, (arm[~error], cache[~error], bucket[~error]), 1)
        np.add.at(self.errors, (arm[error], cache[error]), 1)
        np.add.at(self.failed, (arm[failed], cache[failed]), 1)


class Live:
    """What was measured so far.

    Args:
        arms: Their names.
    """

    def __init__(self, arms: Sequence[str]) -> None:
        self._arms = arms
        self._total = _Stretch(len(arms))
        self._seconds: deque[tuple[int, _Stretch]] = deque()

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Count the measured rows of a shipment (columns of ``_recorder``)."""
        rows = rows[rows["phase"] == _MEASURED]
        if not len(rows):
            return
        micros = np.maximum((rows["end"] - rows["scheduled"]) * 1e6, 1.0)
        bucket = np.minimum((np.log2(micros) * _PER_DOUBLING).astype(np.int64), _BUCKETS - 1)
        arm, cache = rows["arm"].astype(np.int64), rows["cache"].astype(np.int64)
        error, failed = rows["error"] != _NONE, ~_PASSED[rows["check"]]
        self._total.add(arm, cache, bucket, error, failed)
        second = rows["scheduled"].astype(np.int64)
        for number in np.unique(second):
            mine = second == number
            self._second(int(number)).add(arm[mine], cache[mine], bucket[mine], error[mine], failed[mine])

    def totals(self) -> list[Figures]:
        """Figures since the start, one per arm and class that occurred."""
        return self._figures([self._total])

    def between(self, start: float, end: float) -> list[Figures]:
        """Figures of the requests scheduled in some of the last two minutes, in whole seconds of the plan."""
        return self._figures([stretch for number, stretch in self._seconds if start <= number < end])

    def latest(self, seconds: int) -> list[Figures]:
        """Figures of the last seconds that anything is known of."""
        if not self._seconds:
            return []
        newest = max(number for number, _ in self._seconds)
        return self.between(newest - seconds, newest + 1)

    def overall(self, start: float, end: float) -> list[Figures]:
        """As ``between``, all classes of an arm together, under the class ``all``."""
        parts = [stretch for number, stretch in self._seconds if start <= number < end]
        found = []
        for arm, name in enumerate(self._arms):
            times = sum((part.times[arm].sum(axis=0) for part in parts), np.zeros(_BUCKETS, np.int64))
            errors = int(sum(part.errors[arm].sum() for part in parts))
            failed = int(sum(part.failed[arm].sum() for part in parts))
            if times.any() or errors:
                count = int(times.sum()) + errors
                found.append(Figures(name, "all", count, errors, failed, 1.0, *_quantiles(times)))
        return found

    def hit_ratio(self, figures: Iterable[Figures], arm: str) -> float | None:
        """Share of an arm's good answers that came out of a cache; None where none is known."""
        mine = [f for f in figures if f.arm == arm and f.cache not in {"UNKNOWN", "ERROR"}]
        known = sum(f.requests - f.errors for f in mine)
        return sum(f.requests - f.errors for f in mine if f.cache in REUSED) / known if known else None

    def _second(self, number: int) -> _Stretch:
        for known, stretch in reversed(self._seconds):
            if known == number:
                return stretch
        stretch = _Stretch(len(self._arms))
        self._seconds.append((number, stretch))
        while len(self._seconds) > _KEPT_S:
            self._seconds.popleft()
        return stretch

    def _figures(self, parts: Sequence[_Stretch]) -> list[Figures]:
        found = []
        for arm, name in enumerate(self._arms):
            answers = sum(int(part.times[arm].sum() + part.errors[arm].sum()) for part in parts)
            for cache, word in enumerate(CACHE_CLASSES):
                times = sum((part.times[arm, cache] for part in parts), np.zeros(_BUCKETS, np.int64))
                errors = sum(int(part.errors[arm, cache]) for part in parts)
                failed = sum(int(part.failed[arm, cache]) for part in parts)
                count = int(times.sum()) + errors
                if count:
                    found.append(Figures(name, word, count, errors, failed, count / answers, *_quantiles(times)))
        return found


def _quantiles(times: Counts) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile in milliseconds, at the middle of their buckets; NaN where there are none."""
    sums = np.cumsum(times)
    if not sums[-1]:
        return (float("nan"),) * 3
    buckets = np.searchsorted(sums, np.ceil(np.array([0.5, 0.95, 0.99]) * sums[-1]))
    p50, p95, p99 = 2.0 ** ((buckets + 0.5) / _PER_DOUBLING) / 1e3
    return float(p50), float(p95), float(p99)
