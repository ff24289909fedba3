"""The run as it goes: latency by arm and cache class, in histograms that add up over workers and over time.

A histogram has 32 buckets to each doubling of the latency from one microsecond up, so a quantile is within 2.2 percent.
It serves the web interface and the search for the breaking point; the record's figures come from its rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, PHASES

_PER_DOUBLING = 32
_BUCKETS = 30 * _PER_DOUBLING  # up to a thousand seconds
_NONE = ERROR_CLASSES.index("none")
_PASSED = np.isin(np.array(CHECKS), ("ok", "unchecked"))
_MEASURED = PHASES.index("measured")

KEPT_S: Final = 120
"""Seconds of which each is known by itself."""

ALL: Final = "all"
"""In the place of a cache class: all classes together."""

SERVED: Final = ("HIT", "STALE")
"""Classes that were answered out of a cache, as the comparison of records counts them."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """One arm and cache class over some stretch of time. Times are milliseconds from the scheduled moment.

    Attributes:
        cache: The class, or ``all``.
        requests: That came to an end, errors among them.
        share: Of the arm's requests.
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
        self.mark = 0  # of the shipment that changed it last

    def add(self, arm: Any, cache: Any, bucket: Any, error: Any, failed: Any, mark: int) -> None:
        np.add.at(self.times, (arm[~error], cache[~error], bucket[~error]), 1)
        np.add.at(self.errors, (arm[error], cache[error]), 1)
        np.add.at(self.failed, (arm[failed], cache[failed]), 1)
        self.mark = mark


class Live:
    """What was measured so far.

    Args:
        arms: Their names.

    Attributes:
        mark: Counts the shipments; see ``changed``.
    """

    def __init__(self, arms: Sequence[str]) -> None:
        self.arms = tuple(arms)
        self.mark = 0
        self._total = _Stretch(len(arms))
        self._seconds: deque[tuple[int, _Stretch]] = deque()  # oldest first

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Count the measured rows of a shipment (columns of ``_recorder``)."""
        rows = rows[rows["phase"] == _MEASURED]
        if not len(rows):
            return
        self.mark += 1
        micros = np.maximum((rows["end"] - rows["scheduled"]) * 1e6, 1.0)
        bucket = np.minimum((np.log2(micros) * _PER_DOUBLING).astype(np.int64), _BUCKETS - 1)
        arm, cache = rows["arm"].astype(np.int64), rows["cache"].astype(np.int64)
        error, failed = rows["error"] != _NONE, ~_PASSED[rows["check"]]
        self._total.add(arm, cache, bucket, error, failed, self.mark)
        second = rows["scheduled"].astype(np.int64)
        for number in np.unique(second).tolist():
            if (stretch := self._second(number)) is not None:
                mine = second == number
                stretch.add(arm[mine], cache[mine], bucket[mine], error[mine], failed[mine], self.mark)

    def totals(self) -> list[Figures]:
        """Figures since the start: of each arm, all classes and then each class that occurred."""
        return self._figures([self._total])

    def between(self, start: float, end: float) -> list[Figures]:
        """The same of requests scheduled in some of the last two minutes, in whole seconds of the plan."""
        return self._figures([stretch for number, stretch in self._seconds if start <= number < end])

    def latest(self, seconds: int) -> list[Figures]:
        """The same of the last seconds that anything is known of, the one under way among them."""
        if not self._seconds:
            return []
        newest = self._seconds[-1][0]
        return self.between(newest - seconds + 1, newest + 1)

    def overall(self, start: float, end: float) -> list[Figures]:
        """As ``between``, but all classes together only."""
        return [figures for figures in self.between(start, end) if figures.cache == ALL]

    def changed(self, since: int) -> Iterator[tuple[int, list[Figures]]]:
        """Each of the last two minutes' seconds that a shipment changed after ``mark`` stood at ``since``.

        The caller may let other greenlets run between two of them.
        """
        for number, stretch in [kept for kept in self._seconds if kept[1].mark > since]:
            yield number, self._figures([stretch])

    def _second(self, number: int) -> _Stretch | None:
        """The counts of a second, from now on if need be; None where it is too long ago."""
        place = len(self._seconds)
        while place and self._seconds[place - 1][0] > number:
            place -= 1
        if place and self._seconds[place - 1][0] == number:
            return self._seconds[place - 1][1]
        if place == 0 and len(self._seconds) == KEPT_S:
            return None
        stretch = _Stretch(len(self.arms))
        self._seconds.insert(place, (number, stretch))
        if len(self._seconds) > KEPT_S:
            self._seconds.popleft()
        return stretch

    def _figures(self, parts: Sequence[_Stretch]) -> list[Figures]:
        if not parts:
            return []
        times, errors, failed = (
            sum(getattr(part, name) for part in parts[1:]) + getattr(parts[0], name)
            for name in ("times", "errors", "failed")
        )
        good = times.sum(axis=2)
        found = []
        for arm, name in enumerate(self.arms):
            answers = int(good[arm].sum() + errors[arm].sum())
            rows: list[tuple[str, Any]] = [(ALL, slice(None))]
            rows += [(word, slice(cache, cache + 1)) for cache, word in enumerate(CACHE_CLASSES)]
            for word, classes in rows:
                bad = int(errors[arm, classes].sum())
                count = int(good[arm, classes].sum()) + bad
                if count:
                    quantiles = _quantiles(times[arm, classes].sum(axis=0))
                    wrong = int(failed[arm, classes].sum())
                    found.append(Figures(name, word, count, bad, wrong, count / answers, *quantiles))
        return found


def hit_ratio(figures: Iterable[Figures], arm: str) -> float | None:
    """Share of an arm's good answers that came out of a cache; None where no answer says what the cache did."""
    good = {each.cache: each.requests - each.errors for each in figures if each.arm == arm}
    if not any(number for cache, number in good.items() if cache not in {ALL, "ERROR", "UNKNOWN"}):
        return None
    return sum(good.get(cache, 0) for cache in SERVED) / good[ALL]


def _quantiles(times: Counts) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile in milliseconds, at the middle of their buckets; NaN where there are none."""
    sums = np.cumsum(times)
    if not sums[-1]:
        return (float("nan"),) * 3
    buckets = np.searchsorted(sums, np.ceil(np.array([0.5, 0.95, 0.99]) * sums[-1]))
    p50, p95, p99 = 2.0 ** ((buckets + 0.5) / _PER_DOUBLING) / 1e3
    return float(p50), float(p95), float(p99)
