"""What one run saw, in figures a person reads: counts and response times per arm, persona, route and cache class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.record import Record
from results.samples import coded, numbers
from results.units import percent, readable

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One group of requests. Times are milliseconds from the scheduled moment to the last byte, of whole responses.

    ``not_modified`` counts the 304 replies, which are whole responses too.
    """

    arm: str
    persona: str
    route: str
    cache: str
    requests: int
    errors: int
    failed_checks: int
    not_modified: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


def summarize(record: Record) -> list[Row]:
    """The measured part of a record, one row per arm, persona, route and cache class, in that order."""
    table = record.table("requests")
    measured = among(table, "phase", "measured")
    keys = [coded(table.column(name)) for name in ("arm", "persona", "route", "cache")]
    group = np.zeros(table.num_rows, np.int64)
    for codes, vocabulary in keys:
        group = group * len(vocabulary) + codes
    good = among(table, "error", "none")
    passed = among(table, "check", "ok", "unchecked")
    not_modified = good & (numbers(table.column("status")) == 304)
    response_ms = (numbers(table.column("end")) - numbers(table.column("scheduled"))) * 1e3
    rows = []
    for number in np.unique(group[measured]):
        mask = measured & (group == number)
        first = int(np.argmax(mask))
        arm, persona, route, cache = (vocabulary[codes[first]] for codes, vocabulary in keys)
        times = response_ms[mask & good]
        p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99)).tolist() if times.size else (None, None, None)
        rows.append(
            Row(
                arm=arm,
                persona=persona,
                route=route,
                cache=cache,
                requests=int(mask.sum()),
                errors=int((mask & ~good).sum()),
                failed_checks=int((mask & ~passed).sum()),
                not_modified=int((mask & not_modified).sum()),
                p50_ms=p50,
                p95_ms=p95,
                p99_ms=p99,
            )
        )
    return sorted(rows, key=lambda row: (row.arm, row.persona, row.route, row.cache))


def among(table: pa.Table, name: str, *words: str) -> npt.NDArray[np.bool_]:
    """Where a column of words holds one of these; shape (rows,)."""
    codes, vocabulary = coded(table.column(name))
    return np.array([word in words for word in vocabulary], bool)[codes]


def to_dicts(rows: list[Row]) -> list[dict[str, Any]]:
    """Plain JSON data."""
    return [asdict(row) for row in rows]


def to_table(rows: list[Row]) -> Table:
    """A table for the terminal; with the share of 304 replies where there are any."""
    from rich.table import Table  # late: a swarm counts, and draws nothing

    has_304 = any(row.not_modified for row in rows)
    table = Table("arm", "persona", "route", "cache", box=None, pad_edge=False)
    for title in ("requests", "errors", "failed checks", *(["304"] if has_304 else []), "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(title, justify="right")
    for row in rows:
        times = ("–" if time is None else f"{time:.3f}" for time in (row.p50_ms, row.p95_ms, row.p99_ms))
        counts = [f"{row.requests:,}", f"{row.errors:,}", f"{row.failed_checks:,}"]
        if has_304:
            counts.append(percent(row.not_modified / row.requests))
        table.add_row(row.arm, row.persona, readable(row.route), row.cache, *counts, *times)
    return table
