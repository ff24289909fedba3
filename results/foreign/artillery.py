"""Artillery: the JSON of ``run --output``. Quantiles come from a sketch that is right to 1 % of the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from results.foreign.errors import EmptyFile
from results.foreign.model import ALL, Series, Session, even, summary
from results.foreign.source import Source, ascending, moment, number, table, whole

TOOL: Final = "Artillery"
RESOLUTION: Final = even(1.0, "whole milliseconds in a sketch that is right to 1 %: ±(1 ms + 1 %)", relative=0.01)

_TIMES: Final = "http.response_time"
_QUANTILES: Final = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
_ENDPOINT: Final = "plugins.metrics-by-endpoint."


def matches(source: Source) -> bool:
    """Whether this is Artillery's JSON."""
    aggregate = source.document.get("aggregate") if isinstance(source.document, dict) else None
    return isinstance(aggregate, dict) and "counters" in aggregate and "summaries" in aggregate


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read.
    """
    source.refuse_cut()
    aggregate = table(source, "aggregate", source.document["aggregate"])
    counters = table(source, "counters", aggregate["counters"])
    summaries = table(source, "summaries", aggregate["summaries"])
    if _TIMES not in summaries:
        raise EmptyFile(source.name, "holds no answered request over HTTP")
    requests = whole(source, "counters.http.requests", counters.get("http.requests"))
    answered = whole(source, "counters.http.responses", counters.get("http.responses", 0))
    bad = _codes(source, counters, "http.codes.")
    every = _series(source, ALL, summaries[_TIMES], max(requests, answered), bad)
    routes = []
    for key, figures in summaries.items():
        if not key.startswith(f"{_ENDPOINT}response_time."):
            continue
        name = key.removeprefix(f"{_ENDPOINT}response_time.")
        made = whole(source, f"{key}.count", table(source, key, figures).get("count"))
        routes.append(_series(source, name, figures, made, _codes(source, counters, f"{_ENDPOINT}{name}.codes.")))
    routes.sort(key=lambda each: (-(each.requests or 0), each.name))
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock="request sent to first byte; visitors arrive at a fixed rate",
        resolution=RESOLUTION.words,
        series=(*routes, every) if len(routes) > 1 else (every,),
        started=moment(aggregate.get("firstMetricAt"), scale=1000),
    )


def _series(source: Source, name: str, figures: Any, requests: int, bad: int) -> Series:
    row = table(source, name, figures)
    quantiles = {p: number(source, f"{name}.{key}", row[key]) for key, p in _QUANTILES.items() if key in row}
    timed = whole(source, f"{name}.count", row.get("count"))
    return summary(
        name,
        ascending(source, quantiles),
        requests,
        RESOLUTION,
        failed_within=bad,
        failed_beyond=max(requests - timed, 0),
        mean_ms=number(source, f"{name}.mean", row.get("mean")),
    )


def _codes(source: Source, counters: Mapping[str, Any], prefix: str) -> int:
    """Answers that were no success."""
    return sum(
        whole(source, key, value)
        for key, value in counters.items()
        if key.startswith(prefix) and not key.removeprefix(prefix).startswith(("2", "3"))
    )
