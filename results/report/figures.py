"""The figures of the page, as SVG that takes its colours from the page and so follows light, dark and print.

Every figure is drawn twice, for a desk and for a phone, since a drawing that is merely shrunk cannot be read. Nothing
is told by colour alone: arms differ in dash, verdicts in marker, cache classes in hatching.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from results import units
from results.caching import ClassShare
from results.cells import CellResult
from results.comparison import Comparison, Curve
from results.report import tables
from results.samples import Floats

INK: Final = "#0a0001"
MUTED: Final = "#0a0002"
RULE: Final = "#0a0003"
BAND: Final = "#0a0004"
BEFORE: Final = "#0a0005"
AFTER: Final = "#0a0006"
PAPER: Final = "#0a0007"

_CSS: Final = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    BAND: "var(--band)",
    BEFORE: "var(--before)",
    AFTER: "var(--after)",
    PAPER: "var(--paper)",
}
"""Colours no page would choose, drawn in place of the page's own and exchanged for them in the finished SVG."""

_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "hatch.color": INK,
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.6,
}

_MARKERS: Final = {"faster": "<", "slower": ">", "no difference": "o", "not enough data": "D"}
_HATCHES: Final = {
    "HIT": "",
    "STALE": "////",
    "REVALIDATED": "....",
    "EXPIRED": "xxxx",
    "MISS": "",
    "BYPASS": "\\\\\\",
    "ERROR": "++++",
    "UNKNOWN": "oo",
}
_WIDE: Final = 10.4
_NARROW: Final = 4.0
"""Inches; on a phone the letters then are a little larger than drawn."""
_SHORT_LABEL: Final = 20
"""Letters of a cell's name that leave room for something beside it in the narrow drawing."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure in both widths.

    Attributes:
        name: Stable, used as the anchor.
        title: Its heading.
        caption: What is drawn and how to read it, axes included.
        wide, narrow: SVG for a desk and for a phone.
    """

    name: str
    title: str
    caption: str
    wide: Markup
    narrow: Markup


_CAPTIONS: Final = {
    "forest": "Ratio of after to before on a logarithmic axis. Marker: mean over {over}. Line: interval that holds "
    "for all cells together. Grey band: changes that do not matter. Wholly left of the band is faster (◀), wholly "
    "right is slower (▶), wholly inside is no difference (●), anything else is not enough data (◇).",
    "launches": "Ratio of after to before, launch by launch, over {over}, in the order they ran; line: their geometric "
    "mean; grey: the margin around one. Each panel has its own logarithmic axis, which does not start at zero.",
    "percentiles": "Requests of {over} together. The horizontal axis stretches towards the slowest requests and stops "
    "where fewer than ten lie beyond; the vertical one is logarithmic and does not start at zero. Dashed is "
    "before, solid after.",
    "classes": "Share of each cache class, as the replies themselves tell it, for each kind of visitor and arm, "
    "over {over}.",
    "timeline": "All launches one after another, warm-up included; a thin line starts a new launch. Requests a second "
    "of both arms together; how late the generator let them go; the load of its busiest process. Dotted: the limits.",
}


def draw(comparison: Comparison) -> dict[str, Plot]:
    """Every figure that the comparison has data for, by name."""
    results = [result for result in comparison.primary if math.isfinite(result.ratio.estimate)]
    replicated = [result for result in results if result.launches]
    numbers = [launch.number for launch in comparison.launches if launch.used]
    numbers = numbers or [launch.number for launch in comparison.launches]
    over = tables.over(comparison)
    drawings: dict[str, tuple[object, str, Callable[[float], Figure]]] = {
        "forest": (results, "What changed, and how surely", lambda width: _forest(results, width)),
        "launches": (replicated, "Every launch", lambda width: _launches(replicated, numbers, width)),
        "percentiles": (
            comparison.curves,
            "Latency at every percentile",
            lambda width: _percentiles(comparison.curves, width),
        ),
        "classes": (comparison.classes, "What the page cache did", lambda width: _classes(comparison.classes, width)),
        "timeline": (comparison.timeline, "The generator", lambda width: _timeline(comparison, width)),
    }
    return {
        name: Plot(
            name,
            title,
            _CAPTIONS[name].format(over=over),
            _svg(make, _WIDE, f"{name}-wide"),
            _svg(make, _NARROW, f"{name}-narrow"),
        )
        for name, (data, title, make) in drawings.items()
        if data
    }


def _svg(make: Callable[[float], Figure], width: float, salt: str) -> Markup:
    """Draw and turn into an inline element: no header, no metadata, no fixed colour, no id that could clash."""
    buffer = io.StringIO()
    style: Any = {**_STYLE, "svg.hashsalt": salt}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's font has it, not the layout's
        figure = make(width)
        figure.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")), transparent=True
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href", "href")
    text = re.sub(r"\n\s*", "\n", text)
    for drawn, own in _CSS.items():
        text = text.replace(drawn, own)
    return Markup(text)


def _forest(results: list[CellResult], width: float) -> Figure:
    rows = len(results)
    figure = Figure(figsize=(width, 0.62 * rows + 0.75))
    left = 0.05 if width > 6 else 0.08
    axes = figure.add_axes((left, 0.62 / figure.get_figheight(), 1 - 2 * left, 1 - 0.7 / figure.get_figheight()))
    ends = [v for r in results for v in (r.ratio.low, r.ratio.high, r.ratio.estimate) if math.isfinite(v) and v > 0]
    ends += [1 / (1 + 1.3 * r.margin) for r in results] + [1 + 1.3 * r.margin for r in results]
    low, high = math.log(max(min(ends), 1e-4)), math.log(min(max(ends), 1e4))
    pad = 0.05 * (high - low)
    axes.set_xscale("log")
    axes.set_xlim(math.exp(low - pad), math.exp(high + pad))
    axes.set_ylim(-0.5, rows - 0.15)
    for index, result in enumerate(results):
        y = rows - 1 - index
        axes.plot([1, 1], [y - 0.26, y + 0.26], color=MUTED, linewidth=1, zorder=1)
        axes.fill_betweenx(
            [y - 0.2, y + 0.2], 1 / (1 + result.margin), 1 + result.margin, color=BAND, linewidth=0, zorder=0
        )
        _interval(axes, result, y)
        axes.text(0, y + 0.34, result.label, transform=axes.get_yaxis_transform(), va="bottom")
        verdict = units.ratio(result.ratio.estimate)
        if width > 6 or len(result.label) <= _SHORT_LABEL:
            verdict += f" {units.interval(result.ratio.low, result.ratio.high)}"
        if width > 6:
            verdict += f"   {result.verdict.word}"
        axes.text(1, y + 0.34, verdict, transform=axes.get_yaxis_transform(), va="bottom", ha="right")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _ratio_ticks(axes.xaxis, *axes.get_xlim(), most=8 if width > 6 else 5)
    axes.set_xlabel("◀ faster · after ÷ before (log scale) · slower ▶")
    return figure


def _interval(axes: Axes, result: CellResult, y: float) -> None:
    word = result.verdict.word
    marker = _MARKERS.get(word, "x")
    color = AFTER if word in {"faster", "slower"} else INK
    if math.isfinite(result.ratio.low) and math.isfinite(result.ratio.high):
        axes.plot([result.ratio.low, result.ratio.high], [y, y], color=color, linewidth=2.2, solid_capstyle="butt")
    filled = word in {"faster", "slower", "no difference"}
    face = color if filled else PAPER
    axes.plot(
        [result.ratio.estimate],
        [y],
        marker,
        markersize=8,
        markerfacecolor=face,
        markeredgecolor=color,
        markeredgewidth=1.5,
    )


def _launches(results: list[CellResult], numbers: list[int], width: float) -> Figure:
    is_short = all(len(result.label) <= _SHORT_LABEL for result in results)
    figure, panels = _grid(len(results), 3 if width > 6 else 2 if is_short else 1, width, 1.75)
    for axes, result in zip(panels, results, strict=True):
        axes.set_yscale("log")
        axes.axhspan(1 / (1 + result.margin), 1 + result.margin, color=BAND, linewidth=0)
        axes.axhline(result.ratio.estimate, color=MUTED, linewidth=1)
        axes.plot(numbers, result.launches, color=AFTER, linewidth=0.7)
        axes.plot(numbers, result.launches, "o", color=AFTER, markersize=4.5)
        low, high = math.log(min(result.launches)), math.log(max(result.launches))
        band = math.log1p(result.margin)
        if -2 * band < low and high < 2 * band:  # near the band the reader wants to see all of it
            low, high = min(low, -band), max(high, band)
        room = max(0.15 * (high - low), 0.01)
        axes.set_ylim(math.exp(low - room), math.exp(high + room))
        _ratio_ticks(axes.yaxis, *axes.get_ylim(), most=5)
        axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
        step = max(1, math.ceil(len(numbers) / 8))
        axes.xaxis.set_major_locator(FixedLocator(numbers[::step]))
        axes.grid(axis="y")
        axes.set_title(result.label)
    return figure


def _percentiles(curves: tuple[Curve, ...], width: float) -> Figure:
    figure, panels = _grid(len(curves), 2 if width > 6 else 1, width, 2.5)
    ticks = [0, 0.5] if width > 6 else [0.5]  # on a phone the two would run into each other
    ticks += [0.9, 0.99, 0.999, 0.9999, 0.99999]
    for index, (axes, curve) in enumerate(zip(panels, curves, strict=True)):
        for p, ms, color, style, name in (
            (curve.before.p, curve.before.ms, BEFORE, (0, (5, 2)), "before"),
            (curve.after.p, curve.after.ms, AFTER, "solid", "after"),
        ):
            axes.plot([1 / (1 - value) for value in p], ms, color=color, linestyle=style, label=name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        last = max([*curve.before.p, *curve.after.p], default=0.9)
        axes.set_xlim(1, 1 / (1 - last) * 1.1)
        shown = [tick for tick in ticks if tick <= last]
        axes.xaxis.set_major_locator(FixedLocator([1 / (1 - tick) for tick in shown]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * (1 - 1 / x):.6g} %"))
        _round_ticks(axes)
        axes.grid()
        axes.set_title(f"{curve.cell}, ms")
        if index == 0:
            axes.legend(loc="lower right")
    return figure


def _classes(shares: tuple[ClassShare, ...], width: float) -> Figure:
    personas = list(dict.fromkeys(share.persona for share in shares))
    names = list(dict.fromkeys(share.cache for share in shares))
    bars = [(persona, arm) for persona in personas for arm in ("before", "after")]
    height = 0.36 * len(bars) + 0.95
    figure = Figure(figsize=(width, height))
    left = 1.75 / width
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
                100 * value,
                left=100 * start,
                height=0.66,
                facecolor=AFTER if share.cache == "HIT" else BAND if share.cache == "BYPASS" else PAPER,
                edgecolor=INK,
                linewidth=0.8,
                hatch=_HATCHES[share.cache],
                label=share.cache if share.cache not in labelled else None,
            )
            labelled.add(share.cache)
            start += value
    axes.set_yticks(range(len(bars)), [f"{persona} {arm}" for persona, arm in reversed(bars)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f} %"))
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: names.index(labels[i]))
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="upper left",
        ncols=4 if width > 6 else 3,
        bbox_to_anchor=(0.0, 1.0),
    )
    return figure


def _timeline(comparison: Comparison, width: float) -> Figure:
    figure = Figure(figsize=(width, 4.4))
    heights = (("requests a second", 0.72), ("lateness p99, ms", 0.42), ("CPU of a core", 0.13))
    moments = comparison.timeline
    changes = [i for i in range(1, len(moments)) if moments[i].launch != moments[i - 1].launch]

    def series(name: str) -> tuple[Floats, Floats]:
        """Position and value of every stretch, with a break in the line between launches."""
        values = np.array([getattr(moment, name) for moment in moments], np.float64)
        return np.insert(np.arange(1.0, len(moments) + 1), changes, np.nan), np.insert(values, changes, np.nan)

    left = 0.55 / width
    panels = [figure.add_axes((left, bottom, 0.97 - left, 0.21)) for _, bottom in heights]
    edges = [0, *changes, len(moments)]
    middles = [(one + other + 1) / 2 for one, other in pairwise(edges)]
    for axes, (title, _) in zip(panels, heights, strict=True):
        axes.set_title(title)
        axes.set_xlim(0.5, len(moments) + 0.5)
        axes.grid(axis="y")
        for change in changes:
            axes.axvline(change + 0.5, color=RULE, linewidth=0.8)
        axes.tick_params(labelbottom=axes is panels[-1])
    rate, lag, cpu = panels
    rate.plot(*series("offered"), color=BEFORE, linestyle=(0, (5, 2)), label="offered")
    rate.plot(*series("completed"), color=AFTER, linewidth=1.1, label="completed")
    rate.legend(loc="upper right", ncols=2, bbox_to_anchor=(1, 1.36), borderaxespad=0)
    lag.plot(*series("lag_p99_ms"), color=AFTER)
    lag.axhline(min(launch.lag_limit_ms for launch in comparison.launches), color=MUTED, linestyle=":")
    cpu.plot(*series("cpu"), color=AFTER)
    cpu.axhline(0.8, color=MUTED, linestyle=":")
    for axes in panels:
        axes.set_ylim(bottom=0)
    cpu.set_ylim(0, max([1.0, *(moment.cpu for moment in moments if math.isfinite(moment.cpu))]))
    every = max(1, math.ceil(len(middles) / (24 if width > 6 else 12)))
    cpu.set_xticks(middles[::every], [str(moments[edge].launch) for edge in edges[:-1]][::every])
    cpu.set_xlabel("launch")
    return figure


def _grid(panels: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels, ``height`` inches each with title and labels, and its panels in reading order."""
    columns = min(columns, panels)
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(width, height * rows))
    left, right, top, bottom = 0.55, 0.1, 0.28, 0.27
    cell = width / columns
    axes = []
    for number in range(panels):
        row, column = divmod(number, columns)
        corner = (column * cell + left) / width, ((rows - 1 - row) * height + bottom) / (height * rows)
        axes.append(
            figure.add_axes((*corner, (cell - left - right) / width, (height - top - bottom) / (height * rows)))
        )
    return figure, axes


def _ratio_ticks(axis: Any, low: float, high: float, most: int) -> None:
    """Round ratios inside the limits, at most so many: written as they are, not as powers of ten."""
    steps = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)
    if high / low > 3:
        ticks = [step for step in steps if low <= step <= high]
        ticks = ticks if len(ticks) <= most else [t for t in ticks if t in {0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0}]
    else:
        width = next(s for s in (1e-4, 2e-4, 5e-4, *steps) if (high - low) / s <= most)
        ticks = [round(i * width, 6) for i in range(math.ceil(low / width), math.floor(high / width) + 1)]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def _round_ticks(axes: Axes) -> None:
    """Milliseconds as 1, 2, 5 and their powers of ten."""
    low, high = axes.get_ylim()
    ticks = [m * 10.0**e for e in range(-4, 7) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
