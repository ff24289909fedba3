"""The comparison as one page: self-contained, without a script, for any screen, dark or light, and for paper."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from results import units
from results.comparison import Comparison
from results.design import FLOOR_MS
from results.measures import Interval
from results.report import tables

if TYPE_CHECKING:
    from results.report.figures import Plot

_MARKS: Final = {
    "faster": "◀",
    "slower": "▶",
    "no difference": "●",
    "not enough data": "◇",
    "invalid": "✕",
    "not comparable": "✕",
}
_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=%|(?:ms|s|GiB)\b)")


def render(comparison: Comparison) -> str:
    """The whole page as text."""
    # Late: whoever wants no page should not wait for the plotting library.
    from results.report import figures

    plots = figures.draw(comparison)
    return _template().render(
        c=comparison,
        mark=_MARKS,
        plots=plots,
        contents=_contents(comparison, plots),
        primary=[tables.row(result) for result in comparison.primary],
        others=[tables.row(result) for result in comparison.cells if not result.primary],
        results=comparison.primary,
        gates=[(gate, tables.gate_state(gate), *tables.gate_figures(gate)) for gate in comparison.gates],
        gate_count=tables.gate_count(comparison),
        hit_ratios=tables.hit_ratio_lines(comparison),
        over=tables.over(comparison),
        evidence=tables.evidence(comparison),
        family=tables.family(comparison),
        history=tables.history(comparison),
        noise=tables.noise(comparison),
        floor=_floor(comparison),
        plan=json.dumps(comparison.plan, indent=2, ensure_ascii=False, default=str),
        facts=tables.facts(comparison),
    )


def _contents(comparison: Comparison, plots: Mapping[str, Plot]) -> list[tuple[str, str]]:
    """Anchor and title of every section that the page has."""
    sections = [
        ("changed", "What changed", bool(comparison.primary)),
        ("each", "Every launch", "launches" in plots),
        ("distribution", "The whole distribution", bool({"shift", "percentiles", "tails"} & plots.keys())),
        ("time", "Over time", bool({"heat", "timeline"} & plots.keys())),
        ("gates", "Can this be believed?", True),
        ("cache", "What the page cache did", True),
        ("floor", "The noise floor", comparison.kind == "trial"),
        ("detectable", "What it could have detected", "power" in plots),
        ("caveats", "What it does not say", True),
        ("details", "Details", True),
        ("reading", "How to read this", True),
    ]
    return [(anchor, title) for anchor, title, is_there in sections if is_there]


def _floor(comparison: Comparison) -> str:
    """The smallest absolute change that counts, in words."""
    if comparison.design.floor_ms is not None:
        return units.milliseconds(comparison.design.floor_ms)
    if comparison.noise is not None:
        return "what two copies of one version differ by"
    return units.milliseconds(FLOOR_MS)


def _interval(interval: Interval) -> str:
    return units.interval(interval.low, interval.high)


def _ends(ends: tuple[float, float]) -> str:
    return units.interval(*ends) or "–"


def _hold_together(value: object) -> object:
    """No line breaks between a number and its unit; what is markup already, or escaped in the template, is left be."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", value)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("results.report", "."),
        autoescape=True,
        finalize=_hold_together,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ends": _ends,
        "interval": _interval,
        "moment": tables.moment,
        "ms": units.milliseconds,
        "percent": units.percent,
        "ratio": units.ratio,
        "setting": tables.setting,
        "slug": lambda word: word.replace(" ", "-"),
    }
    return environment.get_template("report.html.j2")
