"""What the swarm says of a page that is served at a given rate, beside what others say of it.

The reference is wrk, which measures from the write of a request to the last byte of its answer in microseconds, told to
send at the same rate (``pace.lua``); hey rounds to a tenth of a millisecond, about the time in question. Locust's
``FastHttpUser`` is shown beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import pytest

from results.record import Record
from tests.bench.rivals import ROUNDS, SECONDS, WARMUP_S, cores, on, serve, stock, swarm, tool, write_site, wrk

START_LAG_RATE = 2000.0
VISITORS = 64


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The page, served on the first core."""
    with serve(tmp_path / "nginx", write_site(tmp_path, 1), cores()[0]) as server:
        yield server.url


def measured(folder: Path, url: str, rate: float) -> Record:
    """An open swarm at a rate, on the last core."""
    options = ("--rate", str(rate), "-u", str(VISITORS))
    return swarm(folder, url, "home", *options, before=on(cores()[-1]), seconds=SECONDS)


def times_ms(record: Record, since: str, until: str) -> npt.NDArray[np.float64]:
    """Milliseconds between two moments of every measured request."""
    rows = record.table("requests")
    values: npt.NDArray[np.float64] = (rows[until].to_numpy() - rows[since].to_numpy()) * 1e3
    return values[rows["scheduled"].to_numpy() >= WARMUP_S]


@pytest.mark.bench
@pytest.mark.parametrize("rate", [1000, 4000])
def test_the_median_is_what_wrk_finds_at_the_same_rate(tmp_path: Path, url: str, rate: int) -> None:
    """Within 15 percent or 0.03 ms of wrk's median, in the median of the rounds."""
    core = cores()[-1]
    tool("wrk")
    found: dict[str, list[float]] = {"wrk": [], "swarm, service": [], "swarm, response": [], "FastHttpUser": []}
    for number in range(ROUNDS):
        theirs = wrk(url, core, rate)
        assert theirs["requests"] / theirs["seconds"] == pytest.approx(rate, rel=0.1)
        found["wrk"].append(theirs["p50_ms"])
        record = measured(tmp_path / f"swarm-{number}", url, rate)
        found["swarm, service"].append(float(np.median(times_ms(record, "sent", "end"))))
        found["swarm, response"].append(float(np.median(times_ms(record, "scheduled", "end"))))
        users = 100
        stocks = stock(tmp_path / f"stock-{number}", url, core, "Paced", users=users, rate=rate / users)
        found["FastHttpUser"].append(stocks["p50_ms"])
    print(f"\nmedian at {rate:,} requests a second, ms")
    for name, values in found.items():
        print(f"  {name:16} {', '.join(f'{value:.3f}' for value in values)}")
    apart = [abs(ours - theirs) for ours, theirs in zip(found["swarm, service"], found["wrk"], strict=True)]
    assert median(apart) <= max(0.03, 0.15 * median(found["wrk"]))


@pytest.mark.bench
def test_requests_leave_when_they_are_due(tmp_path: Path, url: str) -> None:
    """At 2,000 requests a second half of them leave within 0.15 ms of their moment, 99 of 100 within 0.5 ms."""
    lags = [
        np.percentile(times_ms(measured(tmp_path / str(n), url, START_LAG_RATE), "scheduled", "sent"), (50, 99))
        for n in range(ROUNDS)
    ]
    print(f"\nstart lag at {START_LAG_RATE:,.0f} requests a second, ms")
    print("  p50 " + ", ".join(f"{p50:.3f}" for p50, _ in lags))
    print("  p99 " + ", ".join(f"{p99:.3f}" for _, p99 in lags))
    assert median(p50 for p50, _ in lags) <= 0.15
    assert median(p99 for _, p99 in lags) <= 0.5
