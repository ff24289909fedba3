"""What a person sees of a trial while it goes: launches, intervals that narrow, hit ratios, the generator, time left.

On a terminal it is a table that stays below the steps; elsewhere each launch ends with one line of the same.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness import duration
from harness.trial_plan import TrialPlan
from results import units
from results.interim import Interim, Moment, at_the_moment, so_far
from results.measures import Interval
from results.record import read_record

_LOOK_EVERY_S: Final = 1.0
_MOST_CELLS: Final = 4
"""Cells in a line of text; a table shows all."""

_OPEN: Final = 30.0
"""An interval whose ends differ by such a factor says nothing yet."""

_AXIS: Final = 31
_FARTHEST: Final = 1.0
"""Width of the drawn intervals in characters, and what the axis reaches at least, as a log ratio."""


class Board:
    """The state of a trial as it is shown.

    Args:
        plan: Of the trial.
        directory: Of its record.
    """

    def __init__(self, plan: TrialPlan, directory: Path) -> None:
        self._plan = plan
        self._directory = directory
        self._interim: Interim | None = None
        self._moment: Moment | None = None
        self._looked = -math.inf
        self._took: list[float] = []
        self._left = plan.launches
        self._seconds = 0.0

    def look_back(self, took_s: list[float], left: int, seconds: float) -> None:
        """Take in what a launch has left behind.

        Args:
            took_s: Seconds that the launches so far took.
            left: Launches still to be made.
            seconds: Measured ones of a launch.
        """
        self._took, self._left, self._seconds, self._moment = took_s, left, seconds, None
        self._interim = so_far(read_record(self._directory, allow_incomplete=True), self._plan.design())

    def look(self, swarm: Path) -> None:
        """Take in what a swarm under way has recorded, once a second."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S or not (swarm / "plan.json").exists():
            return
        self._looked = now
        self._moment = at_the_moment(read_record(swarm, allow_incomplete=True))

    def line(self) -> str:
        """The state after a launch as one line; empty where there is nothing to tell."""
        found = self._interim
        if found is None:
            return ""
        cells = [
            f"{cell.label} {units.ratio(cell.ratio.estimate)} {_told(cell.ratio)}".strip()
            for cell in found.cells[:_MOST_CELLS]
        ]
        if len(found.cells) > _MOST_CELLS:
            cells.append(f"{len(found.cells) - _MOST_CELLS} more")
        parts = [*cells, *self._hits(found), self._generator(found), *self._remaining()]
        return f"  so far: {'; '.join(parts)}"

    def render(self) -> RenderableType:
        """The state as a table."""
        found = self._interim
        lines: list[RenderableType] = []
        if found is not None and found.cells:
            lines.append(self._cells(found))
        state = [f"{self._plan.launches - self._left} of {self._plan.launches} launches made"]
        if found is not None and found.counting < found.launches:
            state.append(f"{found.counting} count")
        if self._moment is not None:
            state += self._now(self._moment)
        elif found is not None:
            state += [*self._hits(found), self._generator(found)]
        lines.append(Text("  " + " · ".join([*state, *self._remaining()]), style="dim"))
        return Group(*lines)

    def _cells(self, found: Interim) -> Table:
        table = Table("", "after/before", "95 % interval so far", "", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        reach = max([_FARTHEST, *(abs(math.log(end)) for cell in found.cells for end in _ends(cell.ratio))])
        for cell in found.cells:
            ratio = cell.ratio
            drawn = _drawn(ratio, cell.margin, reach)
            told = _told(ratio) or ("open" if found.counting > 1 else "from the second launch on")
            table.add_row(f"  {cell.label}", units.ratio(ratio.estimate), told, drawn)
        return table

    def _hits(self, found: Interim) -> list[str]:
        before, after = found.hit_ratios
        if math.isnan(before) or math.isnan(after):
            return []
        return [f"hits {units.percent(before)} → {units.percent(after)}"]

    def _generator(self, found: Interim) -> str:
        lag, limit = found.lag_ms
        if found.why_not:
            return f"the last launch does not count: {found.why_not}"
        return (
            f"generator {units.milliseconds(lag)} late (limit {limit:.2g} ms), {units.percent(found.cpu)} of its core"
        )

    def _now(self, moment: Moment) -> list[str]:
        shares = ", ".join(f"{arm} {units.percent(share)}" for arm, share in _in_order(moment.hit_ratio).items())
        told = [f"{moment.requests:,} requests", f"hits {shares}"]
        if moment.failed:
            told.append(f"{moment.failed:,} failed")
        if math.isfinite(moment.lag_ms):
            told.append(f"generator {units.milliseconds(moment.lag_ms)} late, {units.percent(moment.cpu)} of its core")
        return told

    def _remaining(self) -> list[str]:
        if not self._left:
            return []
        usual = self._took[1:] or self._took
        if usual:
            return [f"{duration.words(self._left * statistics.median(usual))} left"]
        return [f"{duration.words(duration.total(self._plan, self._seconds))} left"] if self._seconds else []


def _in_order(shares: Mapping[str, float]) -> Mapping[str, float]:
    """By arm, before first."""
    return {arm: shares[arm] for arm in sorted(shares, key=lambda name: (name != "before", name != "after"))}


def _told(ratio: Interval) -> str:
    """An interval as text; empty where it is so wide that it says nothing."""
    return units.interval(ratio.low, ratio.high) if ratio.high < _OPEN * ratio.low else ""


def _ends(ratio: Interval) -> list[float]:
    return [ratio.low, ratio.high] if _told(ratio) else []


def _drawn(interval: Interval, margin: float, reach: float) -> Text:
    """An interval on an axis of log ratios: the margin in the middle, faster to the left."""

    def place(ratio: float) -> int:
        return round((math.log(ratio) / reach + 1) / 2 * (_AXIS - 1))

    row = [" "] * _AXIS
    row[_AXIS // 2] = "│"
    if math.isfinite(margin):
        for end in (place(1 / (1 + margin)), place(1 + margin)):
            if row[end] == " ":
                row[end] = "┊"
    if ends := _ends(interval):
        for spot in range(place(ends[0]), place(ends[1]) + 1):
            row[spot] = "━"
    if math.isfinite(interval.estimate) and interval.estimate > 0:
        row[min(max(place(interval.estimate), 0), _AXIS - 1)] = "●"
    return Text("".join(row))
