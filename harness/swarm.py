"""A swarm as a child process: locust with one of our locustfiles, a plan file and a record directory."""

from __future__ import annotations

import math
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import RunFailed, UsageError
from harness.processes import Child, ending, uninterrupted
from harness.progress import Advance
from results.plan import SwarmPlan
from results.record import Record, read_record, write_json

PREPARATION_SECONDS = 1800.0
"""What a swarm may take before its first request: start, logins, every page of a large site asked for once."""

OVERHEAD_SECONDS = 120.0
"""What it may take beyond the seconds of its plan from then on."""

_OWN_FILE = "ANP_OWN_LOCUSTFILE"
"""Variable by which the swarm is told of a locustfile that is not one of ours."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A swarm's process that waits for its plan, so that its start can go on beside that of the sites.

    Attributes:
        plan_file: Where it looks for the plan.
        out: Directory of its record.
    """

    child: Child
    plan_file: Path
    out: Path
    log: Path


def command(
    scenario: str,
    plan_file: Path,
    out: Path,
    *,
    processes: int = 1,
    options: Sequence[str] = (),
    locustfile: Path | None = None,
) -> list[str]:
    """The argv of locust, with everything said explicitly; ``-P`` keeps what lies in the current folder out of it.

    Another ``locustfile`` than ours is run by one of ours that stands in for it, and learns of it from ``environment``.
    """
    argv = [sys.executable, "-P", "-m", "locust"]
    stem = scenario if locustfile is None else "_own_file"
    argv += ["-f", str(resources.files("locustfiles") / f"{stem}.py")]
    argv += ["--headless", "--only-summary", "--exit-code-on-error", "0", "--loglevel", "WARNING"]
    argv += ["--plan", str(plan_file), "--await-plan", "--out", str(out)]
    if processes != 1:
        port = str(_free_port())
        argv += ["--processes", str(processes), "--master-port", port]
        argv += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]  # locust would listen to every network
    return [*argv, *options]


def environment(locustfile: Path | None = None) -> dict[str, str]:
    """The variables of the swarm's process."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    own["ANP_CALLED_FROM"] = str(Path.cwd())
    return own if locustfile is None else own | {_OWN_FILE: str(locustfile.resolve())}


def _free_port() -> int:
    """A port that nobody listens on, so that two swarms of several processes can run side by side."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for_plan(
    scenario: str,
    out: Path,
    log: Path,
    *,
    scratch: Path,
    core: int | None = None,
    processes: int = 1,
    options: Sequence[str] = (),
    locustfile: Path | None = None,
) -> Waiting:
    """Start a swarm's process before its plan is known; arguments as of ``attempt``. Somebody has to stop it."""
    plan_file = scratch.resolve() / f"{log.stem}.json"
    child = Child(
        "swarm",
        command(scenario, plan_file, out.resolve(), processes=processes, options=options, locustfile=locustfile),
        log,
        cores=() if core is None or processes > 1 else {core},
        folder=scratch,  # locust would read a locust.conf or pyproject.toml that lies where the user stands
        environment=environment(locustfile),
    )
    return Waiting(child, plan_file, out, log)


def run(plan: SwarmPlan, waiting: Waiting, **how: Any) -> Record:
    """Swarm to the end of the plan and return the record; arguments as of ``carry_out``.

    Raises:
        UsageError: The swarm refused to start.
        RunFailed: It ended otherwise than by its plan; what it recorded is kept.
        KeyboardInterrupt: After the swarm has been given time to complete its record.
    """
    record = carry_out(plan, waiting, **how)
    run = record.run or {}
    if run.get("ended_by") != "completed":
        raise RunFailed(f"{run.get('reason')}. What it recorded is in {waiting.out}")
    return record


def attempt(
    plan: SwarmPlan,
    out: Path,
    log: Path,
    *,
    scratch: Path,
    core: int | None = None,
    processes: int = 1,
    options: Sequence[str] = (),
    watch: Callable[[], None] | None = None,
    advance: Advance | None = None,
    locustfile: Path | None = None,
) -> Record:
    """Swarm, and return the complete record however the swarm ended.

    Args:
        plan: What to do.
        out: Directory of the record; it must not hold one yet.
        log: Where locust's own words go.
        scratch: A folder for the plan file; it need not outlive the swarm.
        core: Pin the generator to this core.
        processes: Locust workers; with more than one, nothing is pinned.
        options: Words of locust's command line for what the plan does not carry; paths in them are absolute.
        locustfile: Whose scenario the plan is of, where that is not one of ours.
        watch: Called ten times a second; what it raises stops the swarm.
        advance: Told how many seconds of the plan have gone by.

    Raises:
        UsageError: The swarm refused to start.
        RunFailed: It ended without completing its record; what it recorded is kept.
        KeyboardInterrupt: After the swarm has been given time to complete its record.
    """
    waiting = wait_for_plan(
        plan.scenario,
        out,
        log,
        scratch=scratch,
        core=core,
        processes=processes,
        options=options,
        locustfile=locustfile,
    )
    return carry_out(plan, waiting, watch=watch, advance=advance)


def carry_out(
    plan: SwarmPlan,
    waiting: Waiting,
    *,
    watch: Callable[[], None] | None = None,
    advance: Advance | None = None,
) -> Record:
    """Give a waiting swarm its plan, and return its record; ends and arguments as of ``attempt``."""
    child, out, log = waiting.child, waiting.out, waiting.log
    deadline = time.monotonic() + PREPARATION_SECONDS
    began: float | None = None

    def poll() -> None:
        nonlocal began, deadline
        now = time.monotonic()
        if began is None and (out / "plan.json").exists():
            began, deadline = now, now + plan.warmup_s + plan.duration_s + OVERHEAD_SECONDS
        if now > deadline:
            raise TimeoutError
        if advance is not None and began is not None:
            advance(now - began)
        if watch is not None:
            watch()

    code: int | None = None
    try:
        write_json(waiting.plan_file, plan.to_dict())
        code = child.wait(math.inf, poll=poll)
    except TimeoutError as error:
        late = "begin" if began is None else f"end {OVERHEAD_SECONDS:.0f} s after its plan was over"
        raise RunFailed(f"the swarm did not {late}; see {log}") from error
    finally:
        if code is None:
            with uninterrupted():
                child.stop(patience_s=15.0)
    assert code is not None
    words = "" if code < 0 else child.last_words()
    if not (out / "plan.json").exists():
        whole = RuntimeError(log.read_text(encoding="utf-8", errors="replace"))  # shown by --debug
        raise UsageError(words or f"the swarm {ending(code)} before it began; see {log}") from whole
    record = read_record(out, allow_incomplete=True)
    if record.run is None:
        raise RunFailed(f"{words or f'the swarm {ending(code)}'}. What it recorded is in {out}")
    return record
