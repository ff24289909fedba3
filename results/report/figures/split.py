"""Part of figure 8: the change of a mean or percentile, split into cache mix and the classes' own speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import units
from results.comparison import Comparison
from results.measures import Interval
from results.mix import MEAN, Part
from results.report.figures.canvas import AFTER, INK, PAPER, Plot, grid, is_wide, linear_ticks, plot, title
from results.samples import ALL

_STATISTICS = (MEAN, "p95")
_BARS = ("mix", "within", "total")
_NAMES = {"mix": "cache mix", "within": "same classes", "total": "total"}


def draw(comparison: Comparison) -> Plot | None:
    """Mean and p95 of every kind of visitor; ``None`` where nothing could be split."""
    parts = [part for part in comparison.mix.parts if part.statistic in _STATISTICS and not part.why_not]
    if not parts:
        return None
    return plot(
        "split",
        "Mix against speed",
        "Change from before to after in milliseconds, read from top to bottom. Hatched: what other cache classes did "
        "(pages served from the cache that were rendered before, or the reverse). Filled: what the same classes did by "
        "answering faster or slower; it starts where the first ended. Hollow: both together. Line: interval over "
        "launches. Every axis has its zero; scales differ from panel to panel.",
        "; ".join(_in_words(part) for part in parts),
        lambda width: _panels(parts, width),
    )


def _scope(part: Part) -> str:
    return "all" if part.scope == ALL else part.scope


def _in_words(part: Part) -> str:
    figures = ", ".join(f"{_NAMES[name]} {_signed(getattr(part, name).estimate)}" for name in _BARS)
    return f"{_scope(part)} {part.statistic}: {figures}"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "±") + units.milliseconds(abs(value))


def _panels(parts: Sequence[Part], width: float) -> Figure:
    figure, axes = grid(len(parts), 2 if is_wide(width) else 1, width, 1.5, left=1.05)
    for place, part in zip(axes, parts, strict=True):
        _panel(place, part)
        levels = f"{units.milliseconds(part.before_after.before)} → {units.milliseconds(part.before_after.after)}"
        title(place, _scope(part), f", {part.statistic}: {levels}")
    return figure


def _panel(axes: Axes, part: Part) -> None:
    starts = {"mix": 0.0, "within": part.mix.estimate, "total": 0.0}
    looks: dict[str, Any] = {
        "mix": {"facecolor": PAPER, "hatch": "////"},
        "within": {"facecolor": AFTER},
        "total": {"facecolor": PAPER},
    }
    ends = [0.0]
    for row, name in enumerate(reversed(_BARS)):
        value: Interval = getattr(part, name)
        start = starts[name]
        axes.barh(row, value.estimate, left=start, height=0.6, edgecolor=INK, linewidth=0.9, **looks[name])
        ends += [start, start + value.estimate]
        if math.isfinite(value.low) and math.isfinite(value.high) and value.low < value.high:
            axes.plot([start + value.low, start + value.high], [row, row], color=PAPER, linewidth=3.6)
            axes.plot([start + value.low, start + value.high], [row, row], color=INK, linewidth=1.6)
            ends += [start + value.low, start + value.high]
    low, high = min(ends), max(ends)
    room = 0.06 * (high - low) or 1.0
    axes.set_xlim(low - room, high + room)
    linear_ticks(axes.xaxis, low - room, high + room, most=5)
    axes.axvline(0, color=INK, linewidth=1.1)
    axes.set_yticks(range(3), [_NAMES[name] for name in reversed(_BARS)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
