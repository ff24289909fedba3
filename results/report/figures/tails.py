"""Figure 5: the distribution of every cache class, so that modes, gaps and requests that never came back are seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results import units
from results.comparison import Comparison
from results.distribution import Tail
from results.report import tables
from results.report.figures.canvas import (
    COLORS,
    DASHES,
    Plot,
    fixed,
    grid,
    is_wide,
    linear_ticks,
    log_ticks,
    plot,
    title,
)
from results.samples import Cell

_MARKERS = {
    "HIT": "o",
    "STALE": "^",
    "REVALIDATED": "v",
    "EXPIRED": "P",
    "MISS": "s",
    "BYPASS": "D",
    "ERROR": "X",
    "UNKNOWN": "*",
}


def draw(comparison: Comparison) -> Plot | None:
    """Two panels a page; ``None`` where no page has a request that was answered."""
    tails = [tail for tail in comparison.tails if tail.ms]
    if not tails:
        return None
    caption = (
        f"Requests of {tables.over(comparison)} together, by cache class. Left: share that took at most so long; a "
        "step is a mode, a flat stretch a gap. Right: share that took longer, both axes logarithmic, so that one in "
        "ten and one in a thousand get the same room. Dashed is before, solid after; the marker tells the class."
    )
    if not all(tail.failed == 0 for tail in tails):
        caption += " A line that ends in ▶ never falls lower: that share of its requests failed."
    pages = list(dict.fromkeys(Cell(tail.cell.persona, tail.cell.route) for tail in tails))
    return plot(
        "tails",
        "Distribution by cache class",
        caption,
        "; ".join(_in_words(tail) for tail in tails),
        lambda width: _panels(pages, tails, width),
    )


def _in_words(tail: Tail) -> str:
    words = f"{tail.cell} {tail.arm}: {units.counted(tail.requests, 'request')}, "
    words += f"{units.milliseconds(tail.ms[0])} to {units.milliseconds(tail.ms[-1])}"
    return words + (f", {units.percent(tail.failed)} failed" if tail.failed else "")


def _panels(pages: Sequence[Cell], tails: Sequence[Tail], width: float) -> Figure:
    wide = is_wide(width)
    drawn = list(dict.fromkeys((tail.cell.cache, tail.arm) for tail in tails))
    columns = 5 if wide else 2
    rows = math.ceil(len(drawn) / columns)
    figure, axes = grid(2 * len(pages), 2 if wide else 1, width, 2.0 if wide else 1.8, top=0.12 + 0.2 * rows, left=0.62)
    for row, page in enumerate(pages):
        own = [tail for tail in tails if (tail.cell.persona, tail.cell.route) == (page.persona, page.route)]
        low = min(tail.ms[0] for tail in own)
        high = max([*(tail.ms[-1] for tail in own), low * 1.2])
        for column, place in enumerate(axes[2 * row : 2 * row + 2]):
            place.set_xscale("log")
            place.set_xlim(low / 1.05, high * 1.08)
            log_ticks(place.xaxis, low / 1.05, high * 1.08, most=7 if wide else 5)
            (_beyond if column else _below)(place, own)
            place.grid()
        title(axes[2 * row], str(page), ", share up to x ms")
        title(axes[2 * row + 1], str(page), ", share above x ms")
    handles = [
        Line2D(
            [],
            [],
            color=COLORS[arm],
            linestyle=DASHES[arm],
            marker=_MARKERS[cache],
            markersize=4.5,
            label=f"{cache} {arm}",
        )
        for cache, arm in drawn
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=columns,
        borderaxespad=0,
        bbox_to_anchor=(0.02, 1.0),
        handlelength=2.6,
        columnspacing=1.2,
    )
    return figure


def _line(axes: Axes, tail: Tail, x: Sequence[float], y: Sequence[float], marked: Sequence[int]) -> None:
    axes.plot(
        x,
        y,
        color=COLORS[tail.arm],
        linestyle=DASHES[tail.arm],
        linewidth=1.3,
        marker=_MARKERS[tail.cell.cache],
        markersize=4,
        markevery=list(marked),
    )


def _below(axes: Axes, tails: Sequence[Tail]) -> None:
    for place, tail in enumerate(tails):
        marked = [_nearest(tail.p, share + 0.03 * place) for share in (0.2, 0.7)]
        _line(axes, tail, tail.ms, tail.p, sorted(set(marked)))
    axes.set_ylim(0, 1.02)
    linear_ticks(axes.yaxis, 0, 1, most=5, name=lambda value: f"{100 * value:.0f} %")


def _beyond(axes: Axes, tails: Sequence[Tail]) -> None:
    axes.set_yscale("log")
    lowest = min(1 / tail.requests for tail in tails)
    edge = axes.get_xlim()[1]
    for place, tail in enumerate(tails):
        above = [1 - p for p in tail.p]
        # What lies above the largest of n values is no share of them; it is left to the failed ones, if any.
        x = [ms for ms, share in zip(tail.ms, above, strict=True) if share > 1e-9]
        y = [share for share in above if share > 1e-9]
        x, y = [tail.ms[0], *x], [1.0, *y]
        marked = sorted({_nearest(y, share / 1.3**place) for share in (0.3, 0.03)})
        _line(axes, tail, x, y, marked)
        if tail.failed > 0:
            axes.plot(
                [x[-1], edge], [tail.failed] * 2, color=COLORS[tail.arm], linestyle=DASHES[tail.arm], linewidth=1.3
            )
            axes.plot([edge], [tail.failed], ">", color=COLORS[tail.arm], markersize=6, clip_on=False)
    axes.set_ylim(lowest / 1.3, 1.3)
    decades = range(math.floor(math.log10(lowest)), 1)
    fixed(axes.yaxis, [10.0**e for e in decades if 10.0**e >= lowest / 1.3], _share)


def _share(value: float) -> str:
    return f"{100 * value:.6g} %"


def _nearest(values: Sequence[float], wanted: float) -> int:
    return min(range(len(values)), key=lambda index: abs(values[index] - wanted))
