"""The comparison on a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from results import units
from results.comparison import Comparison
from results.report import tables

_WIDE: Final = 100

_STYLE: Final = {
    "faster": "bold green",
    "slower": "bold red",
    "no difference": "bold",
    "not enough data": "bold yellow",
    "invalid": "bold red",
    "not comparable": "bold red",
}


def render(comparison: Comparison) -> RenderableType:
    """A renderable for any ``rich`` console; legible without colour and from 80 columns on."""
    overall = comparison.overall
    parts: list[RenderableType] = [
        Text.assemble((overall.word.upper(), _STYLE[overall.word]), "  ", overall.headline),
        *(Text(sentence) for sentence in overall.sentences),
        Text(),
        _Cells(comparison),
    ]
    hidden = sum(not result.primary for result in comparison.cells)
    if hidden:
        further = "1 further cell is" if hidden == 1 else f"{hidden} further cells are"
        parts.append(Text(f"{further} in the report, but without a say in the verdict.", style="dim"))
    failed = [gate for gate in comparison.gates if not gate.ok]
    passed = len(comparison.gates) - len(failed)
    parts += [Text(), Text(f"Gates: {passed} of {len(comparison.gates)} passed.")]
    for gate in failed:
        measured, limit = tables.gate_figures(gate)
        parts.append(
            Text.assemble(
                (f"  ✗ {gate.title}", "bold"),
                f": {measured} (limit: {limit}). {tables.gate_text(gate, overall.headline)}",
            )
        )
    parts.append(Text("Served from the page cache:"))
    parts += [Text(f"  {line}") for line in tables.hit_ratio_lines(comparison)]
    parts.append(Text(_evidence(comparison)))
    parts += [Text(f"Note: {caveat}", style="dim") for caveat in comparison.caveats]
    return Group(*parts)


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
            ratio = Text(f"{row.ratio} {row.interval}" if is_wide else f"{row.ratio}\n{row.interval}")
            figures: list[RenderableType] = [row.before, row.after, ratio, row.margin]
            if is_wide:
                figures.append(row.calls)
            table.add_row(Text(f"{row.name} {row.quantile}"), *figures, verdict)
        yield table


def _evidence(comparison: Comparison) -> str:
    family = comparison.family
    rows = [tables.row(result) for result in comparison.primary]
    detected = ", ".join(f"{row.name} {row.quantile} {row.detected}" for row in rows[:3] if row.detected != "–")
    cells = units.counted(family.primary, "primary cell")
    text = (
        f"Grade {comparison.grade}: {tables.over(comparison)}; {cells}, "
        f"intervals hold together at {100 * (1 - family.alpha):g} %."
    )
    if detected and comparison.is_judged:
        text += f" Slowdowns this run would have called slower (95 % power): {detected}."
    return text
