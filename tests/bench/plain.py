"""The rivals of a cache hit: applications that send an article's bytes and headers without asking anything.

Run as ``python plain.py KIND FILE PORT_FILE CORE``: ``bare`` is an ASGI function, ``fastapi`` a route that returns a
ready string. ``FILE`` holds the answer as JSON.
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


if __name__ == "__main__":
    kind, answer, said, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    found = json.loads(Path(answer).read_text(encoding="utf-8"))
    config = uvicorn.Config(
        {"bare": bare, "fastapi": fastapi}[kind](found["headers"], found["text"]),
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
