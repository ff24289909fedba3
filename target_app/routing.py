"""Finding the route of a path among those that begin as it does."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send


class RoutesByBeginning(Router):
    """Starlette's router, which tries one route after the other, on those alone whose first segment is the path's.

    Most of what strangers ask a site for is no page of it, and would be tried on all.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes, redirect_slashes=False)
        begun = [(_beginning(route.path), route) for route in routes]

        def among(beginning: str) -> Router:
            """The routes with this beginning, and those with any."""
            return Router([route for own, route in begun if own == beginning or "{" in own], redirect_slashes=False)

        self._among = {beginning: among(beginning) for beginning, _ in begun}
        self._others = among("{")

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the first route that matches, in the order in which they were given."""
        await self._among.get(_beginning(scope["path"]), self._others).app(scope, receive, send)


def _beginning(path: str) -> str:
    return path.partition("/")[2].partition("/")[0]
