"""wrk and wrk2: what they print.

wrk waits for each reply before it sends the next request and prints quantiles with ``--latency`` only. wrk2 sends at a
fixed rate and counts from when a request was due; with ``--u_latency`` it prints the same spectrum a second time,
uncorrected, and only the banner above tells which is which.
"""

from __future__ import annotations

import math
import re
from typing import Final

from results.foreign import hdr
from results.foreign.errors import BadFigure, CutOff, ForeignError
from results.foreign.model import EXACT, Figure, Series, Session
from results.foreign.rows import route
from results.foreign.source import Source, ascending

_UNIT_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_BANNER: Final = re.compile(r"^Running (\S+) test @ (\S+)", re.MULTILINE)
_LOAD: Final = re.compile(r"^\s*(\d+) threads? and (\d+) connections?", re.MULTILINE)
_MEAN: Final = re.compile(r"^\s*Latency\s+([\d.]+|-?nan)([a-z]*)\s", re.MULTILINE)
_QUANTILE: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)%\s+(\S+)\s*$", re.MULTILINE)
_VALUE: Final = re.compile(r"^(\d+(?:\.(\d+))?)(us|ms|s|m|h)$")
_COUNT: Final = re.compile(r"^\s*(\d+) requests in (\S+),", re.MULTILINE)
_STATUS: Final = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)", re.MULTILINE)
_SOCKET: Final = re.compile(r"^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", re.MULTILINE)
_RECORDED: Final = "(HdrHistogram - Recorded Latency)"
_UNCORRECTED: Final = "(HdrHistogram - Uncorrected Latency"
_SERVICE: Final = "request sent to last byte; a connection waits for each reply"
_RESPONSE: Final = "when the request was due to last byte (corrected for coordinated omission)"


def matches(source: Source) -> bool:
    """Whether this is what wrk or wrk2 prints."""
    return bool(_BANNER.search(source.head)) and bool(_LOAD.search(source.head))


def read(source: Source) -> Session:
    """Read it.

    Raises:
        ForeignError: It is cut off, holds several runs, or a figure cannot be.
    """
    source.refuse_cut()
    text = source.text
    banners = _BANNER.findall(text)
    if len(banners) > 1:
        raise ForeignError(f"{source.name} holds {len(banners)} runs of wrk; give each run a file of its own")
    count, load = _COUNT.search(text), _LOAD.search(text)
    if count is None or load is None:
        raise CutOff(source.name, "the line with the number of requests is missing")
    within = int(found[1]) if (found := _STATUS.search(text)) else 0
    beyond = sum(map(int, found.groups())) if (found := _SOCKET.search(text)) else 0
    name = route("", banners[0][1])
    is_wrk2 = _RECORDED in text or "Thread calibration" in text
    warnings: list[str] = []
    if is_wrk2 and _RECORDED in text:
        recorded = text.split(_RECORDED, 1)[1].split(_UNCORRECTED, 1)[0]
        series = _spectrum(source, recorded, name, within, beyond)
        if _UNCORRECTED in text:
            warnings.append("The uncorrected spectrum beside it is left out: it hides the requests that waited.")
    else:
        series = _printed(source, text, name, int(count[1]), within, beyond)
    return Session(
        tool="wrk2" if is_wrk2 else "wrk",
        format="printed output",
        file=source.name,
        digest=source.digest,
        clock=_RESPONSE if is_wrk2 else _SERVICE,
        resolution="three significant digits" if is_wrk2 and series.kind == "histogram" else "the digits printed",
        series=(series,),
        warnings=tuple(warnings),
        settings={"threads": load[1], "connections": load[2]},
    )


def _printed(source: Source, text: str, name: str, requests: int, within: int, beyond: int) -> Series:
    """The quantiles as printed: each is uncertain by half of its last digit."""
    figures = {}
    for percent, word in _QUANTILE.findall(text):
        value, half = _latency(source, word)
        figures[round(float(percent) / 100, 6)] = Figure(value, max(value - half, 0.0), value + half)
    ascending(source, {p: figure.value for p, figure in figures.items()})
    mean = _MEAN.search(text)
    return Series(
        name,
        "summary",
        requests + beyond,
        within,
        beyond,
        quantiles=dict(sorted(figures.items())),
        mean_ms=_latency(source, mean[1] + mean[2])[0] if mean and "nan" not in mean[1] else math.nan,
    )


def _spectrum(source: Source, text: str, name: str, within: int, beyond: int) -> Series:
    """The detailed spectrum where there is one, else the few quantiles above it."""
    if "Detailed Percentile spectrum" in text:
        lines = text.split("Detailed Percentile spectrum", 1)[1].splitlines()[1:]
        return hdr.spectrum(source, lines, name, EXACT, failed_within=within, failed_beyond=beyond)
    found = _COUNT.search(text)
    return _printed(source, text, name, int(found[1]) if found else 0, within, beyond)


def _latency(source: Source, word: str) -> tuple[float, float]:
    """A printed time and half of its last digit, milliseconds."""
    found = _VALUE.match(word)
    if found is None:
        raise BadFigure(source.name, f"a latency is {word!r}, which is no time with a unit (us, ms, s)")
    unit = _UNIT_MS[found[3]]
    return float(found[1]) * unit, 0.5 * 10.0 ** -len(found[2] or "") * unit
