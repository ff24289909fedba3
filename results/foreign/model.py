"""What a file of another load tool says, as plain data: a session, its series, and how finely each was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from results import statistics
from results.units import counted

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Kind = Literal["samples", "histogram", "summary"]

ALL: Final = "all requests"
"""Name of the series over every route."""

_SMALL_SHIFT: Final = 0.001
"""Up to this shift of rank by failed requests, the line to the next known quantile stands for it: quantile functions of
latencies bend upwards, so that the line runs above them. Beyond it, only the next known quantile is sure."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How far a written latency may lie from the measured one.

    Attributes:
        steps: Ascending ``(up to, below, above)``: a value not above ``up to`` ms stands for any from ``below`` ms less
            to ``above`` ms more.
        relative: Further uncertainty as a fraction of the value.
        words: The same for readers.
    """

    steps: tuple[tuple[float, float, float], ...]
    relative: float = 0.0
    words: str = ""

    def bounds(self, values_ms: Floats) -> tuple[Floats, Floats]:
        """The lowest and the highest latency that each value may stand for; the lowest is never below zero."""
        values = np.asarray(values_ms, np.float64)
        index = np.searchsorted([up_to for up_to, _, _ in self.steps[:-1]], values, side="left")
        below = np.array([step[1] for step in self.steps])[index]
        above = np.array([step[2] for step in self.steps])[index]
        part = self.relative * values
        return np.maximum(values - below - part, 0.0), values + above + part


def even(half_width_ms: float, words: str, relative: float = 0.0) -> Resolution:
    """The same uncertainty to either side of every value."""
    return Resolution(((math.inf, half_width_ms, half_width_ms),), relative, words)


EXACT: Final = even(0.0, "finer than a microsecond")


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantile in milliseconds with the range it may lie in.

    The range covers what the instrument rounds and, where failed requests are among the latencies and cannot be told
    apart, every place they may have; a failed request counts as infinitely slow.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The latencies of one route (or of all) in one session.

    Attributes:
        name: For instance ``GET /articles``.
        kind: Every request, a histogram, or quantiles only.
        requests: All that were made, failed ones included; ``None`` where the file does not say.
        failed_within: Failed requests whose times are among the latencies.
        failed_beyond: Failed requests that have no time there.
        values_ms, low_ms, high_ms: Ascending values and the range each stands for; empty in a summary.
        counts: Requests at each value.
        quantiles: Of a summary, fraction to figure in ascending order; of a histogram, those that the file states.
        mean_ms: Shown where there is no quantile, never judged; NaN where unknown.
    """

    name: str
    kind: Kind
    requests: int | None
    failed_within: int = 0
    failed_beyond: int = 0
    values_ms: Floats = field(default_factory=lambda: np.empty(0))
    low_ms: Floats = field(default_factory=lambda: np.empty(0))
    high_ms: Floats = field(default_factory=lambda: np.empty(0))
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    quantiles: Mapping[float, Figure] = field(default_factory=dict)
    mean_ms: float = math.nan

    @property
    def failed(self) -> int:
        """All failed requests that the file knows of."""
        return self.failed_within + self.failed_beyond

    def why_not(self, p: float) -> str:
        """Why a quantile cannot be judged, as words; empty where it can."""
        if self.kind == "summary":
            if p not in self.quantiles:
                return f"the file has no p{100 * p:g}" if self.quantiles else "the file has a mean only"
            if self.requests is None:
                return "the file does not say how many requests its quantiles rest on"
        elif not self.counts.sum():
            return "no request was answered"
        needed = _floor(p)
        if (self.requests or 0) < needed:
            return f"{counted(self.requests or 0, 'request')}, {needed:,} needed"
        return ""

    def figure(self, p: float) -> Figure | None:
        """The quantile at fraction ``p``, failed requests counted as infinitely slow; ``None`` where there is none.

        Latencies of failed requests that are mixed in may be the fastest of all, and then the quantile of the others
        lies higher by their number: the range reaches up to there.
        """
        if self.kind == "summary":
            return self._of_summary(p)
        answered = int(self.counts.sum())
        if not answered:
            return None
        rank = (answered + self.failed_beyond - 1) * p
        ends = np.cumsum(self.counts)
        high = _at(self.high_ms, ends, rank + self.failed_within)
        if (printed := self.quantiles.get(p)) is not None:
            return Figure(printed.value, printed.low, max(printed.high, high) if self.failed else printed.high)
        return Figure(_at(self.values_ms, ends, rank), _at(self.low_ms, ends, rank), high)

    def _of_summary(self, p: float) -> Figure | None:
        figure = self.quantiles.get(p)
        if figure is None or not self.failed or not self.requests:
            return figure
        if self.failed >= self.requests:
            return Figure(math.inf, math.inf, math.inf)
        answered = self.requests - self.failed_beyond
        moved = (p * self.requests + self.failed_within) / answered if answered else math.inf
        above = [(q, known.high) for q, known in self.quantiles.items() if q >= moved - 1e-12]
        if not above:
            return Figure(figure.value, figure.low, math.inf)
        q, high = min(above)
        if moved - p <= _SMALL_SHIFT + 1e-12 and q > p:
            high = figure.high + (moved - p) / (q - p) * (high - figure.high)
        return Figure(figure.value, figure.low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One file of one tool.

    Attributes:
        tool: Its name, as its users write it.
        format: Which of its files this is.
        file: Name of the file, for messages only.
        digest: SHA-256 of the content but for blanks, by which the same session given twice is found.
        clock: From when to when a latency runs.
        resolution: How finely latencies are written, in words.
        series: The routes by number of requests, most first, and the series over all of them last.
        failures_known: Whether the file tells how many requests failed.
        withheld: Why no verdict may rest on this file; empty where one may.
        warnings: What a reader of its figures has to know, in sentences.
        settings: Of the load, as far as the file tells; sessions that differ in them are not comparable.
        unit_stated: Whether the format says in which unit it counts.
        finer: Which other output of the tool writes latencies more finely; empty where none does.
        version: Of the tool, where the file tells.
        started: Begin of the load, where the file tells.
    """

    tool: str
    format: str
    file: str
    digest: str
    clock: str
    resolution: str
    series: tuple[Series, ...]
    failures_known: bool = True
    withheld: str = ""
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    unit_stated: bool = True
    finer: str = ""
    version: str | None = None
    started: datetime | None = None

    @property
    def total(self) -> Series:
        """The series over all requests, or the only one there is."""
        return self.series[-1]

    def find(self, name: str) -> Series | None:
        """The series of that name."""
        return next((series for series in self.series if series.name == name), None)

    @property
    def figures(self) -> tuple[object, ...]:
        """Everything measured that was read, and when: equal for the same run written in another way."""
        return (
            self.started,
            *(
                (
                    *(series.name, series.kind, series.requests, series.failed_within, series.failed_beyond),
                    *(series.values_ms.tobytes(), series.counts.tobytes()),
                    *((p, figure.value) for p, figure in series.quantiles.items()),
                    repr(series.mean_ms),  # a NaN is no other than the next
                )
                for series in self.series
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data: what the file is, without its latencies."""
        return {
            "tool": self.tool,
            "version": self.version,
            "format": self.format,
            "file": self.file,
            "clock": self.clock,
            "resolution": self.resolution,
            "requests": self.total.requests,
            "failed": self.total.failed if self.failures_known else None,
            "started": self.started.isoformat() if self.started else None,
            "settings": dict(self.settings),
            "withheld": self.withheld,
            "warnings": list(self.warnings),
        }


def histogram(
    name: str,
    values_ms: Sequence[float] | Floats,
    counts: Sequence[int] | Counts,
    resolution: Resolution,
    *,
    kind: Kind = "histogram",
    failed_within: int = 0,
    failed_beyond: int = 0,
) -> Series:
    """A series of values and how often each was seen, in any order."""
    values, times = np.asarray(values_ms, np.float64), np.asarray(counts, np.int64)
    order = np.argsort(values, kind="stable")
    values, times = values[order], times[order]
    low, high = resolution.bounds(values)
    return Series(
        name,
        kind,
        int(times.sum()) + failed_beyond,
        failed_within,
        failed_beyond,
        values,
        low,
        np.maximum.accumulate(high) if high.size else high,  # steps of a resolution may leave a later value a lower end
        times,
    )


def samples(name: str, answered_ms: Floats, failed: int, resolution: Resolution) -> Series:
    """A series of single requests: the times of those that were answered, and how many failed."""
    values, counts = np.unique(np.asarray(answered_ms, np.float64), return_counts=True)
    return histogram(name, values, counts.astype(np.int64), resolution, kind="samples", failed_beyond=failed)


def summary(
    name: str,
    quantiles: Mapping[float, float],
    requests: int | None,
    resolution: Resolution,
    *,
    failed_within: int = 0,
    failed_beyond: int = 0,
    mean_ms: float = math.nan,
) -> Series:
    """A series of which only quantiles are known: fraction to milliseconds."""
    ordered = sorted(quantiles.items())
    low, high = resolution.bounds(np.array([value for _, value in ordered]))
    figures = {
        p: Figure(value, float(least), float(most)) for (p, value), least, most in zip(ordered, low, high, strict=True)
    }
    return Series(name, "summary", requests, failed_within, failed_beyond, quantiles=figures, mean_ms=mean_ms)


@cache
def _floor(p: float) -> int:
    return statistics.floor(p)


def _at(values: Floats, ends: Counts, rank: float) -> float:
    """The type-7 order statistic at ``rank`` of counted values; infinite beyond the last."""
    low = math.floor(rank + 1e-9)
    part = max(rank - low, 0.0)
    if low >= ends[-1] or (part > 1e-9 and low + 1 >= ends[-1]):
        return math.inf
    below = float(values[np.searchsorted(ends, low, side="right")])
    if part <= 1e-9:
        return below
    return below + part * (float(values[np.searchsorted(ends, low + 1, side="right")]) - below)
