"""Real locust processes for tests: how a swarm is started, waited for and read."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

import locustfiles
from results.plan import SwarmPlan
from results.record import Record, read_record
from tests import warm

FOLDER = Path(locustfiles.__file__).parent
DEADLINE_S = 60.0
_MODULES = ("locust.main", "locustfiles._swarm")
"""What every swarm imports; its locustfile, and whatever that one does to locust, is its own."""

MEMBERS = 6  # of a site that is visited

Process = subprocess.Popen[str] | psutil.Process

_started: list[Process] = []


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Poll until ``condition`` holds; fail the test when it never does."""
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on at present."""
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def start(folder: Path, scenario: str | Path, *options: str, before: Sequence[str] = (), **environment: str) -> Process:
    """Start locust; its output goes to ``locust.log`` in ``folder``.

    Args:
        folder: Where it runs.
        scenario: Name of one of the swarm's locustfiles, or the path of another.
        options: Of the locust command. With ``--processes`` the master gets a port of its own.
        before: Words in front of the command, such as ``taskset``.
        environment: Further variables.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "ANP_"))}
    path = scenario if isinstance(scenario, Path) else FOLDER / f"{scenario}.py"
    words = ["-f", str(path), "--only-summary"]
    words += ["--exit-code-on-error", "0", *options]  # a busy machine makes figures invalid; tests judge the record
    if "--processes" in options:
        port = str(free_port())
        words += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
    own |= environment
    log = folder / "locust.log"
    log.write_text("")
    process: Process
    if before or "PYTHONPATH" in environment:  # what is imported is then another matter
        with log.open("a") as file:
            command = [*before, sys.executable, "-m", "locust", *words]
            process = subprocess.Popen(
                command, cwd=folder, env=own, stdout=file, stderr=file, text=True, start_new_session=True
            )
    else:
        process = warm.start(
            "locust", *words, out=str(log), err=str(log), folder=folder, environment=own, modules=_MODULES
        )
    _started.append(process)
    return process


def swarm(folder: Path, plan: SwarmPlan, *options: str) -> Record:
    """Carry a plan out, headless, and read its record."""
    (folder / "plan.in.json").write_text(json.dumps(plan.to_dict()))
    process = start(folder, plan.scenario, "--headless", "--plan", "plan.in.json", "--out", "record", *options)
    return finished(folder, process)


def finished(folder: Path, process: Process, deadline_s: float = DEADLINE_S) -> Record:
    """The record of a swarm that ends well."""
    code = process.wait(deadline_s)
    assert code == 0, (folder / "locust.log").read_text()[-3000:]
    return read_record(folder / "record")


def columns(record: Record) -> dict[str, list[Any]]:
    """The request columns as lists."""
    found: dict[str, list[Any]] = record.table("requests").to_pydict()
    return found


def rows_so_far(folder: Path) -> int:
    """Rows on disk of a run that is still going."""
    if not (folder / "requests.arrows").exists():
        return 0
    return read_record(folder, allow_incomplete=True).table("requests").num_rows


def seconds_so_far(folder: Path) -> dict[int, int]:
    """Seconds on disk of a run that is still going, by worker."""
    if not (folder / "seconds.arrows").exists():
        return {}
    return dict(Counter(read_record(folder, allow_incomplete=True).table("seconds")["worker"].to_pylist()))


def workers_of(process: Process) -> list[int]:
    """The processes that a master forked."""
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_alive(process: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def assert_complete(record: Record) -> None:
    """Every worker's rows are there, numbered without a gap, and the site counted the same requests."""
    assert record.run is not None
    ledger = record.run["ledger"]
    rows = columns(record)
    assert ledger["complete"]
    assert ledger["rows"] == len(rows["seq"]) > 0
    for worker in set(rows["worker"]):
        assert [s for s, w in zip(rows["seq"], rows["worker"], strict=True) if w == worker] == list(
            range(rows["worker"].count(worker))
        )
    for site in ledger["site"].values():
        assert site["agrees"]
        assert site["answered"] == site["counted_by_site"]


def refused(folder: Path, process: Process) -> str:
    """The one line a swarm says when it will not start; it leaves nothing behind."""
    assert process.wait(DEADLINE_S) == 2
    log = (folder / "locust.log").read_text()
    assert "Traceback" not in log
    assert not (folder / "record").exists()
    [line] = [line for line in log.splitlines() if line.startswith("error: ")]
    return line


def end_all() -> None:
    """Kill what is left of every swarm that was started, its forked workers as well."""
    for process in _started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)
    _started.clear()
