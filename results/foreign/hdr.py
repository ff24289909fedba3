"""HdrHistogram: percentile distributions (``.hgrm``, text or CSV) and interval logs (``.hlog``).

Neither format says how many requests failed, nor, surely, in which unit it counts.
"""

from __future__ import annotations

import binascii
import dataclasses
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from results.foreign.errors import BadFigure, CutOff, EmptyFile, UnknownFormat
from results.foreign.model import ALL, Counts, Figure, Floats, Resolution, Series, Session, histogram
from results.foreign.rows import CUT, WITHHELD_CUT
from results.foreign.source import Source, moment

BUCKET: Final = 0.01
"""Width of a bucket, as a fraction of its value, with two significant digits: the coarsest that is in use."""

_HGRM: Final = re.compile(r'^\s*"?Value"?[\s,]+"?Percentile"?[\s,]+"?TotalCount"?')
_TOTAL: Final = re.compile(r"Total count\s*=\s*(\d+)")
_LOG: Final = re.compile(r"^#\[Histogram log format version ([\d.]+)\]", re.MULTILINE)
_LEGEND: Final = '"StartTimestamp"'
_OLD_LEGEND: Final = '"EndTimestamp"'
_START: Final = re.compile(r"^#\[StartTime: (\d+(?:\.\d+)?)", re.MULTILINE)
_RATIOS: Final = (1.0, 1e3, 1e6, 1e9)
_FAILURES: Final = "the format does not say how many requests failed, and a failure can be fast"
_CLOCK: Final = "what was recorded; the format does not say"


def matches(source: Source) -> bool:
    """Whether this is a distribution or a log of HdrHistogram."""
    return _is_distribution(source) or _is_log(source)


def read(source: Source) -> Session:
    """Read either.

    Raises:
        ForeignError: It is cut off, of an old version, or mixes units.
    """
    return _log(source) if _is_log(source) else _distribution(source)


def spectrum(
    source: Source,
    lines: Iterable[str],
    name: str,
    resolution: Resolution,
    *,
    failed_within: int = 0,
    failed_beyond: int = 0,
) -> Series:
    """A percentile distribution as a histogram: a row is the upper edge of a bucket that begins at the row before.

    Args:
        source: The file, for messages.
        lines: From the first row on; reading ends at the row of the whole, whose last column is infinite or empty.
        name: Of the series.
        resolution: Of the values as written.
        failed_within: Failed requests among the values.
        failed_beyond: Failed requests beside them.

    Raises:
        BadFigure: A row cannot be.
        CutOff: The row of the whole never came.
    """
    values: list[float] = []
    ends: list[int] = []
    printed: dict[float, float] = {}
    is_whole = False
    for line in lines:
        fields = line.replace(",", " ").replace('"', " ").split()
        if not fields or fields[0] == "Value":
            continue
        if fields[0].startswith("#["):
            break
        value, fraction, total = _row(source, fields)
        if not 0 <= fraction <= 1:
            raise BadFigure(
                source.name, f"a percentile is {fields[1]}; the format has fractions from 0 to 1, so units are mixed"
            )
        if (values and value < values[-1]) or (ends and total < ends[-1]):
            raise BadFigure(source.name, f"the row of {fields[0]} falls behind the one before; it is damaged")
        values.append(value)
        ends.append(total)
        printed.setdefault(round(fraction, 6), value)
        if fraction == 1:
            is_whole = True
            break
    if not is_whole:
        raise CutOff(source.name, "the row of the 100th percentile is missing")
    counts = np.diff(np.array(ends, np.int64), prepend=0).astype(np.int64)
    lower = np.array([values[0], *values[:-1]])
    made = edges(name, np.array(values), lower, counts, resolution, failed_within, failed_beyond)
    return stated(made, printed, resolution)


def stated(series: Series, printed: Mapping[float, float], resolution: Resolution) -> Series:
    """The series with the quantiles that its file states, each right to one bucket of the histogram."""
    low, high = resolution.bounds(np.array(list(printed.values())))
    figures = {
        p: Figure(value, float(least) * (1 - BUCKET), float(most))
        for (p, value), least, most in zip(printed.items(), low, high, strict=True)
    }
    return dataclasses.replace(series, quantiles=figures)


def edges(
    name: str,
    upper: Floats,
    lower: Floats,
    counts: Counts,
    resolution: Resolution,
    failed_within: int = 0,
    failed_beyond: int = 0,
) -> Series:
    """A series from the upper and lower edges of buckets in milliseconds, and their counts."""
    held = counts > 0
    made = histogram(
        name, upper[held], counts[held], resolution, failed_within=failed_within, failed_beyond=failed_beyond
    )
    low = np.minimum(resolution.bounds(lower[held])[0], made.low_ms)
    return Series(
        name,
        "histogram",
        made.requests,
        failed_within,
        failed_beyond,
        made.values_ms,
        low,
        made.high_ms,
        made.counts,
    )


def _is_distribution(source: Source) -> bool:
    return bool(_HGRM.match(source.first_line))


def _is_log(source: Source) -> bool:
    return bool(_LOG.search(source.head)) or source.first_line.startswith((_LEGEND, _OLD_LEGEND))


def _row(source: Source, fields: Sequence[str]) -> tuple[float, float, int]:
    try:
        value, fraction, total = float(fields[0]), float(fields[1]), int(fields[2])
    except (IndexError, ValueError):
        raise BadFigure(source.name, f"a row of the distribution is {' '.join(fields)[:60]!r}") from None
    if not math.isfinite(value) or value < 0:
        raise BadFigure(source.name, f"a value of the distribution is {fields[0]}, which no measurement can be")
    return value, fraction, total


def _distribution(source: Source) -> Session:
    source.refuse_cut()
    lines = source.text.splitlines()
    first = next(index for index, line in enumerate(lines) if _HGRM.match(line))
    decimals = max(
        (len(line.split()[0].partition(".")[2]) for line in lines[first + 1 : first + 9] if line.split()), default=0
    )
    printed = Resolution(((math.inf, 0.5 * 10.0**-decimals, 0.5 * 10.0**-decimals),))
    series = spectrum(source, lines[first + 1 :], ALL, printed)
    if (total := _TOTAL.search(source.text)) and int(total[1]) != int(series.counts.sum()):
        raise BadFigure(
            source.name, f"its rows count {int(series.counts.sum()):,} values and its last lines {int(total[1]):,}"
        )
    return Session(
        tool="HdrHistogram",
        format="percentile distribution",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution="from one row of the distribution to the next",
        series=(series,),
        failures_known=False,
        withheld=_FAILURES,
        warnings=("The format does not say its unit; milliseconds are assumed, as wrk2 and vegeta write.",),
        unit_stated=False,
    )


def _log(source: Source) -> Session:
    if _OLD_LEGEND in source.head or ((version := _LOG.search(source.head)) and version[1] < "1.2"):
        raise UnknownFormat(
            f"{source.name} is an HdrHistogram log before version 1.2; write it again with a newer HdrHistogram"
        )
    data, is_cut = source.whole_lines()
    found: dict[str, dict[int, tuple[int, int, int]]] = {}
    ratios: dict[float, str] = {}
    lines = data.decode("utf-8", "replace").splitlines()
    for line_number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", '"')):
            continue
        tag, interval_max, packed = _interval(source, line_number, line)
        decoded = _decode(source, line_number, packed)
        if not decoded.get_total_count():
            continue
        if interval_max > 0.01:
            ratio = decoded.get_max_value() / interval_max
            nearest = min(_RATIOS, key=lambda known: abs(math.log10(ratio / known)))
            ratios.setdefault(nearest, f"line {line_number}")
        into = found.setdefault(tag or ALL, {})
        counters = np.ctypeslib.as_array(decoded.counts)  # its own iterator visits every counter there could be
        for index in np.flatnonzero(counters).tolist():
            value = decoded.get_value_from_index(index)
            low = int(decoded.get_lowest_equivalent_value(value))
            high = int(decoded.get_highest_equivalent_value(value))
            into[high] = (into.get(high, (0, low, high))[0] + int(counters[index]), low, high)
    if not found:
        raise EmptyFile(source.name, "holds no recorded value")
    if len(ratios) > 1:
        raise BadFigure(source.name, f"{' and '.join(ratios.values())} have their largest values in different units")
    ratio = next(iter(ratios), 1e6)
    series = [_merged(name, values, ratio) for name, values in found.items()]
    series.sort(key=lambda each: (-(each.requests or 0), each.name))
    if len(series) > 1:
        together: dict[int, tuple[int, int, int]] = {}
        for values in found.values():
            for high, (count, low, top) in values.items():
                together[high] = (together.get(high, (0, low, top))[0] + count, low, top)
        series.append(_merged(ALL, together, ratio))
    begun = _START.search(source.head)
    return Session(
        tool="HdrHistogram",
        format="interval log",
        file=source.name,
        digest=source.digest,
        clock=_CLOCK,
        resolution="the buckets of the histogram",
        series=tuple(series),
        failures_known=False,
        withheld=WITHHELD_CUT if is_cut else _FAILURES,
        warnings=(
            "The unit is taken from the column of largest values, which is in milliseconds by custom.",
            *((CUT,) if is_cut else ()),
        ),
        unit_stated=False,
        started=moment(float(begun[1])) if begun else None,
    )


def _interval(source: Source, line_number: int, line: str) -> tuple[str, float, str]:
    tag = ""
    if line.startswith("Tag="):
        tag, _, line = line.removeprefix("Tag=").partition(",")
    fields = line.strip().split(",")
    try:
        if len(fields) != 4:
            raise ValueError
        return tag, float(fields[2]), fields[3]
    except ValueError:
        raise BadFigure(source.name, f"line {line_number} is no interval of an HdrHistogram log") from None


def _decode(source: Source, line_number: int, packed: str) -> HdrHistogram:
    if packed.startswith(("HISTE", "HISTI", "HISTg", "HISTi")) and not packed.startswith("HISTF"):
        raise UnknownFormat(f"{source.name}: line {line_number} holds an old histogram; only version 2 (HISTF) is read")
    try:
        return HdrHistogram.decode(packed)
    except (
        HdrCookieException,
        HdrLengthException,
        zlib.error,
        binascii.Error,
        TypeError,
        ValueError,
        IndexError,
    ) as error:
        raise CutOff(source.name, f"the histogram in line {line_number} cannot be unpacked") from error


def _merged(name: str, values: dict[int, tuple[int, int, int]], ratio: float) -> Series:
    upper = np.array(sorted(values), np.float64)
    counts = np.array([values[int(high)][0] for high in upper], np.int64)
    lower = np.array([values[int(high)][1] for high in upper], np.float64)
    return edges(name, upper / ratio, lower / ratio, counts, Resolution(((math.inf, 0.0, 0.0),)))
