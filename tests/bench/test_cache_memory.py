"""Whether the page cache stays within its bound, however many addresses it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.bench.rivals import HERE

URLS = int(float(os.environ.get("BENCH_CACHE_URLS", "1e6")))
MAX_BYTES = 64 << 20
FLAT, HONEST = 1.05, 1.25


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_a_million_addresses_take_no_more_than_a_hundred_thousand() -> None:
    """Resident memory is flat once the store is full, and grew by little more than the store counts."""
    words = [sys.executable, str(HERE / "endless.py"), str(MAX_BYTES), str(URLS // 10), str(URLS)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    before, early, late = (json.loads(line) for line in done.stdout.splitlines())
    flat = late["rss"] / early["rss"]
    honest = (late["rss"] - before["rss"]) / (late["counted"] - before["counted"])
    overhead = (late["rss"] - before["rss"]) / (late["pages"] - before["pages"]) - late["bodies"] / late["pages"]
    print(
        f"\n{late['urls']:,} addresses, of which {late['pages']:,} pages are held in {MAX_BYTES >> 20} MiB:"
        f"\n  resident memory {late['rss'] / 2**20:.1f} MiB, {flat:.3f} of what it was after {early['urls']:,}"
        f" ({FLAT} at most)"
        f"\n  it grew by {honest:.2f} of what the store counts ({HONEST} at most)"
        f"\n  a page takes {overhead:,.0f} bytes beside its body"
    )
    assert flat <= FLAT
    assert honest <= HONEST
