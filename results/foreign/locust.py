"""Locust: the statistics CSV, its history, the JSON of ``--json``, and the log of single requests of locust.contrib.

Locust keeps every response time to two significant digits: whole milliseconds below 100, tens below 1,000 and so on;
the log alone is finer. In the others failed requests are among the times. Which percentile columns there are is set by
``PERCENTILES_TO_REPORT``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from results.foreign import rows
from results.foreign.errors import BadFigure, CutOff, EmptyFile, UnknownFormat
from results.foreign.model import ALL, Resolution, Series, Session, even, histogram, summary
from results.foreign.source import Source, ascending, items, moment, number, table, whole
from results.foreign.words import Words

TOOL: Final = "locust"

RESOLUTION: Final = Resolution(
    ((99.5, 0.5, 0.5), (995.0, 5.0, 5.0), (9950.0, 50.0, 50.0), (math.inf, 500.0, 500.0)),
    words="two significant digits: ±0.5 ms below 100 ms, ±5 ms below 1 s, ±50 ms below 10 s",
)

REQUESTS: Final = even(0.005, "two decimals of a millisecond: ±0.005 ms")
"""Of the log of single requests, the only file of locust that is not rounded to two significant digits."""

_CLOCK: Final = "request sent to last byte; a visitor waits for each reply"
_STATS: Final = ("Type", "Name", "Request Count", "Failure Count", "Median Response Time")
_HISTORY: Final = ("Timestamp", "User Count", "Type", "Name")
_LOG: Final = ("timestamp", "request_type", "name", "response_time_ms", "response_length", "status_code", "exception")
_COMPANIONS: Final = (("Method", "Name", "Error", "Occurrences"), ("Count", "Message", "Traceback", "Nodes"))
_JSON: Final = frozenset({"name", "method", "num_requests", "num_failures", "response_times"})
_PERCENT: Final = re.compile(r"^(\d+(?:\.\d+)?)%$")
_BEHIND: Final = (
    "Locust writes its CSV every few seconds and not at the end, so the last requests are missing; --json has all."
)


def is_companion(source: Source) -> bool:
    """Whether this is a list of failures or exceptions, which locust writes beside its statistics."""
    return any(_header(source)[: len(known)] == list(known) for known in _COMPANIONS)


def is_history(source: Source) -> bool:
    """Whether this is the history that locust writes beside its statistics."""
    return _header(source)[: len(_HISTORY)] == list(_HISTORY)


def is_statistics(source: Source) -> bool:
    """Whether this is the CSV of final statistics."""
    return _header(source)[: len(_STATS)] == list(_STATS)


def matches(source: Source) -> bool:
    """Whether this is a file of locust."""
    document = source.document
    if isinstance(document, list):
        return bool(document) and isinstance(document[0], dict) and document[0].keys() >= _JSON
    header = _header(source)
    return (
        is_statistics(source)
        or is_history(source)
        or is_companion(source)
        or header == list(_LOG)
        or header[2:4] == _OLD
    )


_OLD: Final = ["# requests", "# failures"]


def read(source: Source) -> Session:
    """Read any of them.

    Raises:
        ForeignError: It cannot be read, or holds no latency.
    """
    if _header(source) == list(_LOG):
        return _requests(source)
    source.refuse_cut()
    if source.document is not None:
        return _json(source)
    if is_companion(source):
        raise UnknownFormat(
            f"{source.name} is locust's list of failures or exceptions; name the file _stats.csv beside it"
        )
    if _header(source)[2:4] == _OLD:
        raise UnknownFormat(f"{source.name} was written by a locust before 1.0; measure again with a newer one")
    return _history(source) if is_history(source) else _statistics(source)


def _header(source: Source) -> list[str]:
    line = source.first_line
    return next(csv.reader([line]), []) if line else []


def _lines(source: Source) -> list[dict[str, str]]:
    text = source.text
    if not text.endswith("\n"):
        raise CutOff(source.name, "its last line has no end")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise BadFigure(source.name, f"line {reader.line_num} has not as many fields as the header")
        rows.append(row)
    if not rows:
        raise EmptyFile(source.name, "holds no request")
    return rows


def _text_number(source: Source, row: Mapping[str, str], key: str) -> float:
    try:
        value = float(row[key])
    except (KeyError, ValueError):
        raise BadFigure(source.name, f"{key} of {row.get('Name')} is {row.get(key)!r}, not a number") from None
    return number(source, f"{key} of {row.get('Name')}", value)


def _quantiles(source: Source, row: Mapping[str, str]) -> dict[float, float]:
    found = {}
    for key in row:
        if (percent := _PERCENT.match(key)) and row[key] != "N/A":
            found[round(float(percent[1]) / 100, 6)] = _text_number(source, row, key)
    return ascending(source, found)


def _statistics(source: Source) -> Session:
    series: list[Series] = []
    total: Series | None = None
    warnings = [_BEHIND]
    sums = [0, 0]
    for row in _lines(source):
        requests = int(_text_number(source, row, "Request Count"))
        failed = int(_text_number(source, row, "Failure Count"))
        is_total = not row["Type"] and row["Name"] == "Aggregated"
        name = ALL if is_total else f"{row['Type']} {row['Name']}".strip()
        if not is_total:
            sums = [sums[0] + requests, sums[1] + failed]
        if not requests and not is_total:
            warnings.append(f"{name} was never requested.")
            continue
        made = summary(
            name,
            _quantiles(source, row),
            requests,
            RESOLUTION,
            failed_within=failed,
            mean_ms=_text_number(source, row, "Average Response Time"),
        )
        if is_total:
            total = made
        else:
            series.append(made)
    if total is None:
        raise CutOff(source.name, "the row Aggregated, its last, is missing")
    _refuse_other_sums(source, series, total, sums)
    return _session(source, "statistics CSV", series, total, warnings)


def _refuse_other_sums(source: Source, series: list[Series], total: Series, sums: list[int]) -> None:
    """Refuse rows of routes that do not add up to the last row.

    Locust counts a request in both at once and writes all rows at once, so they add up at any time of a run.
    """
    for what, whole_sum, added in zip(("requests", "failures"), (total.requests, total.failed), sums, strict=True):
        if series and whole_sum != added:
            raise BadFigure(
                source.name, f"its row Aggregated has {whole_sum:,} {what} and the rows of its routes {added:,}"
            )


def _history(source: Source) -> Session:
    rows = _lines(source)
    last: dict[str, dict[str, str]] = {}
    for row in rows:
        is_total = not row["Type"] and row["Name"] == "Aggregated"
        last[ALL if is_total else f"{row['Type']} {row['Name']}".strip()] = row
    is_rolling = set(last) != {ALL}
    warnings = [_BEHIND]
    if is_rolling:
        warnings.append(
            "With --csv-full-history the percentile columns are over the last ten seconds only; "
            "the median of the whole is the one figure used."
        )
    series: list[Series] = []
    total: Series | None = None
    for name, row in last.items():
        requests = int(_text_number(source, row, "Total Request Count"))
        if not requests:
            continue
        median = {0.5: _text_number(source, row, "Total Median Response Time")}
        made = summary(
            name,
            median if is_rolling else {**_quantiles(source, row), **median},
            requests,
            RESOLUTION,
            failed_within=int(_text_number(source, row, "Total Failure Count")),
            mean_ms=_text_number(source, row, "Total Average Response Time"),
        )
        if name == ALL:
            total = made
        else:
            series.append(made)
    stamp = float(rows[0]["Timestamp"]) if rows[0]["Timestamp"].replace(".", "", 1).isdigit() else None
    return _session(source, "history CSV", series, total, warnings, stamp)


def _requests(source: Source) -> Session:
    """The log that ``CsvRequestLogger`` of locust.contrib writes; a request failed where it has an exception."""
    table, is_cut = rows.read_csv(source, _LOG)
    time = Words.of(table.column("response_time_ms"))
    untimed = time.where(lambda word: not word)
    filled = pa.table({"response_time_ms": pc.if_else(pa.array(untimed), "0", table.column("response_time_ms"))})
    latency = rows.numbers(source, filled, "response_time_ms", unit="milliseconds")
    failed = Words.of(table.column("exception")).where(bool) | untimed
    names = Words.of(table.column("request_type")).joined(Words.of(table.column("name")), _joined)
    series, warnings = rows.routes(source, names, latency, failed, REQUESTS)
    return Session(
        tool=TOOL,
        format="request log",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=REQUESTS.words,
        series=series,
        withheld=rows.WITHHELD_CUT if is_cut else "",
        warnings=(*warnings, *((rows.CUT,) if is_cut else ())),
    )


def _joined(method: str, name: str) -> str:
    return f"{method} {name}".strip()


def _json(source: Source) -> Session:
    series: list[Series] = []
    counts: dict[float, int] = {}
    failed = without_time = 0
    began: list[float] = []
    for entry in items(source, "the document", source.document):
        row = table(source, "an entry", entry)
        name = f"{row.get('method') or ''} {row.get('name') or ''}".strip()
        times: dict[float, int] = {}
        for key, value in table(source, f"response_times of {name}", row.get("response_times")).items():
            times[_bucket(source, name, key)] = whole(source, f"response_times of {name}", value)
        fails = whole(source, f"num_failures of {name}", row.get("num_failures"))
        none = whole(source, f"num_none_requests of {name}", row.get("num_none_requests", 0))
        requests = whole(source, f"num_requests of {name}", row.get("num_requests"))
        if sum(times.values()) + none != requests:
            raise BadFigure(
                source.name, f"{name} has {requests:,} requests and {sum(times.values()) + none:,} response times"
            )
        if not requests:
            continue
        beyond = min(none, fails)
        series.append(
            histogram(
                name,
                list(times),
                list(times.values()),
                RESOLUTION,
                failed_within=fails - beyond,
                failed_beyond=beyond,
            )
        )
        failed += fails - beyond
        without_time += beyond
        for bucket, count in times.items():
            counts[bucket] = counts.get(bucket, 0) + count
        if row.get("start_time") is not None:
            began.append(number(source, f"start_time of {name}", row["start_time"]))
    total = (
        histogram(
            ALL, list(counts), list(counts.values()), RESOLUTION, failed_within=failed, failed_beyond=without_time
        )
        if counts or without_time
        else None
    )
    return _session(source, "JSON", series, total, [], min(began, default=None))


def _bucket(source: Source, name: str, key: Any) -> float:
    try:
        return number(source, f"a response time of {name}", float(key))
    except ValueError:
        raise BadFigure(source.name, f"a response time of {name} is {key!r}, not a number") from None


def _session(
    source: Source,
    form: str,
    series: list[Series],
    total: Series | None,
    warnings: list[str],
    stamp: float | None = None,
) -> Session:
    series.sort(key=lambda each: (-(each.requests or 0), each.name))
    routes = tuple(series) if len(series) == 1 or total is None or not total.requests else (*series, total)
    if not routes:
        raise EmptyFile(source.name, "holds no request")
    return Session(
        tool=TOOL,
        format=form,
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=RESOLUTION.words,
        series=routes,
        warnings=tuple(warnings),
        finer="CsvRequestLogger of locust.contrib writes hundredths of a millisecond",
        started=moment(stamp),
    )
