"""``anp report``: open what a trial wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from results.record import Record

EPILOG = """**Examples**

- `anp report`
- `anp report 20261120T101500Z-page-cache`
- `anp report latest --path`
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report", epilog=EPILOG)(report)


def report(
    record: Annotated[
        str, typer.Argument(help="Path or name of a trial's record, or latest.", metavar="ID")
    ] = "latest",
    path: Annotated[bool, typer.Option("--path", help="Print where it is, and open nothing.")] = False,
    out: options.Out = None,
) -> None:
    """Open the report of a trial in the browser, and print where it is."""
    import webbrowser

    from results.record import find_record, runs_root

    found = find_record(record, runs_root(out))
    page = found.path / "report.html"
    if not page.is_file():
        raise UsageError(f"{found.name} has no report, {_why(found)}")
    typer.echo(str(page))
    if not path and not webbrowser.open(page.resolve().as_uri()):
        typer.echo("there is no browser here: open that file in one", err=True)


def _why(found: Record) -> str:
    """The reason, and what can be done."""
    if found.kind == "trial" and found.is_complete:
        return f"as none was written; write one with: anp compare {found.path} --html report.html"
    if found.kind == "swarm":
        return f"as a swarm alone compares nothing; see its figures with: anp runs show {found.path}"
    return f"as the trial was cut off; go on with it: anp trial --resume {found.path}"
