"""Figure 1: the ratio of every primary cell with its interval, over the band of changes that do not matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import units
from results.comparison import Comparison
from results.measures import Interval
from results.report import tables
from results.report.figures.canvas import (
    AFTER,
    BAND,
    INK,
    LETTERS_AN_INCH,
    MUTED,
    PAPER,
    Plot,
    is_wide,
    log_ticks,
    plot,
    shortened,
)

MARKERS = {
    "faster": "<",
    "slower": ">",
    "no difference": "o",
    "not enough data": "D",
    "held up": ">",
    "not held up": "o",
}
_HOLLOW = frozenset({"not enough data"})
_MOST = 1e3
"""Ratios beyond this, or below its inverse, are drawn at the edge, with an arrowhead."""

CAPTION = (
    "Ratio of after to before on a logarithmic axis. Marker: {mean}. Line: interval that holds for all of these cells "
    "together. Grey band: changes that do not matter. Wholly left of the band is faster (◀), wholly right is slower "
    "(▶), wholly inside is no difference (●), anything else is not enough data (◇)."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a forest plot.

    Attributes:
        margin: Half the width of its grey band, as a share; NaN draws none.
        word: Chooses the marker; written at the end of the line on a desk.
    """

    label: str
    ratio: Interval
    margin: float
    word: str


def draw(comparison: Comparison) -> Plot | None:
    """All primary cells; ``None`` where none has a ratio."""
    results = comparison.primary
    if not any(math.isfinite(result.ratio.estimate) for result in results):
        return None
    rows = [Row(result.label, result.ratio, result.margin, result.verdict.word) for result in results]
    if comparison.kind == "trial":
        caption = CAPTION.format(mean=f"geometric mean over {tables.over(comparison)}")
    else:
        caption = CAPTION.format(mean="one session over the other")
    if any(word.word in {"invalid", "not comparable"} for word in rows):
        caption += " A cross (✕) marks figures that no verdict may rest on."
    if any(_is_cut(row.ratio) for row in rows):
        caption += " The axis ends at a thousandfold; what lies beyond is drawn at its edge, with an arrowhead."
    return plot(
        "forest",
        "What changed, and how surely",
        caption,
        in_words(rows),
        lambda width: forest(rows, width, "◀ faster · after ÷ before (log scale) · slower ▶"),
    )


def _is_cut(ratio: Interval) -> bool:
    """Whether an end of an interval lies beyond the axis; one that is infinite has no end to be cut off."""
    ends = [value for value in (ratio.estimate, ratio.low, ratio.high) if math.isfinite(value) and value > 0]
    return any(not 1 / _MOST <= value <= _MOST for value in ends)


def in_words(rows: Sequence[Row]) -> str:
    """Every line of a forest plot as a sentence of figures."""
    return "; ".join(
        f"{row.label}: ratio {units.ratio(row.ratio.estimate)} "
        f"{units.interval(row.ratio.low, row.ratio.high) or 'without an interval'}, {row.word}"
        for row in rows
    )


def forest(rows: Sequence[Row], width: float, axis: str) -> Figure:
    """Draw these lines, the first on top.

    Args:
        rows: At least one with a finite estimate.
        width: Inches.
        axis: What the ratio is of.
    """
    wide = is_wide(width)
    step = 0.36 if wide else 0.52
    height = step * len(rows) + 0.62
    figure = Figure(figsize=(width, height))
    names = [_short(row.label, 2.9 if wide else 2.1) for row in rows]
    left = max(map(len, names)) / LETTERS_AN_INCH + 0.25 if wide else 0.12
    right = 3.2 if wide else 0.12
    axes = figure.add_axes((left / width, 0.55 / height, (width - left - right) / width, step * len(rows) / height))
    low, high = _limits(rows)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    half = 0.3 if wide else 0.2
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        middle = len(rows) - 1 - index
        y = middle if wide else middle - 0.2
        axes.plot([1, 1], [y - half - 0.07, y + half + 0.07], color=MUTED, linewidth=1, zorder=1)
        if math.isfinite(row.margin):
            band = 1 / (1 + row.margin), 1 + row.margin
            axes.fill_betweenx([y - half, y + half], *band, color=BAND, linewidth=0, zorder=0)
        if math.isfinite(row.ratio.estimate):
            _interval(axes, row, y, low, high)
        figures = f"{units.ratio(row.ratio.estimate)} {units.interval(row.ratio.low, row.ratio.high)}".rstrip()
        if wide:
            place = axes.get_yaxis_transform()
            inches = width - left - right
            axes.text(-0.15 / inches, y, name, transform=place, va="center", ha="right")
            axes.text(1 + 0.2 / inches, y, figures, transform=place, va="center")
            axes.text(1 + 1.8 / inches, y, row.word, transform=place, va="center")
        else:
            axes.text(0, y + half + 0.06, name, transform=axes.get_yaxis_transform(), va="bottom")
            axes.text(1, y + half + 0.06, figures, transform=axes.get_yaxis_transform(), va="bottom", ha="right")
    log_ticks(axes.xaxis, low, high, most=7 if wide else 5)
    axes.set_xlabel(axis)
    return figure


def _short(label: str, inches: float) -> str:
    """A label cut to its room, its quantile kept."""
    name, space, quantile = label.rpartition(" ")
    return shortened(name, inches, space + quantile)


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    ends = [value for row in rows for value in (row.ratio.low, row.ratio.high, row.ratio.estimate)]
    ends += [
        end for row in rows if row.margin == row.margin for end in (1 / (1 + 1.3 * row.margin), 1 + 1.3 * row.margin)
    ]
    finite = [min(max(value, 1 / _MOST), _MOST) for value in ends if math.isfinite(value) and value > 0]
    low, high = math.log(min([*finite, 0.98])), math.log(max([*finite, 1.02]))
    pad = 0.04 * (high - low)
    return math.exp(low - pad), math.exp(high + pad)


def _interval(axes: Axes, row: Row, y: float, low: float, high: float) -> None:
    color = AFTER if row.word in {"faster", "slower"} else INK
    if math.isfinite(row.ratio.low) and math.isfinite(row.ratio.high):
        ends = max(row.ratio.low, low), min(row.ratio.high, high)
        axes.plot(ends, [y, y], color=color, linewidth=2.4, solid_capstyle="butt")
        for end, asked, arrow in zip(ends, (row.ratio.low, row.ratio.high), "◀▶", strict=True):
            if end != asked:
                axes.text(end, y, arrow, color=color, ha="left" if arrow == "◀" else "right", va="center")
    axes.plot(
        [min(max(row.ratio.estimate, low), high)],
        [y],
        MARKERS.get(row.word, "x"),
        markersize=8,
        markerfacecolor=PAPER if row.word in _HOLLOW else color,
        markeredgecolor=color,
        markeredgewidth=1.6,
        clip_on=False,
    )
