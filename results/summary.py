"""What one run saw, in figures a person reads: counts and response times per arm, persona, route and cache class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from results.record import Record


@dataclass(frozen=True, slots=True)
class Row:
    """One group of requests. Times are milliseconds from the scheduled moment to the last byte, of whole responses."""

    arm: str
    persona: str
    route: str
    cache: str
    requests: int
    errors: int
    failed_checks: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


def summarize(record: Record) -> list[Row]:
    """The measured part of a record, one row per arm, persona, route and cache class, in that order."""
    table = record.table("requests")
    keys = ("arm", "persona", "route", "cache", "phase", "error", "check")
    columns = {key: _words(table, key) for key in keys}
    response_ms = (table["end"].to_numpy() - table["scheduled"].to_numpy()) * 1e3
    measured = columns["phase"] == "measured"
    group_keys = [columns[key] for key in keys[:4]]
    rows = []
    group: tuple[str, str, str, str]
    for group in sorted(set(zip(*(column[measured] for column in group_keys), strict=True))):
        mask = measured & np.logical_and.reduce([c == word for c, word in zip(group_keys, group, strict=True)])
        good = mask & (columns["error"] == "none")
        times = response_ms[good]
        p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99)).tolist() if times.size else (None, None, None)
        failed = int(np.sum(~np.isin(columns["check"][mask], ("ok", "unchecked"))))
        rows.append(Row(*group, int(mask.sum()), int(mask.sum() - good.sum()), failed, p50, p95, p99))
    return rows


def to_dicts(rows: list[Row]) -> list[dict[str, Any]]:
    """Plain JSON data."""
    return [asdict(row) for row in rows]


def to_table(rows: list[Row]) -> Table:
    """A table for the terminal."""
    table = Table("arm", "persona", "route", "cache", box=None, pad_edge=False)
    for title in ("requests", "errors", "failed checks", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(title, justify="right")
    for row in rows:
        times = ("–" if time is None else f"{time:.3f}" for time in (row.p50_ms, row.p95_ms, row.p99_ms))
        counts = (f"{row.requests:,}", f"{row.errors:,}", f"{row.failed_checks:,}")
        table.add_row(row.arm, row.persona, row.route, row.cache, *counts, *times)
    return table


def _words(table: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.asarray(table[name].cast(pa.string()), dtype=object)
