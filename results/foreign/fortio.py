"""Fortio: its JSON. The histogram of durations includes the failed requests, which a second histogram has alone."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from results.foreign.errors import BadFigure, EmptyFile
from results.foreign.model import ALL, Series, Session
from results.foreign.rows import route
from results.foreign.source import Source, items, moment, number, table, whole

TOOL: Final = "Fortio"

_TEAPOT: Final = "418"  # a success to Fortio
_KEYS: Final = frozenset({"RunType", "DurationHistogram", "ActualQPS"})


def matches(source: Source) -> bool:
    """Whether this is Fortio's JSON."""
    return source.keys >= _KEYS


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It cannot be read, or its two histograms contradict each other.
    """
    source.refuse_cut()
    document: dict[str, Any] = source.document
    low, high, counts = _buckets(source, "DurationHistogram", document["DurationHistogram"])
    if not counts.sum():
        raise EmptyFile(source.name, "holds no request")
    error_low, error_high, error_counts = _buckets(
        source, "ErrorsDurationHistogram", document.get("ErrorsDurationHistogram") or {"Data": None}
    )
    for begin, end, count in zip(error_low, error_high, error_counts, strict=True):
        # The outermost edges of a histogram are its own extremes, so buckets are matched by what lies in them.
        at = int(np.searchsorted(high, (begin + end) / 2, side="left"))
        if at >= counts.size or counts[at] < count:
            raise BadFigure(source.name, "it has more failed requests at some duration than requests")
        counts[at] -= count
    failed = int(error_counts.sum())
    unseen = 0
    codes = document.get("RetCodes")
    if isinstance(codes, dict) and document.get("RunType") == "HTTP":
        bad = sum(
            whole(source, f"RetCodes.{code}", count)
            for code, count in codes.items()
            if not code.startswith(("2", "3")) and code != _TEAPOT
        )
        unseen = min(max(bad - failed, 0), int(counts.sum()))
    held = counts > 0
    url = document.get("URL")
    series = Series(
        route("", str(url)) if url else ALL,
        "histogram",
        int(counts.sum()) + failed,
        unseen,
        failed,
        ((low + high) / 2)[held],
        low[held],
        high[held],
        counts[held],
    )
    widest = max((high - low)[held], default=0.0)
    settings = {
        name: str(document[key])
        for key, name in (("RequestedQPS", "rate"), ("NumThreads", "threads"), ("NumConnections", "connections"))
        if key in document
    }
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock="request begun to last byte; a thread waits for each reply",
        resolution=f"buckets of up to {widest:.3g} ms",
        series=(series,),
        settings=settings,
        finer="Fortio writes finer buckets with a smaller -r",
        version=str(document["Version"]) if document.get("Version") else None,
        started=moment(document.get("StartTime")),
    )


def _buckets(source: Source, name: str, value: object) -> tuple[Any, Any, Any]:
    """Lower and upper edges in milliseconds, and counts."""
    rows = items(source, f"{name}.Data", table(source, name, value).get("Data") or [])
    low = np.array([number(source, f"{name}.Start", row.get("Start"), scale=1000) for row in rows])
    high = np.array([number(source, f"{name}.End", row.get("End"), scale=1000) for row in rows])
    counts = np.array([whole(source, f"{name}.Count", row.get("Count")) for row in rows], np.int64)
    if (high < low).any() or (np.diff(high) < 0).any():
        raise BadFigure(source.name, f"the buckets of {name} do not rise")
    total = table(source, name, value).get("Count")
    if total is not None and whole(source, f"{name}.Count", total) != counts.sum():
        raise BadFigure(source.name, f"{name} counts {total:,} and its buckets {int(counts.sum()):,}")
    return low, high, counts
