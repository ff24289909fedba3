"""A small figure: each arm side by side with the other, against alone."""

from __future__ import annotations

import math

from results.comparison import Comparison
from results.interference import tolerance
from results.report.figures.canvas import Plot, plot
from results.report.figures.forest import Row, forest, in_words


def draw(comparison: Comparison) -> Plot | None:
    """One line an arm and page; ``None`` where arms were not loaded alone."""
    margin = comparison.design.margins.get("p50", 0.0)
    rows = [
        Row(
            f"{each.arm}: {each.cell}",
            each.ratio,
            tolerance(margin, each.alone_ms),
            "held up" if each.is_confirmed else "not held up",
        )
        for each in comparison.interference
    ]
    if not any(math.isfinite(row.ratio.estimate) for row in rows):
        return None
    return plot(
        "alone",
        "Side by side against alone",
        "Median of each arm beside the other over its median alone, taken just before the first launch, on a "
        "logarithmic axis. Line: 95 % interval over seconds. Grey: what does no harm. Wholly right of it, the arms "
        "hold each other up.",
        in_words(rows),
        lambda width: forest(rows, width, "side by side ÷ alone (log scale)"),
    )
