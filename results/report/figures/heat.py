"""Figure 6: latency over time as a heat map, launch after launch, one panel an arm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import units
from results.comparison import Comparison
from results.heatmap import ArmHeat, Heat
from results.report.figures.canvas import INK, MUTED, RULE, Plot, fixed, is_wide, plot

_FAINTEST = 0.1
"""How dense a single request is drawn in the fullest map; the fullest cell is 1."""


def draw(comparison: Comparison) -> Plot | None:
    """Both arms on one grid; ``None`` where nothing was answered."""
    heat = comparison.heat
    if heat is None:
        return None
    failed = [sum(arm.failed) for arm in heat.arms]
    caption = (
        "All measured requests, launch after launch; a vertical line starts a new one. A cell spans "
        f"{heat.seconds:.2g} s and {100 * (_row_factor(heat) - 1):.0f} % of latency; the denser, the more requests "
        f"fall into it, up to {_most(heat):,}. The vertical axis is logarithmic and does not start at zero."
    )
    if any(failed):
        caption += f" Strip on top: requests that failed, {failed[0]:,} before and {failed[1]:,} after."
    words = "; ".join(
        f"{arm.arm}: {sum(map(sum, arm.counts)):,} requests from {_extent(heat, arm)}, {sum(arm.failed):,} failed"
        for arm in heat.arms
    )
    return plot("heat", "Latency over time", caption, words, lambda width: _figure(heat, width))


def _most(heat: Heat) -> int:
    """Requests in the fullest cell of both maps."""
    return max(max(column) for arm in heat.arms for column in arm.counts)


def _row_factor(heat: Heat) -> float:
    rows = len(heat.arms[0].counts[0])
    return math.exp(math.log(heat.high_ms / heat.low_ms) / rows)


def _extent(heat: Heat, arm: ArmHeat) -> str:
    rows = np.flatnonzero(np.array(arm.counts).sum(axis=0))
    if not rows.size:
        return "none answered"
    factor = _row_factor(heat)
    ends = heat.low_ms * factor ** int(rows[0]), heat.low_ms * factor ** (int(rows[-1]) + 1)
    return f"{units.milliseconds(ends[0])} to {units.milliseconds(ends[1])}"


def _figure(heat: Heat, width: float) -> Figure:
    wide = is_wide(width)
    each, top, bottom, between = (1.75 if wide else 1.5), 0.3, 0.5, 0.32
    height = 2 * each + top + bottom + between
    figure = Figure(figsize=(width, height))
    left = 0.62 / width
    for index, arm in enumerate(heat.arms):
        corner = bottom + (1 - index) * (each + between)
        axes = figure.add_axes((left, corner / height, 1 - left - 0.12 / width, each / height))
        _map(axes, heat, arm)
        axes.set_title(f"{arm.arm}, ms")
        every = max(1, math.ceil(len(heat.launches) / (24 if wide else 10)))
        middles = [(number + 0.5) * heat.columns for number in range(len(heat.launches))]
        names = {middle: str(launch) for middle, launch in zip(middles, heat.launches, strict=True)}
        fixed(axes.xaxis, middles[::every], partial(_name, names))
        if index == 1:
            axes.set_xlabel("launch")
        else:
            axes.tick_params(labelbottom=False)
    return figure


def _name(names: Mapping[float, str], value: float) -> str:
    return names.get(value, "")


def _map(axes: Axes, heat: Heat, arm: ArmHeat) -> None:
    counts = np.array(arm.counts, np.float64).T  # (rows, columns), the fastest first
    low, high = math.log10(heat.low_ms), math.log10(heat.high_ms)
    failed = np.array(arm.failed, np.float64)
    strip = 0.1 * (high - low)
    columns = counts.shape[1]
    pictures: list[tuple[npt.NDArray[np.float64], float, float, float]] = [(counts, low, high, float(_most(heat)))]
    if any(any(each.failed) for each in heat.arms):
        largest = float(max(max(each.failed) for each in heat.arms))
        pictures.append((failed[None, :], high + 0.4 * strip, high + 1.4 * strip, largest))
        axes.axhline(high + 0.2 * strip, color=RULE, linewidth=0.8)
        axes.text(columns, high + 1.45 * strip, "failed", ha="right", va="bottom", color=INK, fontsize=9)
    for values, bottom, top, largest in pictures:
        picture = np.zeros((*values.shape, 4))
        dense = np.sqrt(values / largest) if largest else values
        picture[..., 3] = np.where(values > 0, _FAINTEST + (1 - _FAINTEST) * dense, 0)
        extent: Any = (0, columns, bottom, top)
        axes.imshow(picture, extent=extent, origin="lower", aspect="auto", interpolation="none")
    for boundary in range(1, len(heat.launches)):
        axes.axvline(boundary * heat.columns, color=MUTED, linewidth=0.6)
    axes.set_xlim(0, columns)
    axes.set_ylim(low, pictures[-1][2])
    ticks = _ticks(heat.low_ms, heat.high_ms)
    fixed(axes.yaxis, [math.log10(tick) for tick in ticks], lambda value: f"{10**value:.6g}")


def _ticks(low: float, high: float) -> list[float]:
    for digits in (range(1, 10), (1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**e for e in range(-4, 7) for d in digits if low <= d * 10.0**e <= high]
        if len(ticks) <= 6:
            break
    return ticks
