"""The page cache around applications that know nothing of it."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from starlette.types import Receive, Scope, Send

from target_app.page_cache import RFC, Options, PageCache, Reported

pytestmark = pytest.mark.anyio


async def test_an_application_of_fastapi_is_cached_as_it_says() -> None:
    """The second reader does not enter it; a purge by a group it named lets the third in."""
    app, calls = FastAPI(), []

    @app.get("/page")
    def page(response: Response) -> dict[str, int]:
        calls.append(1)
        response.headers.update({"cache-control": "max-age=60", "cache-groups": '"page"'})
        return {"calls": len(calls)}

    cache = PageCache(app, Options(profile=RFC))
    transport = httpx.ASGITransport(app=Reported(cache))
    async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
        answers = [await client.get("/page") for _ in range(2)]
        assert cache.purge(["page"]) == 1
        answers.append(await client.get("/page"))
    assert [answer.json()["calls"] for answer in answers] == [1, 1, 2]
    assert [answer.headers["cache-status"] for answer in answers] == [
        "anp; fwd=uri-miss; fwd-status=200; stored; ttl=60",
        answers[1].headers["cache-status"],
        "anp; fwd=uri-miss; fwd-status=200; stored; ttl=60",
    ]
    assert answers[1].headers["cache-status"].startswith("anp; hit; ttl=")


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_request_reaches_the_application(kind: str) -> None:
    """Start, end and web sockets are the application's own."""
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    scope = {"type": kind}
    await Reported(PageCache(app, Options()))(scope, None, None)  # type: ignore[arg-type]
    assert seen == [scope]
