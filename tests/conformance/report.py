"""The tables of docs/conformance.md, made of the results alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.conformance.record import UNCOUNTED, Column, Count, Results, count

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
_KINDS: Final = ("required", "optimal")


def written_into(text: str, results: Results) -> str:
    """The document with its tables made anew.

    Raises:
        KeyError: It has no place for one of them.
    """
    for name, table in tables(results).items():
        pattern = re.compile(rf"(?s)(<!-- {name}: written by make conformance -->\n).*?(<!-- end -->)")
        if not pattern.search(text):
            message = f"no markers for {name} in {DOCUMENT.name}"
            raise KeyError(message)
        text = pattern.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text, count=1)
    return text


def tables(results: Results) -> dict[str, str]:
    """Each table in Markdown, by its name."""
    return {
        "servers": _servers(results),
        "totals": _totals(results),
        **{kind: _by_group(results, kind) for kind in _KINDS},
    }


def _servers(results: Results) -> str:
    rows = [(name, column.server, _again(column)) for name, column in results.columns.items()]
    return _table([("column", "cache", "tests that were run twice")], rows)


def _again(column: Column) -> str:
    return ", ".join(f"`{test}`" for test in sorted(column.again)) or "none"


def _totals(results: Results) -> str:
    rows = []
    for kind in _KINDS:
        counts = [count(results.counted(), kind, column) for column in results.columns.values()]
        total = counts[0].total if counts else 0
        rows += [
            (f"{kind}, of {total}: passed", *(str(each.passed) for each in counts)),
            (f"{kind}: failed", *(str(each.failed) for each in counts)),
            (f"{kind}: not reached", *(str(each.unreached) for each in counts)),
        ]
        if kind == "required":
            rows.insert(2, ("required: failed by a stored response that must not be sent", *_wrong(counts)))
    return _table([("tests", *results.columns)], rows, figures=1)


def _wrong(counts: Iterable[Count]) -> Iterable[str]:
    return (str(each.wrong) for each in counts)


def _by_group(results: Results, kind: str) -> str:
    rows = []
    for group in results.groups:
        counts = [count([group], kind, column) for column in results.columns.values()]
        if counts and counts[0].total:
            name = f"{group.name} (not counted)" if group.id in UNCOUNTED else group.name
            rows.append((name, str(counts[0].total), *map(_cell, counts)))
    return _table([("group", "tests", *results.columns)], rows, figures=1)


def _cell(counted: Count) -> str:
    return f"{counted.passed} / {counted.failed}"


def _table(head: Sequence[tuple[str, ...]], rows: Iterable[tuple[str, ...]], *, figures: int | None = None) -> str:
    width = len(head[0])
    first = width if figures is None else figures
    line = ("---",) * first + ("--:",) * (width - first)
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, line, *rows])
