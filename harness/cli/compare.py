"""``anp compare``: two records side by side, or a trial's record once more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import foreign, options
from harness.errors import UsageError

if TYPE_CHECKING:
    from results.comparison import Comparison
    from results.samples import Cell

EPILOG = """**Examples**

- `anp compare latest --html report.html --markdown -`
- `anp compare latest --json - --fail-on slower,invalid,not-enough-data`
- `anp compare 20261120T101500Z-cache_hit 20261127T102000Z-cache_hit --baseline main`
- `anp compare monday_stats.csv friday_stats.csv --junit junit.xml` (result files of other tools)

A trial's arms were loaded in every launch, so its record can be judged. Two records made one after the other only show
that two sessions differ; how far sessions differ by themselves is learned from baselines (`anp runs promote`).
Result files of other tools take --json, --markdown, --junit and --fail-on only.

Exit codes: 0 fine, 1 a primary cell is slower, 2 usage error or unreadable file, 3 not enough data (with --fail-on),
4 invalid or not comparable, 70 a defect of anp, 130 interrupted.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compare", epilog=EPILOG)(compare)


def compare(
    before: Annotated[str, typer.Argument(help="A record (path, name or latest); a trial's record alone is enough.")],
    after: Annotated[str | None, typer.Argument(help="The record to judge.")] = None,
    out: options.Out = None,
    baseline: Annotated[
        str | None, typer.Option(help="Weigh two records with the sessions kept under this name.", metavar="NAME")
    ] = None,
    baselines: options.Baselines = None,
    control: Annotated[
        str | None,
        typer.Option(
            help="A page that the change cannot have touched; what happens to it is taken off all others.",
            metavar="PERSONA/ROUTE",
        ),
    ] = None,
    html: Annotated[str | None, typer.Option(help="Write the report there.", metavar="FILE|-")] = None,
    json: Annotated[str | None, typer.Option(help="Write compare.json there.", metavar="FILE|-")] = None,
    markdown: options.Markdown = None,
    note: Annotated[str | None, typer.Option(help="Write the change note there.", metavar="FILE|-")] = None,
    junit: options.JUnit = None,
    benchstat: Annotated[
        str | None,
        typer.Option(help="Write PREFIX-before.txt and PREFIX-after.txt, which benchstat compares.", metavar="PREFIX"),
    ] = None,
    otava: Annotated[
        Path | None, typer.Option(help="Add a row to this history for Apache Otava (CSV).", metavar="FILE")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Write every figure of the report there, as SVG files.", metavar="DIR")
    ] = None,
    fail_on: options.FailOn = "slower,invalid",
) -> int:
    """Compare before against after and say what can be said."""
    policy = options.fail_on(fail_on)
    files = {"html": html, "json": json, "markdown": markdown, "note": note, "junit": junit}
    options.one_to_stdout(files)
    if foreign.is_meant(before, after):
        files |= {"benchstat": benchstat, "otava": None if otava is None else str(otava)}
        files |= {"figures": None if figures is None else str(figures)}
        files |= {"baseline": baseline, "baselines": None if baselines is None else str(baselines), "control": control}
        return foreign.compare(before, after, files, policy)
    if baselines is not None and baseline is None:
        raise UsageError(f"--baselines {baselines} says where baselines lie, not which; name them with --baseline NAME")
    from results.record import runs_root
    from results.report import text, write_benchstat, write_figures, write_history

    comparison = _compare(before, after, runs_root(out), baseline, baselines, _control(control))
    is_printed = write_documents(comparison, files, policy)
    if benchstat is not None:
        write_benchstat(comparison, Path(benchstat))
    if otava is not None:
        write_history([comparison], otava)
    if figures is not None:
        write_figures(comparison, figures)
    if not is_printed:
        options.console().print(text.render(comparison))
    return comparison.exit_code(policy)


def write_documents(comparison: Comparison, files: Mapping[str, str | None], policy: Collection[str]) -> bool:
    """Write the documents that are asked for, and say whether one went to standard output.

    Args:
        comparison: What they tell.
        files: By option, where each goes; ``-`` is standard output.
        policy: What fails the command.
    """
    for form, render in _renders(policy).items():
        file = files.get(form)
        if file == "-":
            typer.echo(render(comparison))
        elif file is not None:
            options.write_text(Path(file), render(comparison))
    return "-" in files.values()


def _renders(policy: Collection[str]) -> dict[str, Callable[[Comparison], str]]:
    """Every document that is text, by its option."""
    from results.report import html, json, junit, markdown, note

    return {
        "html": html.render,
        "json": json.render,
        "markdown": markdown.render,
        "note": note.render,
        "junit": lambda comparison: junit.render(comparison, policy),
    }


def _compare(
    before: str, after: str | None, root: Path, baseline: str | None, folder: Path | None, control: Cell | None
) -> Comparison:
    from results.baselines import baselines_root, read_baselines
    from results.comparison import compare_archived, compare_trial
    from results.design import Design
    from results.record import find_record, read_record

    first = read_record(find_record(before, root).path)
    if after is not None:
        history = read_baselines(baseline, baselines_root(folder)) if baseline is not None else ()
        second = read_record(find_record(after, root).path)
        return compare_archived(first, second, Design(control=control), history)
    if first.kind != "trial":
        raise UsageError(f"{first.name} is the record of one swarm; name the record to judge it against as well")
    if baseline is not None:
        raise UsageError(
            f"--baseline {baseline} weighs two records made at different times, and {first.name} is a trial, which "
            "needs none; leave it out"
        )
    design = Design.from_dict(first.plan.get("design") or {})
    return compare_trial(first, design if control is None else dataclasses.replace(design, control=control))


def _control(word: str | None) -> Cell | None:
    if word is None:
        return None
    persona, slash, route = word.partition("/")
    if not (persona and slash and route):
        raise UsageError(f"--control is {word!r}; write PERSONA/ROUTE, such as reader/about")
    from results.samples import Cell

    return Cell(persona, route)
