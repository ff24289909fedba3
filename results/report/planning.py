"""Advice from a pilot, on a terminal: what is known, what each way to spend the time would show, and what to type."""

from __future__ import annotations

import math
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from results import units
from results.planning import Option, PilotCell, Planning, words, worst

_MOST: Final = 10.0
"""A larger slowdown needs no figure: whoever can find no smaller one finds nothing."""


def text(planning: Planning) -> RenderableType:
    """A renderable for any ``rich`` console; legible without colour and from 80 columns on."""
    head = (
        f"Pilot: {units.counted(planning.pilot_launches, 'launch')} of {planning.pilot_seconds:g} s at "
        f"{units.per_second(planning.rate)} and arm. A launch costs {planning.fixed_cost_s:.3g} s beside its "
        f"measured {'seconds' if planning.passes == 1 else f'seconds, which are spent {planning.passes} times'}."
    )
    parts: list[RenderableType] = [Text(head), Text(), _cells(planning), Text(), *_options(planning)]
    chosen = planning.recommended
    if chosen is not None:
        minutes = _minutes(chosen.minutes)
        parts += [Text(), Text(f"{words(chosen)}, {minutes} in all:", style="bold"), _found(planning, chosen)]
    parts += [Text(), Text(planning.why)]
    if planning.command:
        parts += [
            Text("Decide on it before the trial begins; the pilot's launches are not part of the trial."),
            Text(),
            Text(f"  {planning.command}", style="bold"),
        ]
    return Group(*parts)


def _cells(planning: Planning) -> Table:
    """What the pilot says of each primary cell."""
    table = _table("cell", "requests", "before", "margin", "spread", "between", "within")
    for one in planning.cells:
        figures = [units.count(one.requests), units.milliseconds(one.latency_ms.before), units.percent(one.margin)]
        if one.spread is None:
            table.add_row(Text(one.label), *figures, Text(f"– {one.why_not}", style="dim"), "–", "–")
            continue
        spread = f"{units.percent(one.spread.total)} (≤ {units.percent(one.spread.total_high)})"
        table.add_row(
            Text(one.label), *figures, spread, units.percent(one.spread.between), units.percent(one.spread.within)
        )
    bound = units.percent(planning.confidence)
    table.caption = (
        "Requests: of the smallest launch and arm. Spread: standard deviation of the log ratio over launches and, in "
        f"brackets, its upper bound with {bound} confidence; between launches as such, and within one for having so "
        "many requests."
    )
    table.caption_justify, table.caption_style = "left", "dim"
    return table


def _options(planning: Planning) -> list[RenderableType]:
    """Launches down, seconds across: the smallest slowdown that is found in every cell that decides, and the time."""
    lengths = sorted({option.seconds for option in planning.options})
    table = _table("launches", *[f"{length:g} s" for length in lengths])
    for k in sorted({option.launches for option in planning.options}):
        row = [option for option in planning.options if option.launches == k]
        table.add_row(str(k), *[_option(planning, option) for option in sorted(row, key=lambda one: one.seconds)])
    title = Text("Smallest slowdown called slower in each p50 and p95 cell, 19 times in 20 (minutes in all):")
    return [title, table]


def _option(planning: Planning, option: Option) -> Text:
    smallest, _ = worst(planning.cells, option)
    what = f"{_share(smallest)} ({option.minutes:.{1 if option.minutes < 9.95 else 0}f})"
    if option == planning.recommended:
        return Text(f"► {what}", style="bold")
    return Text(what, style="" if smallest <= planning.detect else "dim")


def _found(planning: Planning, option: Option) -> Table:
    """Cell by cell what an option shows, as allowed for and as likely."""
    table = _table("cell", "slower from", "likely from", "no difference within", "margin")
    for one, change in zip(planning.cells, option.changes, strict=True):
        table.add_row(
            Text(one.label),
            _share(change.slower),
            _share(change.slower_likely),
            f"±{_share(change.no_difference)}" if math.isfinite(change.no_difference) else "–",
            _margin(one, change.no_difference),
        )
    return table


def _margin(cell: PilotCell, needed: float) -> str:
    """The margin of a cell, and whether two equal arms would be told to be equal within it."""
    return f"{units.percent(cell.margin)} {'✓' if needed <= cell.margin else '✗'}"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first, overflow="fold", min_width=8)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _share(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return units.percent(value) if value <= _MOST else f"> {units.percent(_MOST)}"


def _minutes(value: float) -> str:
    return units.counted(round(value), "minute") if value >= 1 else f"{60 * value:.0f} seconds"
