"""``anp swarm``: load one site with one scenario and keep the record."""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from harness import probe
from harness import swarm as swarms
from harness.cli import options
from harness.cores import choose_cores
from harness.errors import UsageError
from harness.progress import Steps
from results.loopback import is_this_machine
from results.plan import Arm, SwarmPlan
from results.record import new_directory, runs_root
from results.summary import summarize, to_dicts, to_table

EPILOG = """**Examples**

- `anp swarm --host http://127.0.0.1:8000 --scenario cache_hit --rate 200 --duration 30s`
- `anp swarm --host http://127.0.0.1:8000 --scenario readers_and_members --processes 2 --json`
- `anp swarm --host http://127.0.0.1:8000 --scenario logged_in --users 10 --duration 1m`
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("swarm", epilog=EPILOG)(swarm)


def swarm(
    host: Annotated[
        str, typer.Option("--host", help="Origin of the site, such as http://127.0.0.1:8000.", metavar="URL")
    ],
    scenario: Annotated[str, typer.Option("--scenario", help=f"One of: {', '.join(swarms.scenarios())}.")],
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Requests a second, fixed in advance (open workload).", show_default="50"),
    ] = None,
    users: Annotated[
        int | None,
        typer.Option("--users", help="Visitors who wait for each reply (closed workload) instead of a rate."),
    ] = None,
    duration: Annotated[str, typer.Option("--duration", help="Measured time: 30s, 5m, 1h.", metavar="TIME")] = "30s",
    warmup: Annotated[str, typer.Option("--warmup", help="Load before it, not measured.", metavar="TIME")] = "2s",
    prepare: Annotated[
        str, typer.Option("--prepare", help="Cache before the first request: natural, warm (every page once) or cold.")
    ] = "natural",
    members: Annotated[int, typer.Option("--members", help="Member accounts to use.")] = 20,
    processes: Annotated[int, typer.Option("--processes", help="Locust workers.", min=1)] = 1,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the traffic: the same seed sends the same requests.")
    ] = 0,
    may_load: Annotated[
        str | None,
        typer.Option("--i-may-load", help="Name of a host, other than this machine, you may load.", metavar="HOST"),
    ] = None,
    out: options.Out = None,
    json: options.Json = False,
) -> int:
    """Swarm a site and record every request; prints counts and response times by cache class."""
    swarms.check_scenario(scenario)
    if rate is not None and users is not None:
        raise UsageError(
            f"--rate {rate:g} and --users {users} exclude each other: arrivals fixed in advance, or visitors who wait"
        )
    plan = SwarmPlan(
        scenario=scenario,
        arms=(Arm("target", host.rstrip("/")),),
        seed=seed,
        rate=None if users is not None else (50.0 if rate is None else rate),
        visitors=64 if users is None else users,
        warmup_s=_seconds("--warmup", warmup),
        duration_s=_seconds("--duration", duration),
        members=members,
        prepare=prepare,  # type: ignore[arg-type]  # the plan judges it
    )
    _refuse_foreign(plan.arms[0].url, may_load)
    if probe.about(plan.arms[0].url) is None:
        raise UsageError(
            f"{host} is not the anp reference site, whose pages a swarm can check. Start one with: anp serve"
        )
    directory = new_directory(runs_root(out), scenario)
    steps = Steps()
    seconds = plan.warmup_s + plan.duration_s
    try:
        with (
            tempfile.TemporaryDirectory(prefix="anp-") as work,
            steps.step(f"{scenario} against {host}, {seconds:g} s", total=seconds + 2) as advance,
        ):
            record = swarms.run(
                plan,
                directory,
                directory / "swarm.log",
                scratch=Path(work),
                core=choose_cores().generator,
                processes=processes,
                may_load=may_load,
                advance=advance,
            )
    finally:
        if (directory / "plan.json").exists():
            steps.say(f"record: {directory}")
        else:
            shutil.rmtree(directory)  # refused, or stopped before the first request
    rows = summarize(record)
    if json:
        options.print_json({"record": str(record.path), "run": record.run, "rows": to_dicts(rows)})
    else:
        options.console().print(to_table(rows))
    return 0


def _seconds(option: str, word: str) -> float:
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    for unit, factor in units.items():
        number = word.removesuffix(unit)
        if number != word or unit == "s":
            try:
                seconds = float(number) * factor
            except ValueError:
                continue
            if math.isfinite(seconds) and seconds >= 0:
                return seconds
    raise UsageError(f"{option} {word!r} is not a time; write 30s, 5m or 1h")


def _refuse_foreign(url: str, may_load: str | None) -> None:
    host = urlsplit(url).hostname or ""
    if not is_this_machine(host) and host != may_load:
        raise UsageError(f"{host} is not this machine. If you are allowed to load it, say so: --i-may-load {host}")
