"""What happened over time: the generator second by second, and what the page cache served launch by launch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from results import statistics
from results.caching import SERVED
from results.cells import CellResult
from results.design import QUANTILES
from results.measures import Pair
from results.samples import AFTER, ALL, BEFORE, Cell, Launch, Samples

_POINTS: Final = 600
"""Stretches of all launches together: as many as a drawing can show."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The generator in a stretch of time of one launch, both arms together.

    Attributes:
        launch: Its number.
        second: When the stretch ended, on the clock of the launch.
        offered, completed, errors: Requests a second.
        in_flight: Requests under way, the most of the stretch.
        cpu: Of the busiest worker; 1.0 is one core.
        lag_p99_ms: How late the generator let requests go.
    """

    launch: int
    second: float
    offered: float
    completed: float
    errors: float
    in_flight: float
    cpu: float
    lag_p99_ms: float


@dataclass(frozen=True, slots=True)
class Served:
    """Share of the replies of one launch that came out of the page cache, of one persona or of all.

    Attributes:
        share: NaN in an arm that has no reply.
        used: Whether the launch counts.
    """

    persona: str
    launch: int
    share: Pair
    used: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The level of one cell in a launch that does not count, shown beside those that do."""

    cell: Cell
    quantile: str
    launch: int
    level_ms: Pair


def moments(launches: Sequence[Launch]) -> tuple[Moment, ...]:
    """The per-second series of all launches, thinned to a few hundred stretches."""
    seconds = sum(launch.health.second.size for launch in launches)
    width = max(1, math.ceil(seconds / _POINTS))
    out = []
    for launch in launches:
        health = launch.health
        for start in range(0, health.second.size, width):
            part = slice(start, start + width)
            length = health.second[part].size
            out.append(
                Moment(
                    launch.number,
                    float(health.second[part][-1]),
                    float(health.offered[part].sum()) / length,
                    float(health.completed[part].sum()) / length,
                    float(health.errors[part].sum()) / length,
                    float(health.in_flight[part].max()),
                    _rounded(float(health.cpu[part].max())),
                    _rounded(float(health.lag_p99_ms[part].max())),
                )
            )
    return tuple(out)


def served(samples: Samples, launches: Sequence[Launch], used: Sequence[bool]) -> tuple[Served, ...]:
    """Hit ratio of every launch and persona and, where there are several, of all together.

    Args:
        samples: Vocabulary of the launches.
        launches: In the order they ran.
        used: Of each launch, whether it counts.
    """
    personas: list[tuple[str, int | None]] = [(name, code) for code, name in enumerate(samples.personas)]
    if len(personas) > 1:
        personas.append((ALL, None))
    return tuple(
        Served(name, launch.number, Pair(*(_share(launch, arm, code) for arm in (BEFORE, AFTER))), counts)
        for name, code in personas
        for launch, counts in zip(launches, used, strict=True)
    )


def loaded_first(launches: Sequence[Launch]) -> tuple[str | None, ...]:
    """Which arm of each launch was loaded first; ``None`` where both were at once."""
    return tuple(None if launch.first is None else ("before", "after")[launch.first] for launch in launches)


def left_out(samples: Samples, launches: Sequence[Launch], cells: Sequence[CellResult]) -> tuple[LeftOut, ...]:
    """Quantiles of the primary cells in launches that do not count; NaN where an arm has no request."""
    return tuple(
        LeftOut(
            result.cell,
            result.quantile,
            launch.number,
            Pair(*(_quantile(samples, launch, arm, result) for arm in (BEFORE, AFTER))),
        )
        for result in cells
        if result.primary
        for launch in launches
    )


def _quantile(samples: Samples, launch: Launch, arm: int, result: CellResult) -> float:
    values = samples.deciding_ms(launch)[samples.rows(launch, arm, result.cell)]
    return _rounded(statistics.quantile(np.sort(values), QUANTILES[result.quantile]))


def _share(launch: Launch, arm: int, persona: int | None) -> float:
    rows = launch.arm_rows(arm)
    rows = rows[~launch.failed[rows]]
    if persona is not None:
        rows = rows[launch.persona[rows] == persona]
    return _rounded(float(np.isin(launch.cache[rows], SERVED).mean())) if rows.size else math.nan


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
