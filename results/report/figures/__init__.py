"""The figures of the page, as SVG that takes its colours from the page and so follows light, dark and print.

One module a figure; each has ``draw(comparison)``, which gives ``None`` where the comparison has no data for it.
"""

from __future__ import annotations

from typing import Final

from results.comparison import Comparison
from results.report.figures import (
    alone,
    classes,
    forest,
    heat,
    launches,
    noise,
    percentiles,
    power,
    served,
    shift,
    split,
    tails,
    timeline,
)
from results.report.figures.canvas import Plot

FIGURES: Final = {
    "forest": forest.draw,
    "launches": launches.draw,
    "shift": shift.draw,
    "percentiles": percentiles.draw,
    "tails": tails.draw,
    "heat": heat.draw,
    "timeline": timeline.draw,
    "alone": alone.draw,
    "served": served.draw,
    "split": split.draw,
    "classes": classes.draw,
    "noise": noise.draw,
    "power": power.draw,
}
"""Every figure in the order of the page, by its anchor."""


def draw(comparison: Comparison) -> dict[str, Plot]:
    """Every figure that the comparison has data for, by name, in the order of the page."""
    plots = ((name, make(comparison)) for name, make in FIGURES.items())
    return {name: plot for name, plot in plots if plot is not None}


__all__ = ["FIGURES", "Plot", "draw"]
