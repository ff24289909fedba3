"""``anp trial``: a whole before/after experiment from a plan."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from harness.cli import compare, options
from harness.errors import ExitCode, RunFailed, UsageError
from harness.preset_files import presets

if TYPE_CHECKING:
    from harness.trial_plan import TrialPlan

_FAIL_ON: Final = "slower,invalid"
_GIT: Final = "Revisions of a git repository"

EPILOG = """**Examples**

- `anp trial --list-presets`
- `anp trial --preset page-cache`
- `anp trial --preset db-index --articles 20000 --rate 4`
- `anp trial my-change.toml --launches 12 --seconds 15`
- `anp trial --preset same --again --json`
- `anp trial my-change.toml --plan-only --detect 5%`
- `anp trial my-change.toml --method reversal --launches 8`
- `anp trial --git main..HEAD -- flask run --port {port}`
- `anp trial --git main..HEAD --setup "python -m venv .venv && .venv/bin/pip install -r requirements.txt"
  -- gunicorn app:app --bind 127.0.0.1:{port}`
- `anp trial --git main..HEAD --spare 2 --fail-on leaning-slower,invalid --junit junit.xml -- "node app.js {port}"`
- `anp trial my-site.toml --git v1.4..main --bisect "reader posts p50"`
- `anp trial --resume results/runs/20261129T093946Z-my-change`

Exit codes: 0 fine, 1 a primary cell is slower, 2 usage or plan error, 3 not enough data (with --fail-on), 4 invalid or
not comparable, 70 a defect of anp, 130 interrupted.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("trial", epilog=EPILOG)(trial)


def trial(
    plan: Annotated[str | None, typer.Argument(help="A plan file (TOML).", metavar="[PLAN.toml]")] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="With --git: after --, what starts a revision's server on {port}, as words or as one text.",
            metavar="[-- COMMAND...]",
        ),
    ] = None,
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
    spare: Annotated[
        int | None,
        typer.Option(
            help="Further launches, each made only for one in which the load generator was not fit.",
            metavar="N",
            show_default="0",
        ),
    ] = None,
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
    git: Annotated[
        str | None,
        typer.Option("--git", help="Two revisions as arms, such as main..HEAD.", metavar="A..B", rich_help_panel=_GIT),
    ] = None,
    setup: Annotated[
        str | None,
        typer.Option("--setup", help="Sets up the work tree of a revision.", metavar="COMMAND", rich_help_panel=_GIT),
    ] = None,
    bisect: Annotated[
        str | None,
        typer.Option(
            "--bisect",
            help="Find the commit that made a cell slower, such as 'reader article p50'.",
            metavar="CELL",
            rich_help_panel=_GIT,
        ),
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
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Go on with the record of a trial that was cut off.", metavar="DIR"),
    ] = None,
    out: options.Out = None,
    markdown: options.Markdown = None,
    junit: options.JUnit = None,
    fail_on: options.FailOn = _FAIL_ON,
    json: options.Json = False,
) -> int:
    """Carry out a before/after trial: start both arms, swarm them side by side, compare, report.

    With --plan-only: a short pilot, and what trials of so many launches would show. docs/trials.md explains the plan,
    docs/experiments what each preset found.
    """
    if list_presets:
        _print_presets(json=json)
        return ExitCode.FINE
    file, words = _plan_and_command(plan, command or [], is_git=git is not None)
    overrides = {
        "corpus": None if articles is None else {"count": articles},
        "launches": launches,
        "spare": spare,
        "seconds": options.seconds(seconds),
        "rate": options.number_or_auto("--rate", rate, "requests a second such as 60"),
        "method": method,
        "again": again,
        **_revisions(file, git, setup, words),
    }
    files = {"markdown": markdown, "junit": junit}
    _check_documents(files, is_trial=not plan_only and bisect is None, json=json)
    if resume is not None:
        return go_on(resume, file, preset, overrides, out=out, json=json, fail_on=fail_on, files=files)
    if file is None and preset is None and git is None:
        raise UsageError(
            f"say what to try: a plan file (anp init writes one), --git A..B, or --preset with one of "
            f"{', '.join(presets())}"
        )
    if bisect is not None:
        if plan_only:
            raise UsageError("--bisect and --plan-only exclude each other: every step of a bisection is a trial")
        return find_commit(file, preset, overrides, bisect, out=out, json=json)
    if plan_only:
        share = _percentage("10%" if detect is None else detect)
        for name, value in (("--launches", launches), ("--seconds", seconds)):
            if value is not None:
                raise UsageError(f"{name} {value} has no effect with --plan-only, which finds that out; leave it out")
        if fail_on != _FAIL_ON:
            raise UsageError(f"--fail-on {fail_on} has no effect with --plan-only: that gives no verdict; leave it out")
        begin = [str(file)] if file is not None else []
        begin += ["--preset", preset] if preset is not None else []
        begin += ["--articles", str(articles)] if articles is not None else []
        begin += ["--spare", str(spare)] if spare is not None else []
        begin += ["--method", method] if method not in {None, "auto"} else []
        begin += [] if again is None else ["--again" if again else "--no-again"]
        begin += ["--git", git] if git is not None else []
        begin += ["--setup", setup] if setup is not None else []
        begin += ["--out", str(out)] if out is not None else []
        return advise(file, preset, overrides, share, (begin, words), out=out, json=json)
    if detect is not None:
        raise UsageError(
            f"--detect {detect} belongs to --plan-only; a trial takes its margins from its plan, [margins]"
        )
    return carry_out(file, preset, overrides, out=out, json=json, fail_on=fail_on, files=files)


def _check_documents(files: Mapping[str, str | None], *, is_trial: bool, json: bool) -> None:
    """Refuse documents that could not be written, before minutes of work."""
    options.one_to_stdout({**files, "json": "-" if json else None})
    for name, file in files.items():
        if file is None:
            continue
        if not is_trial:
            raise UsageError(f"--{name} {file} has no effect without one trial and its verdict; leave it out")
        if file != "-" and not Path(file).parent.is_dir():
            raise UsageError(f"--{name} {file}: there is no folder {Path(file).parent}; make it, or name another")


def _plan_and_command(plan: str | None, command: list[str], *, is_git: bool) -> tuple[Path | None, list[str]]:
    """What stood for the plan and what for the command: with ``--git`` the first word may already be the command's."""
    if is_git and plan is not None and not plan.endswith(".toml"):
        return None, [plan, *command]
    if command and not is_git:
        raise UsageError(
            f"{shlex.join(command)!r} has no effect: a command after -- starts the revisions of --git A..B"
        )
    return None if plan is None else Path(plan), command


def _revisions(file: Path | None, git: str | None, setup: str | None, command: list[str]) -> dict[str, Any]:
    """What ``--git``, ``--setup`` and the command say, as keys of a plan."""
    if git is None:
        if setup is not None:
            raise UsageError(f"--setup {setup!r} has no effect: it sets up the revisions of --git A..B")
        return {}
    from harness.git_arms import range_of

    revisions: dict[str, Any] = {"git": {**range_of(git), **({"setup": setup} if setup is not None else {})}}
    if command:
        started = {"command": command[0] if len(command) == 1 else command}  # a text alone is split into words
        revisions |= {"before": started, "after": started}
    elif file is None:
        raise UsageError(
            "--git starts either revision by one command; give it after --, such as -- flask run --port {port}"
        )
    if file is None:
        revisions["site"] = {"sitemap": "/sitemap.xml"}
    return revisions


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
    fail_on: str = _FAIL_ON,
    files: Mapping[str, str | None] | None = None,
) -> int:
    """Load the plan, run the trial, print its verdict and where its files are; return the exit code."""
    from harness.git_arms import resolved
    from harness.trial_plan import load

    policy = options.fail_on(fail_on)
    return _carry_out(resolved(load(file, preset, overrides)), policy, files or {}, out=out, resume=None, json=json)


def go_on(
    directory: Path,
    file: Path | None,
    preset: str | None,
    overrides: dict[str, Any],
    *,
    out: Path | None,
    json: bool,
    fail_on: str,
    files: Mapping[str, str | None],
) -> int:
    """Go on with a trial that was cut off; a plan, if one is given, must be the one it was begun with."""
    from harness import resuming
    from harness.git_arms import resolved
    from harness.trial_plan import changed, load

    policy = options.fail_on(fail_on)
    if out is not None:
        raise UsageError(f"--out {out} has no effect with --resume, which goes on in {directory}; leave it out")
    plan = resuming.plan_of(directory)
    if file is not None or preset is not None or "git" in overrides:
        plan = resolved(load(file, preset, overrides))
    else:  # variables may still be set as they were when it was begun
        plan = changed(plan, overrides)
    return _carry_out(plan, policy, files, out=None, resume=directory, json=json)


def _carry_out(
    plan: TrialPlan,
    policy: Collection[str],
    files: Mapping[str, str | None],
    *,
    out: Path | None,
    resume: Path | None,
    json: bool,
) -> int:
    from harness import trial as experiment
    from harness.progress import Steps
    from results.report import text

    steps = Steps()
    outcome = experiment.run(plan, out=out, commands=[options.typed_command()], steps=steps, resume=resume)
    is_printed = compare.write_documents(outcome.comparison, files, policy)
    if json:
        options.print_json(outcome.comparison.to_dict())
    elif not is_printed:
        options.console().print(text.render(outcome.comparison))
    for title, name in (("report", "report.html"), ("data", "compare.json"), ("note", "note.md")):
        steps.say(f"{title}: {outcome.record.path / name}")
    steps.say(f"record: {outcome.record.path}")
    if outcome.problem:
        raise RunFailed(f"{outcome.problem}. The verdict above stands")
    return outcome.comparison.exit_code(policy)


def find_commit(
    file: Path | None, preset: str | None, overrides: dict[str, Any], cell: str, *, out: Path | None, json: bool
) -> int:
    """Bisect a range of commits by trials, print each step and what was found; return the exit code."""
    from rich.table import Table

    from harness import bisect
    from harness.git_arms import resolved
    from harness.progress import Steps
    from harness.trial_plan import load

    if "git" not in overrides:
        raise UsageError(f"--bisect {cell!r} looks through the commits of a range; give it: --git GOOD..BAD")
    plan = bisect.about(resolved(load(file, preset, overrides)), cell)
    steps = Steps()
    found = bisect.run(plan, out=out, commands=[options.typed_command()], steps=steps)
    if json:
        options.print_json(found.to_dict())
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("commit", "ratio [interval]", "verdict", "taken for", "record"):
            table.add_column(heading, overflow="fold")
        for step in found.steps:
            table.add_row(step.label, step.interval, step.verdict, step.word, step.record)
        console = options.console()
        console.print(table)
        console.print(found.words, markup=False)
    steps.say(f"bisection: {found.directory / bisect.FILE}")
    assert found.exit_code is not None
    return found.exit_code


def advise(
    file: Path | None,
    preset: str | None,
    overrides: dict[str, Any],
    detect: float,
    words: tuple[list[str], list[str]],
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
        words: Of the command line that begins the trial: its options, and the command after ``--``.
        out: Where run records go.
        json: Print JSON instead of tables.
    """
    from harness import planning
    from harness.git_arms import resolved
    from harness.progress import Steps
    from harness.trial_plan import load
    from results.report import planning as report

    steps = Steps()
    advice = planning.run(
        resolved(load(file, preset, overrides)),
        detect=detect,
        command=shlex.join(["anp", "trial", *words[0]]),
        served_by=words[1],
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
