"""``anp trial``: a whole before/after experiment from a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import options
from harness.errors import UsageError
from harness.progress import Steps
from harness.trial_plan import load, presets

EPILOG = """**Examples**

- `anp trial --preset page-cache`
- `anp trial my-change.toml --launches 12 --seconds 15`
- `anp trial --preset same --json`

Exit codes: 0 fine, 1 a primary cell is slower, 2 usage or plan error, 3 not enough data (with --fail-on), 4 invalid or
not comparable, 130 interrupted.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("trial", epilog=EPILOG)(trial)


def trial(
    plan: Annotated[Path | None, typer.Argument(help="A plan file (TOML).", metavar="PLAN.toml")] = None,
    preset: Annotated[str | None, typer.Option(help=f"Start from a preset: {', '.join(presets())}.")] = None,
    launches: Annotated[int | None, typer.Option(help="Fresh starts of both arms.", show_default="8")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Measured seconds of each launch.", show_default="10, or the preset's")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Requests a second and arm, or auto.", show_default="auto", metavar="R|auto")
    ] = None,
    out: options.Out = None,
    fail_on: Annotated[
        str, typer.Option(help="Verdicts that fail the command: slower, invalid, not-enough-data.")
    ] = "slower,invalid",
    json: options.Json = False,
) -> int:
    """Carry out a before/after trial: start both arms, swarm them side by side, compare, report."""
    if plan is None and preset is None:
        raise UsageError(f"say what to try: a plan file, or --preset with one of {', '.join(presets())}")
    overrides = {"launches": launches, "seconds": seconds, "rate": _rate(rate)}
    return carry_out(plan, preset, overrides, out=out, json=json, fail_on=fail_on)


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
    from harness import trial as experiment  # late: scipy and matplotlib take their time
    from results.report import text

    policy = options.fail_on(fail_on)
    plan = load(file, preset, overrides)
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


def _rate(word: str | None) -> float | str | None:
    if word is None or word == "auto":
        return word
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"--rate is {word!r}; give requests a second such as 60, or auto") from None
