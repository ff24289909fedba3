"""Whether arms that are loaded side by side hold each other up: each alone, then beside the other.

Arms of a duet share a core, and an arm that is slowed by its neighbour is not slowed by its own doing. Just before the
duet of the first launch, and on the same processes, each arm is loaded alone for a moment; its median page is held
against the duet's. Requests that follow each other are alike, so the units are medians of one second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from results import statistics
from results.design import Design, may_decide
from results.measures import Interval
from results.record import Record, read_record
from results.samples import ALL, BEFORE, Cell, Floats, Samples, read_session

FOLDER: Final = "interference"
"""Below a trial's record: one swarm record for each arm alone, and the duet where it was given up."""

GIVEN_UP: Final = "duet"

_ALPHA: Final = 0.05
_LEAST: Final = 5
"""Answered requests that a second needs for its median to count."""


@dataclass(frozen=True, slots=True)
class Interference:
    """One arm's main page of one persona, alone and side by side.

    Attributes:
        cell: Persona and route.
        alone_ms, duet_ms: Geometric means of the medians of each second.
        ratio: Side by side over alone, Welch's t interval over seconds.
        is_confirmed: Whether the whole interval lies beyond the margin.
    """

    arm: str
    cell: str
    alone_ms: float
    duet_ms: float
    ratio: Interval
    is_confirmed: bool


def read(record: Record, margin: float) -> tuple[Interference, ...]:
    """What a trial's record says of it; nothing where it was not looked at.

    Args:
        record: Of a trial.
        margin: Relative change of a median that does not matter.
    """
    folder = record.path / FOLDER
    arms = [str(arm.get("name")) for arm in record.asked.get("arms", ())]
    alone = {arm: read_record(folder / arm, allow_incomplete=True) for arm in arms if _is_record(folder / arm)}
    given_up = folder / GIVEN_UP
    duet = read_record(given_up, allow_incomplete=True) if _is_record(given_up) else next(iter(record.launches()), None)
    if not alone or duet is None or len(duet.asked.get("arms", ())) < 2:
        return ()
    return check(alone, duet, margin)


def check(alone: Mapping[str, Record], duet: Record, margin: float) -> tuple[Interference, ...]:
    """Hold each arm alone against the same arm beside the other.

    Args:
        alone: A swarm record of each arm by itself.
        duet: The swarm record of both.
        margin: As of ``read``.
    """
    found = []
    for arm, record in alone.items():
        one, other = read_session(record, arm), read_session(duet, arm)
        for cell in _main_pages(other):
            seconds, beside = _medians(one, cell), _medians(other, cell)
            if min(seconds.size, beside.size) < 2:
                continue
            estimate, low, high = statistics.welch_interval(beside, seconds, _ALPHA)
            limit = math.log1p(margin)
            found.append(
                Interference(
                    arm,
                    str(cell),
                    math.exp(float(seconds.mean())),
                    math.exp(float(beside.mean())),
                    Interval(*(math.exp(value) for value in (estimate, low, high))),
                    low > limit or high < -limit,
                )
            )
    return tuple(found)


def _is_record(path: Path) -> bool:
    return (path / "plan.json").is_file()


def _main_pages(samples: Samples) -> list[Cell]:
    """Each persona's most requested page."""
    best: dict[str, tuple[int, Cell]] = {}
    for page in samples.pages():
        cell = Cell(*page, ALL)
        count = sum(samples.count(launch, BEFORE, cell) for launch in samples.launches)
        if may_decide(cell, Design()) and count > best.get(cell.persona, (0, cell))[0]:
            best[cell.persona] = (count, cell)
    return [cell for _, cell in best.values()]


def _medians(samples: Samples, cell: Cell) -> Floats:
    """Log median of every second that has enough answered requests."""
    values = []
    for launch in samples.launches:
        rows = samples.rows(launch, BEFORE, cell)
        latency = samples.deciding_ms(launch)[rows]
        second = np.floor(launch.scheduled[rows])
        for each in np.unique(second):
            mine = latency[second == each]
            if np.count_nonzero(np.isfinite(mine)) >= _LEAST and (median := float(np.median(mine))) > 0:
                values.append(math.log(median))
    return np.array([value for value in values if math.isfinite(value)], np.float64)
