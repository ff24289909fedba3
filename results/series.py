"""What each arm was offered and gave over time: by the second, and by the part of a shape whose rate changes.

Seconds come with cache classes and with how the generator fared meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.caching import SERVED
from results.columns import CACHE_CLASSES
from results.plan import parse_shape
from results.record import Record
from results.samples import ALL, Floats, cache_code, coded, ended, health, numbers, recode
from results.summary import among

_CLASSES: Final = (ALL, *CACHE_CLASSES)
_QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)
_TELLING: Final = [i for i, name in enumerate(CACHE_CLASSES) if name not in {"ERROR", "UNKNOWN"}]
_RAMP_PARTS: Final = 10
_SPIKE: Final = {"before the spike": 0.45, "the spike": 0.55, "just after the spike": 0.65, "later": 1.0}
"""Parts of a spike's measured time and the share of it that is over at the end of each."""


COLUMNS: Final = {
    "launch": "its number in the record",
    "second": "beginning of the second, on the clock of the requests",
    "time": "the same on the wall clock, RFC 3339 in UTC, as near as the start of the record tells",
    "arm": "`before`, `after`, or `target` alone",
    "cache": "cache class; `all` holds every class and has a row in every second, also where nothing came",
    "offered": "requests that were due in the second",
    "completed": "requests that came to an end in it",
    "errors": "those of them without a usable response",
    "p50_ms": "response time of the whole responses that ended in it, median",
    "p95_ms": "95th percentile",
    "p99_ms": "99th percentile",
    "max_ms": "the longest",
    "hit_ratio": "share of the arm's whole responses, of all classes, that came out of the page cache",
    "generator_cpu": "of the busiest generator process; 1.0 is one core",
    "lag_p99_ms": "lateness of the worst generator process, 99th percentile",
    "loop_lag_ms": "longest time that its event loop was held up",
    "start_lag_p50_ms": "sent − scheduled of requests that found a free visitor, median",
    "start_lag_p99_ms": "99th percentile",
    "gc_ms": "garbage collection",
    "steal": "time the machine lost to others, fraction of all cores",
}
"""Columns of the series and what they say; a figure that there is none of is empty."""

_HEALTH: Final = ("cpu", "lag_p99_ms", "loop_lag_ms", "start_lag_p50_ms", "start_lag_p99_ms", "gc_ms", "steal")


def seconds(launch: Record, rows: pa.Table, start: datetime) -> Iterator[tuple[int | str, ...]]:
    """The series of one launch, by second, arm and class: cells in the order of ``COLUMNS``.

    Args:
        launch: The swarm record, for the generator's health.
        rows: Those of its requests that count, at least one.
        start: Wall clock at zero of the requests' clock.
    """
    number = int(rows.column("launch")[0].as_py())
    arm, arms = coded(rows.column("arm"))
    cache = recode(rows.column("cache"), cache_code) + 1
    good = recode(rows.column("error"), lambda word: word == "none") == 1
    scheduled, end = numbers(rows.column("scheduled")), ended(rows)
    due, done = (np.floor(moment).astype(np.int64) for moment in (scheduled, end))
    first, last = int(min(due.min(), done.min())), int(max(due.max(), done.max()))
    shape = (last - first + 1, len(arms), len(_CLASSES))

    def group(second: npt.NDArray[np.int64], classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        return ((second - first) * shape[1] + arm) * shape[2] + classes

    def counted(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        counts = np.bincount(groups, minlength=int(np.prod(shape))).reshape(shape)
        counts[:, :, 0] = counts.sum(axis=2)
        return counts

    of_end = group(done, cache)
    offered, completed, errors = counted(group(due, cache)), counted(of_end), counted(of_end[~good])
    served = np.isin(np.arange(len(CACHE_CLASSES)), SERVED)
    replies = completed - errors
    with np.errstate(invalid="ignore"):
        hit_ratio = replies[:, :, 1:][:, :, served].sum(axis=2) / replies[:, :, 0]
    times = ((end - scheduled) * 1000)[good]
    quantiles = _quantiles(
        np.concatenate([of_end[good], group(done, np.zeros_like(cache))[good]]),
        np.concatenate([times, times]),
        int(np.prod(shape)),
    ).reshape(*shape, len(_QUANTILES))

    state = health([launch])
    columns = [getattr(state, name).tolist() for name in _HEALTH]
    generator = {round(end) - 1: values for end, *values in zip(state.second.tolist(), *columns, strict=True)}
    unknown = [math.nan] * len(_HEALTH)
    by_name = sorted(range(len(arms)), key=arms.__getitem__)
    for i in range(shape[0]):
        second = first + i
        time = (start + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = [_figure(value) for value in generator.get(second, unknown)]
        for a in by_name:
            hits = _figure(hit_ratio[i, a])
            for c, name in enumerate(_CLASSES):
                if c == 0 or offered[i, a, c] or completed[i, a, c]:
                    counts = (int(each[i, a, c]) for each in (offered, completed, errors))
                    times_ms = (_figure(value) for value in quantiles[i, a, c])
                    yield number, second, time, arms[a], name, *counts, *times_ms, hits, *shown


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one arm was offered and gave in one part of a shape whose rate changes.

    Attributes:
        arm: Its name.
        part: What the part is, as in ``step 2 of 4``.
        start, end: Seconds on the clock of the requests.
        offered: Planned requests due in it, a second.
        completed: Planned requests that came to an end in it, a second; redirects that were followed are not counted
            again, and what the end of the run cut off not at all.
        p50_ms, p95_ms, p99_ms: Response time of the whole responses to what was due in it; ``None`` without any.
        errors: Share of the requests due in it that have no usable response; ``None`` where nothing was due.
        hit_ratio: Share of its whole responses that came out of the page cache; ``None`` where no reply says.
    """

    arm: str
    part: str
    start: float
    end: float
    offered: float
    completed: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    errors: float | None
    hit_ratio: float | None


def stretches(launch: Record) -> list[Stretch]:
    """The parts of a swarm's measured time, each of every arm: steps, tenths of a ramp, before, in and after a spike.

    Nothing of the other shapes: their rate does not change, or the search for the breaking point judges its steps.
    A run that was ended early has the parts that were over.
    """
    parts = _parts(launch.asked)
    rows = launch.table("requests")
    measured = among(rows, "phase", "measured")
    if not parts or not measured.any():
        return []
    scheduled, end = numbers(rows.column("scheduled")), ended(rows)
    if (launch.run or {}).get("ended_by") != "completed":
        last = scheduled[measured].max()
        parts = [part for part in parts if part[2] <= last]
        if not parts:
            return []
    edges = np.array([parts[0][1], *(end for _, _, end in parts)])
    due, done = (np.searchsorted(edges, moment, side="right") - 1 for moment in (scheduled, end))
    good, stopped = among(rows, "error", "none"), among(rows, "error", "abandoned")
    cache = recode(rows.column("cache"), cache_code)
    planned = numbers(rows.column("hop")) == 0
    response_ms = (end - scheduled) * 1000
    found = []
    for number, (part, start, stop) in enumerate(parts):
        for arm in (str(each["name"]) for each in launch.asked["arms"]):
            mine = among(rows, "arm", arm)
            asked = mine & measured & (due == number)
            replies = asked & good
            times = response_ms[replies]
            p50, p95, p99 = np.quantile(times, _QUANTILES[:3]).tolist() if times.size else (None, None, None)
            classes = np.bincount(cache[replies], minlength=len(CACHE_CLASSES))
            found.append(
                Stretch(
                    arm=arm,
                    part=part,
                    start=start,
                    end=stop,
                    offered=float((asked & planned).sum() / (stop - start)),
                    completed=float((mine & planned & ~stopped & (done == number)).sum() / (stop - start)),
                    p50_ms=p50,
                    p95_ms=p95,
                    p99_ms=p99,
                    errors=float((asked & ~good).sum() / asked.sum()) if asked.any() else None,
                    hit_ratio=float(classes[list(SERVED)].sum() / times.size) if classes[_TELLING].any() else None,
                )
            )
    return found


def _parts(asked: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """The parts in which a shape is told: name, start and end in seconds; none of a shape that keeps its rate."""
    shape, factor = parse_shape(str(asked.get("shape", "steady")))
    if shape not in {"steps", "ramp", "spike"}:
        return []
    begin, length = float(asked.get("warmup_s", 0.0)), float(asked["duration_s"])
    over = _SPIKE
    if shape != "spike":
        noun, count = ("step", int(factor)) if shape == "steps" else ("part", max(1, min(_RAMP_PARTS, int(length))))
        over = {f"{noun} {number} of {count}": number / count for number in range(1, count + 1)}
    moments = pairwise([begin, *(begin + length * share for share in over.values())])
    return [(name, start, end) for name, (start, end) in zip(over, moments, strict=True)]


def _quantiles(group: npt.NDArray[np.int64], values: Floats, groups: int) -> Floats:
    """Quantiles of every group, by linear interpolation; shape (groups, quantiles), NaN where a group is empty."""
    ordered = values[np.lexsort((values, group))]
    size = np.bincount(group, minlength=groups)
    begin = np.cumsum(size) - size
    held = size > 0
    out = np.full((groups, len(_QUANTILES)), np.nan)
    for column, p in enumerate(_QUANTILES):
        rank = (size[held] - 1) * p
        low = np.floor(rank).astype(np.int64)
        below = ordered[begin[held] + low]
        above = ordered[begin[held] + np.ceil(rank).astype(np.int64)]
        out[held, column] = below + (rank - low) * (above - below)
    return out


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
