"""The comparison on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from results.comparison import Comparison
from results.gate import Gate
from results.report import tables

_WIDE: Final = 100
_MOST: Final = 6
"""Figures named in a sentence; the others are in the report."""

_STYLE: Final = {
    "faster": "bold green",
    "slower": "bold red",
    "no difference": "bold",
    "not enough data": "bold yellow",
    "invalid": "bold red",
    "not comparable": "bold red",
}


def render(comparison: Comparison) -> RenderableType:
    """A renderable for any ``rich`` console; legible without colour and from 80 columns on.

    The order is that of a reader who may stop at any line: verdict, what goes with it, cells, evidence, gates, caveats.
    """
    c = comparison
    parts: list[RenderableType] = [
        Text.assemble((c.overall.word.upper(), _STYLE[c.overall.word]), "  ", c.overall.headline),
        *(Text(sentence) for sentence in c.overall.sentences),
    ]
    if c.fallback:
        parts.append(Text(c.fallback, style="yellow"))
    parts.append(Text())
    if c.primary:
        parts += [_Cells(c), Text()]
    hidden = sum(not result.primary for result in c.cells)
    if hidden:
        further = "1 further cell is" if hidden == 1 else f"{hidden} further cells are"
        parts.append(Text(f"{further} in the report, but without a say in the verdict.", style="dim"))
    parts.append(Text.assemble((tables.evidence(c), "" if c.grade == "A" else "bold yellow"), " ", tables.family(c)))
    sentences = (tables.detected(c, _MOST), tables.noise(c, _MOST), tables.history(c))
    parts += [Text(sentence) for sentence in sentences if sentence]
    parts += [Text(), Text(f"{tables.gate_count(c)}.")]
    for state, mark in (("failed", "✗"), ("noted", "·")):
        gates = [gate for gate in c.gates if tables.gate_state(gate) == state]
        if gates:
            parts.append(_listed((mark, _gate(gate, c.overall.headline)) for gate in gates))
    if c.hit_ratios:
        lines = tables.hit_ratio_lines(c)
        parts += [Text(), Text("Served from the page cache:"), _listed(("", Text(line)) for line in lines)]
    parts += [Text(), *(Text(caveat, style="dim") for caveat in c.caveats)]
    return Group(*parts)


def _gate(gate: Gate, headline: str) -> Text:
    measured, limit = tables.gate_figures(gate)
    title = (gate.title, "bold") if tables.gate_state(gate) == "failed" else f"note: {gate.title}"
    return Text.assemble(title, f": {measured} (limit: {limit}). {tables.gate_text(gate, headline)}")


def _listed(items: Iterable[tuple[str, Text]]) -> Table:
    """Lines with a mark in front of each, whose further lines are set in."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for mark, text in items:
        grid.add_row(f" {mark}", text)
    return grid


class _Cells:
    """The table of primary cells, in fewer columns where the terminal is narrow."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for the width at hand."""
        is_wide = options.max_width >= _WIDE
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("cell", overflow="fold", min_width=None if is_wide else 12)
        table.add_column("before", justify="right", no_wrap=True)
        table.add_column("after", justify="right", no_wrap=True)
        table.add_column(Text("ratio [interval]" if is_wide else "ratio"), no_wrap=True)
        table.add_column("margin", justify="right", no_wrap=True)
        if is_wide:
            table.add_column("db calls", justify="right", no_wrap=True)
        table.add_column("verdict", overflow="fold", min_width=20 if is_wide else 16)
        for result in self._comparison.primary:
            row = tables.row(result)
            verdict = Text.assemble((row.word, _STYLE[row.word]), row.qualifier)
            if row.tags:
                verdict.append(f" ({', '.join(row.tags)})")
            ratio = Text(f"{row.ratio} {row.interval}".rstrip() if is_wide else f"{row.ratio}\n{row.interval}".rstrip())
            figures: list[RenderableType] = [row.before, row.after, ratio, row.margin]
            if is_wide:
                figures.append(row.calls)
            table.add_row(Text(f"{row.name} {row.quantile}"), *figures, verdict)
        yield table
