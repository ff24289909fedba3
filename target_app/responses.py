"""Answers by the policy of their route: what everybody may get, what is for one member, and where to go instead."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from target_app import staleness
from target_app.page_cache import EXCHANGE
from target_app.page_cache.fields import http_date
from target_app.policy import NOSNIFF, PRIVATE, ROUTES
from target_app.records import MemberRecord
from target_app.site import Site

Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]

_VIEWER = "anp.viewer"
"""The key of the scope under which it is remembered who asks."""

_LONG = frozenset({"search", "sitemap"})
"""Routes that read much at once; pages do not wait for them."""

HTML = "text/html; charset=utf-8"
_GUARDS = {
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
}
_PRIVATE = {"cache-control": PRIVATE, **NOSNIFF}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_TERMS = {
    route: MappingProxyType(
        {"cache-control": policy.browser}
        | ({} if policy.shared is None else {"cdn-cache-control": policy.shared})
        | NOSNIFF
    )
    for route, policy in ROUTES.items()
}
_ASSETS = {"immutable": None, "revalidate": "max-age=0, must-revalidate", "no_store": "no-store"}
"""Setting to what browsers are told of static files; None: what the policy says."""


class Responses:
    """Makes the answers of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._assets = _ASSETS[site.settings.assets]

    def endpoint(self, route: str, method: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler, telling the outer layers which route it is, and run where it belongs.

        Plain handlers run in one of the site's workers; an asynchronous one hands over what it must.
        """
        site = self._site
        worker = site.writer if method != "GET" else site.searcher if route in _LONG else site.worker

        async def endpoint(request: Request) -> Response:
            request.scope[EXCHANGE].route = route
            return cast(Response, await worker.run(handler, request))

        async def awaited(request: Request) -> Response:
            request.scope[EXCHANGE].route = route
            return await cast(Awaitable[Response], handler(request))

        return awaited if iscoroutinefunction(handler) else endpoint

    def route(self, name: str, path: str, handlers: Mapping[str, Handler]) -> Route:
        """One address with a handler for each method it takes; HEAD is answered as GET, without the body.

        Args:
            name: Of the route.
            path: Its address.
            handlers: By method.
        """
        endpoints = {method: self.endpoint(name, method, handler) for method, handler in handlers.items()}

        async def dispatch(request: Request) -> Response:
            return await endpoints["GET" if request.method == "HEAD" else request.method](request)

        return Route(path, dispatch, methods=list(endpoints), name=f"{name} {path}")

    def viewer(self, request: Request) -> MemberRecord | None:
        """The member who asks, if one does; looked up once, as an error page asks again."""
        if "cookie" not in request.headers:
            return None
        if _VIEWER not in request.scope:
            sessions = self._site.sessions
            request.scope[_VIEWER] = sessions.member(sessions.cookie.read(request))
        return cast(MemberRecord | None, request.scope[_VIEWER])

    def page(
        self,
        route: str,
        body: bytes,
        viewer: MemberRecord | None,
        *,
        tags: Iterable[str] = (),
        changed: int | None = None,
    ) -> Response:
        """A page that anybody may read, made for one or for everybody."""
        if viewer is not None:
            return self.private(body)
        return self.document(route, body, HTML, tags=tags, changed=changed, further=_GUARDS)

    def document(
        self,
        route: str,
        body: bytes,
        media_type: str,
        *,
        tags: Iterable[str] = (),
        changed: int | None = None,
        further: Mapping[str, str] = _NOTHING,
    ) -> Response:
        """A response anybody may get: kept as the route's policy says, dropped by what it shows.

        Args:
            route: Whose policy holds.
            body: What to send.
            media_type: Of the body.
            tags: What it shows, see ``target_app.staleness``.
            changed: Unix seconds at which it became what it is.
            further: More header fields.
        """
        headers = {**self.terms(route), **further, **_groups(tags)}
        if changed is not None:
            # Not later than the answer, as RFC 9110 wants it: an article may be dated ahead.
            headers["last-modified"] = http_date(min(changed, int(time.time()))).decode()
        return Response(body, media_type=media_type, headers=headers)

    def terms(self, route: str) -> Mapping[str, str]:
        """The header fields of every answer of a route: how it may be kept, and that its type is what it says."""
        if route == "static" and self._assets is not None:
            return {"cache-control": self._assets, **NOSNIFF}
        return _TERMS[route]

    def moved(self, route: str, path: str, *, tags: Iterable[str] = ()) -> Response:
        """Another address, for good; ``tags`` as of a document."""
        response = RedirectResponse(path, 301)
        response.headers.update({**self.terms(route), **_groups(tags)})
        return response

    @staticmethod
    def private(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A page for one member, or one that must not be kept."""
        return Response(body, status, media_type=HTML, headers={**_PRIVATE, **_GUARDS, **(headers or {})})

    @staticmethod
    def see_other(path: str, stale: Iterable[str] = ()) -> Response:
        """Where to go on after a form.

        Args:
            path: Where.
            stale: The tags of the pages that the form has made stale.
        """
        return RedirectResponse(path, 303, headers={**_PRIVATE, **invalidation(stale)})


def _groups(tags: Iterable[str]) -> dict[str, str]:
    """The field that tells caches by what a response is dropped (RFC 9875)."""
    names = ", ".join(f'"{tag}"' for tag in dict.fromkeys(tags))
    return {"cache-groups": names} if names else {}


def invalidation(tags: Iterable[str]) -> dict[str, str]:
    """The field that tells caches farther out which of their pages are stale (RFC 9875)."""
    named = ", ".join(json.dumps(tag) for tag in sorted(tags) if not tag.startswith(staleness.PATH))
    return {"cache-group-invalidation": named} if named else {}
