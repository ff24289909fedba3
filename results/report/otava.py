"""A history of trials as CSV, for Apache Otava to find the run at which a latency changed for good.

A comparison answers for two versions. A history of after arms answers for the weeks between them: one row a trial, one
column for each primary cell. Otava reads it as a test of type ``csv`` with ``time_column: time``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import Any, Final

from results.comparison import Comparison
from results.errors import ResultsError
from results.report import tables

ABOUT: Final = ("time", "name", "commit", "branch", "verdict")
"""The first columns; Otava takes them as attributes. All others are milliseconds."""

_LONGEST: Final = 200


def render(comparisons: Sequence[Comparison], history: str = "") -> str:
    """CSV text, the oldest trial first, and none without a row; a trial that is in the history replaces its row.

    Comparisons that are invalid or not comparable give no row: their latencies are no part of a history. A cell that a
    trial does not have, or whose quantile failed requests reach, is ``nan`` there.

    Args:
        comparisons: In any order.
        history: What an earlier call returned.

    Raises:
        ResultsError: ``history`` is something else, or a comparison does not say when it began.
    """
    rows = {(row["time"], row["name"]): row for row in _read(history)}
    for comparison in comparisons:
        if comparison.overall.word not in {"invalid", "not comparable"}:
            row = _row(comparison)
            rows[row["time"], row["name"]] = row
    if not rows:
        return ""
    ordered = [rows[key] for key in sorted(rows)]
    metrics = dict.fromkeys(name for row in ordered for name in row if name not in ABOUT)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*ABOUT, *metrics], restval="nan", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered)
    return text.getvalue()


def _row(comparison: Comparison) -> dict[str, str]:
    began = comparison.plan.get("started")
    if not began:
        raise ResultsError(f"the plan of {comparison.name} does not say when it started; a history needs the time")
    source = tables.source(comparison)
    commit = tables.source(comparison, "after").commit or source.commit
    about = (str(began), comparison.name, commit, source.branch, comparison.overall.word)
    row = {key: " ".join(value.split())[:_LONGEST] for key, value in zip(ABOUT, about, strict=True)}
    names = tables.distinct({result.label: _metric(result.label) for result in comparison.primary})
    for result in comparison.primary:
        value = result.latency_ms.after
        row[names[result.label]] = f"{value:.6g}" if math.isfinite(value) else "nan"
    return row


def _metric(label: str) -> str:
    """A column name that a command line takes without quotes."""
    return f"{re.sub(r'[^a-zA-Z0-9]+', '_', label).strip('_')[:_LONGEST]}_ms"


def _read(history: str) -> list[dict[str, Any]]:
    if not history.strip():
        return []
    reader = csv.DictReader(io.StringIO(history, newline=""))
    found = tuple(reader.fieldnames or ())[: len(ABOUT)]
    if found != ABOUT:
        raise ResultsError(
            f"the history begins with the columns {', '.join(found) or 'none'} and not with {', '.join(ABOUT)}; "
            "name a file that anp wrote, or a new one"
        )
    rows = list(reader)
    for row in rows:
        if None in row or None in row.values():
            raise ResultsError(f"a row of the history has not as many values as there are columns: {row['time']}")
    return rows
