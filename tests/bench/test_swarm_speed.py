"""How many requests a second the swarm makes on one core, beside locust's own clients and hey.

Ours does all it ever does: the plan, a row of every request written to disk, cache class, oracle, locust's own
statistics. The rivals do nothing but ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.rivals import (
    PER_CPU_SECOND,
    PER_SECOND,
    closed,
    cores,
    hey,
    in_turns,
    ratio,
    serve,
    stock_run,
    tool,
    write_site,
)

AT_LEAST = {"FastHttpUser": 3.5, "HttpUser": 14.0, "hey": 1.0}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The page, served on the first core."""
    with serve(tmp_path / "nginx", write_site(tmp_path, 1), cores()[0]) as server:
        yield server.url


@pytest.mark.bench
def test_the_precise_client_outruns_its_rivals(tmp_path: Path, url: str) -> None:
    """At least 3.5 times the requests of FastHttpUser, 14 times those of HttpUser, and as many as hey."""
    core = cores()[-1]
    tool("hey")
    rivals = {
        "swarm": lambda folder: closed(folder, url, core),
        "FastHttpUser": lambda folder: stock_run(folder, url, core, "Fast"),
        "HttpUser": lambda folder: stock_run(folder, url, core, "Plain"),
        "hey": lambda folder: hey(url, core),
    }
    found = in_turns(rivals, tmp_path)
    ours = found["swarm"]
    print("\nrequests a second on one core; how many times as many the swarm makes, by the clock and by processor time")
    for name, runs in found.items():
        rates = ", ".join(f"{run.per_second:,.0f}" for run in runs)
        print(f"  {name:13} {rates:30} {ratio(ours, runs, PER_SECOND):6.2f} {ratio(ours, runs, PER_CPU_SECOND):6.2f}")
    for name, least in AT_LEAST.items():
        assert ratio(ours, found[name], PER_SECOND) >= least, name
