"""k6: the summary (three shapes of it), NDJSON of ``--out json`` and the CSV of ``--out csv``.

``http_req_duration`` is sending, waiting and receiving, without connecting. In the summary of ``--summary-export`` a
threshold that is ``true`` has *failed*, and the ``passes`` of ``http_req_failed`` are the failed requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results.foreign.errors import BadFigure, EmptyFile
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
from results.foreign.source import Source, ascending, number, whole
from results.foreign.words import Words

TOOL: Final = "k6"

_CLOCK: Final = "sending, waiting and receiving, without connecting"
_DURATION: Final = "http_req_duration"
_ANSWERED: Final = "http_req_duration{expected_response:true}"
_PERCENT: Final = re.compile(r"^p\((\d+(?:\.\d+)?)\)$")
_CSV: Final = "metric_name,timestamp,metric_value"
_SCHEMA: Final = pa.schema(
    [
        ("type", pa.string()),
        ("metric", pa.string()),
        (
            "data",
            pa.struct(
                [
                    ("value", pa.float64()),
                    (
                        "tags",
                        pa.struct(
                            [
                                (name, pa.string())
                                for name in ("name", "method", "status", "expected_response", "error_code")
                            ]
                        ),
                    ),
                ]
            ),
        ),
    ]
)


def matches(source: Source) -> bool:
    """Whether this is a file of k6."""
    if source.first_line.startswith(_CSV):
        return True
    if source.row is not None and source.row.get("type") in {"Metric", "Point"} and "metric" in source.row:
        return True
    return _metrics(source) is not None


def read(source: Source) -> Session:
    """Read any of them.

    Raises:
        ForeignError: It cannot be read, or holds no request over HTTP.
    """
    if source.first_line.startswith(_CSV):
        return _csv(source)
    if source.row is not None and source.row.get("type") in {"Metric", "Point"}:
        return _ndjson(source)
    return _summary(source)


def _csv(source: Source) -> Session:
    header = source.first_line.split(",")
    wanted = ("metric_name", "metric_value", "name", "method", "status", "expected_response", "error_code")
    rows, is_cut = read_csv(source, [name for name in wanted if name in header])
    rows = rows.filter(pc.equal(rows.column("metric_name"), _DURATION))
    latency = numbers(source, rows, "metric_value", unit="milliseconds")
    tags = {name: Words.of(rows.column(name)) for name in wanted[2:] if name in header}
    return _requests(source, "CSV", latency, tags, is_cut=is_cut)


def _ndjson(source: Source) -> Session:
    rows, is_cut = read_ndjson(source, _SCHEMA)
    chosen = pc.and_(pc.equal(rows.column("type"), "Point"), pc.equal(rows.column("metric"), _DURATION))
    data = rows.filter(chosen).column("data").combine_chunks()
    latency = numbers(source, pa.table({"value": pc.struct_field(data, "value")}), "value", unit="milliseconds")
    tags = pc.struct_field(data, "tags")
    found = {field.name: Words.of(pc.struct_field(tags, field.name)) for field in tags.type}
    return _requests(source, "NDJSON", latency, found, is_cut=is_cut)


def _requests(source: Source, form: str, latency: Floats, tags: Mapping[str, Words], *, is_cut: bool) -> Session:
    if not latency.size:
        raise EmptyFile(source.name, "holds no request over HTTP")
    empty = Words.same("", latency.size)
    expected, status, code = (tags.get(name, empty) for name in ("expected_response", "status", "error_code"))
    unknown = expected.where(lambda word: not word)
    by_status = status.where(lambda word: not word.isdigit() or not 200 <= int(word) < 400)
    by_status |= code.where(lambda word: word not in {"", "0"})
    failed = np.where(unknown, by_status, expected.where(lambda word: word != "true"))
    # The default name of a request is its address.
    names = tags.get("method", empty).joined(tags.get("name", empty), route)
    series, warnings = routes(source, names, latency, failed, EXACT)
    known = not (unknown & status.where(lambda word: not word)).any()
    cut = (CUT,) if is_cut else ()
    return Session(
        tool=TOOL,
        format=form,
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=EXACT.words,
        series=series,
        failures_known=known,
        withheld=WITHHELD_CUT
        if is_cut
        else no_zero_times(latency, failed)
        or ("" if known else "neither expected_response nor status is in the file, so failures are unknown"),
        warnings=(*warnings, *cut),
    )


def _metrics(source: Source) -> dict[str, dict[str, Any]] | None:
    """The metrics of a summary by name, whichever shape it has; ``None`` where this is no summary."""
    document = source.document
    if not isinstance(document, dict):
        return None
    found = document.get("metrics")
    if isinstance(document.get("results"), dict) and isinstance(document.get("config"), dict):
        found = {each.get("name"): each for each in document["results"].get("metrics", []) if isinstance(each, dict)}
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        return None
    return found if {"iterations", "http_reqs", "vus", _DURATION} & set(found) else None


def _summary(source: Source) -> Session:
    source.refuse_cut()
    metrics = _metrics(source)
    assert metrics is not None
    count = metrics.get("http_reqs")
    name = _ANSWERED if _ANSWERED in metrics else _DURATION
    if count is None or name not in metrics:
        raise EmptyFile(source.name, "holds no request over HTTP")
    requests = whole(source, "http_reqs.count", _values(count).get("count"))
    failed = _failed(source, metrics.get("http_req_failed"), requests)
    trend = _values(metrics[name])
    quantiles = {}
    for key, value in trend.items():
        if key == "med":
            quantiles[0.5] = number(source, f"{name}.med", value)
        elif percent := _PERCENT.match(key):
            quantiles[round(float(percent[1]) / 100, 6)] = number(source, f"{name}.{key}", value)
    beyond = failed or 0
    within = 0
    if name == _DURATION:
        within, beyond = beyond, 0
    series = summary(
        ALL,
        ascending(source, quantiles),
        requests,
        EXACT,
        failed_within=within,
        failed_beyond=beyond,
        mean_ms=number(source, f"{name}.avg", trend.get("avg")),
    )
    broken = _broken_thresholds(metrics)
    warnings = [f"k6's own threshold {threshold} failed." for threshold in broken]
    if 0.99 not in quantiles:
        warnings.append("It has no p99; ask k6 for it with --summary-trend-stats 'med,p(95),p(99)'.")
    zero = bool(quantiles) and max(quantiles.values()) == 0 and failed != requests
    document = source.document
    return Session(
        tool=TOOL,
        format="summary",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=EXACT.words,
        series=(series,),
        failures_known=failed is not None,
        withheld="the file does not say how many requests failed"
        if failed is None
        else "answered requests took no time at all, which none does"
        if zero
        else "",
        warnings=tuple(warnings),
        version=str(document["metadata"]["k6Version"])
        if isinstance(document.get("metadata"), dict) and "k6Version" in document["metadata"]
        else None,
    )


def _values(metric: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a metric: beside its name in the old summary, one level below in the others."""
    inner = metric.get("values")
    return inner if isinstance(inner, dict) else dict(metric)


def _failed(source: Source, metric: Mapping[str, Any] | None, requests: int) -> int | None:
    if metric is None:
        return None
    values = _values(metric)
    if "matches" in values:
        return whole(source, "http_req_failed.matches", values["matches"])
    if "passes" not in values:
        return None
    failed = whole(source, "http_req_failed.passes", values["passes"])
    together = failed + whole(source, "http_req_failed.fails", values.get("fails"))
    share = number(source, "http_req_failed", values.get("value", values.get("rate")))
    if together and abs(failed / together - share) > 0.001:
        raise BadFigure(source.name, f"http_req_failed has {failed:,} of {together:,} and a rate of {share:g}")
    if failed > requests:
        raise BadFigure(source.name, f"{failed:,} of {requests:,} requests failed, which cannot be")
    return failed


def _broken_thresholds(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Thresholds that failed: ``true`` in the old summary, ``ok`` false in that of ``handleSummary``."""
    out = []
    for name, metric in metrics.items():
        thresholds = metric.get("thresholds")
        for rule, state in thresholds.items() if isinstance(thresholds, dict) else ():
            if state is True or (isinstance(state, dict) and state.get("ok") is False):
                out.append(f"{name} {rule}")
    return out
