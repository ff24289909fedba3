"""The launches of one arm in Go's benchmark format, for ``benchstat`` and whatever else reads it.

One line is one launch of one cell, so that others can check the verdict with other statistics. The two arms
are two texts, as ``benchstat`` compares files:

    BenchmarkReaderArticle/cache=all/p95 1 744000 ns/op

Settings stand in comments and not in configuration lines: ``benchstat`` puts results of unlike configuration into
tables of their own, and the arms would never meet. It takes the launches of the two arms as unpaired, so it sees less
than the ratios within launches show, and its p values are for one cell at a time.

Source of the format: the Go project's design document 14313, "Go Benchmark Data Format".
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal

from results.cells import CellResult
from results.comparison import Comparison
from results.report import tables
from results.units import counted

NS_PER_MS: Final = 1_000_000
_LONGEST: Final = 300


def render(comparison: Comparison, arm: Literal["before", "after"]) -> str:
    """One line for every cell and launch of an arm, primary cells first; nanoseconds.

    A launch in which failed requests reach the quantile has no figure. It is left out and a comment says so.
    """
    side = comparison.arms[0 if arm == "before" else 1]
    settings = ", ".join(f"{name}={tables.setting(value)}" for name, value in sorted(side.settings.items()))
    machine = comparison.plan.get("machine")
    processor = machine.get("cpu") if isinstance(machine, dict) else None
    lines = [
        f"# {_line(comparison.name)}, arm {arm}" + (f": {_line(settings)}" if settings else ""),
        f"# {comparison.overall.word}, evidence grade {comparison.grade}, over {tables.over(comparison)}",
        f"pkg: {_line(comparison.name)}",
        *([f"cpu: {_line(str(processor))}"] if processor else []),
    ]
    names = tables.distinct({(result.cell, result.quantile): _name(result) for result in comparison.cells})
    for family, results in (
        ("primary", comparison.primary),
        ("exploratory", tuple(result for result in comparison.cells if not result.primary)),
    ):
        part = [line for result in results for line in _launches(result, arm, names[result.cell, result.quantile])]
        lines += [f"family: {family}", *part] if part else []
    return "\n".join(lines) + "\n"


def _launches(result: CellResult, arm: Literal["before", "after"], name: str) -> list[str]:
    values = [float(getattr(level, arm)) for level in result.levels]
    lines = [f"{name} 1 {NS_PER_MS * value:.0f} ns/op" for value in values if math.isfinite(value)]
    if lost := sum(map(math.isinf, values)):  # an earlier session has no after arm, which is no loss
        verb = "is" if lost == 1 else "are"
        lines.insert(0, f"# {name}: {counted(lost, 'launch')} {verb} left out, as failed requests reach this quantile")
    return lines


def _name(result: CellResult) -> str:
    words = re.findall(r"[^\W_]+", f"{result.cell.persona} {result.cell.route}")
    title = "".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST] or "Page"
    return f"Benchmark{title}/cache={result.cell.cache}/{result.quantile}"


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
