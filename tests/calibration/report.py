"""What calibration measured, and the document that shows it: tables between markers, written anew by a complete run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
POWER_FIGURE = DOCUMENT.with_name("calibration-power.svg")


@dataclass(frozen=True)
class Table:
    """The shape of one table of the document."""

    name: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def markdown(self, cells: dict[tuple[str, str], str]) -> str:
        """The table with its figures."""
        lines = [[self.corner, *self.columns], ["---", *["--:"] * len(self.columns)]]
        lines += [[row, *(cells[row, column] for column in self.columns)] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass
class Report:
    """Figures of one run, by table, row and column; curves of the power figure by their label."""

    cells: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    curves: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)

    def put(self, table: Table, row: str, column: str, text: str) -> None:
        """Keep a figure; it must have a place."""
        if row not in table.rows or column not in table.columns:
            message = f"{table.name} has no place for {row!r}, {column!r}"
            raise KeyError(message)
        self.cells.setdefault(table.name, {})[row, column] = text

    def is_complete(self, table: Table) -> bool:
        """Whether every figure of a table was measured."""
        return len(self.cells.get(table.name, ())) == len(table.rows) * len(table.columns)

    def written_into(self, text: str, tables: tuple[Table, ...]) -> str:
        """The document with every complete table in its place; others stay as they are."""
        for table in tables:
            if self.is_complete(table):
                text = place(text, table.name, table.markdown(self.cells[table.name]))
        return text


def figures(text: str, table: Table) -> dict[tuple[str, str], str]:
    """What a table of the document holds, by row and column, with its marks.

    Raises:
        KeyError: The document has no such markers.
    """
    found = _between(table.name).search(text)
    if not found:
        message = f"no markers for {table.name} in {DOCUMENT.name}"
        raise KeyError(message)
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in found[0].split("\n") if "|" in line]
    return {(row, column): cell for row, *cells in lines[2:] for column, cell in zip(lines[0][1:], cells, strict=True)}


def place(text: str, name: str, body: str) -> str:
    """The document with ``body`` between the markers of a name.

    Raises:
        KeyError: The document has no such markers.
    """
    pattern = _between(name)
    if not pattern.search(text):
        message = f"no markers for {name} in {DOCUMENT.name}"
        raise KeyError(message)
    return pattern.sub(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", text, count=1)


def _between(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {re.escape(name)}: written by make calibrate -->\n).*?(<!-- end -->)", re.DOTALL)


def share(count: float, of: float) -> str:
    """A share as a percentage with one decimal, without its sign: ``5.1``."""
    return f"{100 * count / of:.1f}"


def draw_power(curves: dict[str, tuple[list[float], list[float]]], path: Path) -> None:
    """Measured power over the true change, in units of the change that the planner calls detectable."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "calibration", "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        axes.axhline(95, color="0.75", linewidth=1)
        axes.axvline(1, color="0.75", linewidth=1)
        for style, (label, (change, power)) in zip(("-", "--", "-.", ":"), curves.items(), strict=False):
            axes.plot(change, [100 * value for value in power], style, label=label)
        axes.set_xlabel("true change beyond the margin / change the planner calls detectable")
        axes.set_ylabel("cells called slower, %")
        axes.set_ylim(0, 100)
        axes.set_xlim(0, max(max(change) for change, _ in curves.values()))
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
