"""What a trial that is still going shows so far: for whoever watches, never for a verdict.

Nobody may stop a trial because of it: whoever ends as soon as an interval pleases is wrong far more often than the
interval says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from results import caching, gates
from results.cells import judge_cells
from results.design import Design, choose
from results.errors import ComparisonError
from results.measures import Interval
from results.record import Record
from results.samples import ALL, numbers, read_trial

_SERVED: Final = ("HIT", "STALE")


@dataclass(frozen=True, slots=True)
class CellSoFar:
    """A primary cell: its ratio after over before, with the interval once there are launches enough for one."""

    label: str
    ratio: Interval
    margin: float


@dataclass(frozen=True, slots=True)
class Interim:
    """A trial after some of its launches.

    Attributes:
        launches: That have been made, and counting: those of them with a fit generator.
        cells: The primary cells so far.
        hit_ratios: Of each arm, before and after; NaN without a request.
        lag_ms: Lateness of the generator, 99th percentile of the last launch, and what it was held against.
        cpu: Share of its core that the generator used in its busiest second of the last launch.
        why_not: Why the last launch does not count; empty where it does.
    """

    launches: int
    counting: int
    cells: tuple[CellSoFar, ...]
    hit_ratios: tuple[float, float]
    lag_ms: tuple[float, float]
    cpu: float
    why_not: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A load under way.

    Attributes:
        requests: That came to an end.
        failed: Those of them that failed.
        hit_ratio: By arm.
        lag_ms: Lateness of the generator, 99th percentile of the last second; NaN before the first one.
        cpu: Share of its core that the generator used in the last second.
    """

    requests: int
    failed: int
    hit_ratio: dict[str, float]
    lag_ms: float
    cpu: float


def so_far(trial: Record, design: Design) -> Interim | None:
    """What the launches made so far show; ``None`` where they cannot be read yet.

    Args:
        trial: Its record, complete or not.
        design: What the trial asks.
    """
    try:
        samples = read_trial(trial, design.before, design.after)
    except ComparisonError:
        return None
    reports = [gates.inspect(samples, launch) for launch in samples.launches]
    fit = tuple(launch for launch, report in zip(samples.launches, reports, strict=True) if report.used)
    shares = (math.nan, math.nan)
    shown = fit or samples.launches  # as the comparison has it: figures that do not count are better than none
    try:
        family = choose(samples, shown, design)
    except ComparisonError:
        return None
    judged, _ = judge_cells(samples, shown, design, family, paired=True)
    cells = tuple(CellSoFar(each.label, each.ratio, each.margin) for each in judged if each.primary)
    for each in caching.hit_ratios(samples, shown, design, paired=True):
        if each.persona == ALL:
            shares = (each.share.before, each.share.after)
    last = reports[-1]
    return Interim(
        len(reports),
        len(fit),
        cells,
        shares,
        (last.lag_p99_ms, last.lag_limit_ms),
        last.cpu,
        "; ".join(last.why_not),
    )


def at_the_moment(swarm: Record) -> Moment | None:
    """What a load under way has recorded; ``None`` before its first second."""
    seconds, rows = swarm.table("seconds"), swarm.table("requests")
    if not rows.num_rows:
        return None
    arms = np.asarray(rows["arm"].to_pylist())
    served = np.isin(np.asarray(rows["cache"].to_pylist()), _SERVED)
    failed = np.asarray(rows["error"].to_pylist()) != "none"
    lag, cpu = (numbers(seconds[name]) for name in ("lag_p99_ms", "cpu"))
    return Moment(
        rows.num_rows,
        int(failed.sum()),
        {str(arm): float(served[arms == arm].mean()) for arm in np.unique(arms)},
        float(lag[-1]) if lag.size else math.nan,
        float(cpu[-1]) if cpu.size else math.nan,
    )
