"""The bodies of requests for the JSON side: how large they may be, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.problems import ProblemError

MOST_BYTES = 2**20
"""Of one body."""
_LONGEST_CODING = 100


class BoundedBodies:
    """An ASGI application that refuses to read on where a body is larger than it may be.

    Whoever is reading gets an ``HTTPException`` with the status 413, which becomes the answer in their own form.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST_BYTES:
                raise HTTPException(413, f"the body is larger than {MOST_BYTES} bytes")
            return message

        await self._app(scope, bounded, send)


class _JsonRequest(Request):
    """A request whose JSON is what RFC 8259 lets everybody read alike: in UTF-8, with no name twice in one object."""

    async def json(self) -> Any:
        """The body; 400 where it is none, but for what the framework tells itself."""
        try:
            return json.loads((await self.body()).decode("utf-8-sig"), object_pairs_hook=_named_once)
        except UnicodeDecodeError:
            raise HTTPException(400, "the body cannot be read: it is not in UTF-8") from None
        except RecursionError:
            raise HTTPException(400, "the body cannot be read: it is nested too deep") from None


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HTTPException(400, "the body names a field twice in one object")
    return found


class JsonRoute(APIRoute):
    """A route that reads plain JSON alone."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, behind a look at how the body is coded."""
        handle = super().get_route_handler()

        async def plain(request: Request) -> Response:
            coding = request.headers.get("content-encoding", "identity")
            if self.body_field is not None and coding.strip().lower() != "identity":
                raise ProblemError(
                    415,
                    f"the body is coded as {coding[:_LONGEST_CODING]}",
                    expected="a body without Content-Encoding",
                    headers={"accept-encoding": "identity"},
                )
            return await handle(_JsonRequest(request.scope, request.receive))

        return plain
