"""Whether a swarm's memory stays flat, however many requests it has made."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.bench.rivals import CONNECTIONS, cores, on, serve, swarm, write_site

REQUESTS = float(os.environ.get("BENCH_SOAK_REQUESTS", "2.5e6"))
LONGEST_S = 90.0
SETTLED = 0.4
"""Part of the requests after which whatever is remembered of pages is remembered."""

AT_MOST = 8 << 20
ARTICLES = 1000


@pytest.mark.bench
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Generator and recorder in one process grow by less than 8 MB in a million requests."""
    with serve(tmp_path / "nginx", write_site(tmp_path, ARTICLES), cores()[0]) as server:
        seconds = min(LONGEST_S, REQUESTS / 25_000)
        options = ("--rate", "0", "-u", str(CONNECTIONS))
        record = swarm(tmp_path / "soak", server.url, "reading", *options, before=on(cores()[-1]), seconds=seconds)
    series = record.table("seconds")
    made = np.cumsum(series["completed"].to_numpy())
    held = series["rss_bytes"].to_numpy()
    settled = made >= SETTLED * made[-1]
    growth, _ = np.polyfit(made[settled] / 1e6, held[settled], 1)
    print(f"\n{made[-1] / 1e6:.2f} million requests; resident memory of the process, MB, at each tenth of them")
    tenths = [held[np.searchsorted(made, part * made[-1])] / 1e6 for part in np.arange(0.1, 1.01, 0.1)]
    print("  " + ", ".join(f"{megabytes:.1f}" for megabytes in tenths))
    print(f"  {growth:,.0f} bytes a million requests over the last {1 - SETTLED:.0%}")
    assert growth < AT_MOST
