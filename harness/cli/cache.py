"""``anp cache``: the page cache before another server, in the foreground."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from harness import site

EPILOG = """**Examples**

- `anp cache --origin http://127.0.0.1:8000`
- `anp cache --origin http://127.0.0.1:8000 --profile site --port 8080 --session-cookie shop_login`

`rfc` is a shared cache by RFC 9111: it keeps what the standard lets it, for as long as the origin says or, where it
says nothing, for a tenth of the time since the last change, a day at most. `site` keeps only what says so in
`CDN-Cache-Control`, nothing that sets a cookie, and passes by every query, since it cannot know what the origin makes
of it, and every session: requests with a cookie whose name holds `session` or `SESS`, and those of `connect.sid`,
ASP.NET and WordPress. `Cache-Status` says what the cache did.

Exit codes: 0 stopped, 2 refused before it listened.
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("cache", epilog=EPILOG)(cache)


def cache(
    origin: Annotated[str, typer.Option("--origin", help="Scheme and host of the server behind.", metavar="URL")],
    profile: Annotated[Literal["rfc", "site"], typer.Option("--profile", help="What it keeps.")] = "rfc",
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", help="Bound on the memory of the pages.", min=0, show_default="256 MiB")
    ] = 256 * 2**20,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the origin.", min=0.001)] = 30.0,
    session_cookie: Annotated[
        list[str] | None,
        typer.Option("--session-cookie", help="A further cookie whose bearers pass by; repeatable.", metavar="NAME"),
    ] = None,
) -> None:
    """Put the page cache before any server, as a reverse proxy; prints one JSON line with its URL when it listens.

    For trying the cache by itself, with a test suite for caches for one. Answers are held back until they are whole.
    """
    argv = site.cache_command(
        origin,
        profile=profile,
        host=host,
        port=port,
        max_bytes=max_bytes,
        timeout=timeout,
        session_cookies=session_cookie or (),
    )
    os.execv(argv[0], argv)
