"""hey: the CSV of ``-o csv`` and the printed summary.

The CSV has a row for each answered request and none for one that failed before an answer, so it cannot tell how many
failed; the summary can.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from results.foreign.errors import BadFigure, CutOff
from results.foreign.model import ALL, Session, even, summary
from results.foreign.rows import CUT, WITHHELD_CUT, numbers, read_csv, routes
from results.foreign.source import Source, ascending
from results.foreign.words import Words

TOOL: Final = "hey"
RESOLUTION: Final = even(0.05, "four decimals of a second: ±0.05 ms")

_HEADER: Final = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset"
_CLOCK: Final = "request begun to last byte, dialling included; a worker waits for each reply"
_QUANTILE: Final = re.compile(r"^\s*(\d+)%+ in ([\d.]+|NaN) secs", re.MULTILINE)
_STATUS: Final = re.compile(r"^\s*\[(\d+)\]\s+(\d+) responses", re.MULTILINE)
_ERROR: Final = re.compile(r"^\s*\[(\d+)\]\s+(?!\d+ responses)\S", re.MULTILINE)
_AVERAGE: Final = re.compile(r"^\s*Average:\s+([\d.]+) secs", re.MULTILINE)
_MOST: Final = 1_000_000


def matches(source: Source) -> bool:
    """Whether this is hey's CSV or summary."""
    return source.first_line == _HEADER or (
        source.first_line == "Summary:" and "Requests/sec:" in source.head and " secs" in source.head
    )


def read(source: Source) -> Session:
    """Read either.

    Raises:
        ForeignError: It cannot be read.
    """
    return _csv(source) if source.first_line == _HEADER else _printed(source)


def _csv(source: Source) -> Session:
    table, is_cut = read_csv(source, ("response-time", "Response-delay", "status-code"))
    latency = numbers(source, table, "response-time", unit="seconds", scale=1000)
    delay = numbers(source, table, "Response-delay", unit="seconds", scale=1000)
    if (delay > latency + 0.2).any():
        row = int(np.flatnonzero(delay > latency + 0.2)[0]) + 1
        raise BadFigure(source.name, f"row {row:,}: its delay is longer than the whole, so units are mixed")
    status = numbers(source, table, "status-code", unit="an HTTP status", whole=True)
    failed = (status < 200) | (status >= 400)
    series, warnings = routes(source, Words.same(ALL, latency.size), latency, failed, RESOLUTION)
    if latency.size >= _MOST:
        warnings = (*warnings, "hey keeps the first million requests only; the rest of the load is not in the file.")
    return Session(
        tool=TOOL,
        format="CSV",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=RESOLUTION.words,
        series=series,
        failures_known=False,
        withheld=WITHHELD_CUT
        if is_cut
        else "hey leaves requests without an answer out of its CSV; its summary counts them",
        warnings=(*warnings, *((CUT,) if is_cut else ())),
    )


def _printed(source: Source) -> Session:
    source.refuse_cut()
    text = source.text
    if "Status code distribution:" not in text and "Error distribution:" not in text:
        raise CutOff(source.name, "the distribution of status codes is missing")
    codes = {int(code): int(count) for code, count in _STATUS.findall(text)}
    errors = text.split("Error distribution:", 1)[1] if "Error distribution:" in text else ""
    beyond = sum(map(int, _ERROR.findall(errors)))
    within = sum(count for code, count in codes.items() if not 200 <= code < 400)
    quantiles = {}
    for percent, word in _QUANTILE.findall(text):
        if word == "NaN":
            raise BadFigure(source.name, "a latency is NaN, which is no measurement")
        quantiles[int(percent) / 100] = float(word) * 1000
    average = _AVERAGE.search(text)
    series = summary(
        ALL,
        ascending(source, quantiles),
        sum(codes.values()) + beyond,
        RESOLUTION,
        failed_within=within,
        failed_beyond=beyond,
        mean_ms=float(average[1]) * 1000 if average else float("nan"),
    )
    return Session(
        tool=TOOL,
        format="summary",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=RESOLUTION.words,
        series=(series,),
    )
