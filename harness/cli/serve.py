"""``anp serve``: the reference site in the foreground."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from harness import site
from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from synth import Corpus

EPILOG = """**Examples**

- `anp serve --articles 500`
- `anp serve --db site.sqlite --port 8000 --set page_cache=off`
- `anp serve --articles-from articles.jsonl.gz --db mine.sqlite`
- `anp serve --port 8000 --access-log access.jsonl`
- `anp serve --port 8000 --base-url https://www.example.org --allow-host example.org`
- `anp serve --list-settings`
"""
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve", epilog=EPILOG)(serve)


def serve(
    articles: Annotated[
        int | None, typer.Option("--articles", help="How many articles to import.", metavar="N", show_default="2000")
    ] = None,
    start: Annotated[
        int | None, typer.Option("--start", help="First article id.", metavar="ID", show_default="11730")
    ] = None,
    articles_from: Annotated[
        Path | None,
        typer.Option(
            "--articles-from",
            help="Import the articles of this file instead: one a line, as anp synth writes them, compressed or not.",
            metavar="FILE.jsonl",
        ),
    ] = None,
    members: Annotated[
        int | None, typer.Option("--members", help="How many member accounts to import.", show_default="20")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the corpus.", show_default="0")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="natural or classic.", show_default="natural")
    ] = None,
    db: Annotated[Path, typer.Option("--db", help="SQLite file; made where there is none.")] = Path("anp.sqlite"),
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            help="What browsers see as the site's address, where another server is before it.",
            metavar="URL",
            show_default="the address bound; where that is every one, the first --allow-host or this machine's name",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A further host name to answer to; repeatable.", metavar="NAME"),
    ] = None,
    set: options.Set = None,
    access_log: Annotated[
        str | None,
        typer.Option(
            "--access-log",
            help="Write a line of JSON about each request to this file, - for standard error.",
            metavar="PATH|-",
        ),
    ] = None,
    purge_token: Annotated[
        str | None,
        typer.Option(
            "--purge-token",
            help="Secret for purges, edits and metrics; without one, this machine may.",
            metavar="TOKEN",
        ),
    ] = None,
    server_timing: Annotated[
        Literal["public", "token", "off"],
        typer.Option("--server-timing", help="Who is told what a response cost: token is whoever presents it."),
    ] = "public",
    list_settings: Annotated[
        bool, typer.Option("--list-settings", help="Print the site's settings and what each is good for.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Serve the reference site until stopped; prints one JSON line with the bound URL when it listens.

    A database that exists is served as it is, unless an option says what it must hold. An import that was stopped goes
    on where it was. Articles of a file that are those of a corpus make that corpus; any others are served, but the
    swarm cannot tell whether their pages are right.
    """
    if list_settings:
        _print_settings(json=json)
        return
    settings = options.settings(set)
    told = ["--server-timing", server_timing, *(["--access-log", access_log] if access_log is not None else [])]
    if purge_token == "":
        raise UsageError("an empty --purge-token would let everybody in; name one, or leave the option out")
    if purge_token is not None:
        os.environ["ANP_SERVE_PURGE_TOKEN"] = purge_token  # and not on the command line, which others can read
    names = _names(base_url, allow_host or [])
    site.check(settings, host=host, port=port, options=told)
    wishes = {"first_id": start, "count": articles, "profile": profile, "seed": seed}
    asked: dict[str, Any] = {name: value for name, value in wishes.items() if value is not None}
    if asked and articles_from is not None:
        raise UsageError(f"--articles-from {articles_from} says itself which articles there are; leave the others out")
    if asked or articles_from is not None or members is not None or not db.exists():
        from synth import Corpus

        _import(db, Corpus(**asked) if articles_from is None else articles_from, 20 if members is None else members)
    argv = site.serve_command(db, settings, host=host, port=port, options=[*told, *names])
    os.execv(argv[0], argv)


def _import(db: Path, articles: Corpus | Path, members: int) -> None:
    """Fill a database with a corpus, or with the articles of a file."""
    from harness.progress import Steps

    if isinstance(articles, Path):
        title = f"{db}: articles of {articles}, {members} members"
        argv = site.import_file_command(db, articles, members)
    else:
        title = f"{db}: {articles.count:,} articles, {members} members"
        argv = site.import_command(db, articles, members)
    with tempfile.TemporaryDirectory(prefix="anp-") as work, Steps().counted(title, "articles") as count:
        site.run_import(argv, Path(work) / "import.log", count)


def _names(base_url: str | None, hosts: Sequence[str]) -> list[str]:
    """The words that tell the site under which names it is known."""
    words = []
    if base_url is not None:
        if not _is_base(base_url):
            raise UsageError(f"--base-url {base_url!r} is no address of a site; write it as in https://www.example.org")
        words += ["--base-url", base_url]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UsageError(
                f"--allow-host {host!r} is no host name; give one without scheme and port, as in example.org"
            )
        words += ["--allow-host", host]
    return words


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        place = parts.netloc.removesuffix("" if parts.port is None else f":{parts.port}")
    except ValueError:
        return False
    rest = f"{parts.path.removeprefix('/')}{parts.query}{parts.fragment}"
    return parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(place)) and not rest


def _print_settings(*, json: bool) -> None:
    known = site.known_settings()
    if json:
        options.print_json(known)
        return
    from rich.table import Table

    table = Table("setting", "default", "values", "good for", box=None, pad_edge=False)
    for setting in known:
        table.add_row(
            setting["name"], _as_typed(setting["default"]), " | ".join(setting["choices"]), setting["purpose"]
        )
    options.console().print(table)


def _as_typed(value: Any) -> str:
    """The value of a setting as one would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in (None, []) else str(value)
