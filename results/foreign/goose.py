"""Goose: the JSON report and the request log.

Goose times whole milliseconds, cut off, to the first byte, and rounds them further in its report. Coordinated omission
mitigation adds made-up requests: in the report they have a place of their own, in the log a field tells them. A row of
the log with ``update`` corrects an earlier row of the same user.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results.foreign.errors import BadFigure, EmptyFile
from results.foreign.model import ALL, Resolution, Series, Session, histogram
from results.foreign.rows import CUT, WITHHELD_CUT, numbers, read_ndjson, routes
from results.foreign.source import Source, items, number, table, whole
from results.foreign.words import Words
from results.units import counted

TOOL: Final = "Goose"
REPORT: Final = Resolution(
    ((100.0, 0.0, 1.0), (500.0, 5.0, 6.0), (1000.0, 50.0, 51.0), (math.inf, 500.0, 501.0)),
    words="whole milliseconds to 100 ms, then ±5 ms to 500 ms, ±50 ms to 1 s, ±500 ms above",
)
LOG: Final = Resolution(((math.inf, 0.0, 1.0),), words="whole milliseconds, cut off")

_CLOCK: Final = "request sent to first byte; a user waits for each reply"
_ROW: Final = frozenset({"response_time", "success", "coordinated_omission_elapsed", "user"})
_SCHEMA: Final = pa.schema(
    [
        ("elapsed", pa.int64()),
        ("name", pa.string()),
        ("response_time", pa.int64()),
        ("success", pa.bool_()),
        ("update", pa.bool_()),
        ("user", pa.int64()),
        ("coordinated_omission_elapsed", pa.int64()),
        ("raw", pa.struct([("method", pa.string())])),
        ("method", pa.string()),
    ]
)


def matches(source: Source) -> bool:
    """Whether this is a file of Goose."""
    raw = source.document.get("raw_metrics") if isinstance(source.document, dict) else None
    return (isinstance(raw, dict) and "requests" in raw) or (source.row is not None and source.row.keys() >= _ROW)


def read(source: Source) -> Session:
    """Read either.

    Raises:
        ForeignError: It cannot be read.
    """
    is_report = isinstance(source.document, dict) and "raw_metrics" in source.document
    return _report(source) if is_report else _log(source)


def _report(source: Source) -> Session:
    source.refuse_cut()
    raw = table(source, "raw_metrics", source.document["raw_metrics"])
    series: list[Series] = []
    together: dict[float, int] = {}
    mitigated = False
    for name, request in table(source, "raw_metrics.requests", raw["requests"]).items():
        row: dict[str, Any] = table(source, f"requests.{name}", request)
        data = table(source, f"raw_data of {name}", row.get("raw_data"))
        times = {
            _key(source, name, key): whole(source, f"times of {name}", value)
            for key, value in _pairs(source, name, data.get("times"))
        }
        mitigated |= row.get("coordinated_omission_data") is not None
        failed = whole(source, f"fail_count of {name}", row.get("fail_count"))
        answered = whole(source, f"success_count of {name}", row.get("success_count"))
        if sum(times.values()) != answered + failed:
            raise BadFigure(
                source.name, f"{name} has {answered + failed:,} requests and {sum(times.values()):,} response times"
            )
        if not times:
            continue
        label = f"{str(row.get('method') or '').upper()} {row.get('path') or name}".strip()
        series.append(histogram(label, list(times), list(times.values()), REPORT, failed_within=failed))
        for value, count in times.items():
            together[value] = together.get(value, 0) + count
    if not series:
        raise EmptyFile(source.name, "holds no request")
    series.sort(key=lambda each: (-(each.requests or 0), each.name))
    if len(series) > 1:
        failed = sum(each.failed_within for each in series)
        series.append(histogram(ALL, list(together), list(together.values()), REPORT, failed_within=failed))
    users = raw.get("maximum_users")
    return Session(
        tool=TOOL,
        format="report",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=REPORT.words,
        series=tuple(series),
        finer="Goose's --request-log has every request in whole milliseconds",
        warnings=("Times made up by coordinated omission mitigation are left out.",) if mitigated else (),
        settings={"users": str(users)} if isinstance(users, int) else {},
    )


def _pairs(source: Source, name: str, times: object) -> list[tuple[Any, Any]]:
    if isinstance(times, list):
        return [tuple(items(source, f"times of {name}", pair)) for pair in times]
    return list(table(source, f"times of {name}", times).items())


def _key(source: Source, name: str, key: object) -> float:
    try:
        return number(source, f"a response time of {name}", float(str(key)))
    except ValueError:
        raise BadFigure(source.name, f"a response time of {name} is {key!r}, not a number") from None


def _log(source: Source) -> Session:
    rows, is_cut = read_ndjson(source, _SCHEMA)
    made_up = np.asarray(pc.fill_null(rows.column("coordinated_omission_elapsed"), 0)) > 0
    update = np.asarray(pc.fill_null(rows.column("update"), False))
    latency = numbers(source, rows, "response_time", unit="milliseconds")
    success = np.asarray(pc.fill_null(rows.column("success"), False))
    names = Words.of(rows.column("name"))
    identity = list(
        zip(
            np.asarray(pc.fill_null(rows.column("user"), -1)).tolist(),
            np.asarray(pc.fill_null(rows.column("elapsed"), -1)).tolist(),
            names.code.tolist(),
            strict=True,
        )
    )
    failed = ~success
    if update.any():  # the last word on a request is that of its update
        first = {identity[row]: row for row in np.flatnonzero(~update & ~made_up).tolist()}
        for row in np.flatnonzero(update).tolist():
            if identity[row] in first:
                failed[first[identity[row]]] = not success[row]
    keep = ~made_up & ~update
    raw = Words.of(pc.struct_field(rows.column("raw").combine_chunks(), "method"))
    method = raw.joined(Words.of(rows.column("method")), lambda inner, outer: (inner or outer).upper())
    labels = method.joined(names, lambda verb, name: f"{verb} {name}".strip()).pick(keep)
    series, warnings = routes(source, labels, latency[keep], failed[keep], LOG)
    if made_up.any():
        rows_left = counted(int(made_up.sum()), "row")
        warnings = (*warnings, f"{rows_left} made up by coordinated omission mitigation left out.")
    return Session(
        tool=TOOL,
        format="request log",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=LOG.words,
        series=series,
        withheld=WITHHELD_CUT if is_cut else "",
        warnings=(*warnings, *((CUT,) if is_cut else ())),
    )
