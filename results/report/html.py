"""The comparison as one page: self-contained, without a script, for any screen, dark or light, and for paper."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

import jinja2

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
        plan=json.dumps(comparison.plan, indent=2, ensure_ascii=False, default=str),
        facts=[
            (title, comparison.plan[key])
            for title, key in (("Machine", "machine"), ("Versions", "versions"), ("Articles", "corpus"))
            if isinstance(comparison.plan.get(key), dict)
        ],
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("results.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ms": units.milliseconds,
        "percent": units.percent,
        "ratio": units.ratio,
        "setting": tables.setting,
        "slug": lambda word: word.replace(" ", "-"),
    }
    return environment.get_template("report.html.j2")
