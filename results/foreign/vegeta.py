"""Vegeta: ``encode`` as NDJSON or CSV, and the JSON of ``report``; all in nanoseconds.

The CSV has no header line. A code of 0 is a request without an answer; only 2xx and 3xx are successes. The quantiles of
a report are estimates by t-digest without a bound on their error.
"""

from __future__ import annotations

import csv
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.foreign.errors import UnknownFormat
from results.foreign.model import ALL, EXACT, Floats, Session, summary
from results.foreign.rows import (
    CUT,
    WITHHELD_CUT,
    no_zero_times,
    numbers,
    read_csv,
    read_ndjson,
    route,
    routes,
)
from results.foreign.source import Source, ascending, moment, number, table, whole
from results.foreign.words import Words

TOOL: Final = "vegeta"

_CLOCK: Final = "request sent to last byte, connecting included; sent at a fixed rate, late sends not counted in"
_ROW: Final = frozenset({"attack", "seq", "code", "latency"})
_REPORT: Final = frozenset({"latencies", "status_codes", "success", "requests"})
_COLUMNS: Final = [
    *("timestamp", "code", "latency", "bytes_out", "bytes_in", "error"),
    *("body", "attack", "seq", "method", "url", "headers"),
]
_QUANTILES: Final = {"50th": 0.5, "90th": 0.9, "95th": 0.95, "99th": 0.99}
_SCHEMA: Final = pa.schema(
    [
        ("code", pa.int64()),
        ("latency", pa.int64()),
        ("error", pa.string()),
        ("method", pa.string()),
        ("url", pa.string()),
    ]
)


def matches(source: Source) -> bool:
    """Whether this is a file of vegeta."""
    return (
        source.keys >= _REPORT
        or (source.row is not None and source.row.keys() >= _ROW)
        or _is_csv(source)
        or _is_gob(source)
    )


def read(source: Source) -> Session:
    """Read any of them.

    Raises:
        ForeignError: It cannot be read, or is vegeta's own binary form.
    """
    if source.keys >= _REPORT:
        return _report(source)
    if _is_gob(source):
        raise UnknownFormat(
            f"{source.name} is vegeta's binary form; turn it into text first: vegeta encode {source.name}"
        )
    if source.row is not None:
        rows, is_cut = read_ndjson(source, _SCHEMA)
        form = "NDJSON"
    else:
        rows, is_cut = read_csv(source, ("timestamp", "code", "latency", "method", "url"), header=_COLUMNS)
        form = "CSV"
    latency = numbers(source, rows, "latency", unit="nanoseconds", scale=1e-6, whole=True)
    code = numbers(source, rows, "code", unit="an HTTP status", whole=True)
    return _requests(source, form, latency, code, rows, is_cut=is_cut)


def _is_csv(source: Source) -> bool:
    fields = next(csv.reader([source.first_line]), []) if len(source.first_line) < 60_000 else []
    return (
        len(fields) == 12
        and fields[0].isdigit()
        and len(fields[0]) == 19
        and fields[1].isdigit()
        and fields[8].isdigit()
    )


def _is_gob(source: Source) -> bool:
    return b"\x06Result\x01" in source.data[:400] and b"Attack" in source.data[:400]


def _requests(source: Source, form: str, latency: Floats, code: Floats, rows: pa.Table, *, is_cut: bool) -> Session:
    failed: npt.NDArray[np.bool_] = (code < 200) | (code >= 400)
    names = Words.of(rows.column("method")).joined(Words.of(rows.column("url")), route)
    series, warnings = routes(source, names, latency, failed, EXACT)
    return Session(
        tool=TOOL,
        format=form,
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=EXACT.words,
        series=series,
        withheld=WITHHELD_CUT if is_cut else no_zero_times(latency, failed),
        warnings=(*warnings, *((CUT,) if is_cut else ())),
    )


def _report(source: Source) -> Session:
    source.refuse_cut()
    document: dict[str, Any] = source.document
    latencies = table(source, "latencies", document["latencies"])
    requests = whole(source, "requests", document["requests"])
    codes = table(source, "status_codes", document["status_codes"] or {})
    good = sum(whole(source, f"status_codes.{code}", n) for code, n in codes.items() if code[:1] in {"2", "3"})
    found = {p: number(source, f"latencies.{key}", latencies.get(key), scale=1e-6) for key, p in _QUANTILES.items()}
    ascending(source, {**found, 1.0: number(source, "latencies.max", latencies.get("max"), scale=1e-6)})
    series = summary(
        ALL,
        found,
        requests,
        EXACT,
        failed_within=requests - good,
        mean_ms=number(source, "latencies.mean", latencies.get("mean"), scale=1e-6),
    )
    return Session(
        tool=TOOL,
        format="report",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution="estimates by t-digest, without a bound on their error",
        series=(series,),
        withheld="a report's quantiles are estimates without a bound on their error; vegeta encode has every request",
        started=moment(document.get("earliest")),
    )
