"""The comparison as one page: self-contained, without a script, for any screen, dark or light, and for paper."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Final

import jinja2
from markupsafe import Markup

from results import units
from results.comparison import Comparison
from results.report import figures, tables

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
    return _template().render(
        c=comparison,
        mark=_MARKS,
        plots=figures.draw(comparison),
        primary=[tables.row(result) for result in comparison.primary],
        others=[tables.row(result) for result in comparison.cells if not result.primary],
        results=comparison.primary,
        gates=[(gate, *tables.gate_figures(gate)) for gate in comparison.gates],
        hit_ratios=tables.hit_ratio_lines(comparison),
        over=tables.over(comparison),
        plan=json.dumps(comparison.plan, indent=2, ensure_ascii=False, default=str),
        facts=tables.facts(comparison),
    )


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
        "moment": tables.moment,
        "ms": units.milliseconds,
        "percent": units.percent,
        "ratio": units.ratio,
        "setting": tables.setting,
        "slug": lambda word: word.replace(" ", "-"),
    }
    return environment.get_template("report.html.j2")
