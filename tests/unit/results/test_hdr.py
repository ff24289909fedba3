"""Interval logs: every value is in exactly one line, within a thousandth, whoever decodes it."""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given
from hypothesis import strategies as st

from results import hdr

BASE = datetime(2026, 11, 21, 2, 54, 12, 182000, tzinfo=UTC)
HOUR_US = 3_600_000_000


def decode(payload: str) -> list[tuple[int, int, int]]:
    """Lowest value, highest value and count of each counter in use, by the format's description and no library."""
    raw = base64.b64decode(payload)
    cookie, length = struct.unpack_from(">II", raw)
    assert (cookie & ~0xF0, length) == (0x1C849304, len(raw) - 8)
    data = zlib.decompress(raw[8:])
    cookie, size, offset, digits, lowest, _, ratio = struct.unpack_from(">IIIIQQd", data)
    assert (cookie & ~0xF0, size, offset, lowest, ratio) == (0x1C849303, len(data) - 40, 0, 1, 1.0)
    half = 1 << ((2 * 10**digits - 1).bit_length() - 1)  # counters of each power of two but the first
    found, index, position = [], 0, 40
    while position < len(data):
        number = shift = 0
        while True:
            byte = data[position]
            position += 1
            number |= byte << shift if shift == 56 else (byte & 0x7F) << shift
            if shift == 56 or byte < 0x80:
                break
            shift += 7
        number = (number >> 1) ^ -(number & 1)
        if number < 0:  # so many empty counters
            index -= number
            continue
        if number:
            scale = max(0, index // half - 1)
            low = (index - scale * half) << scale
            found.append((low, low + (1 << scale) - 1, number))
        index += 1
    return found


def parse(lines: list[str]) -> list[tuple[str, float, float, float, str]]:
    """Tag, start, length, largest value and histogram of each line."""
    out = []
    for line in lines:
        tag, start, length, largest, payload = line.removesuffix("\n").split(",")
        out.append((tag.removeprefix("Tag="), float(start), float(length), float(largest), payload))
    return out


values = st.lists(
    st.tuples(
        st.integers(0, 2), st.floats(0, 30, allow_nan=False), st.one_of(st.integers(0, 5000), st.integers(0, HOUR_US))
    ),
    min_size=1,
    max_size=60,
)


@given(values, st.sampled_from([0.5, 1.0, 7.0]))
def test_every_value_is_in_the_line_of_its_interval_and_tag(
    rows: list[tuple[int, float, int]], interval: float
) -> None:
    """Decoded without the library, the lines hold each value once, in a counter no wider than a thousandth."""
    code, moment, value = (np.array(column) for column in zip(*rows, strict=True))
    tags = ["a", "b/c", "d"]

    made = list(hdr.lines(tags, code, moment.astype(float), value.astype(np.int64), interval))

    left = Counter((tags[c], m // interval * interval, v) for c, m, v in rows)
    for tag, start, length, largest, payload in parse([line for _, line in made]):
        inside = sorted((v, n) for (t, s, v), n in left.items() if (t, s) == (tag, start))
        assert length == interval
        assert largest == pytest.approx(inside[-1][0] / 1000, abs=0.0006)
        counters = decode(payload)
        for low, high, count in counters:
            assert high - low <= low / 1000
            assert sum(n for v, n in inside if low <= v <= high) == count
        assert sum(count for *_, count in counters) == sum(n for _, n in inside)
    assert len(made) == len({(t, s) for t, s, _ in left})
    assert [share for share, _ in made] == sorted(share for share, _ in made)
    assert made[-1][0] == 1


def test_a_value_above_an_hour_is_not_lost() -> None:
    """What is longer than the usual range is counted like anything else."""
    value = np.array([5 * HOUR_US, 1])

    ((_, line),) = hdr.lines(["a"], np.zeros(2, int), np.zeros(2), value, 1.0)

    assert [count for *_, count in decode(parse([line])[0][4])] == [1, 1]


def test_percentiles_are_those_of_the_values() -> None:
    """What the library says of a line is within a thousandth of the exact order statistics."""
    value = np.sort(np.rint(np.random.default_rng(3).lognormal(6, 1.5, 20_000)).astype(np.int64))

    ((_, line),) = hdr.lines(["a"], np.zeros(value.size, int), np.zeros(value.size), value, 1.0)

    histogram = HdrHistogram.decode(parse([line])[0][4])
    assert histogram.get_total_count() == value.size
    for percent in (1, 25, 50, 90, 95, 99, 99.9, 100):
        exact = value[histogram.get_target_count_at_percentile(percent) - 1]
        assert histogram.get_value_at_percentile(percent) == pytest.approx(exact, rel=0.001)


def test_the_librarys_reader_reads_the_log(tmp_path: Path) -> None:
    """Tags, absolute times and counts come back from the library's own log reader."""
    path = tmp_path / "log.hlog"
    made = hdr.lines(
        ["x/HIT", "x/MISS"], np.array([0, 1, 1]), np.array([0.2, 0.9, 3.5]), np.array([7, 8, 9]), 1.0, 10.0
    )
    path.write_text(hdr.head(BASE, ["About it, with commas"]) + "".join(line for _, line in made))
    reader = HistogramLogReader(str(path), HdrHistogram(1, HOUR_US, 3))

    read = []
    while (histogram := reader.get_next_interval_histogram()) is not None:
        start = timedelta(milliseconds=histogram.get_start_time_stamp() - BASE.timestamp() * 1000)
        read.append((histogram.get_tag(), round(start.total_seconds(), 3), histogram.get_total_count()))
    reader.close()

    assert read == [("x/HIT", 10.0, 1), ("x/MISS", 10.0, 1), ("x/MISS", 13.0, 1)]


@given(st.lists(st.lists(st.text(min_size=1), min_size=2, max_size=4), min_size=2, max_size=2))
def test_a_tag_is_one_word_of_its_own(words: list[list[str]]) -> None:
    """No tag holds a character that ends it, and different words have different tags."""
    one, other = (hdr.tag(*each) for each in words)

    assert not set(one) & set(', \t\r\n#"')
    assert one.isascii()
    assert (one == other) == (words[0] == words[1])
