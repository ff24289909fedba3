"""``anp synth``: articles as files, or one of them on the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options
from harness.errors import UsageError, unknown
from synth.formats import BINARY, FORMATS, PAGES, SHARDED

EPILOG = """**Examples**

- `anp synth --count 1000 --out articles.jsonl.gz`
- `anp synth --count 3 --start 11730 --format text`
- `anp synth --count 5000 --format wxr --out articles.xml`
- `anp synth show 11730 --profile classic --format markdown`
"""
SHOW_EPILOG = """**Examples**

- `anp synth show 11730`
- `anp synth show 11730 --profile classic --format html`
- `anp synth show 11730 --revision 2 --format json`
"""


def register(app: typer.Typer) -> None:
    """Add the verb and its sub-commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False, epilog=EPILOG)
    group.callback(invoke_without_command=True)(synth)
    group.command("show", epilog=SHOW_EPILOG)(show)
    group.command("fingerprint", epilog="**Example**\n\n- `anp synth fingerprint --profile classic`")(print_fingerprint)
    app.add_typer(group, name="synth", help="Synthesize articles: integer in, article out.")


def synth(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", help="How many articles.", metavar="N")] = 10,
    start: options.Start = 11730,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    format: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "jsonl",
    out: Annotated[
        str, typer.Option("--out", help="File to write (.gz compresses), or - for standard output.", metavar="PATH|-")
    ] = "-",
    workers: Annotated[int, typer.Option("--workers", help="Processes; the output is the same for any number.")] = 1,
    shard_size: Annotated[
        float | None,
        typer.Option(
            "--shard-size",
            help=f"Length at which {' or '.join(SHARDED)} goes on in another file; 0 is one file of any length.",
            min=0,
            metavar="MB",
            show_default="15",
        ),
    ] = None,
) -> None:
    """Synthesize a range of articles; the same numbers give the same bytes everywhere."""
    if context.invoked_subcommand is not None:
        return
    from harness.progress import Steps
    from synth import Corpus
    from synth.export import export

    if out == "-" and format in BINARY and sys.stdout.isatty():
        raise UsageError(f"{format} is not for a terminal: name a file with --out")
    corpus = Corpus(start, count, profile, seed)
    target = sys.stdout.buffer if out == "-" else Path(out)
    size = None if shard_size is None else round(shard_size * 1_000_000)
    steps = Steps()
    with steps.step(f"{count:,} articles as {format}", total=count, count=True) as advance:
        export(corpus, format, target, progress=advance, workers=workers, shard_size=size)


def show(
    id: Annotated[int, typer.Argument(help="Article id.", metavar="ID")],
    revision: Annotated[int, typer.Option("--revision", help="Edition; 0 is the first.")] = 0,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    format: Annotated[str, typer.Option("--format", help=f"{', '.join(PAGES)}.")] = "text",
) -> None:
    """Show one article; it is computed alone, whatever its id."""
    from synth import article
    from synth.formats import load

    if format in FORMATS.keys() - PAGES.keys():
        raise UsageError(f"{format} is a format of files: use anp synth --start {id} --count 1 --format {format}")
    if format not in PAGES:
        raise UsageError(unknown("format", format, PAGES))
    one = article(id, revision=revision, profile=profile, seed=seed)
    typer.echo(load(format).make([one]).decode().rstrip("\n"))


def print_fingerprint(profile: options.Profile = "natural") -> None:
    """Print the SHA-256 over articles 0 to 999: it changes exactly when a profile's output changes."""
    from synth import fingerprint

    typer.echo(fingerprint(profile))
