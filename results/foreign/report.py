"""Sessions of another tool side by side, for a terminal, a pull request and a machine."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from results import units
from results.foreign.cells import MEAN, ForeignCell, Side
from results.foreign.compare import FORMAT, ForeignComparison
from results.foreign.model import Session
from results.measures import Interval
from results.report.markdown import MARKER, escape

_STYLE: Final = {
    "faster": "bold green",
    "slower": "bold red",
    "no difference": "bold",
    "not enough data": "bold yellow",
    "not comparable": "bold red",
}
_SIGN: Final = {"passed": "✓", "noted": "· note:", "failed": "✗"}
_SHOWN: Final = 12
"""Cells in a table: as many as can decide."""


def text(comparison: ForeignComparison) -> RenderableType:
    """A renderable for any ``rich`` console."""
    overall = comparison.overall
    parts: list[RenderableType] = [
        Text.assemble((overall.word.upper(), _STYLE[overall.word]), "  ", overall.headline),
        *(Text(sentence) for sentence in overall.sentences),
        Text(),
        _table(comparison),
    ]
    if hidden := len(comparison.cells) - len(_shown(comparison)):
        parts.append(Text(f"{units.counted(hidden, 'further cell')} in the JSON, without a say in the verdict.", "dim"))
    parts.append(Text())
    for check in comparison.checks:
        said = "" if check.words == overall.headline else f": {check.words}"
        parts.append(Text(f"  {_SIGN[check.state]} {check.title}{said}", "bold" if check.state == "failed" else ""))
    parts.append(Text(_evidence(comparison)))
    parts += [Text(f"Note: {caveat}", style="dim") for caveat in comparison.caveats]
    return Group(*parts)


def markdown(comparison: ForeignComparison) -> str:
    """A pull-request comment, below GitHub's limit."""
    overall = comparison.overall
    lines = [MARKER, f"### {overall.word.capitalize()}: {escape(overall.headline)}", ""]
    lines += [f"{escape(sentence)}\n" for sentence in overall.sentences]
    lines += [escape(_evidence(comparison)), ""]
    if cells := _shown(comparison):
        lines += [
            "| cell | before | after | ratio [interval] | resolution | verdict |",
            "| --- | ---: | ---: | --- | --- | --- |",
        ]
        lines += [f"| {' | '.join(map(escape, row(cell)[:5]))} | {_verdict_markdown(cell)} |" for cell in cells]
    lines += ["", "<details><summary>Conditions and notes</summary>", ""]
    lines += [
        f"- {'passed' if check.ok else f'**{check.state}**'}: {escape(check.title)}: {escape(check.words)}"
        for check in comparison.checks
    ]
    lines += [*(f"- {escape(caveat)}" for caveat in comparison.caveats), "", "</details>", ""]
    return "\n".join(lines)


def render_json(comparison: ForeignComparison) -> str:
    """JSON text; figures that are not finite are ``null``."""
    return json.dumps(to_dict(comparison), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_dict(comparison: ForeignComparison) -> dict[str, Any]:
    """Plain JSON data, as ``results/schema/foreign.schema.json`` describes it."""
    overall = comparison.overall
    return {
        "format": FORMAT,
        "kind": "foreign",
        "grade": comparison.grade,
        "overall": {"word": overall.word, "headline": overall.headline, "sentences": list(overall.sentences)},
        "design": {
            "alpha": comparison.alpha,
            "margins": dict(comparison.margins),
            "floor_ms": comparison.floor_ms,
        },
        "sessions": {
            "before": [_session(session) for session in comparison.before],
            "after": [_session(session) for session in comparison.after],
            "baselines": [_session(session) for session in comparison.baselines],
        },
        "checks": [
            {"code": check.code, "title": check.title, "ok": check.ok, "effect": check.effect, "words": check.words}
            for check in comparison.checks
        ],
        "cells": [_cell(cell) for cell in comparison.cells],
        "caveats": list(comparison.caveats),
    }


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of ``to_dict``."""
    found = (resources.files("results") / "schema" / "foreign.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(found)
    return loaded


def _shown(comparison: ForeignComparison) -> tuple[ForeignCell, ...]:
    """The primary cells or, where there is none, the first of the others."""
    return comparison.primary or comparison.cells[:_SHOWN]


def _table(comparison: ForeignComparison) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("cell", overflow="fold")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    table.add_column(Text("ratio [interval]"))
    table.add_column(Text("resolution"))
    table.add_column("verdict", overflow="fold", min_width=20)
    for cell in _shown(comparison):
        name, before, after, ratio, resolution = row(cell)
        word = cell.verdict.word
        verdict = Text.assemble((word, _STYLE[word]), cell.verdict.tail)
        table.add_row(Text(name), before, after, Text(ratio), Text(resolution), verdict)
    return table


def row(cell: ForeignCell) -> tuple[str, str, str, str, str]:
    """Name, both sides, ratio with its interval, and the range the instruments leave the ratio, as text."""
    ratio = f"{units.ratio(cell.ratio.estimate)} {units.interval(cell.ratio.low, cell.ratio.high)}".strip()
    is_wide = cell.instrument.high > cell.instrument.low
    resolution = (units.interval(cell.instrument.low, cell.instrument.high) or "unbounded") if is_wide else "exact"
    if cell.quantile == MEAN or not math.isfinite(cell.ratio.estimate):
        resolution = "–"
    return (
        cell.label,
        units.milliseconds(cell.before.value_ms),
        units.milliseconds(cell.after.value_ms),
        ratio,
        resolution,
    )


def _verdict_markdown(cell: ForeignCell) -> str:
    verdict = cell.verdict
    return f"**{verdict.word}**{escape(verdict.word + verdict.tail).removeprefix(verdict.word)}"


def _evidence(comparison: ForeignComparison) -> str:
    before, after = len(comparison.before), len(comparison.after)
    first = comparison.before[0]
    said = (
        f"Grade {comparison.grade}, sessions of {first.tool}: {units.counted(before, 'session')} before, "
        f"{units.counted(after, 'session')} after"
    )
    if comparison.baselines:
        said += f", {units.counted(len(comparison.baselines), 'session')} for the spread"
    return f"{said}; the tool writes latencies as {first.resolution}."


def _session(session: Session) -> dict[str, Any]:
    return session.to_dict()


def _cell(cell: ForeignCell) -> dict[str, Any]:
    verdict = cell.verdict
    return {
        "series": cell.series,
        "quantile": cell.quantile,
        "primary": cell.primary,
        "before": _side(cell.before),
        "after": _side(cell.after),
        "ratio": _interval(cell.ratio),
        "instrument": _interval(cell.instrument),
        "margin": _finite(cell.margin),
        "spread": _finite(cell.spread),
        "verdict": {
            "word": verdict.word,
            "qualifier": verdict.qualifier,
            "direction": verdict.direction,
            "at_least": verdict.at_least,
            "ruled_out_slowdown": _finite(verdict.ruled_out_slowdown),
            "ruled_out_speedup": _finite(verdict.ruled_out_speedup),
            "sessions_needed": verdict.launches_needed,
        },
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "value_ms": _finite(side.value_ms),
        "low_ms": _finite(side.low_ms),
        "high_ms": _finite(side.high_ms),
        "sessions_ms": [_finite(value) for value in side.sessions],
        "requests": side.requests,
        "failed": side.failed,
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "estimate": _finite(interval.estimate),
        "low": _finite(interval.low),
        "high": _finite(interval.high),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
