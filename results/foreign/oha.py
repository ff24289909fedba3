"""oha: its JSON and its CSV.

The JSON has seconds everywhere but in ``metrics.latency_ms``. "Success" means that there was an answer, not that it was
good, and percentiles are over the answered requests. The CSV has rows for answered requests only.
"""

from __future__ import annotations

import re
from typing import Any, Final

from results.foreign.errors import BadFigure
from results.foreign.model import ALL, EXACT, Session, summary
from results.foreign.rows import CUT, WITHHELD_CUT, no_zero_times, numbers, read_csv, routes
from results.foreign.source import Source, ascending, number, table, whole
from results.foreign.words import Words

TOOL: Final = "oha"

_CLOCK: Final = "request begun to last byte, connecting included; whether it was corrected for late sends is not stated"
_KEYS: Final = frozenset({"summary", "latencyPercentiles", "statusCodeDistribution"})
_HEADER: Final = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status"
_PERCENT: Final = re.compile(r"^p(\d+(?:\.\d+)?)$")
_DEADLINE: Final = "aborted due to deadline"
_SPLIT: Final = "latencyPercentilesSuccessful"


def matches(source: Source) -> bool:
    """Whether this is a file of oha."""
    return source.keys >= _KEYS or source.first_line == _HEADER


def read(source: Source) -> Session:
    """Read either.

    Raises:
        ForeignError: It cannot be read, or its two units contradict each other.
    """
    return _csv(source) if source.first_line == _HEADER else _json(source)


def _json(source: Source) -> Session:
    source.refuse_cut()
    document: dict[str, Any] = source.document
    codes = {
        str(code): whole(source, f"statusCodeDistribution.{code}", count)
        for code, count in table(source, "statusCodeDistribution", document["statusCodeDistribution"]).items()
    }
    errors = {
        str(error): whole(source, f"errorDistribution.{error}", count)
        for error, count in table(source, "errorDistribution", document.get("errorDistribution") or {}).items()
    }
    stopped = errors.pop(_DEADLINE, 0)
    bad = sum(count for code, count in codes.items() if not code.startswith(("2", "3")))
    by_success = isinstance(document.get(_SPLIT), dict)
    quantiles = _percentiles(source, document, _SPLIT if by_success else "latencyPercentiles")
    _agree(source, document)
    lost = sum(errors.values())
    mean = table(source, "summary", document["summary"]).get("average")
    series = summary(
        ALL,
        quantiles,
        sum(codes.values()) + lost,
        EXACT,
        failed_within=0 if by_success else bad,
        failed_beyond=lost + bad if by_success else lost,
        mean_ms=number(source, "summary.average", mean, scale=1000) if mean is not None else float("nan"),
    )
    warnings = []
    if stopped:
        warnings.append(f"{stopped:,} requests were under way when the time was up; they count as never made.")
    return Session(
        tool=TOOL,
        format="JSON",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=EXACT.words,
        series=(series,),
        warnings=tuple(warnings),
    )


def _percentiles(source: Source, document: dict[str, Any], key: str) -> dict[float, float]:
    """Percentiles in milliseconds; oha writes null for them where nothing was answered."""
    found = {}
    for name, value in table(source, key, document[key]).items():
        percent = _PERCENT.match(name)
        if percent is None:
            raise BadFigure(source.name, f"{key} has a {name!r}, which is no percentile")
        if value is not None:
            found[round(float(percent[1]) / 100, 6)] = number(source, f"{key}.{name}", value, scale=1000)
    return ascending(source, found)


def _agree(source: Source, document: dict[str, Any]) -> None:
    """Refuse a file whose seconds and milliseconds do not say the same."""
    metrics = document.get("metrics")
    inner = metrics.get("latency_ms") if isinstance(metrics, dict) else None
    if not isinstance(inner, dict):
        return
    outer = table(source, "latencyPercentiles", document["latencyPercentiles"])
    for key in ("p50", "p95", "p99"):
        seconds, ms = outer.get(key), inner.get(key)
        if seconds is None or ms is None:
            continue
        expected = number(source, f"latencyPercentiles.{key}", seconds, scale=1000)
        if abs(number(source, f"latency_ms.{key}", ms) - expected) > 0.01 * expected + 1e-6:
            raise BadFigure(source.name, f"{key} is {seconds:g} in seconds and {ms:g} in milliseconds: units are mixed")


def _csv(source: Source) -> Session:
    rows, is_cut = read_csv(source, ("request-duration", "Response-delay", "status"))
    latency = numbers(source, rows, "request-duration", unit="seconds", scale=1000)
    status = numbers(source, rows, "status", unit="an HTTP status", whole=True)
    failed = (status < 200) | (status >= 400)
    series, warnings = routes(source, Words.same(ALL, latency.size), latency, failed, EXACT)
    return Session(
        tool=TOOL,
        format="CSV",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution=EXACT.words,
        series=series,
        failures_known=False,
        withheld=WITHHELD_CUT
        if is_cut
        else no_zero_times(latency, failed)
        or "oha leaves requests without an answer out of its CSV; its JSON counts them",
        warnings=(*warnings, *((CUT,) if is_cut else ())),
    )
