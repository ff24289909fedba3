"""``anp swarm``: load one site, or two side by side, with one scenario and keep the record."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from harness.cli import options
from harness.cores import choose_cores
from harness.errors import ExitCode, UsageError
from harness.scenarios import check_scenario, scenario_of, scenarios
from results.loopback import is_this_machine
from results.plan import SHAPES, Arm, SwarmPlan

if TYPE_CHECKING:
    from harness.progress import Steps

EPILOG = """**Examples**

- `anp swarm --host http://127.0.0.1:8000 --scenario cache_hit --rate 200 --duration 30s`
- `anp swarm --host http://127.0.0.1:8000 --scenario readers_and_members --processes 2 --json`
- `anp swarm --host http://127.0.0.1:8000 --scenario logged_in --users 10 --duration 1m`
- `anp swarm --arm before=http://127.0.0.1:8001 --arm after=http://127.0.0.1:8002 --scenario cache_hit`
- `anp swarm --host http://127.0.0.1:8000 --scenario cache_hit --shape breakpoint:1.5 --rate 100 --duration 5m`
- `anp swarm --host http://127.0.0.1:8000 --scenario publish_and_purge --event-every 500ms --prepare warm`
- `anp swarm --host https://staging.example --i-may-load staging.example --scenario cache_hit --rate 5
  --sitemap https://staging.example/sitemap.xml`
- `anp swarm --host http://127.0.0.1:8080 --scenario cache_hit --rate 20 --access-log access.log
  --access-log access.log.1.gz --alias www.example`
- `anp swarm --host http://127.0.0.1:8080 --scenario readers_and_members --urls urls.txt --login login.toml`
- `anp swarm --host http://127.0.0.1:8080 --locustfile shop.py --urls urls.txt --rate 20`

Figures that cannot be believed are marked INVALID, each with its reason and what to do.

Exit codes: 0 fine, 2 refused before any load, 4 failed or invalid, 70 a defect of anp, 130 interrupted.
"""

_OTHER_SITES = "Sites that are not ours"
_PERMISSION = "Permission and trust"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("swarm", epilog=EPILOG)(swarm)


def swarm(
    scenario: Annotated[
        str | None, typer.Option("--scenario", help=f"One of: {', '.join(scenarios())}.", metavar="NAME")
    ] = None,
    locustfile: Annotated[
        Path | None,
        typer.Option("--locustfile", help="A scenario of your own instead; it is called as its file.", metavar="FILE"),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Origin of the site, such as http://127.0.0.1:8000.", metavar="URL")
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", help="Two sites side by side, instead of --host: give it twice.", metavar="NAME=URL"),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Requests a second and arm, fixed in advance (open workload).", show_default="50"),
    ] = None,
    users: Annotated[
        int | None,
        typer.Option("--users", help="Visitors who wait for each reply (closed workload) instead of a rate."),
    ] = None,
    visitors: Annotated[
        int | None,
        typer.Option("--visitors", help="Most requests of an arm under way at once, with --rate.", show_default="64"),
    ] = None,
    shape: Annotated[
        str,
        typer.Option("--shape", help=f"How the rate goes: {', '.join(SHAPES)}; with a number as in spike:5."),
    ] = "steady",
    duration: Annotated[str, typer.Option("--duration", help="Measured time: 30s, 5m, 1h.", metavar="TIME")] = "30s",
    warmup: Annotated[str, typer.Option("--warmup", help="Load before it, not measured.", metavar="TIME")] = "2s",
    prepare: Annotated[
        str, typer.Option("--prepare", help="Cache before the first request: natural, warm (every page once) or cold.")
    ] = "natural",
    members: Annotated[int | None, typer.Option("--members", help="Member accounts to use.", show_default="20")] = None,
    member_share: Annotated[
        float | None,
        typer.Option(
            "--member-share", help="Part of the requests that members make, 0 to 1.", show_default="the scenario's"
        ),
    ] = None,
    zipf: Annotated[
        float | None,
        typer.Option("--zipf", help="How steeply popularity falls with rank; 0: all pages alike.", show_default="0.8"),
    ] = None,
    event_every: Annotated[
        str | None,
        typer.Option(
            "--event-every",
            help="From one edit, purge or log-in to the next, in scenarios of them.",
            metavar="TIME",
            show_default="the scenario's",
        ),
    ] = None,
    stale_allowance: Annotated[
        str | None,
        typer.Option(
            "--stale-allowance",
            help="After an edit, how long the old page is no fault.",
            metavar="TIME",
            show_default="0s",
        ),
    ] = None,
    limit_p99: Annotated[
        float | None,
        typer.Option(
            "--limit-p99", help="Response time that ends --shape breakpoint.", metavar="MS", show_default="100"
        ),
    ] = None,
    limit_errors: Annotated[
        float | None,
        typer.Option(
            "--limit-errors",
            help="Share of failed requests that ends --shape breakpoint.",
            metavar="SHARE",
            show_default="0.01",
        ),
    ] = None,
    urls: Annotated[
        Path | None,
        typer.Option("--urls", help="Ask for the addresses in this file.", rich_help_panel=_OTHER_SITES),
    ] = None,
    sitemap: Annotated[
        str | None,
        typer.Option(
            "--sitemap",
            help="Ask for the addresses in this sitemap.",
            metavar="URL|FILE",
            rich_help_panel=_OTHER_SITES,
        ),
    ] = None,
    access_log: Annotated[
        list[Path] | None,
        typer.Option(
            "--access-log",
            help="Ask for what this log holds, by its own mix; repeatable.",
            rich_help_panel=_OTHER_SITES,
        ),
    ] = None,
    with_bots: Annotated[
        bool, typer.Option("--with-bots", help="Keep programs' requests of the log.", rich_help_panel=_OTHER_SITES)
    ] = False,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            "--alias",
            help="Another name of the site, as its addresses have it; repeatable.",
            metavar="HOST",
            rich_help_panel=_OTHER_SITES,
        ),
    ] = None,
    login: Annotated[
        Path | None,
        typer.Option("--login", help="How members log in there (TOML).", rich_help_panel=_OTHER_SITES),
    ] = None,
    allow_writes: Annotated[
        bool,
        typer.Option("--allow-writes", help="Allow log-ins and purges as load there.", rich_help_panel=_OTHER_SITES),
    ] = False,
    purge_command: Annotated[
        str | None,
        typer.Option(
            "--purge-command",
            help="Empties the caches there, with --prepare cold or warm.",
            metavar="COMMAND",
            rich_help_panel=_OTHER_SITES,
        ),
    ] = None,
    warm_command: Annotated[
        str | None,
        typer.Option(
            "--warm-command",
            help="Fills them before every page is asked for, with --prepare warm.",
            metavar="COMMAND",
            rich_help_panel=_OTHER_SITES,
        ),
    ] = None,
    i_may_load: Annotated[
        list[str] | None,
        typer.Option(
            "--i-may-load",
            help="Name of a host, other than this machine, you may load; repeatable.",
            metavar="HOST",
            rich_help_panel=_PERMISSION,
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file",
            help="Authorities (PEM) to trust instead of the system's.",
            rich_help_panel=_PERMISSION,
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept any certificate.", rich_help_panel=_PERMISSION)
    ] = False,
    processes: Annotated[int, typer.Option("--processes", help="Locust workers.", min=1)] = 1,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the traffic: the same seed sends the same requests.")
    ] = 0,
    out: options.Out = None,
    json: options.Json = False,
) -> int:
    """Swarm a site and record every request; prints counts and response times by cache class.

    Without addresses the site must be the reference site, whose pages can be checked. Any other site is swarmed by the
    addresses in a file, a sitemap or an access log.
    """
    scenario = _scenario(scenario, locustfile)
    if users is not None and (rate is not None or visitors is not None):
        name, value = ("--rate", rate) if rate is not None else ("--visitors", visitors)
        raise UsageError(
            f"{name} {value:g} and --users {users} exclude each other: arrivals fixed in advance, or visitors who wait"
        )
    if not shape.startswith("breakpoint") and (limit_p99 is not None or limit_errors is not None):
        raise UsageError(f"--limit-p99 and --limit-errors end --shape breakpoint; the shape is {shape!r}")
    _refuse_idle_commands(prepare, purge_command, warm_command)
    plan = SwarmPlan(
        scenario=scenario,
        arms=_arms(host, arm),
        seed=seed,
        rate=None if users is not None else (50.0 if rate is None else rate),
        visitors=next((number for number in (users, visitors) if number is not None), 64),
        warmup_s=options.duration("--warmup", warmup),
        duration_s=options.duration("--duration", duration),
        members=20 if members is None else members,
        member_share=member_share,
        zipf=0.8 if zipf is None else zipf,
        prepare=prepare,  # type: ignore[arg-type]  # the plan judges it
        shape=shape,
        event_s=None if event_every is None else options.duration("--event-every", event_every),
        stale_s=0.0 if stale_allowance is None else options.duration("--stale-allowance", stale_allowance),
        ca_file=None if ca_file is None else str(ca_file.resolve()),
        insecure=insecure,
    )
    _refuse_foreign(plan.arms, i_may_load or ())
    words = [f"--i-may-load={name}" for name in i_may_load or ()]
    words += [f"--alias={name}" for name in alias or ()]
    words += ["--with-bots"] if with_bots else []
    words += ["--allow-writes"] if allow_writes else []
    words += [] if purge_command is None else [f"--purge-command={_from_here(purge_command)}"]
    words += [] if warm_command is None else [f"--warm-command={_from_here(warm_command)}"]
    words += [] if limit_p99 is None else [f"--limit-p99={limit_p99}"]
    words += [] if limit_errors is None else [f"--limit-errors={limit_errors}"]
    # The plan holds these too, but not whether they were given: the swarm refuses those that would change nothing.
    words += [] if members is None else [f"--members={members}"]
    words += [] if zipf is None else [f"--zipf={zipf}"]
    words += [] if stale_allowance is None else [f"--stale-allowance={plan.stale_s}"]

    from harness import swarm as swarms
    from harness.cli import figures
    from harness.progress import Steps
    from results.record import new_directory, runs_root

    directory = new_directory(runs_root(out), scenario)
    steps = Steps()
    targets = " and ".join(each.url for each in plan.arms)
    no_rate = access_log is not None and rate is None and users is None
    seconds = plan.warmup_s + plan.duration_s
    try:
        with (
            tempfile.TemporaryDirectory(prefix="anp-") as work,
            steps.step(f"{scenario} against {targets}, {seconds:g} s", total=seconds + 2) as advance,
        ):
            folder = Path(work)
            words += [f"--access-log={_lasting(path, folder)}" for path in access_log or ()]
            words += [f"--urls={_lasting(urls, folder)}"] if urls else []
            words += [f"--sitemap={_sitemap(sitemap, folder)}"] if sitemap else []
            words += [f"--login={_lasting(login, folder)}"] if login else []
            record = swarms.attempt(
                plan,
                directory,
                directory / "swarm.log",
                scratch=folder,
                core=choose_cores().generator,
                processes=processes,
                options=words,
                watch=_tell_addresses(directory, steps, no_rate=no_rate),
                advance=advance,
                locustfile=locustfile,
            )
    finally:
        if (directory / "plan.json").exists():
            steps.say(f"record: {directory}")
        else:
            shutil.rmtree(directory)  # refused, or stopped before the first request
    if json:
        shown = figures.to_dict(record)
        options.print_json({"record": str(record.path), "run": record.run, **shown})
        is_valid = bool(shown["valid"])
    else:
        is_valid = figures.show(record)
    return ExitCode.FINE if is_valid else ExitCode.INVALID


def _scenario(name: str | None, locustfile: Path | None) -> str:
    if name is not None and locustfile is not None:
        raise UsageError(f"--scenario {name} and --locustfile {locustfile} exclude each other; give one")
    if locustfile is not None:
        return scenario_of(locustfile)
    if name is None:
        raise UsageError(
            f"say who comes: --scenario NAME ({', '.join(scenarios())}), or --locustfile FILE with one of your own"
        )
    check_scenario(name)
    return name


def _arms(host: str | None, words: Sequence[str] | None) -> tuple[Arm, ...]:
    if (host is None) == (not words):
        raise UsageError("say what to swarm: --host URL for one site, or --arm NAME=URL twice for two side by side")
    if host is not None:
        return (Arm("target", host.rstrip("/")),)
    arms = []
    for word in words or ():
        name, equals, url = word.partition("=")
        if not (name and equals and url):
            raise UsageError(f"--arm {word!r} is not NAME=URL; for instance --arm before=http://127.0.0.1:8001")
        arms.append(Arm(name, url.rstrip("/")))
    if len(arms) != 2:
        raise UsageError(f"--arm was given {'once' if len(arms) == 1 else f'{len(arms)} times'}; two sites make a duet")
    return tuple(arms)


def _lasting(path: Path, folder: Path) -> Path:
    """A file for another process in another folder: a copy of what can be read only here and once, as a pipe can.

    Raises:
        UsageError: It cannot be read.
    """
    if not path.exists() or path.is_file() or path.is_dir():
        return path.absolute()
    copy = folder / path.name
    try:
        with path.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a file") from error
    return copy


def _refuse_idle_commands(prepare: str, purge: str | None, warm: str | None) -> None:
    for option, command, states in (
        ("--purge-command", purge, ("cold", "warm")),
        ("--warm-command", warm, ("warm",)),
    ):
        if command is not None and prepare not in states:
            raise UsageError(
                f"{option} has no effect with --prepare {prepare}; use {' or '.join(states)}, or leave it out"
            )


def _from_here(command: str) -> str:
    """A command for a process in another folder."""
    return f"cd {shlex.quote(str(Path.cwd()))} || exit\n{command}"


def _sitemap(word: str, folder: Path) -> str:
    """Where a sitemap is, for a process in another folder."""
    return word if word.startswith(("http://", "https://")) else str(_lasting(Path(word), folder))


def _refuse_foreign(arms: Sequence[Arm], may_load: Sequence[str]) -> None:
    """The swarm refuses this as well, but here no process and no folder has been made for it yet."""
    for arm in arms:
        host = urlsplit(arm.url).hostname or ""
        if not is_this_machine(host) and host not in may_load:
            raise UsageError(f"{host} is not this machine. If you are allowed to load it, say so: --i-may-load {host}")


def _tell_addresses(directory: Path, steps: Steps, *, no_rate: bool) -> Callable[[], None]:
    """Say what is asked for, once the swarm has read it and the record has begun.

    Args:
        directory: Of the record.
        steps: Where to say it.
        no_rate: Addresses came from a log, whose own rate was known, and none was given.
    """
    from results.record import read_record

    told = False

    def tell() -> None:
        nonlocal told
        if told or not (directory / "plan.json").exists():
            return
        told = True
        asked = read_record(directory, allow_incomplete=True).asked
        if urls := asked.get("urls"):
            hint = f". No --rate was given: {asked['rate']:g} requests/s are sent" if no_rate else ""
            steps.say(f"  {urls['count']:,} addresses: {urls['source']}{hint}")

    return tell
