"""A small figure: what a run like this one can find in each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.report.figures.canvas import AFTER, BAND, INK, MUTED, PAPER, Plot, is_wide, linear_ticks, plot, shortened

_MOST = 4.0
"""Changes beyond this are written, not drawn to scale: 4 is +300 %."""


def draw(comparison: Comparison) -> Plot | None:
    """One line a primary cell; ``None`` where no cell could have had a verdict."""
    results = [result for result in comparison.primary if math.isfinite(result.convincing)]
    if not results or not comparison.is_judged:
        return None
    return plot(
        "power",
        "What this run could have detected",
        "Smallest slowdown that a run with as many launches and as much noise finds nineteen times in twenty: hollow, "
        "told from no change at all; filled, called slower, which takes a whole interval beyond the margin (grey bar). "
        "The axis starts at zero" + (" and ends at 300 %; ▶ lies beyond." if _is_cut(results) else "."),
        "; ".join(
            f"{result.label}: margin {units.percent(result.margin)}, told from none from "
            f"{units.percent(result.detectable - 1)}, called slower from {units.percent(result.convincing - 1)}"
            for result in results
        ),
        lambda width: _figure(results, width),
    )


def _is_cut(results: Sequence[CellResult]) -> bool:
    return any(result.convincing > _MOST for result in results)


def _figure(results: Sequence[CellResult], width: float) -> Figure:
    wide = is_wide(width)
    step = 0.36 if wide else 0.46
    height = step * len(results) + 0.85
    figure = Figure(figsize=(width, height))
    left = (2.7 if wide else 0.12) / width
    axes = figure.add_axes(
        (left, 0.5 / height, 1 - left - (0.6 if wide else 0.2) / width, step * len(results) / height)
    )
    top = min(max(max(result.convincing, 1 + result.margin) for result in results), _MOST) - 1
    axes.set_xlim(0, top * 1.06)
    axes.set_ylim(-0.6, len(results) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for row, result in enumerate(reversed(results)):
        ends = [min(value - 1, top) for value in (result.detectable, result.convincing)]
        axes.barh(row, min(result.margin, top), height=0.5 if wide else 0.34, color=BAND)
        axes.plot(ends, [row, row], color=MUTED, linewidth=1.4)
        axes.plot(ends[0], row, "o", markerfacecolor=PAPER, markeredgecolor=INK, markeredgewidth=1.5, clip_on=False)
        axes.plot(ends[1], row, ">" if result.convincing > _MOST else "s", color=AFTER, markersize=6.5, clip_on=False)
        name = shortened(str(result.cell), 2.5 if wide else 3.4, f" {result.quantile}")
        place = axes.get_yaxis_transform()
        if wide:
            axes.text(-0.014, row, name, ha="right", va="center", transform=place)
        else:
            axes.text(0, row + 0.2, name, ha="left", va="bottom", transform=place)
    linear_ticks(axes.xaxis, 0, top * 1.06, most=6 if wide else 4, name=lambda value: f"{100 * value:.3g} %")
    axes.set_xlabel("slowdown")
    handles = [
        Patch(facecolor=BAND, label="margin"),
        Line2D([], [], linestyle="", marker="o", markerfacecolor=PAPER, markeredgecolor=INK, label="told from none"),
        Line2D([], [], linestyle="", marker="s", color=AFTER, label="called slower"),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=3,
        borderaxespad=0,
        bbox_to_anchor=(0.0, 1.0),
        columnspacing=1.0,
        handletextpad=0.4,
    )
    return figure
