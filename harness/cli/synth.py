"""``anp synth``: articles as files, or one of them on the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.errors import UsageError, unknown

if TYPE_CHECKING:
    from synth.dials import Dials

EPILOG = """**Examples**

- `anp synth --count 1000 --out articles.jsonl.gz`
- `anp synth --count 3 --start 11730 --format text`
- `anp synth show 11730 --profile classic --format markdown`
"""
SHOW_EPILOG = """**Examples**

- `anp synth show 11730`
- `anp synth show 11730 --profile classic --format html`
- `anp synth show 11730 --revision 2 --format json`
"""


Dial = Annotated[
    list[str] | None,
    typer.Option("--set", help="A dial, NAME=VALUE; repeatable. See anp synth dials.", metavar="NAME=VALUE"),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile-file", help="Dials from a TOML file; --set wins over it.", metavar="FILE"),
]


def register(app: typer.Typer) -> None:
    """Add the verb and its sub-commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False, epilog=EPILOG)
    group.callback(invoke_without_command=True)(synth)
    group.command("show", epilog=SHOW_EPILOG)(show)
    group.command("dials", epilog="**Example**\n\n- `anp synth dials`")(print_dials)
    group.command("fingerprint", epilog="**Example**\n\n- `anp synth fingerprint --profile classic`")(print_fingerprint)
    app.add_typer(group, name="synth", help="Synthesize articles: integer in, article out.")


def synth(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", help="How many articles.", metavar="N")] = 10,
    start: options.Start = 11730,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    format: Annotated[str, typer.Option("--format", help="jsonl, json, text, html or markdown.")] = "jsonl",
    out: Annotated[
        str, typer.Option("--out", help="File to write (.gz compresses), or - for standard output.", metavar="PATH|-")
    ] = "-",
    workers: Annotated[int, typer.Option("--workers", help="Processes; the output is the same for any number.")] = 1,
    set: Dial = None,
    profile_file: ProfileFile = None,
) -> None:
    """Synthesize a range of articles; the same numbers give the same bytes everywhere."""
    if context.invoked_subcommand is not None:
        return
    from harness.progress import Steps
    from synth import Corpus
    from synth.export import export

    corpus = Corpus(start, count, profile, seed, _dials(profile_file, set))
    target = sys.stdout.buffer if out == "-" else Path(out)
    steps = Steps()
    with steps.step(f"{count:,} articles as {format}", total=count, count=True) as advance:
        export(corpus, format, target, progress=advance, workers=workers)


def show(
    id: Annotated[int, typer.Argument(help="Article id.", metavar="ID")],
    revision: Annotated[int, typer.Option("--revision", help="Edition; 0 is the first.")] = 0,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    format: Annotated[str, typer.Option("--format", help="text, json, html or markdown.")] = "text",
    set: Dial = None,
    profile_file: ProfileFile = None,
) -> None:
    """Show one article; it is computed alone, whatever its id."""
    from synth import article
    from synth.export import FORMATS

    if format not in FORMATS:
        raise UsageError(unknown("format", format, FORMATS))
    one = article(id, revision=revision, profile=profile, seed=seed, dials=_dials(profile_file, set))
    typer.echo(FORMATS[format].render(one).rstrip("\n"))


def print_fingerprint(profile: options.Profile = "natural") -> None:
    """Print the SHA-256 over articles 0 to 999: it changes exactly when a profile's output changes."""
    from synth import fingerprint

    typer.echo(fingerprint(profile))


def print_dials(json: options.Json = False) -> None:
    """List the dials: what each sets and takes, and what it does to a cache, an index or a database."""
    from synth.dials import CATALOGUE, STANDARD

    if json:
        known = STANDARD.values()
        options.print_json(
            [
                {"name": name, "default": known[name], "takes": dial.takes, "sets": dial.does, "effect": dial.effect}
                for name, dial in CATALOGUE.items()
            ]
        )
        return
    from rich.table import Table

    table = Table("dial", "default", "sets", "takes", "what it does", box=None, pad_edge=False)
    for name, dial in CATALOGUE.items():
        table.add_row(name, str(getattr(STANDARD, name) or "–"), dial.does, dial.takes, dial.effect)
    options.console().print(table)


def _dials(file: Path | None, assignments: list[str] | None) -> Dials:
    from synth.dials import STANDARD, read_assignments, read_file

    if file is None and not assignments:
        return STANDARD
    return read_assignments(assignments or (), {} if file is None else read_file(file))
