"""The noise floor: what a trial calls a difference between two copies of the same version.

An A/A' arm is the before arm once more, started with the others and sent the same requests. Put in the place of
*after* and run through the same analysis, it shows what the rig itself makes of no difference at all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from results.cells import judge_cells
from results.design import FLOOR_MS, Design, Family, Question, enough
from results.measures import Interval
from results.record import Record
from results.samples import read_trial
from results.verdict import Word

AGAIN = "again"
"""Name of the arm that is a second copy of the first one."""


@dataclass(frozen=True, slots=True)
class NoiseCell:
    """One primary cell between two copies of one version.

    Attributes:
        label: The cell and its quantile.
        ratio: Second copy over first, with the interval that holds for all cells together.
        change_ms: The same in milliseconds.
        floor_ms: The farther end of that interval: a smaller change than this the rig could have made by itself.
        word: What the analysis would have said of it.
        why: How much, or why not, in words that can stand after the word.
    """

    label: str
    ratio: Interval
    change_ms: Interval
    floor_ms: float
    word: Word
    why: str


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """The A/A' arm beside the first one.

    Attributes:
        copy_of: The arm that was started twice.
        launches: Over how many.
    """

    copy_of: str
    launches: int
    cells: tuple[NoiseCell, ...]

    @property
    def alarms(self) -> tuple[NoiseCell, ...]:
        """Cells that the analysis calls faster or slower, though nothing differs."""
        return tuple(cell for cell in self.cells if cell.word in {"faster", "slower"})

    @property
    def measured(self) -> tuple[NoiseCell, ...]:
        """Cells in which the copies could be compared."""
        return tuple(cell for cell in self.cells if math.isfinite(cell.floor_ms))

    @property
    def why_not(self) -> str:
        """Why the copies could be compared in no cell, in words that can stand after a colon; empty where they were."""
        if self.measured:
            return ""
        return self.cells[0].why if self.cells else "no cell has enough requests in every launch"


def measure(
    record: Record, copy_of: str, design: Design, questions: Collection[Question], numbers: Collection[int]
) -> tuple[NoiseFloor, Mapping[Question, float]]:
    """Analyse the second copy as if it were the arm after a change.

    Args:
        record: Of a trial with an arm called ``AGAIN``.
        copy_of: The arm that it is a copy of.
        design: Error rate and margins; the absolute part of a margin is the default one here, as none is measured yet.
        questions: The primary family of the trial.
        numbers: Launches that count.

    Returns:
        The cells, and each question's floor in milliseconds.
    """
    samples = read_trial(record, copy_of, AGAIN)
    launches = tuple(launch for launch in samples.launches if launch.number in numbers)
    able = tuple(each for each in questions if enough(samples, launches, each.cell, each.quantile))
    plain = dataclasses.replace(
        design, before=copy_of, after=AGAIN, floor_ms=FLOOR_MS if design.floor_ms is None else design.floor_ms
    )
    results, _ = judge_cells(samples, launches, plain, Family(able, (), (), ()), paired=True)
    cells, floors = [], {}
    for question, result in zip(able, results, strict=True):
        floor = max(abs(result.change_ms.low), abs(result.change_ms.high))
        said = result.verdict
        cells.append(NoiseCell(result.label, result.ratio, result.change_ms, floor, said.word, said.qualifier))
        floors[question] = floor
    return NoiseFloor(copy_of, len(launches), tuple(cells)), floors
