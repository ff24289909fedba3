"""Real locust processes against the real site: what is sent, what is recorded, and how runs end."""

from __future__ import annotations

import csv
import http.server
import json
import os
import re
import signal
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.plan import Arm, SwarmPlan
from results.record import Record, read_record
from results.validity import judged
from tests.servers import Server, reference_site
from tests.swarms import (
    DEADLINE_S,
    MEMBERS,
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
    workers_of,
)

HELD_UP_S = 2.0  # less than a worker may be silent


def duet(cached: Server, uncached: Server, **values: Any) -> SwarmPlan:
    """A short plan of two arms."""
    parameters: dict[str, Any] = {"rate": 80.0, "visitors": 8, "duration_s": 1.2, "members": MEMBERS, "prepare": "warm"}
    arms = (Arm("before", uncached.url), Arm("after", cached.url))
    return SwarmPlan("readers_and_members", arms, **(parameters | values))


@pytest.fixture(scope="module")
def duet_record(tmp_path_factory: pytest.TempPathFactory, cached: Server, uncached: Server) -> Record:
    """A duet in one process, with a warm-up."""
    return swarm(tmp_path_factory.mktemp("duet"), duet(cached, uncached, warmup_s=0.3))


def test_every_request_of_a_duet_is_recorded_and_was_counted_by_the_site(duet_record: Record) -> None:
    """The ledger closes: rows, sequence numbers, and the site's own counters agree."""
    assert_complete(duet_record)


def test_both_arms_receive_the_same_requests(duet_record: Record) -> None:
    """Request for request, the arms were asked for the same page by the same persona."""
    rows = columns(duet_record)
    sides: dict[str, set[tuple[Any, ...]]] = {"before": set(), "after": set()}
    for arm, *request in zip(rows["arm"], rows["request"], rows["persona"], rows["route"], rows["url"], strict=True):
        sides[arm].add(tuple(request))
    assert sides["before"] == sides["after"]
    assert len(sides["before"]) == rows["arm"].count("before")


def test_readers_hit_and_members_bypass(duet_record: Record) -> None:
    """On a warm cache every reader's page is a hit, every member's a bypass, and each page is the right one."""
    rows = columns(duet_record)
    found = Counter(zip(rows["arm"], rows["persona"], rows["cache"], rows["error"], rows["check"], strict=True))
    assert set(found) == {
        ("before", "reader", "BYPASS", "none", "ok"),
        ("before", "member", "BYPASS", "none", "ok"),
        ("after", "reader", "HIT", "none", "ok"),
        ("after", "member", "BYPASS", "none", "ok"),
    }


def test_times_of_a_request_are_in_order(duet_record: Record) -> None:
    """Scheduled, released, sent, first byte, end; and the warm-up is what was scheduled before the measured part."""
    table = duet_record.table("requests")
    moments = np.array([table[name].to_numpy() for name in ("scheduled", "released", "sent", "first_byte", "end")])
    assert (np.diff(moments, axis=0) >= 0).all()
    phases = {"warmup" if scheduled < 0.3 else "measured" for scheduled in moments[0]}
    assert phases == set(table["phase"].to_pylist())


def test_what_the_server_spent_is_in_the_rows(duet_record: Record) -> None:
    """A hit costs no database call; a page made anew costs some, and both say how long the application took."""
    rows = columns(duet_record)
    calls: dict[str, set[bool]] = {"HIT": set(), "BYPASS": set()}
    for cache, number in zip(rows["cache"], rows["db_calls"], strict=True):
        calls[cache].add(number > 0)
    assert calls == {"HIT": {False}, "BYPASS": {True}}
    assert not np.isnan(rows["server_ms"]).any()


def test_the_seconds_add_up_to_the_rows(duet_record: Record) -> None:
    """The per-second series counts every request once as offered, sent and completed."""
    seconds = duet_record.table("seconds").to_pydict()
    rows = duet_record.table("requests").num_rows
    assert [sum(seconds[name]) for name in ("offered", "sent", "completed", "errors")] == [rows, rows, rows, 0]


def test_run_json_says_what_ran_where(duet_record: Record) -> None:
    """Hash, key, versions, machine, log-ins and counts are in the summary; the scenario is beside the plan."""
    run = duet_record.run
    assert run is not None
    assert run["ended_by"] == "completed"
    assert run["logins"]["count"] == 2 * MEMBERS
    assert run["traffic_key"] == SwarmPlan.from_dict(duet_record.plan["plan"]).traffic_key
    assert {"plan_hash", "versions", "machine", "argv", "health_maxima", "sites", "failed_checks"} <= set(run)
    assert sum(cell["requests"] for cell in run["counts"]) == run["ledger"]["rows"]
    assert duet_record.plan["scenario"]["name"] == "readers_and_members"


def test_two_worker_processes_make_the_same_traffic(
    tmp_path: Path, cached: Server, uncached: Server, duet_record: Record
) -> None:
    """With two workers every request of the plan is made once, members stay with one worker, and nothing is lost."""
    record = swarm(tmp_path, duet(cached, uncached, warmup_s=0.3), "--processes", "2")
    assert_complete(record)
    rows, alone = columns(record), columns(duet_record)
    assert set(rows["worker"]) == {0, 1}
    key = ("arm", "request", "scheduled", "persona", "url")
    assert sorted(zip(*(rows[name] for name in key), strict=True)) == sorted(
        zip(*(alone[name] for name in key), strict=True)
    )
    owners = {
        (visitor, worker)
        for visitor, worker, persona in zip(rows["visitor"], rows["worker"], rows["persona"], strict=True)
        if persona == "member"
    }
    assert len(owners) == len({visitor for visitor, _ in owners})


def test_visitors_in_a_loop_are_recorded_too(tmp_path: Path, cached: Server) -> None:
    """A closed workload keeps the same ledger; its requests are due when their visitor is ready."""
    arms = (Arm("target", cached.url),)
    plan = SwarmPlan("cache_hit", arms, rate=None, visitors=30, duration_s=1.2, members=0)
    record = swarm(tmp_path, plan)
    assert_complete(record)
    table = record.table("requests")
    assert (table["scheduled"].to_numpy() == table["released"].to_numpy()).all()


def test_a_purged_cache_starts_with_misses(tmp_path: Path, cached: Server) -> None:
    """After a cold start the first request for each page is a miss, and later ones are hits."""
    plan = SwarmPlan("cache_hit", (Arm("target", cached.url),), rate=150.0, duration_s=1.0, members=0, prepare="cold")
    record = swarm(tmp_path, plan)
    rows = columns(record)
    assert Counter(rows["cache"])["MISS"] >= len(set(rows["url"])) > 0
    assert set(rows["cache"]) == {"MISS", "HIT"}


LISTENER = """
import csv

from locust import events

from locustfiles.readers_and_members import Visitor

heard = []
events.request.add_listener(lambda **what: heard.append(what))


@events.quit.add_listener
def write(**_):
    names = ("request_type", "name", "response_time", "response_length", "exception")
    with open("heard.csv", "w", newline="") as file:
        csv.writer(file).writerows([*(each[name] for name in names), *each["context"].values()] for each in heard)
"""


def test_a_listener_of_ones_own_hears_what_is_recorded(tmp_path: Path, cached: Server) -> None:
    """Whoever listens to locust's request event is told of every measured request; locust's own sums stay the same."""
    (tmp_path / "mine.py").write_text(LISTENER)
    own = ("--headless", "--host", cached.url, "--members", str(MEMBERS), "--out", "record", "--csv", "stats")
    timing = ("--rate", "100", "--warmup", "0.3", "--duration", "1s")
    record = finished(tmp_path, start(tmp_path, tmp_path / "mine.py", *own, *timing))
    rows = columns(record)
    names = ("phase", "route", "cache", "bytes", "scheduled", "end")
    measured = [row for row in zip(*(rows[name] for name in names), strict=True) if row[0] == "measured"]
    with (tmp_path / "heard.csv").open(newline="") as file:
        heard = list(csv.reader(file))
    assert len(heard) > 50
    assert Counter(tuple(line) for line in heard) == Counter(
        ("GET", route, str((end - scheduled) * 1e3), str(size), "", "target", cache)
        for _, route, cache, size, scheduled, end in measured
    )
    with (tmp_path / "stats_stats.csv").open(newline="") as file:
        [total] = [line for line in csv.DictReader(file) if line["Name"] == "Aggregated"]
    assert int(total["Request Count"]) == len(heard)


@pytest.mark.parametrize(("fault", "check"), [("leak_member_page", "leak"), ("wrong_article", "wrong_article")])
def test_a_broken_site_is_caught(tmp_path: Path, database: Path, fault: str, check: str) -> None:
    """A site built to leak a member's page, or to mix articles up, is found out and the first examples are kept."""
    with reference_site(database, f"fault={fault}") as site:
        plan = SwarmPlan(
            "readers_and_members",
            (Arm("target", site.url),),
            rate=200.0,
            duration_s=1.0,
            members=MEMBERS,
            member_share=0.4,
        )
        (tmp_path / "plan.in.json").write_text(json.dumps(plan.to_dict()))
        options = ("--headless", "--plan", "plan.in.json", "--out", "record", "--exit-code-on-error", "0")
        assert start(tmp_path, plan.scenario, *options).wait(DEADLINE_S) == 0
    record = read_record(tmp_path / "record")
    assert record.run is not None
    assert check in {cell["check"] for cell in record.run["counts"]}
    example = next(example for example in record.run["failed_checks"] if example["check"] == check)
    assert example["expected"] != example["got"]


@pytest.mark.parametrize(
    ("send", "extra"),
    [
        (lambda pid: os.kill(pid, signal.SIGTERM), ()),
        (lambda pid: os.kill(pid, signal.SIGINT), ()),
        (lambda pid: os.killpg(pid, signal.SIGINT), ("--processes", "2")),
    ],
    ids=["termination", "Ctrl-C", "Ctrl-C, two workers"],
)
def test_an_interrupted_run_leaves_a_complete_record(
    tmp_path: Path, cached: Server, send: Callable[[int], None], extra: tuple[str, ...]
) -> None:
    """Ctrl-C and termination end the run early; its record is whole and says it was interrupted."""
    options = ("--headless", "--host", cached.url, "-t", "10m", "--rate", "100", "-u", "8", "--out", "record", *extra)
    process = start(tmp_path, "cache_hit", *options)
    wait_for(lambda: rows_so_far(tmp_path / "record") > 0, "the first rows")
    send(process.pid)
    process.wait(DEADLINE_S)
    record = read_record(tmp_path / "record")
    assert record.run is not None
    assert record.run["ended_by"] == "interrupted"
    assert_complete(record)


def test_a_killed_run_keeps_the_rows_it_had(tmp_path: Path, cached: Server) -> None:
    """After SIGKILL there is no run.json, and the rows up to then can be read."""
    process = start(tmp_path, "cache_hit", "--headless", "--host", cached.url, "--rate", "100", "--out", "record")
    wait_for(lambda: rows_so_far(tmp_path / "record") > 0, "the first rows")
    process.kill()
    process.wait(DEADLINE_S)
    record = read_record(tmp_path / "record", allow_incomplete=True)
    assert not record.is_complete
    assert record.table("requests").num_rows > 0


def test_the_workers_of_a_master_that_is_killed_end_too(tmp_path: Path, cached: Server) -> None:
    """After SIGKILL of the master its forked workers make no more requests, and the rows up to then can be read."""
    options = ("--host", cached.url, "--rate", "100", "--out", "record", "--processes", "2")
    process = start(tmp_path, "cache_hit", "--headless", *options)
    wait_for(lambda: rows_so_far(tmp_path / "record") > 0, "the first rows")
    workers = workers_of(process)
    assert len(workers) == 2
    process.kill()
    process.wait(DEADLINE_S)
    wait_for(lambda: not any(is_alive(worker) for worker in workers), "the end of the workers")
    record = read_record(tmp_path / "record", allow_incomplete=True)
    assert not record.is_complete
    assert record.table("requests").num_rows > 0


def test_a_worker_that_is_killed_is_missed(tmp_path: Path, cached: Server) -> None:
    """The run ends failed when a worker is gone; the record names it, keeps its rows and is not called complete."""
    options = ("--host", cached.url, "-t", "10m", "--rate", "100", "--out", "record", "--processes", "2")
    process = start(tmp_path, "cache_hit", "--headless", *options)
    wait_for(lambda: len(seconds_so_far(tmp_path / "record")) == 2, "rows of both workers")
    victim = workers_of(process)[-1]
    os.kill(victim, signal.SIGKILL)
    assert process.wait(DEADLINE_S) == 1
    record = read_record(tmp_path / "record")
    run = record.run
    assert run is not None
    assert run["ended_by"] == "failed"
    [missing] = run["ledger"]["missing_workers"]
    assert run["reason"].startswith(f"worker {missing} (process {victim} on ")
    assert not run["ledger"]["complete"]
    rows = columns(record)
    kept = [seq for seq, worker in zip(rows["seq"], rows["worker"], strict=True) if worker == missing]
    assert kept == list(range(len(kept)))
    assert len(kept) > 0


@pytest.mark.deep
def test_a_worker_that_was_held_up_shows_in_the_record(tmp_path: Path, cached: Server) -> None:
    """A worker stopped for a while and let go on ends nothing; its loop, its requests and its figures say so."""
    options = ("--host", cached.url, "-t", "10m", "--rate", "100", "--out", "record", "--processes", "2")
    process = start(tmp_path, "cache_hit", "--headless", *options)
    folder = tmp_path / "record"
    wait_for(lambda: len(seconds_so_far(folder)) == 2, "rows of both workers")
    victim = workers_of(process)[-1]
    os.kill(victim, signal.SIGSTOP)
    until = time.monotonic() + HELD_UP_S
    try:
        wait_for(lambda: time.monotonic() > until, "the time to pass")
        before = seconds_so_far(folder)
    finally:
        os.kill(victim, signal.SIGCONT)
    wait_for(lambda: all(n > before[w] for w, n in seconds_so_far(folder).items()), "both workers again")
    process.send_signal(signal.SIGINT)
    record = finished(tmp_path, process)
    assert_complete(record)
    assert record.run is not None
    assert record.run["health_maxima"]["loop_lag_ms"] > 1000 * (HELD_UP_S - 0.5)
    rows = record.table("requests")
    late = rows["released"].to_numpy() - rows["scheduled"].to_numpy() > HELD_UP_S - 0.5
    assert late.any()


def test_a_target_that_dies_ends_the_run(tmp_path: Path, database: Path, cached: Server) -> None:
    """When one arm answers nothing any more the run ends by itself, failed, with its rows and the reason."""
    with reference_site(database) as victim:
        arms = ("--arm", f"living={cached.url}", "--arm", f"dying={victim.url}")
        process = start(tmp_path, "cache_hit", "--headless", *arms, "-t", "10m", "--rate", "50", "--out", "record")
        wait_for(lambda: rows_so_far(tmp_path / "record") > 0, "the first rows")
        victim.process.kill()
        assert process.wait(DEADLINE_S) == 1
    record = read_record(tmp_path / "record")
    assert record.run is not None
    assert record.run["ended_by"] == "failed"
    assert "dying" in record.run["reason"]
    rows = columns(record)
    errors = {e for e, arm in zip(rows["error"], rows["arm"], strict=True) if arm == "dying"}
    assert errors <= {"none", "connect", "closed", "abandoned"}
    assert "connect" in errors
    assert {e for e, arm in zip(rows["error"], rows["arm"], strict=True) if arm == "living"} <= {"none", "abandoned"}


@pytest.mark.parametrize("extra", [(), ("--processes", "2")], ids=["one process", "two workers"])
@pytest.mark.parametrize("is_interrupted", [False, True], ids=["to its end", "Ctrl-C"])
def test_the_files_of_locust_count_what_the_record_holds(
    tmp_path: Path, cached: Server, extra: tuple[str, ...], is_interrupted: bool
) -> None:
    """``--csv`` and ``--html`` end with every request of the record, those of the last second among them."""
    options = ["--headless", "--host", cached.url, "-t", "10m" if is_interrupted else "2s", "--rate", "100", "-u", "8"]
    options += ["--out", "record", "--csv", "own", "--html", "own.html", *extra]
    process = start(tmp_path, "cache_hit", *options)
    if is_interrupted:
        wait_for(lambda: rows_so_far(tmp_path / "record") > 0, "the first rows")
        os.killpg(process.pid, signal.SIGINT)
    record = finished(tmp_path, process)
    assert_complete(record)
    rows = record.table("requests").num_rows
    by_name = Counter(columns(record)["route"])

    lines = list(csv.DictReader((tmp_path / "own_stats.csv").read_text().splitlines()))
    assert {line["Name"]: int(line["Request Count"]) for line in lines} == {**by_name, "Aggregated": rows}
    *_, newest = csv.DictReader((tmp_path / "own_stats_history.csv").read_text().splitlines())
    assert int(newest["Total Request Count"]) == rows
    found = re.search("window.templateArgs = ({.*})", (tmp_path / "own.html").read_text())
    assert found
    entries = json.loads(found[1])["requests_statistics"]
    assert {entry["name"]: entry["num_requests"] for entry in entries} == {**by_name, "Aggregated": rows}


def post(url: str, **fields: object) -> Any:
    """Send a form and read the JSON answer."""
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode()) as answer:
        return json.load(answer)


def test_the_web_interface_starts_stops_and_starts_again(tmp_path: Path, cached: Server) -> None:
    """Each start from the web form makes a record of its own, complete when somebody presses stop."""
    port = free_port()
    process = start(tmp_path, "cache_hit", "--host", cached.url, "--web-host", "127.0.0.1", "--web-port", str(port))
    url = f"http://127.0.0.1:{port}"
    root = tmp_path / "results" / "runs"
    try:
        for runs in (1, 2):

            def is_started() -> bool:
                try:
                    return bool(post(f"{url}/swarm", user_count=6, spawn_rate=50, host=cached.url, rate=60)["success"])
                except OSError:
                    return False

            wait_for(is_started, "the web form")
            wait_for(lambda runs=runs: len(list(root.glob("*/requests.arrows"))) == runs, "a record")
            wait_for(lambda: rows_so_far(sorted(root.glob("2*"))[-1]) > 0, "the first rows")
            assert post(f"{url}/stop")["success"]
            record = read_record(sorted(root.glob("2*"))[-1])
            assert record.run is not None
            assert record.run["ended_by"] == "completed"
            assert_complete(record)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def get(url: str) -> Any:
    """Read a JSON answer."""
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


@pytest.mark.parametrize("extra", [(), ("--processes", "2")], ids=["one process", "two workers"])
def test_the_web_interface_shows_why_a_swarm_did_not_start(tmp_path: Path, extra: tuple[str, ...]) -> None:
    """A target that does not answer is named in the log and among the exceptions, and the test is stopped."""
    port, free = free_port(), free_port()
    options = ("--host", f"http://127.0.0.1:{free}", "--web-host", "127.0.0.1", "--web-port", str(port), *extra)
    process = start(tmp_path, "cache_hit", *options)
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            return len(get(f"{url}/stats/requests").get("workers", ())) == (2 if extra else 0)
        except OSError:
            return False

    try:
        wait_for(is_ready, "the web interface and its workers")
        assert post(f"{url}/swarm", user_count=2, spawn_rate=50, host=f"http://127.0.0.1:{free}")["success"]
        wait_for(lambda: get(f"{url}/exceptions")["exceptions"], "the exception")
        assert "does not answer (connect: connection refused)" in get(f"{url}/exceptions")["exceptions"][0]["msg"]
        assert any("does not answer (connect: connection refused)" in line for line in get(f"{url}/logs")["master"])
        wait_for(lambda: get(f"{url}/stats/requests")["state"] == "stopped", "the end of the test")
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def test_a_swarm_of_locusts_own_command_is_judged_at_its_end(tmp_path: Path, cached: Server) -> None:
    """Unless asked otherwise, locust's exit code says whether the figures are valid, and so does the record."""
    options = ("--headless", "--host", cached.url, "-t", "1s", "--out", "record", "--exit-code-on-error", "1")
    code = start(tmp_path, "cache_hit", *options).wait(DEADLINE_S)
    assert code in {0, 4}
    assert judged(read_record(tmp_path / "record")) is (code == 0)


def test_a_limited_run_says_how_long_it_takes(tmp_path: Path, cached: Server) -> None:
    """Warm-up and measured time are told together, and locust does not claim that nothing limits the run."""
    options = ("--headless", "--host", cached.url, "-t", "1s", "--warmup", "0.5", "--out", "record")
    assert start(tmp_path, "cache_hit", *options).wait(DEADLINE_S) == 0
    log = (tmp_path / "locust.log").read_text()
    assert "swarming for 1.5 s (0.5 s of them warm-up)" in log
    assert "No run time limit set" not in log


class Doorkeeper(http.server.BaseHTTPRequestHandler):
    """A site that says it is the reference site and lets no member in."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Describe the site."""
        corpus = {"first_id": 1, "count": 5, "profile": "natural", "seed": 0}
        self._answer(200, json.dumps({"site": "anp-reference", "corpus": corpus, "members": 9}).encode())

    def do_POST(self) -> None:
        """Refuse a log-in."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(401, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def test_a_login_that_fails_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    """When a member does not get in, one line names the member and the status, and nothing is recorded."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Doorkeeper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        options = ("--headless", "--host", url, "--members", "2", "--out", "record")
        line = refused(tmp_path, start(tmp_path, "logged_in", *options))
        server.shutdown()
    assert "member m00000" in line
    assert "status 401" in line
    assert "expected status 303" in line


def test_a_swarm_that_cannot_start_says_why_in_one_line(tmp_path: Path, cached: Server, uncached: Server) -> None:
    """No target, no answer, a host not ours, too few members, a plan of another scenario: each has its line."""
    free = free_port()
    (tmp_path / "plan.json").write_text(json.dumps(duet(cached, uncached).to_dict()))
    cases: dict[str, tuple[str, ...]] = {
        "give --host URL": ("cache_hit",),
        "does not answer (connect: connection refused)": ("cache_hit", "--host", f"http://127.0.0.1:{free}"),
        "--i-may-load example.org": ("cache_hit", "--host", "http://example.org"),
        "--i-may-load 127.example.org": ("cache_hit", "--host", "http://127.example.org"),
        f"the site only {MEMBERS}; give --members {MEMBERS}": ("logged_in", "--host", cached.url),
        "rate is -1.0": ("cache_hit", "--host", cached.url, "--rate", "-1"),
        "run locustfiles/readers_and_members.py": ("cache_hit", "--plan", str(tmp_path / "plan.json")),
    }
    running = []
    for number, (says, (scenario, *options)) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        running.append((says, folder, start(folder, scenario, "--headless", "--out", "record", *options)))
    for says, folder, process in running:
        assert says in refused(folder, process)
