"""Whether a swarm's memory stays flat, however many requests it has made."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.bench.rivals import CONNECTIONS, HERE, cores, on, serve, swarm, timing, write_site
from tests.swarms import finished, start

REQUESTS = float(os.environ.get("BENCH_SOAK_REQUESTS", "2.5e6"))
LONGEST_S = 90.0
MASTERS_PART = 0.2
"""Seconds of the soak of a master, in seconds of that of one process."""

SETTLED = 0.4
"""Part of the requests after which whatever is remembered of pages is remembered."""

AT_MOST = 8 << 20
ARTICLES = 1000
OPTIONS = ("--rate", "0", "-u", str(CONNECTIONS))


@pytest.mark.bench
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Generator and recorder in one process grow by less than 8 MB in a million requests."""
    with serve(tmp_path / "nginx", write_site(tmp_path, ARTICLES), cores()[0]) as server:
        seconds = min(LONGEST_S, REQUESTS / 25_000)
        record = swarm(tmp_path / "soak", server.url, "reading", *OPTIONS, before=on(cores()[-1]), seconds=seconds)
    series = record.table("seconds")
    made = np.cumsum(series["completed"].to_numpy())
    held = series["rss_bytes"].to_numpy()
    print(f"\n{made[-1] / 1e6:.2f} million requests; resident memory of the process, MB, at each tenth of them")
    assert growth(made, held) < AT_MOST


@pytest.mark.bench
def test_memory_of_a_master_stays_flat(tmp_path: Path) -> None:
    """A master that writes the rows of two workers grows by less than 8 MB in each million of them that was begun."""
    seconds = MASTERS_PART * min(LONGEST_S, REQUESTS / 25_000)
    with serve(tmp_path / "nginx", write_site(tmp_path, ARTICLES), cores()[0]) as server:
        words = ("--headless", "--host", server.url, *timing(seconds), "--out", "record", *OPTIONS, "--processes", "2")
        master = start(tmp_path, HERE / "forgetful.py", *words, before=on(*cores()))
        rows = tmp_path / "record" / "requests.arrows"
        status = Path(f"/proc/{master.pid}/statm")
        samples = []
        while master.poll() is None:
            pages = int(status.read_text().split()[1])
            if rows.exists() and pages:  # a process that has just ended holds none
                samples.append((rows.stat().st_size, pages * os.sysconf("SC_PAGE_SIZE")))
            time.sleep(0.25)
    written = finished(tmp_path, master).table("requests").num_rows
    size, held = np.array(samples, float).T
    made = size / size[-1] * written
    print(f"\n{written / 1e6:.2f} million rows; resident memory of the master, MB, at each tenth of them")
    settled = (1 - SETTLED) * written / 1e6
    assert growth(made, held) * settled < AT_MOST * max(1.0, settled)  # a shipment more or less is megabytes


def growth(made: npt.NDArray[np.float64], held: npt.NDArray[np.float64]) -> float:
    """Bytes that were held more for each million requests made, after the first ones; prints them."""
    settled = made >= SETTLED * made[-1]
    slope, _ = np.polyfit(made[settled] / 1e6, held[settled], 1)
    tenths = [held[np.searchsorted(made, part * made[-1])] / 1e6 for part in np.arange(0.1, 1.01, 0.1)]
    print("  " + ", ".join(f"{megabytes:.1f}" for megabytes in tenths))
    print(f"  {slope:,.0f} bytes a million requests over the last {1 - SETTLED:.0%}")
    return float(slope)
