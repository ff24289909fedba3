"""Nighthawk: its JSON. Durations are strings of seconds (``"0.001s"``); counts may be strings as well."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from results.foreign import hdr
from results.foreign.errors import BadFigure, EmptyFile
from results.foreign.model import ALL, EXACT, Series, Session
from results.foreign.source import Source, items, moment, number, table, whole
from results.units import counted

TOOL: Final = "Nighthawk"

_STATISTIC: Final = "benchmark_http_client.request_to_response"
_DURATION: Final = re.compile(r"^(\d+(?:\.\d+)?)s$")
_GOOD: Final = re.compile(r"^benchmark\.http_[23]xx$")


def matches(source: Source) -> bool:
    """Whether this is Nighthawk's JSON."""
    results = source.document.get("results") if isinstance(source.document, dict) else None
    return (
        isinstance(results, list)
        and bool(results)
        and isinstance(results[0], dict)
        and {"statistics", "counters"} <= set(results[0])
    )


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read, or a duration is no time in seconds.
    """
    source.refuse_cut()
    results = [table(source, "a result", each) for each in source.document["results"]]
    result = next((each for each in results if each.get("name") == "global"), results[0])
    statistics = {
        str(each.get("id")): table(source, "a statistic", each)
        for each in items(source, "statistics", result["statistics"])
    }
    if _STATISTIC not in statistics or not statistics[_STATISTIC].get("percentiles"):
        raise EmptyFile(source.name, "holds no request over HTTP")
    counters = {
        str(each.get("name")): whole(source, str(each.get("name")), each.get("value"))
        for each in items(source, "counters", result["counters"])
    }
    answered = whole(source, "count", statistics[_STATISTIC].get("count"))
    good = sum(count for name, count in counters.items() if _GOOD.match(name))
    made = max(counters.get("upstream_rq_total", answered), answered)
    lost = counters.get("benchmark.stream_resets", 0) + counters.get("benchmark.pool_connection_failure", 0)
    series = _series(source, statistics[_STATISTIC], max(answered - good, 0), lost)
    options = source.document.get("options")
    warnings = []
    if made > answered + lost:
        warnings.append(f"{counted(made - answered - lost, 'request')} had no answer yet at the end.")
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock="request sent to last byte",
        resolution="from one row of the distribution to the next",
        series=(series,),
        warnings=tuple(warnings),
        settings={
            key.replace("_", " "): str(options[key])
            for key in ("requests_per_second", "connections", "concurrency", "open_loop")
            if isinstance(options, dict) and key in options
        },
        started=moment(source.document.get("timestamp")),
    )


def _series(source: Source, statistic: dict[str, Any], bad: int, lost: int) -> Series:
    rows = items(source, "percentiles", statistic["percentiles"])
    upper = np.array([_milliseconds(source, table(source, "a percentile", row).get("duration")) for row in rows])
    ends = np.array([whole(source, "count of a percentile", row.get("count")) for row in rows], np.int64)
    if (np.diff(upper) < 0).any() or (np.diff(ends) < 0).any():
        raise BadFigure(source.name, "its percentiles do not rise, so units are mixed or it is damaged")
    counts = np.diff(ends, prepend=0).astype(np.int64)
    lower = np.concatenate([upper[:1], upper[:-1]])
    made = hdr.edges(ALL, upper, lower, counts, EXACT, bad, lost)
    fractions = [number(source, "percentile", row.get("percentile")) for row in rows]
    return hdr.stated(made, dict(zip(fractions, upper.tolist(), strict=True)), EXACT)


def _milliseconds(source: Source, value: object) -> float:
    found = _DURATION.match(str(value))
    if found is None:
        raise BadFigure(source.name, f"a duration is {value!r}, which is no time in seconds as in '0.001s'")
    return float(found[1]) * 1000
