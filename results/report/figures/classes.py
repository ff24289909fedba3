"""Part of figure 8: which cache classes each kind of visitor met."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from results import units
from results.caching import ClassShare
from results.comparison import Comparison
from results.report import tables
from results.report.figures.canvas import AFTER, BAND, INK, PAPER, Plot, is_wide, linear_ticks, plot, shortened

_HATCHES = {
    "HIT": "",
    "STALE": "////",
    "REVALIDATED": "....",
    "EXPIRED": "xxxx",
    "MISS": "",
    "BYPASS": "\\\\\\",
    "ERROR": "++++",
    "UNKNOWN": "oo",
}


def draw(comparison: Comparison) -> Plot | None:
    """One bar an arm and persona; ``None`` without requests."""
    shares = comparison.classes
    if not shares:
        return None
    return plot(
        "classes",
        "Cache classes",
        "Share of each cache class, as the replies themselves tell it, for each kind of visitor and arm, over "
        f"{tables.over(comparison)}.",
        "; ".join(
            f"{share.persona} {share.cache} {units.percent(share.share.before)} before, "
            f"{units.percent(share.share.after)} after"
            for share in shares
        ),
        lambda width: _figure(shares, width),
    )


def _figure(shares: Sequence[ClassShare], width: float) -> Figure:
    personas = list(dict.fromkeys(share.persona for share in shares))
    names = list(dict.fromkeys(share.cache for share in shares))
    bars = [(persona, arm) for persona in personas for arm in ("before", "after")]
    height = 0.32 * len(bars) + 0.95
    figure = Figure(figsize=(width, height))
    left = 1.55 / width
    axes = figure.add_axes((left, 0.45 / height, 1 - 0.3 / width - left, 1 - 0.95 / height))
    labelled: set[str] = set()
    for row, (persona, arm) in enumerate(bars):
        start = 0.0
        y = len(bars) - 1 - row
        for share in shares:
            value = getattr(share.share, arm)
            if share.persona != persona or not value > 0:
                continue
            axes.barh(
                y,
                value,
                left=start,
                height=0.66,
                facecolor=AFTER if share.cache == "HIT" else BAND if share.cache == "BYPASS" else PAPER,
                edgecolor=INK,
                linewidth=0.8,
                hatch=_HATCHES[share.cache],
                label=share.cache if share.cache not in labelled else None,
            )
            labelled.add(share.cache)
            start += value
    axes.set_yticks(range(len(bars)), [f"{shortened(persona, 0.75)} {arm}" for persona, arm in reversed(bars)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 1)
    linear_ticks(axes.xaxis, 0, 1, most=5 if is_wide(width) else 2, name=lambda value: f"{100 * value:.0f} %")
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: names.index(labels[i]))
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="upper left",
        ncols=8 if is_wide(width) else 3,
        bbox_to_anchor=(0.0, 1.0),
    )
    return figure
