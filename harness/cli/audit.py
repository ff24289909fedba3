"""``anp audit``: what the caches in front of a site say and do, without load."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from harness.audit.model import Report, Severity

EPILOG = """**Examples**

- `anp audit http://127.0.0.1:8000`
- `anp audit http://127.0.0.1:8000/articles/a-slug-11730/ --verbose`
- `anp audit http://127.0.0.1:8080 --login login.toml --fail-on warning --format junit --out audit.xml`
- `anp audit https://staging.example --i-may-probe staging.example --format sarif --out audit.sarif`
- `anp audit http://127.0.0.1:8080 --allow-writes --stale-allowance 22s`

Of an origin, the kinds of pages are found in its sitemap, its home page and robots.txt: one for each first segment of
an address. One request is sent after another, and only to the sites that were named. Probes that could poison a cache
use addresses that nobody else asks for.

Exit codes: 0 nothing found of the severity of --fail-on, 1 something found, 2 refused or no answer, 70 a defect of anp,
130 interrupted.
"""

_PERMISSION: Final = "Permission and trust"
_WIDTH: Final = 120
"""Of a table that is written to a file."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("audit", epilog=EPILOG)(audit)


def audit(
    url: Annotated[
        list[str],
        typer.Argument(help="A site, of which the kinds of pages are found, or pages of it.", metavar="URL..."),
    ],
    sitemap: Annotated[
        str | None, typer.Option("--sitemap", help="Its sitemap, where robots.txt names none.", metavar="URL")
    ] = None,
    login: Annotated[
        Path | None,
        typer.Option(
            "--login",
            help="How a member logs in (TOML), as for anp swarm; the reference site needs none.",
            metavar="FILE",
        ),
    ] = None,
    format: Annotated[
        Literal["table", "json", "sarif", "junit"], typer.Option("--format", help="What to write.")
    ] = "table",
    json: options.Json = False,
    out: Annotated[str, typer.Option("--out", help="Where to write it; - is standard output.", metavar="FILE|-")] = "-",
    verbose: Annotated[bool, typer.Option("--verbose", help="Put the headers of each page into words too.")] = False,
    fail_on: Annotated[
        Literal["note", "warning", "error", "never"],
        typer.Option("--fail-on", help="Exit with 1 if something at least that severe is found."),
    ] = "error",
    allow_writes: Annotated[
        bool,
        typer.Option(
            "--allow-writes",
            help="Edit an article (reference site) or purge pages (PURGE), where a check needs it.",
            rich_help_panel=_PERMISSION,
        ),
    ] = False,
    stale_allowance: Annotated[
        str,
        typer.Option(
            "--stale-allowance",
            help="After such a change, how long the old page is no fault.",
            metavar="TIME",
            rich_help_panel=_PERMISSION,
        ),
    ] = "0s",
    i_may_probe: Annotated[
        list[str] | None,
        typer.Option(
            "--i-may-probe",
            help="Name of a host, other than this machine, you may probe; repeatable.",
            metavar="HOST",
            rich_help_panel=_PERMISSION,
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file", help="Authorities (PEM) to trust instead of the system's.", rich_help_panel=_PERMISSION
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept any certificate.", rich_help_panel=_PERMISSION)
    ] = False,
) -> int:
    """Audit the caches of a site with a few requests: what each layer says and does, and what is wrong with it."""
    from datetime import UTC, datetime

    from harness.audit.client import Trust
    from harness.audit.conduct import Options
    from harness.audit.conduct import audit as conduct
    from harness.progress import Steps

    if json and format not in {"table", "json"}:
        raise UsageError(f"--json and --format {format} ask for two documents; leave one of them out")
    if stale_allowance != "0s" and not allow_writes:
        raise UsageError("--stale-allowance has no effect without --allow-writes: nothing is changed; leave it out")
    how = Options(
        allowed=frozenset(i_may_probe or ()),
        trust=Trust(ca_file, insecure),
        sitemap=sitemap,
        login=login,
        allow_writes=allow_writes,
        allowance_s=options.duration("--stale-allowance", stale_allowance),
    )
    started = datetime.now(UTC)
    with Steps().step(f"audit of {', '.join(dict.fromkeys(url))}"):
        report = conduct(url, how)
    severity = _severity(fail_on)
    _write(report, "json" if json else format, out, severity, started, verbose=verbose)
    fails = severity is not None and any(finding.check.severity >= severity for finding in report.findings)
    return ExitCode.FOUND if fails else ExitCode.FINE


def _severity(word: str) -> Severity | None:
    from harness.audit.model import Severity

    return None if word == "never" else Severity[word.upper()]


def _write(report: Report, form: str, out: str, severity: Severity | None, started: datetime, *, verbose: bool) -> None:
    from harness.audit.render import document, junit, sarif, table

    if form == "table":
        if out == "-":
            table.render(report, options.console(), verbose=verbose)
            return
        from rich.console import Console

        page = io.StringIO()
        table.render(report, Console(file=page, width=_WIDTH, highlight=False), verbose=verbose)
        text = page.getvalue()
    elif form == "json":
        text = document.render(report) + "\n"
    elif form == "sarif":
        text = sarif.render(report) + "\n"
    else:
        text = junit.render(report, severity, started)
    if out == "-":
        typer.echo(text, nl=False)
    else:
        options.write_text(Path(out), text)
