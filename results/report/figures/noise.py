"""Figure 9: what this rig makes of no difference at all: two copies of one version through the same analysis."""

from __future__ import annotations

import math

from results import units
from results.comparison import Comparison
from results.report.figures.canvas import Plot, plot
from results.report.figures.forest import Row, forest, in_words


def draw(comparison: Comparison) -> Plot | None:
    """One line a cell; ``None`` without an A/A' arm."""
    floor = comparison.noise
    if floor is None or not any(math.isfinite(cell.ratio.estimate) for cell in floor.cells):
        return None
    margins = {result.label: result.margin for result in comparison.primary}
    rows = [Row(cell.label, cell.ratio, margins.get(cell.label, math.nan), cell.word) for cell in floor.cells]
    return plot(
        "noise",
        "The noise floor",
        f"Two copies of {floor.copy_of} against each other, over {units.counted(floor.launches, 'launch')}: ratio of "
        "the second copy to the first on a logarithmic axis. Nothing differs, so what is seen is the rig's own doing. "
        "Lines are intervals that hold for all of these cells together, grey is the margin of the cell.",
        in_words(rows),
        lambda width: forest(rows, width, "second copy ÷ first (log scale)"),
    )
