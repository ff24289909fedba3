"""autocannon: its JSON. Latencies are whole milliseconds, cut off.

Answers with a bad status are among them unless it was told to leave them out; the number of latencies tells which.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from results.foreign.model import Resolution, Session, summary
from results.foreign.rows import route
from results.foreign.source import Source, ascending, moment, number, table, whole

TOOL: Final = "autocannon"
RESOLUTION: Final = Resolution(((math.inf, 0.0, 1.0),), words="whole milliseconds, cut off")

_KEYS: Final = frozenset({"connections", "pipelining", "latency", "requests", "non2xx"})
_PERCENT: Final = re.compile(r"^p(\d+)(?:_(\d+))?$")


def matches(source: Source) -> bool:
    """Whether this is autocannon's JSON."""
    return source.keys >= _KEYS


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read.
    """
    source.refuse_cut()
    document: dict[str, Any] = source.document
    latency = table(source, "latency", document["latency"])
    quantiles = {}
    for key, value in latency.items():
        if percent := _PERCENT.match(key):
            fraction = round(float(f"{percent[1]}.{percent[2] or 0}") / 100, 8)
            quantiles[fraction] = number(source, f"latency.{key}", value)
    timed = whole(source, "latency.totalCount", latency.get("totalCount", document.get("2xx")))
    redirects = whole(source, "3xx", document.get("3xx", 0))
    good = whole(source, "2xx", document.get("2xx")) + redirects
    bad = max(whole(source, "non2xx", document["non2xx"]) - redirects, 0)
    within = min(max(timed - good, 0), bad)
    lost = whole(source, "errors", document.get("errors", 0))
    wrong = min(whole(source, "mismatches", document.get("mismatches", 0)), good)
    series = summary(
        route("", str(document.get("url") or "")),
        ascending(source, quantiles) if timed else {},
        good + bad + lost,
        RESOLUTION,
        failed_within=within + wrong,
        failed_beyond=bad - within + lost,
        mean_ms=number(source, "latency.average", latency.get("average")),
    )
    warnings = []
    if timed > good + bad:
        warnings.append("It was run at a fixed rate, so times that would have been seen by waiting requests are added.")
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock="request sent to last byte; a connection waits for its replies",
        resolution=RESOLUTION.words,
        series=(series,),
        warnings=tuple(warnings),
        settings={name: str(document[name]) for name in ("connections", "pipelining")},
        started=moment(document.get("start")),
    )
