"""``anp runs``: what was recorded."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from results.record import Record

EPILOG = """**Examples**

- `anp runs list`
- `anp runs show latest`
- `anp runs show 20261120T101500Z-page-cache --json`
- `anp runs promote latest --as main`
- `anp runs export latest --format csv --out series.csv`
- `anp runs prune --keep 20`
"""
PRUNE_EPILOG = """**Examples**

- `anp runs prune --keep 20`
- `anp runs prune --keep 20 --yes`
- `anp runs prune --older-than 30 --yes`
- `anp runs prune --incomplete --yes`

What is kept as a baseline (`anp runs promote`) lies elsewhere and stays.
"""
PROMOTE_EPILOG = """**Examples**

- `anp runs promote latest --as main`
- `anp runs promote 20261120T101500Z-page-cache --arm before --as main`

Sessions kept under one name are a history: `anp compare BEFORE AFTER --baseline main` learns from them how far sessions
differ by themselves. Five before the change are the least; make them on different days.
"""
EXPORT_EPILOG = """**Examples**

- `anp runs export latest --format hlog`
- `anp runs export latest --format hlog --arm after --interval 10 --out after.hlog`
- `anp runs export 20261120T101500Z-page-cache --format parquet --out requests.parquet`
- `anp runs export latest --format csv --phase all --out -`
"""


_WRITTEN = {"hlog": "histograms of ", "parquet": "", "csv": "series by the second of "}
_VALID = {True: "valid", False: "invalid", None: None}


def register(app: typer.Typer) -> None:
    """Add the verb's group."""
    group = typer.Typer(no_args_is_help=True, epilog=EPILOG)
    group.command("list", epilog="**Example**\n\n- `anp runs list --json`")(list_runs)
    group.command("show", epilog="**Examples**\n\n- `anp runs show latest`\n- `anp runs show latest --json`")(show)
    group.command("promote", epilog=PROMOTE_EPILOG)(promote)
    group.command("export", epilog=EXPORT_EPILOG)(export)
    group.command("prune", epilog=PRUNE_EPILOG)(prune)
    app.add_typer(
        group,
        name="runs",
        help="List run records, show what one holds, keep it as a baseline, export it, delete old ones.",
    )


def list_runs(
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """List the run records, oldest first: the verdict of each trial, whether a swarm's figures are valid, and sizes."""
    from results.record import list_records, runs_root

    root = runs_root(out)
    records, unreadable = list_records(root)
    for error in unreadable:
        typer.echo(f"left out: {error}", err=True)
    if json:
        options.print_json([_facts(record) for record in records])
        return
    if not records:
        typer.echo(f"there are no records in {root} yet. Make one with: anp demo", err=True)
        return
    _print_list(records)


def show(
    record: Annotated[str, typer.Argument(help="Path or name of a record, or latest.", metavar="ID")],
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Show a record: how it ended, and counts and response times by cache class; an incomplete one too."""
    from harness.cli import figures
    from results.record import find_record, runs_root

    found = find_record(record, runs_root(out))
    if json:
        shown = figures.to_dict(found)
        options.print_json(_facts(found) | {"plan": found.plan, "run": found.run, **shown})
        return
    console = options.console()
    facts = _facts(found)
    console.print(f"{facts['record']}: {facts['kind']} of {facts['scenario']}, {facts['ended_by']}", markup=False)
    if facts["reason"]:
        console.print(facts["reason"], markup=False)
    if found.kind == "trial" and facts["verdict"]:
        console.print(f"verdict: {facts['verdict']}", markup=False)
    if missing := _missing_rows(found):
        console.print(f"{missing:,} requests that were written are missing: a file was cut off", markup=False)
    figures.show(found)


def promote(
    record: Annotated[str, typer.Argument(help="Path or name of a record, or latest.", metavar="ID")],
    name: Annotated[
        str, typer.Option("--as", help="Name of the history it joins.", metavar="NAME", envvar="ANP_RUNS_PROMOTE_AS")
    ],
    arm: Annotated[
        str | None, typer.Option("--arm", help="Which arm of a trial.", show_default="its only one", metavar="NAME")
    ] = None,
    out: options.Out = None,
    baselines: options.Baselines = None,
) -> None:
    """Keep a record as a baseline: the quantiles of its cells, and what it was made on, in one small file."""
    from results import baselines as kept
    from results import validity
    from results.record import find_record, read_record, runs_root

    found = read_record(find_record(record, runs_root(out)).path)
    arms = [str(each.get("name")) for each in found.asked.get("arms", ())]
    if arm is None and len(arms) > 1:
        raise UsageError(f"{found.name} has the arms {', '.join(arms)}; say which with --arm {arms[0]}")
    chosen = arm or arms[0]
    if chosen not in arms:
        raise UsageError(f"{found.name} has no arm {chosen!r}; its arms are {', '.join(arms)}")
    for launch in found.launches():
        for doubt in validity.judge(launch):
            if doubt.invalid:
                raise UsageError(f"{found.name} cannot be a baseline: {doubt}")
    path = kept.promote(found, chosen, name, kept.baselines_root(baselines))
    typer.echo(str(path))


def export(
    record: Annotated[str, typer.Argument(help="Path or name of a record, or latest.", metavar="ID")],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="hlog (HdrHistogram interval log by tag), parquet (every request) or csv (per-second series).",
            metavar="FORMAT",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            help="File to write, or - for standard output (hlog and csv).",
            show_default="<record>.<format> in this folder",
            metavar="PATH|-",
        ),
    ] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Only this arm.", metavar="NAME")] = None,
    phase: Annotated[
        str | None,
        typer.Option(
            "--phase",
            help="measured, warmup or all.",
            show_default="all for parquet, else measured",
            metavar="PHASE",
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option("--interval", help="Seconds a line of the hlog covers.", show_default="1", metavar="SECONDS"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a record, complete or cut off, to a file that other programs read."""
    from harness.progress import Steps
    from results import export as exports
    from results.record import find_record, runs_root
    from results.units import counted

    found = find_record(record, runs_root())
    path = Path(out or f"{found.name}.{format}")
    to_stdout = out == "-"
    steps = Steps()
    where = "standard output" if to_stdout else str(path)
    with steps.step(f"{found.name} as {format} to {where}", total=len(found.launches())) as advance:
        requests = exports.export(
            found,
            format,
            sys.stdout.buffer if to_stdout else path,
            arm=arm,
            phase=phase,
            interval_s=interval,
            overwrite=force,
            progress=advance,
        )
    steps.say(f"{_WRITTEN[format]}{counted(requests, 'request')} written to {where}")


def prune(
    keep: Annotated[
        int | None,
        typer.Option("--keep", help="Spare the newest N records.", metavar="N", min=0, show_default=False),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than",
            help="Only what began more than so many days ago.",
            metavar="DAYS",
            min=0,
            show_default=False,
        ),
    ] = None,
    incomplete: Annotated[
        bool,
        typer.Option(
            "--incomplete", help="Only what was cut off, a day ago or more; else that is spared, as it may still run."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; else what would be deleted is listed.")] = False,
    out: options.Out = None,
) -> None:
    """Delete run records, the oldest first, or say which would be."""
    from rich import filesize

    from results.record import list_records, remove_record, runs_root
    from results.units import counted

    if keep is None and older_than is None and not incomplete:
        raise UsageError(
            "anp runs prune deletes nothing by itself: say which with --keep, --older-than or --incomplete"
        )
    root = runs_root(out)
    records, unreadable = list_records(root)
    for error in unreadable:
        typer.echo(f"left out: {error}", err=True)
    days = float(incomplete) if older_than is None else older_than
    old = records[: max(0, len(records) - (keep or 0))]
    chosen = [each for each in old if each.is_complete != incomplete and (not days or _age(each) > days)]
    if not chosen:
        typer.echo(f"there is nothing of that kind in {root}", err=True)
        return
    _print_list(chosen)
    what = f"{counted(len(chosen), 'record')}, {filesize.decimal(sum(record.size for record in chosen))}"
    for record in chosen if yes else ():
        remove_record(record)
    typer.echo(f"deleted: {what}" if yes else f"{what}: nothing is deleted without --yes", err=True)


def _age(record: Record) -> float:
    """Days since it began."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(str(record.plan.get("started")))) / timedelta(days=1)
    except (ValueError, TypeError):
        raise UsageError(f"{record.name} does not say when it began; delete {record.path} by hand") from None


def _print_list(records: list[Record]) -> None:
    from rich import filesize
    from rich.table import Table

    table = Table("record", "kind", "scenario", "ended", "verdict", box=None, pad_edge=False)
    table.add_column("size", justify="right")
    for record in records:
        facts = _facts(record)
        shown = (str(facts[key] or "–") for key in ("record", "kind", "scenario", "ended_by", "verdict"))
        table.add_row(*shown, filesize.decimal(facts["bytes"]))
    options.console().print(table)


def _missing_rows(record: Record) -> int:
    """Rows that complete launches say they wrote and that cannot be read."""
    said = sum(launch.run["rows"].get("requests", 0) for launch in record.launches() if launch.run is not None)
    return max(0, said - record.table("requests").num_rows) if record.is_complete else 0


def _facts(record: Record) -> dict[str, Any]:
    from results import validity

    run = record.run or {}
    verdict = (run.get("verdict") or {}).get("word") if record.kind == "trial" else _VALID[validity.judged(record)]
    return {
        "record": record.name,
        "path": str(record.path),
        "kind": record.kind,
        "scenario": record.asked.get("scenario"),
        "started": record.plan.get("started"),
        "ended_by": run.get("ended_by", "incomplete (no run.json)"),
        "reason": run.get("reason"),
        "verdict": verdict,
        "bytes": record.size,
    }
