"""A master and workers on several addresses, as locust documents it: one plan, one record, whoever comes and goes.

The master listens on one loopback address and every worker connects from another, so that nothing can rely on all of
them being one machine.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from results.plan import Arm, SwarmPlan
from results.record import Record, read_record
from tests.servers import Server, reference_site
from tests.swarms import (
    DEADLINE_S,
    FOLDER,
    MEMBERS,
    Process,
    assert_complete,
    columns,
    finished,
    free_port,
    is_alive,
    refused,
    rows_so_far,
    seconds_so_far,
    start,
    swarm,
    wait_for,
)

MASTER = "127.0.0.2"
REQUEST = ("arm", "request", "scheduled", "persona", "url", "visitor")
MOMENTS = ("scheduled", "released", "sent", "first_byte", "end")
NOISE = {
    *("worker", "seq"),  # who made a request, as their how-many-eth
    *("released", "sent", "first_byte", "end"),  # how long it took
    *("new_connection", "retried"),  # which reader was the first on a connection, or met its end
    *("server_ms", "db_ms"),  # how long the site took
}
"""Columns of a request in which two runs of one plan may differ; ``scheduled`` and all others may not."""

OF_A_RETURN = {"conditional", "status", "bytes", "db_calls"}
"""What differs as well where a reader returned before the first answer had come: there is no validator to send yet."""


@dataclass
class Swarm:
    """A master and its workers, each in a folder of its own."""

    folder: Path
    scenario: str
    port: int = field(default_factory=lambda: free_port(MASTER))
    processes: list[Process] = field(default_factory=list)

    @property
    def workers(self) -> list[Process]:
        """The processes of the workers."""
        return self.processes

    def add_worker(self, scenario: str | Path | None = None, **environment: str) -> Path:
        """Start a worker that connects from an address of its own; gives its folder."""
        number = len(self.processes)
        folder = self.folder / f"worker-{number}"
        folder.mkdir()
        source = f"127.0.0.{3 + number}:0"  # a ZeroMQ address may name its own end too
        options = ("--worker", "--master-host", f"{source};{MASTER}", "--master-port", str(self.port))
        self.processes.append(start(folder, scenario or self.scenario, *options, **environment))
        return folder

    def start_master(self, *options: str, workers: int = 2) -> Process:
        """Start the master; it begins when so many workers are there."""
        own = ("--master", "--headless", "--out", "record", "--expect-workers", str(workers))
        address = ("--master-bind-host", MASTER, "--master-bind-port", str(self.port))
        return start(self.folder, self.scenario, *own, *address, *options)

    def carry_out(self, plan: SwarmPlan) -> Record:
        """Have two workers carry out a plan; gives its record once all processes have ended."""
        (self.folder / "plan.in.json").write_text(json.dumps(plan.to_dict()))
        self.add_worker()
        master = self.start_master("--plan", "plan.in.json")
        self.add_worker()
        record = finished(self.folder, master)
        assert [worker.wait(DEADLINE_S) for worker in self.workers] == [0, 0]
        return record

    def connections(self) -> set[str]:
        """Addresses from which workers are connected to the master."""
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        ends = [line.split()[1:4] for line in lines]
        here = f"{_hexadecimal(MASTER)}:{self.port:04X}"
        return {there.partition(":")[0] for local, there, state in ends if local == here and state == "01"}


def _hexadecimal(address: str) -> str:
    """An address as the kernel lists it."""
    return "".join(f"{byte:02X}" for byte in reversed(socket.inet_aton(address)))


def plan_of(site: Server, scenario: str = "cache_hit", **values: Any) -> SwarmPlan:
    """A short plan of one arm."""
    parameters: dict[str, Any] = {"rate": 80.0, "visitors": 8, "duration_s": 2.0, "members": 0, "prepare": "warm"}
    return SwarmPlan(scenario, (Arm("target", site.url),), **(parameters | values))


def going(tmp_path: Path, site: Server) -> tuple[Swarm, Process]:
    """A swarm of two workers that goes on until something happens, and its master."""
    crew = Swarm(tmp_path, "cache_hit")
    crew.add_worker()
    crew.add_worker()
    master = crew.start_master("--host", site.url, "-t", "10m", "--rate", "100", "-u", "8")
    wait_for(lambda: len(seconds_so_far(tmp_path / "record")) == 2, "rows of both workers")
    return crew, master


def by_request(record: Record) -> dict[tuple[str, int, int], dict[str, Any]]:
    """The rows of a record by arm, number in the plan and hop, without what is noise; URLs by their path."""
    rows = columns(record)
    urls = record.table("urls").to_pydict()
    paths = dict(zip(urls["url"], urls["path"], strict=True))
    names = [name for name in rows if name not in NOISE]
    found = {}
    for values in zip(*(rows[name] for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        found[row["arm"], row["request"], row["hop"]] = row | {"url": paths[row["url"]]}
    assert len(found) == len(rows["seq"])
    return found


def test_two_workers_elsewhere_make_the_traffic_of_one_process(
    tmp_path: Path, cached: Server, uncached: Server
) -> None:
    """A duet by two workers has the rows of one process, each request as it was, with nothing lost.

    Both records agree in every column of every request but those of ``NOISE``, and of ``OF_A_RETURN`` for a return
    that was too early in one of them. Noise is how long something took, and on which connection: in both records the
    moments of a request follow one another, and no more is asked of them, since how they are spread depends on how busy
    the machine is.
    """
    arms = (Arm("before", uncached.url), Arm("after", cached.url))
    plan = SwarmPlan(
        "readers_and_members",
        arms,
        rate=60.0,
        visitors=8,
        warmup_s=0.4,
        duration_s=2.0,
        members=MEMBERS,
        prepare="warm",
    )
    alone = tmp_path / "alone"
    together = tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    one = swarm(alone, plan)
    two = Swarm(together, plan.scenario).carry_out(plan)
    assert_complete(one)
    assert_complete(two)
    rows, expected = columns(two), columns(one)
    assert set(rows["worker"]) == {0, 1}
    assert sorted(zip(*(rows[name] for name in REQUEST), strict=True)) == sorted(
        zip(*(expected[name] for name in REQUEST), strict=True)
    )
    theirs, ours = by_request(two), by_request(one)
    assert theirs.keys() == ours.keys()
    for key, row in theirs.items():
        free = OF_A_RETURN if row["conditional"] != ours[key]["conditional"] else set()
        if row["persona"] == "member":
            free = free | {"bytes"}  # the word of the session in a member's forms is compressed to a byte more or less
        assert {name: row[name] for name in row.keys() - free} == {name: ours[key][name] for name in row.keys() - free}
    for found in (rows, expected):
        moments = [found[name] for name in MOMENTS]
        assert all(list(of_one) == sorted(of_one) for of_one in zip(*moments, strict=True))
    verdicts = ("arm", "persona", "phase", "cache", "error", "check")
    assert Counter(zip(*(rows[name] for name in verdicts), strict=True)) == Counter(
        zip(*(expected[name] for name in verdicts), strict=True)
    )
    assert one.run is not None
    assert two.run is not None
    assert two.run["plan_hash"] == one.run["plan_hash"]
    assert two.run["logins"]["count"] == one.run["logins"]["count"] == 2 * MEMBERS
    owners = {(v, w) for v, w, p in zip(rows["visitor"], rows["worker"], rows["persona"], strict=True) if p == "member"}
    assert len(owners) == len({visitor for visitor, _ in owners})


def test_workers_connect_from_addresses_of_their_own(tmp_path: Path, cached: Server) -> None:
    """What the other tests of this module rely on: no worker comes from the master's address."""
    crew, master = going(tmp_path, cached)
    assert crew.connections() == {_hexadecimal("127.0.0.3"), _hexadecimal("127.0.0.4")}
    master.send_signal(signal.SIGINT)
    assert master.wait(DEADLINE_S) == 0
    record = read_record(tmp_path / "record")
    assert record.run is not None
    assert record.run["ended_by"] == "interrupted"
    assert_complete(record)


def test_an_edit_by_one_worker_is_expected_by_the_other(tmp_path: Path, database: Path) -> None:
    """Editors and readers sit in different workers: on a sound site no page is called wrong or stale."""
    own = shutil.copy(database, tmp_path / "own.db")
    with reference_site(Path(own)) as site:
        plan = plan_of(site, "publish_and_purge", rate=200.0, duration_s=3.0, event_s=0.1)
        record = Swarm(tmp_path, plan.scenario).carry_out(plan)
    assert_complete(record)
    rows = columns(record)
    assert set(rows["check"]) == {"ok"}
    editors = {worker for worker, route in zip(rows["worker"], rows["route"], strict=True) if route == "edit"}
    assert editors == {0, 1}


def saw_stale(folder: Path) -> dict[int, set[int]]:
    """Which workers found a page stale so far, by page."""
    found: dict[int, set[int]] = {}
    if (folder / "requests.arrows").exists():
        rows = columns(read_record(folder, allow_incomplete=True))
        for url, worker, check in zip(rows["url"], rows["worker"], rows["check"], strict=True):
            if check == "stale":
                found.setdefault(url, set()).add(worker)
    return found


def test_a_stale_page_is_found_by_the_worker_that_did_not_edit(tmp_path: Path, database: Path) -> None:
    """On a site that forgets to purge, readers of either worker are shown editions that the other's editor replaced."""
    own = shutil.copy(database, tmp_path / "own.db")
    with reference_site(Path(own), "fault=stale_after_purge") as site:
        crew = Swarm(tmp_path, "publish_and_purge")
        crew.add_worker()
        crew.add_worker()
        options = ("--host", site.url, "-t", "10m", "--rate", "200", "-u", "8", "--event-every", "0.1")
        master = crew.start_master("--members", "0", "--prepare", "warm", *options)
        # All edits of an article are made by one worker: where both saw it stale, one had only heard of the edit.
        wait_for(lambda: {0, 1} in saw_stale(tmp_path / "record").values(), "a page that both workers saw stale")
        master.send_signal(signal.SIGINT)
        finished(tmp_path, master)


def test_a_worker_that_never_comes_is_told_in_one_line(tmp_path: Path, cached: Server) -> None:
    """The master gives up waiting, says so, and lets the worker that came go; there is no record."""
    crew = Swarm(tmp_path, "cache_hit")
    with socket.create_server((MASTER, crew.port)) as door:
        door.settimeout(DEADLINE_S)
        crew.add_worker()
        door.accept()[0].close()  # it is up, and knocks several times a second
    master = crew.start_master("--host", cached.url, "--expect-workers-max-wait", "5")
    assert master.wait(DEADLINE_S) == 1
    log = (tmp_path / "locust.log").read_text()
    assert len(re.findall("Gave up waiting for workers to connect", log)) == 1
    assert "Traceback" not in log
    assert not (tmp_path / "record").exists()
    assert crew.workers[0].wait(DEADLINE_S) == 0


def test_a_worker_that_comes_late_changes_nothing(tmp_path: Path, cached: Server) -> None:
    """A third worker that joins a swarm under way gets no part of it, and takes no visitor from the others."""
    crew, master = going(tmp_path, cached)
    crew.add_worker()
    wait_for(lambda: "3 workers connected" in (tmp_path / "locust.log").read_text(), "the third worker")
    earlier = rows_so_far(tmp_path / "record")
    wait_for(lambda: rows_so_far(tmp_path / "record") > earlier + 200, "more rows")
    master.send_signal(signal.SIGINT)
    assert master.wait(DEADLINE_S) == 0
    record = read_record(tmp_path / "record")
    assert_complete(record)
    assert record.run is not None
    assert set(columns(record)["error"]) == {"none"}
    assert len(record.run["ledger"]["workers"]) == 2
    assert [worker.wait(DEADLINE_S) for worker in crew.workers] == [0, 0, 0]


@pytest.mark.deep
def test_a_worker_that_is_killed_elsewhere_is_missed(tmp_path: Path, cached: Server) -> None:
    """No process of ours, so its silence tells: the run ends failed, names it, and keeps its rows."""
    crew, master = going(tmp_path, cached)
    crew.workers[1].kill()
    assert master.wait(DEADLINE_S) == 1
    record = read_record(tmp_path / "record")
    run = record.run
    assert run is not None
    assert run["ended_by"] == "failed"
    [missing] = run["ledger"]["missing_workers"]
    assert run["reason"].startswith(f"worker {missing} (process {crew.workers[1].pid} on ")
    rows = columns(record)
    kept = [seq for seq, worker in zip(rows["seq"], rows["worker"], strict=True) if worker == missing]
    assert kept == list(range(len(kept)))
    assert len(kept) > 0
    assert crew.workers[0].wait(DEADLINE_S) == 0


def test_workers_whose_master_is_killed_end_by_themselves(tmp_path: Path, cached: Server) -> None:
    """Nobody records what they do any more, so they stop loading the target, and say why; the rows can be read."""
    crew, master = going(tmp_path, cached)
    master.kill()
    master.wait(DEADLINE_S)
    for worker in crew.workers:
        worker.wait(DEADLINE_S)
        assert not is_alive(worker.pid)
    for number in range(2):
        assert "nothing was heard of the master" in (tmp_path / f"worker-{number}" / "locust.log").read_text()
    record = read_record(tmp_path / "record", allow_incomplete=True)
    assert not record.is_complete
    assert record.table("requests").num_rows > 0


@pytest.mark.parametrize("kind", ["version", "locustfile"])
def test_a_worker_that_is_not_alike_is_refused(tmp_path: Path, cached: Server, kind: str) -> None:
    """Another version of anp, or another scenario under the same name, on one worker: a line before any load."""
    crew = Swarm(tmp_path, "cache_hit")
    crew.add_worker()
    if kind == "version":
        metadata = tmp_path / "other" / "anp-0.0.1.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text("Metadata-Version: 2.1\nName: anp\nVersion: 0.0.1\n")
        crew.add_worker(PYTHONPATH=str(metadata.parent.parent))
        expected = "runs {'python"
    else:
        other = tmp_path / "cache_hit.py"
        other.write_text((FOLDER / "cache_hit.py").read_text().replace("0.80", "0.70"))
        crew.add_worker(other)
        expected = "makes other traffic of the plan, with hash"
    line = refused(tmp_path, crew.start_master("--host", cached.url, "-t", "5s"))
    assert expected in line
    assert "install the same versions" in line


def test_fewer_visitors_than_workers_are_refused(tmp_path: Path, cached: Server) -> None:
    """A worker without a single visitor could make none of its requests."""
    crew = Swarm(tmp_path, "cache_hit")
    crew.add_worker()
    crew.add_worker()
    line = refused(tmp_path, crew.start_master("--host", cached.url, "-u", "1"))
    assert "2 workers cannot share 1 visitors" in line
