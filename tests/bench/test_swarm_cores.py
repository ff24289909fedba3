"""Whether a second worker on a second core doubles the swarm.

With two cores there is none left for the server. So a *pair* shares each core, a worker and an nginx, and the question
is how much two pairs on two cores make beside one pair on one: every request costs the same in both, on whichever core.
The plan has two arms, one for each nginx, which gives both the same share; the one core has both nginx and the one
worker. The master that writes the record runs beside them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.rivals import (
    CONNECTIONS,
    HERE,
    PER_CPU_SECOND,
    PER_SECOND,
    ROUNDS,
    SECONDS,
    Run,
    bind,
    children,
    cores,
    on,
    ratio,
    read_run,
    serve,
    timing,
    write_site,
)
from tests.swarms import finished, start, wait_for

AT_LEAST = 1.8


def pairs(folder: Path, root: Path, where: list[int]) -> Run:
    """A swarm of one worker and nginx on each of these cores."""
    folder.mkdir()
    with serve(folder / "a", root, where[0]) as a, serve(folder / "b", root, where[-1]) as b:
        words = ["--headless", "--arm", f"a={a.url}", "--arm", f"b={b.url}", "--rate", "0", "-u", str(CONNECTIONS)]
        words += [*timing(SECONDS), "--processes", str(len(where)), "--out", "record"]
        process = start(folder, HERE / "home.py", *words, before=on(*where))
        wait_for(lambda: len(children(process.pid)) == len(where), "the workers")
        for worker, core in zip(children(process.pid), where, strict=True):
            bind(worker, core)
        record = finished(folder, process, SECONDS + 60)
    assert record.run is not None
    assert record.run["ledger"]["complete"]
    return read_run(record)


@pytest.mark.bench
def test_two_workers_make_nearly_twice_the_requests_of_one(tmp_path: Path) -> None:
    """Two pairs on two cores make at least 1.8 times the requests of one pair on one core."""
    root = write_site(tmp_path, 1)
    everywhere = cores()[:2]
    one: list[Run] = []
    two: list[Run] = []
    for number in range(ROUNDS):
        one.append(pairs(tmp_path / f"one-{number}", root, everywhere[-1:]))
        two.append(pairs(tmp_path / f"two-{number}", root, everywhere))
    print("\nrequests a second of workers that share their core with the server")
    print("  one worker  " + ", ".join(f"{run.per_second:,.0f}" for run in one))
    print("  two workers " + ", ".join(f"{run.per_second:,.0f}" for run in two))
    times = ratio(two, one, PER_SECOND)
    print(f"  {times:.2f} times; by the workers' processor time {2 * ratio(two, one, PER_CPU_SECOND):.2f} times")
    assert times >= AT_LEAST
