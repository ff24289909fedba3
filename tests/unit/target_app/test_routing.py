"""The route of a path is the one that would be found by trying all."""

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from target_app.routing import RoutesByBeginning

pytestmark = pytest.mark.anyio
PATHS = ("/", "/tags/", "/tags", "/tags/{tag}/", "/{page}.html", "/tags/{tag}.html", "/new.html", "/api/{rest:path}")
TRIED = (
    "/", "", "//", "/tags", "/tags/", "/tags/x/", "/tags/x.html", "/tags/x/y", "/about.html", "/new.html", "/tags.html",
    "/api/", "/api/a/b", "/api", "/none", "/none/", "tags/",
)  # fmt: skip


async def _echo(request: Request) -> Response:
    return PlainTextResponse(request.scope["route"].path)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", TRIED)
async def test_it_is_found_among_those_that_begin_alike(method: str, path: str) -> None:
    """Routes without a fixed beginning are among all of them, in their place; what is no page's is 404 or 405."""
    routes = [Route(one, _echo) for one in PATHS]
    assert await _ask(RoutesByBeginning(routes), method, path) == await _ask(
        Router(routes, redirect_slashes=False), method, path
    )


async def _ask(router: Router, method: str, path: str) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await router({"type": "http", "method": method, "path": path, "headers": []}, None, send)  # type: ignore[arg-type]
    return sent
