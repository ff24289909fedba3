"""Interval logs of HdrHistogram: latencies of an interval and a tag as one line that any HdrHistogram tool merges.

Histograms and their encoding (V2, base64 of zlib) are the library's. Its log writer knows no tags and cuts the largest
value to whole units, so the lines around them are written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

DIGITS: Final = 3
"""Significant digits: a value is off by a thousandth at most."""

_HIGHEST_US: Final = 3_600_000_000  # an hour; the same in every line, so that lines add up counter by counter


def tag(*words: str) -> str:
    """A tag of several words, ``before/reader/article/HIT``.

    A tag may hold no comma and no space. What is not a plain character is percent-encoded, so that different words
    never give the same tag.
    """
    return "/".join(quote(word, safe="") for word in words)


def head(base: datetime, comments: Sequence[str]) -> str:
    """The lines before the first interval; ``base`` is zero of the time stamps of all intervals."""
    moment = base.astimezone(UTC)
    seconds = f"{moment.timestamp():.3f}"
    return "".join(
        f"{line}\n"
        for line in (
            *(f"#{comment}" for comment in comments),
            "#[Histogram log format version 1.2]",
            f"#[StartTime: {seconds} (seconds since epoch), {moment.isoformat(timespec='milliseconds')}]",
            f"#[BaseTime: {seconds} (seconds since epoch)]",
            '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        )
    )


def lines(
    tags: Sequence[str],
    code: npt.NDArray[np.integer],
    moment_s: npt.NDArray[np.float64],
    value_us: npt.NDArray[np.int64],
    interval_s: float,
    offset_s: float = 0.0,
) -> Iterator[tuple[float, str]]:
    """One line for each interval and tag that has a value, in the order of time.

    Args:
        tags: What the codes stand for.
        code: Tag of each value, an index of ``tags``.
        moment_s: When each value was recorded, seconds, not negative; all arrays have one shape.
        value_us: The values, whole microseconds, not negative.
        interval_s: Length of an interval in seconds; intervals start at its multiples.
        offset_s: Added to the time stamps, seconds.

    Yields:
        The share of the values that are written once this line is, and the line.
    """
    slot = np.floor_divide(moment_s, interval_s).astype(np.int64)
    group = slot * len(tags) + code
    order = np.lexsort((value_us, group))
    group, value = group[order], value_us[order]
    is_new = np.ones(group.size, bool)
    is_new[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
    first = np.flatnonzero(is_new)
    count = np.diff(first, append=group.size)
    group, value = group[first], value[first]
    found, begin = np.unique(group, return_index=True)
    highest = max(_HIGHEST_US, int(value.max(initial=0)))
    written = 0
    for number, low, high in zip(found.tolist(), begin.tolist(), [*begin[1:].tolist(), group.size], strict=True):
        histogram = HdrHistogram(1, highest, DIGITS)
        counts = count[low:high].tolist()
        for each, times in zip(value[low:high].tolist(), counts, strict=True):
            histogram.record_value(each, times)
        index, code_of = divmod(number, len(tags))
        largest_ms = int(value[high - 1]) / 1000
        line = (
            f"Tag={tags[code_of]},{offset_s + index * interval_s:.3f},{interval_s:.3f},{largest_ms:.3f},"
            f"{histogram.encode().decode('ascii')}\n"
        )
        written += sum(counts)
        yield written / value_us.size, line
