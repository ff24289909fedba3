"""The rivals of the site: applications that do only a part of what it does for an article.

Run as ``python plain.py KIND FILE PORT_FILE CORE``; ``FILE`` holds what the kind needs, as JSON. ``bare`` is an ASGI
function that sends ready bytes and ``fastapi`` a route that returns a ready string. ``rendering`` fills the site's
template from records that were read beforehand.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from target_app.database import Library
from target_app.pages import Pages


def bare(headers: list[tuple[str, str]], text: str) -> Any:
    """Sends ready bytes."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    body = text.encode()
    start = {"type": "http.response.start", "status": 200, "headers": raw}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return application


def fastapi(headers: list[tuple[str, str]], text: str) -> Any:
    """Returns a ready string from a route, with the same headers."""
    app = FastAPI()
    fields = {name: value for name, value in headers if name not in {"content-length", "content-type"}}

    @app.get("/articles/{slug}/", response_class=HTMLResponse)
    async def article(slug: str, response: Response) -> str:
        response.headers.update(fields)
        return text

    return app


def rendering(db: str, slugs: list[str]) -> Any:
    """Renders an article for each request, and does nothing else."""
    library, pages = Library(Path(db)), Pages("http://site.example")
    read = {}
    for slug in slugs:
        article = library.article(slug)
        assert article is not None
        comments, _ = library.comments(article.id, tags=())
        values = (article, library.meta(article.id), library.similar(article.id).cards, comments)
        read[f"/articles/{slug}/".encode()] = values

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = pages.article(*read[scope["raw_path"]], None, csrf="")
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


if __name__ == "__main__":
    kind, answer, said, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    found = json.loads(Path(answer).read_text(encoding="utf-8"))
    config = uvicorn.Config(
        {"bare": bare, "fastapi": fastapi, "rendering": rendering}[kind](**found),
        port=0,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_level="error",
        access_log=False,
        date_header=False,
        server_header=False,
    )
    listener = config.bind_socket()
    Path(said).write_text(str(listener.getsockname()[1]), encoding="ascii")
    uvicorn.Server(config).run(sockets=[listener])
