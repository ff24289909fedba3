"""``anp trial``: a whole before/after experiment from a plan."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from harness.cli import options
from harness.errors import ExitCode, UsageError
from harness.preset_files import presets

_FAIL_ON: Final = "slower,invalid"

EPILOG = """**Examples**

- `anp trial --list-presets`
- `anp trial --preset page-cache`
- `anp trial --preset db-index --articles 20000 --rate 4`
- `anp trial my-change.toml --launches 12 --seconds 15`
- `anp trial --preset same --again --json`
- `anp trial my-change.toml --plan-only --detect 5%`
- `anp trial my-change.toml --method reversal --launches 8`

Exit codes: 0 fine, 1 a primary cell is slower, 2 usage or plan error, 3 not enough data (with --fail-on), 4 invalid or
not comparable, 70 a defect of anp, 130 interrupted.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("trial", epilog=EPILOG)(trial)


def trial(
    plan: Annotated[Path | None, typer.Argument(help="A plan file (TOML).", metavar="PLAN.toml")] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"Start from a preset: {', '.join(presets())}. Other options win over it.",
            metavar="NAME",
            autocompletion=presets,
        ),
    ] = None,
    list_presets: Annotated[
        bool, typer.Option("--list-presets", help="Print what each preset changes, and what that is to show.")
    ] = False,
    articles: Annotated[
        int | None,
        typer.Option("--articles", help="How many articles the site holds.", metavar="N", show_default="2000", min=1),
    ] = None,
    launches: Annotated[int | None, typer.Option(help="Fresh starts of both arms.", show_default="8")] = None,
    seconds: options.Seconds = None,
    rate: Annotated[
        str | None, typer.Option(help="Requests a second and arm, or auto.", show_default="auto", metavar="R|auto")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="How both arms are loaded: duet, rounds, reversal, or auto: a duet unless they hold each other up.",
            show_default="auto",
            metavar="METHOD",
        ),
    ] = None,
    again: Annotated[
        bool | None,
        typer.Option("--again/--no-again", help="A second copy of before, which shows the rig's own noise."),
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Only a short pilot: how many launches would show what change.")
    ] = False,
    detect: Annotated[
        str | None,
        typer.Option(
            "--detect", help="With --plan-only, the slowdown not to be missed.", metavar="PERCENT", show_default="10%"
        ),
    ] = None,
    out: options.Out = None,
    fail_on: Annotated[
        str, typer.Option(help="Verdicts that fail the command: slower, invalid, not-enough-data.")
    ] = _FAIL_ON,
    json: options.Json = False,
) -> int:
    """Carry out a before/after trial: start both arms, swarm them side by side, compare, report.

    With --plan-only: a short pilot, and what trials of so many launches would show. docs/trials.md explains the plan,
    docs/experiments what each preset found.
    """
    if list_presets:
        _print_presets(json=json)
        return ExitCode.FINE
    if plan is None and preset is None:
        raise UsageError(f"say what to try: a plan file, or --preset with one of {', '.join(presets())}")
    overrides = {
        "corpus": None if articles is None else {"count": articles},
        "launches": launches,
        "seconds": options.seconds(seconds),
        "rate": options.number_or_auto("--rate", rate, "requests a second such as 60"),
        "method": method,
        "again": again,
    }
    if plan_only:
        share = _percentage("10%" if detect is None else detect)
        for name, value in (("--launches", launches), ("--seconds", seconds)):
            if value is not None:
                raise UsageError(f"{name} {value} has no effect with --plan-only, which finds that out; leave it out")
        if fail_on != _FAIL_ON:
            raise UsageError(f"--fail-on {fail_on} has no effect with --plan-only: that gives no verdict; leave it out")
        words = [str(plan)] if plan is not None else []
        words += ["--preset", preset] if preset is not None else []
        words += ["--articles", str(articles)] if articles is not None else []
        words += ["--method", method] if method not in {None, "auto"} else []
        words += [] if again is None else ["--again" if again else "--no-again"]
        words += ["--out", str(out)] if out is not None else []
        return advise(plan, preset, overrides, share, words, out=out, json=json)
    if detect is not None:
        raise UsageError(
            f"--detect {detect} belongs to --plan-only; a trial takes its margins from its plan, [margins]"
        )
    return carry_out(plan, preset, overrides, out=out, json=json, fail_on=fail_on)


def _print_presets(*, json: bool) -> None:
    from rich.table import Table

    from harness.presets import catalogue

    known = catalogue()
    if json:
        options.print_json([preset.to_dict() for preset in known])
        return
    table = Table("preset", "before → after", "scenario", "what it shows", box=None, pad_edge=False)
    for preset in known:
        table.add_row(preset.name, preset.change, preset.scenario, preset.shows)
    options.console().print(table)


def carry_out(
    file: Path | None,
    preset: str | None,
    overrides: dict[str, Any],
    *,
    out: Path | None,
    json: bool,
    fail_on: str = "slower,invalid",
) -> int:
    """Load the plan, run the trial, print its verdict and where its files are; return the exit code."""
    from harness.progress import Steps
    from harness.trial_plan import load

    policy = options.fail_on(fail_on)
    plan = load(file, preset, overrides)
    from harness import trial as experiment
    from results.report import text

    steps = Steps()
    outcome = experiment.run(plan, out=out, commands=[options.typed_command()], steps=steps)
    if json:
        options.print_json(outcome.comparison.to_dict())
    else:
        options.console().print(text.render(outcome.comparison))
    for title, name in (("report", "report.html"), ("data", "compare.json"), ("note", "note.md")):
        steps.say(f"{title}: {outcome.record.path / name}")
    steps.say(f"record: {outcome.record.path}")
    return outcome.comparison.exit_code(policy)


def advise(
    file: Path | None,
    preset: str | None,
    overrides: dict[str, Any],
    detect: float,
    words: list[str],
    *,
    out: Path | None,
    json: bool,
) -> int:
    """Load the plan, run its pilot, and print what a trial of it would show and what to type; never a verdict.

    Args:
        file: A plan file, or ``None``.
        preset: Name of the preset under it, or ``None``.
        overrides: What flags and environment say.
        detect: The slowdown not to be missed, as a fraction.
        words: Of the command line that begins the trial.
        out: Where run records go.
        json: Print JSON instead of tables.
    """
    from harness import planning
    from harness.progress import Steps
    from harness.trial_plan import load
    from results.report import planning as report

    steps = Steps()
    advice = planning.run(
        load(file, preset, overrides),
        detect=detect,
        command=shlex.join(["anp", "trial", *words]),
        out=out,
        commands=[options.typed_command()],
        steps=steps,
    )
    if json:
        options.print_json({"record": str(advice.record.path), **advice.planning.to_dict()})
    else:
        options.console().print(report.text(advice.planning))
    steps.say(f"record: {advice.record.path}")
    return ExitCode.FINE


def _percentage(word: str) -> float:
    """A percentage as a fraction.

    Raises:
        UsageError: It is none, or not above zero and below 100 %.
    """
    number = word.strip().removesuffix("%")
    try:
        share = float(number) / 100 if number != word.strip() else math.nan
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        raise UsageError(f"--detect {word!r} is not a percentage above 0% and below 100%; for instance --detect 10%")
    return share
