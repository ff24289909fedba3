"""Figure 7: the generator over time: what was offered and completed, what was under way, and how it felt."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import units
from results.comparison import Comparison
from results.gates import CPU_LIMIT
from results.report.figures.canvas import (
    AFTER,
    BEFORE,
    MUTED,
    RULE,
    Plot,
    fixed,
    is_wide,
    linear_ticks,
    plot,
)
from results.samples import Floats


def draw(comparison: Comparison) -> Plot | None:
    """Every second of every launch; ``None`` where none was recorded."""
    moments = comparison.timeline
    if not moments:
        return None
    failures = any(moment.errors > 0 for moment in moments)
    caption = (
        "All launches one after another, warm-up included; a thin line starts a new launch. Requests a second of both "
        "arms together, those offered dashed, those completed solid; how many were under way; "
        + ("those that failed; " if failures else "")
        + "how late the generator let them go, 99th percentile; the load of its busiest process. Dotted: the limits. "
        "All axes start at zero."
    )
    finite = [moment.lag_p99_ms for moment in moments if math.isfinite(moment.lag_p99_ms)]
    load = [moment.cpu for moment in moments if math.isfinite(moment.cpu)]
    words = [
        f"{units.counted(len(comparison.launches), 'launch')}",
        f"offered up to {units.per_second(max(moment.offered for moment in moments))}",
        f"completed up to {units.per_second(max(moment.completed for moment in moments))}",
        f"up to {max(moment.in_flight for moment in moments):.0f} under way",
        f"lateness up to {units.milliseconds(max(finite))}" if finite else "lateness unknown",
        f"busiest process up to {units.percent(max(load))} of a core" if load else "load unknown",
    ]
    return plot(
        "timeline",
        "The generator",
        caption,
        ", ".join(words),
        lambda width: _figure(comparison, width, failures=failures),
    )


def _figure(comparison: Comparison, width: float, *, failures: bool) -> Figure:
    moments = comparison.timeline
    changes = [i for i in range(1, len(moments)) if moments[i].launch != moments[i - 1].launch]

    def series(name: str) -> tuple[Floats, Floats]:
        """Position and value of every stretch, with a break in the line between launches."""
        values = np.array([getattr(moment, name) for moment in moments], np.float64)
        return np.insert(np.arange(1.0, len(moments) + 1), changes, np.nan), np.insert(values, changes, np.nan)

    rates = "requests a second" if is_wide(width) else "requests/s"
    names = [rates, "requests under way", *(["failed a second"] if failures else [])]
    names += ["lateness p99, ms", "load, share of a core"]
    each, between, bottom = 0.85, 0.36, 0.5
    height = len(names) * (each + between) + bottom
    figure = Figure(figsize=(width, height))
    left = 0.62 / width
    panels: dict[str, Axes] = {}
    for index, name in enumerate(names):
        corner = bottom + (len(names) - 1 - index) * (each + between)
        panels[name] = figure.add_axes((left, corner / height, 1 - left - 0.12 / width, each / height))
        panels[name].set_title(name)
    edges = [0, *changes, len(moments)]
    middles = [(one + other + 1) / 2 for one, other in pairwise(edges)]
    numbers = {middle: str(moments[edge].launch) for middle, edge in zip(middles, edges[:-1], strict=True)}
    rate = panels[rates]
    rate.plot(*series("offered"), color=BEFORE, linestyle=(0, (5, 2)), label="offered")
    rate.plot(*series("completed"), color=AFTER, linewidth=1.1, label="completed")
    rate.legend(loc="lower right", ncols=2, bbox_to_anchor=(1, 1.0), borderaxespad=0)
    panels["requests under way"].plot(*series("in_flight"), color=AFTER, linewidth=1.1)
    if failures:
        panels["failed a second"].plot(*series("errors"), color=AFTER, linewidth=1.1)
    panels["lateness p99, ms"].plot(*series("lag_p99_ms"), color=AFTER, linewidth=1.1)
    limits = [launch.lag_limit_ms for launch in comparison.launches if math.isfinite(launch.lag_limit_ms)]
    if limits:
        panels["lateness p99, ms"].axhline(min(limits), color=MUTED, linestyle=":")
    load = panels["load, share of a core"]
    load.plot(*series("cpu"), color=AFTER, linewidth=1.1)
    load.axhline(CPU_LIMIT, color=MUTED, linestyle=":")
    every = max(1, math.ceil(len(middles) / (24 if is_wide(width) else 10)))
    for name, axes in panels.items():
        axes.set_xlim(0.5, len(moments) + 0.5)
        axes.grid(axis="y")
        top = max(axes.get_ylim()[1], 1.0 if axes in (load, panels["requests under way"]) else 1e-9)
        axes.set_ylim(0, 1.05 * top)
        if axes is load:
            linear_ticks(axes.yaxis, 0, top, most=3, name=lambda value: f"{100 * value:.0f} %")
        else:
            linear_ticks(axes.yaxis, 0, top, most=4)
        for change in changes:
            axes.axvline(change + 0.5, color=RULE, linewidth=0.8)
        fixed(axes.xaxis, middles[::every], lambda value: numbers.get(value, ""))
        axes.tick_params(labelbottom=name == names[-1])
    load.set_xlabel("launch")
    return figure
