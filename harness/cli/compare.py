"""``anp compare``: two records side by side, or a trial's record once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options
from harness.errors import UsageError
from results.record import find_record, read_record, runs_root

EPILOG = """**Examples**

- `anp compare results/runs/20261120T101500Z-cache_hit results/runs/20261120T102000Z-cache_hit`
- `anp compare latest --html report.html --markdown -`
- `anp compare latest --json - --fail-on slower,invalid,not-enough-data`

A trial's arms ran side by side, so its record can be judged. Two records made one after the other can only show that
two sessions differ, and the comparison says so.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compare", epilog=EPILOG)(compare)


def compare(
    before: Annotated[str, typer.Argument(help="A record (path, name or latest); a trial's record alone is enough.")],
    after: Annotated[str | None, typer.Argument(help="The record to judge.")] = None,
    out: options.Out = None,
    html_file: Annotated[str | None, typer.Option("--html", help="Write the report there.", metavar="FILE|-")] = None,
    json_file: Annotated[str | None, typer.Option("--json", help="Write compare.json there.", metavar="FILE|-")] = None,
    markdown_file: Annotated[
        str | None, typer.Option("--markdown", help="Write a pull-request comment there.", metavar="FILE|-")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="Verdicts that fail the command: slower, invalid, not-enough-data.")
    ] = "slower,invalid",
) -> int:
    """Compare before against after and say what can be said."""
    from results.comparison import compare_archived, compare_trial  # late: scipy and matplotlib take their time
    from results.report import html, json, markdown, text

    policy = options.fail_on(fail_on)
    root = runs_root(out)
    first = read_record(find_record(before, root).path)
    if after is None:
        if first.kind != "trial":
            raise UsageError(f"{first.name} is the record of one swarm; name the record to judge it against as well")
        comparison = compare_trial(first)
    else:
        comparison = compare_archived(first, read_record(find_record(after, root).path))
    to_stdout = False
    for file, render in ((html_file, html.render), (json_file, json.render), (markdown_file, markdown.render)):
        if file == "-":
            to_stdout = True
            typer.echo(render(comparison))
        elif file is not None:
            options.write_text(Path(file), render(comparison))
    if not to_stdout:
        options.console().print(text.render(comparison))
    return comparison.exit_code(policy)
