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


TOLERANCE: Final = 0.10
"""By how much an arm may be slower in the duet than alone, whatever the margin.

What both arms wait for each other makes a difference between them look smaller by about that share: a tenth turns 5 %
into 4.5 %.
"""


TOLERANCE_MS: Final = 0.05
"""And by how much in any case: an arm that waits for another waits longer, a colder core costs a little by itself."""


def tolerance(margin: float, alone_ms: float = math.inf) -> float:
    """The relative change of a median, side by side against alone, that does no harm.

    Args:
        margin: Relative change that does not matter.
        alone_ms: The median alone; infinite where only what holds for slow pages is asked for.
    """
    return max(margin, TOLERANCE, TOLERANCE_MS / alone_ms)


@dataclass(frozen=True, slots=True)
class Interference:
    """One arm's main page of one persona, alone and side by side.

    Attributes:
        cell: Persona and route.
        alone_ms, duet_ms: Geometric means of the medians of each second.
        ratio: Side by side over alone, Welch's t interval over seconds.
        certain: The slowdown that is certain, as a fraction: the lower end of the interval less one, against each time
            the arm was alone; 0 where an interval holds one. An arm that is faster beside the others waits for nobody;
            its process has only been at work for longer.
        is_confirmed: Whether the arm is held up: what is certain lies above the tolerance.
    """

    arm: str
    cell: str
    alone_ms: float
    duet_ms: float
    ratio: Interval
    certain: float
    is_confirmed: bool


def directory(trial: Path, name: str, *, repeated: bool = False) -> Path:
    """Where the swarm record of an arm alone lies, or of the duet that was given up.

    Args:
        trial: Directory of the trial's record.
        name: Of the arm, or ``GIVEN_UP``.
        repeated: Alone once more, after the duet.
    """
    return trial / FOLDER / (f"{name}.2" if repeated else name)


def read(record: Record, margin: float) -> tuple[Interference, ...]:
    """What a trial's record says of it; nothing where it was not looked at.

    Args:
        record: Of a trial.
        margin: Relative change of a median that does not matter.
    """
    arms = [str(arm.get("name")) for arm in record.asked.get("arms", ())]
    alone, repeated = (
        {arm: one for arm in arms if (one := _record(directory(record.path, arm, repeated=again))) is not None}
        for again in (False, True)
    )
    duet = _record(directory(record.path, GIVEN_UP)) or next(iter(record.launches()), None)
    if not alone or duet is None or len(duet.asked.get("arms", ())) < 2:
        return ()
    return check(alone, duet, margin, repeated)


def check(
    alone: Mapping[str, Record], duet: Record, margin: float, repeated: Mapping[str, Record] | None = None
) -> tuple[Interference, ...]:
    """Hold each arm alone against the same arm beside the others.

    Args:
        alone: A swarm record of each arm by itself.
        duet: The swarm record of all.
        margin: As of ``read``.
        repeated: Of arms that were loaded alone once more: what is confirmed must hold against either time.
    """
    found = []
    for arm, record in alone.items():
        sessions = [record] + [again for again in [(repeated or {}).get(arm)] if again is not None]
        side_by_side = read_session(duet, arm)
        for cell in _main_pages(side_by_side):
            beside = _medians(side_by_side, cell)
            apart = [_medians(read_session(session, arm), cell) for session in sessions]
            if min(beside.size, *(each.size for each in apart)) < 2:
                continue
            alone_ms = math.exp(float(np.concatenate(apart).mean()))
            lows = [low for _, low, _ in (statistics.welch_interval(beside, each, _ALPHA) for each in apart)]
            certain = max(0.0, math.expm1(min(lows)))
            estimate, low, high = statistics.welch_interval(beside, np.concatenate(apart), _ALPHA)
            found.append(
                Interference(
                    arm,
                    str(cell),
                    alone_ms,
                    math.exp(float(beside.mean())),
                    Interval(*(math.exp(value) for value in (estimate, low, high))),
                    certain,
                    certain > tolerance(margin, alone_ms),
                )
            )
    return tuple(found)


def _record(path: Path) -> Record | None:
    return read_record(path, allow_incomplete=True) if (path / "plan.json").is_file() else None


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
    if cell.persona not in samples.personas or cell.route not in samples.routes:
        return np.empty(0)  # too short a session to hold it
    for launch in samples.launches:
        rows = samples.rows(launch, BEFORE, cell)
        latency = samples.deciding_ms(launch)[rows]
        second = np.floor(launch.scheduled[rows])
        for each in np.unique(second):
            mine = latency[second == each]
            if np.count_nonzero(np.isfinite(mine)) >= _LEAST and (median := float(np.median(mine))) > 0:
                values.append(math.log(median))
    return np.array([value for value in values if math.isfinite(value)], np.float64)
