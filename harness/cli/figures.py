"""The figures of a record as verbs show them: table, remarks and doubts, on a terminal and as JSON."""

from __future__ import annotations

from typing import Any

from harness.cli import options
from results import remarks, summary, validity
from results.record import Record


def to_dict(record: Record) -> dict[str, Any]:
    """Plain JSON data; ``valid`` says whether the figures may be used."""
    found = validity.judge(record)
    return {
        "rows": summary.to_dicts(summary.summarize(record)),
        "remarks": remarks.to_dicts(remarks.remarks(record)),
        "doubts": validity.to_dicts(found),
        "valid": validity.is_valid(found),
    }


def show(record: Record) -> bool:
    """Print table, remarks and doubts, which belong together; returns whether the figures may be used."""
    console = options.console()
    if (levels := remarks.levels(record)) is not None:
        console.print(levels)
        console.print()
    console.print(summary.to_table(summary.summarize(record)))
    for remark in remarks.remarks(record):
        console.print(remark.words, markup=False, soft_wrap=True)
    found = validity.judge(record)
    for doubt in found:
        console.print(str(doubt), markup=False, soft_wrap=True)
    return validity.is_valid(found)
