"""``anp synth``: articles as files, or one of them on the terminal."""

from __future__ import annotations

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

import typer

from harness.cli import options
from harness.errors import UsageError, unknown
from synth.formats import BINARY, FORMATS, PAGES, SHARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.progress import Advance
    from synth.dials import Dials
    from synth.learn import Document
    from synth.report import Measure

EPILOG = """**Examples**

- `anp synth --count 1000 --out articles.jsonl.gz`
- `anp synth --count 1000000 --workers 2 --resume --out articles.jsonl.zst`
- `anp synth --count 3 --start 11730 --format text`
- `anp synth --count 5000 --format wxr --out articles.xml`
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
Case = Annotated[
    str | None,
    typer.Option(
        "--case",
        help="natural or lower, as --set case=…",
        metavar="CASE",
        show_default="lower in classic, else natural",
    ),
]
REPORT_EPILOG = """**Examples**

- `anp synth report`
- `anp synth report --articles 1000 --set near_duplicates=0.1 --set popularity=1.1`
- `anp synth report --profile classic --json`

Exit codes: 0 all that was asked for was found, 1 something was not.
"""
LEARN_EPILOG = """**Examples**

- `anp synth learn export.xml --out site.toml`
- `anp synth learn content/posts --out site.toml`
- `anp synth learn http://127.0.0.1:8000/sitemap.xml --limit 200 --out site.toml`

Then `anp synth --profile-file site.toml` makes articles like them, and `anp synth report --profile-file site.toml`
shows learned beside generated.
"""


def register(app: typer.Typer) -> None:
    """Add the verb and its sub-commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False, epilog=EPILOG)
    group.callback(invoke_without_command=True)(synth)
    group.command("show", epilog=SHOW_EPILOG)(show)
    group.command("report", epilog=REPORT_EPILOG)(report)
    group.command("learn", epilog=LEARN_EPILOG)(learn)
    group.command("dials", epilog="**Example**\n\n- `anp synth dials`")(print_dials)
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
        str,
        typer.Option(
            "--out", help="File to write (.gz and .zst are compressed), or - for standard output.", metavar="PATH|-"
        ),
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
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep what is written when stopped, as PATH.part, and go on from what there is."),
    ] = False,
    set: Dial = None,
    profile_file: ProfileFile = None,
    case: Case = None,
) -> None:
    """Synthesize a range of articles; the same numbers give the same bytes everywhere."""
    if context.invoked_subcommand is not None:
        return
    from harness.progress import Steps
    from synth import Corpus
    from synth.export import export

    if out == "-" and format in BINARY and sys.stdout.isatty():
        raise UsageError(f"{format} is not for a terminal: name a file with --out")
    corpus = Corpus(start, count, profile, seed, _dials(profile_file, set, case))
    target = sys.stdout.buffer if out == "-" else _file(out)
    size = None if shard_size is None else _bytes(shard_size)
    steps = Steps()
    try:
        with steps.counted(f"articles as {format}", "articles") as tell:
            export(
                *(corpus, format, target, lambda done: tell(done, count), workers, size),
                resume=resume,
            )
    except BrokenPipeError:
        pass  # the reader of a named pipe has all it wanted
    except OSError as error:
        left = f"; what there is stands in {out}.part, and the same command goes on from there" if resume else ""
        raise UsageError(
            f"cannot write {out} ({error.strerror or error}): make room, or name another file{left}"
        ) from None
    except KeyboardInterrupt:
        if resume:
            steps.say(f"  what there is stands in {out}.part; the same command goes on from there")
        raise


def _bytes(megabytes: float) -> int:
    size = megabytes * 1_000_000
    if not isfinite(size):
        raise UsageError(f"--shard-size is {megabytes}; give megabytes such as 15, or 0 for one file of any length")
    return round(size)


def show(
    id: Annotated[int, typer.Argument(help="Article id.", metavar="ID")],
    revision: Annotated[int, typer.Option("--revision", help="Edition; 0 is the first.")] = 0,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    format: Annotated[str, typer.Option("--format", help=f"{', '.join(PAGES)}.")] = "text",
    set: Dial = None,
    profile_file: ProfileFile = None,
    case: Case = None,
) -> None:
    """Show one article; it is computed alone, whatever its id."""
    from synth import article
    from synth.formats import load
    from synth.layout import Pages

    if format in FORMATS.keys() - PAGES.keys():
        raise UsageError(f"{format} is a format of files: use anp synth --start {id} --count 1 --format {format}")
    if format not in PAGES:
        raise UsageError(unknown("format", format, PAGES))
    one = article(id, revision=revision, profile=profile, seed=seed, dials=_dials(profile_file, set, case))
    typer.echo(cast(Pages, load(format)).render(one).rstrip("\n"))


def print_fingerprint(profile: options.Profile = "natural") -> None:
    """Print the SHA-256 over articles 0 to 999: it changes exactly when a profile's output changes."""
    from synth import fingerprint

    typer.echo(fingerprint(profile))


def report(
    articles: Annotated[int, typer.Option("--articles", help="How many articles to make and measure.", min=2)] = 3000,
    start: options.Start = 11730,
    seed: options.Seed = 0,
    profile: options.Profile = "natural",
    set: Dial = None,
    profile_file: ProfileFile = None,
    json: options.Json = False,
) -> None:
    """Measure what articles are like, beside what was asked for: lengths, compression, repetition, links, views.

    A few thousand articles take some seconds. Links are those of the first hundred thousand.
    """
    from harness.progress import Steps
    from synth import Corpus
    from synth.report import MOST_LINKED, measure

    corpus = Corpus(start, max(articles, MOST_LINKED), profile, seed, _dials(profile_file, set))
    with Steps().step(f"{articles:,} articles measured", total=articles, count=True) as advance:
        measures = measure(corpus, sample=articles, progress=advance)
    if json:
        options.print_json([one.to_dict() for one in measures])
    else:
        _print_measures(measures)
    if not all(one.is_met for one in measures):
        raise typer.Exit(1)


def _print_measures(measures: list[Measure]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "measured", "asked for", "", "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for one in measures:
        mark = Text() if not one.has_bounds else Text("✓", "green") if one.is_met else Text("✗", "bold red")
        table.add_row(one.name, _number(one.value), _asked(one), mark, one.about)
    options.console().print(table)


def _asked(one: Measure) -> str:
    if one.asked is not None:
        return _number(one.asked)
    return f"{_number(one.low)} to {_number(one.high)}" if one.has_bounds else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"


def learn(
    export: Annotated[
        str,
        typer.Argument(
            help="WordPress export (XML), JSON lines, a folder of Markdown, or the address of a sitemap.",
            metavar="EXPORT",
        ),
    ],
    out: Annotated[str, typer.Option("--out", help="Profile file to write, or -.", metavar="PATH|-")] = "-",
    limit: Annotated[int, typer.Option("--limit", help="Most pages that are fetched by a sitemap.", min=2)] = 500,
    i_may_crawl: Annotated[
        list[str] | None,
        typer.Option("--i-may-crawl", help="A host that is yours, if it is not this machine.", metavar="HOST"),
    ] = None,
) -> None:
    """Learn what a site's articles are like, and write that down as dials: numbers and meta keys, no sentences."""
    from harness.progress import Steps
    from synth.dials import LONGEST_KEY, MOST_KEYS
    from synth.learn import documents, learned, of_page

    path = None if out == "-" else _file(out)
    steps = Steps()
    if export.startswith(("http://", "https://")):
        from harness.crawl import pages

        try:
            host = urlsplit(export).netloc
        except ValueError:
            raise UsageError(f"{export} is no address; give that of a sitemap") from None
        asked = pages(export, limit=limit, allowed=frozenset(i_may_crawl or ()))
        found: Iterator[Document] = (of_page(html, host) for _, html in asked)
    else:
        found = documents(Path(export))
    with steps.step("articles read", count=True) as advance:
        result = learned(_told(found, advance))
    if result.left_out:
        steps.say(
            f"  meta keys left out: {result.left_out:,}; a profile takes {MOST_KEYS}, each of 1 to {LONGEST_KEY} "
            "characters that can be printed"
        )
    text = result.toml(export)
    if path is None:
        typer.echo(text.rstrip("\n"))
    else:
        options.write_text(path, text)
        steps.say(f"  what {result.articles:,} articles are like: {out}")


def _file(name: str) -> Path:
    """The file that somebody names; a path would not tell a name that ends as those of folders do.

    Raises:
        UsageError: It does.
    """
    if name.endswith(("/", "/.")):
        raise UsageError(f"cannot write {name}, which names a folder: name a file")
    return Path(name)


def _told(documents: Iterator[Document], advance: Advance) -> Iterator[Document]:
    for number, document in enumerate(documents, 1):
        yield document
        advance(number)


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


def _dials(file: Path | None, assignments: list[str] | None, case: str | None = None) -> Dials:
    from synth.dials import STANDARD, read_assignments, read_file

    words = [*(assignments or ()), *(() if case is None else (f"case={case}",))]
    if file is None and not words:
        return STANDARD
    return read_assignments(words, {} if file is None else read_file(file))
