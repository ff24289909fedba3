"""The pages people read: one handler for each, from request to response.

Plain handlers run in the site's worker thread; one that must wait for something is asynchronous, and hands the rest
over.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from inspect import iscoroutinefunction
from typing import cast
from urllib.parse import parse_qsl, quote

import apsw
from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from target_app.callers import is_cross_site, network
from target_app.figures import NAMES, draw
from target_app.page_cache import EXCHANGE
from target_app.page_cache.fields import http_date
from target_app.pages import ASSETS, PAGE_SIZE, STYLESHEET, Pager, list_address, search_address
from target_app.passwords import password_matches
from target_app.policy import PRIVATE, ROUTES
from target_app.records import CardRecord, Listing, MemberRecord
from target_app.search import LAST_PAGE, expression, read_page, read_words
from target_app.site import Site

FEED_SIZE = 20
SITEMAP_PART = 50_000
_FORM_LIMIT = 8_192
_MAX_LOGIN_THREADS = 2
_LAST_PAGE_DIGITS = 7
_GUARDS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
}
_ADVICE = {
    400: ("Bad request", "The address or the form could not be understood. Go back and try again."),
    403: ("Not allowed", "The request came from another site and was refused. Open the page here and send it again."),
    404: ("Page not found", "No page has this address. Trying again will not help; the home page lists every article."),
    405: ("Not that way", "This address does not take this kind of request. Open it as an ordinary page."),
    413: ("Too much", "The form holds more than this site reads. Shorten it and send it again."),
    415: ("Unknown form", "The form was sent in a way this site does not read. Send it from the page itself."),
    500: ("Something broke", "The site failed to make this page. Trying again is safe."),
    503: ("Not available now", "The site cannot read its articles. Trying again in a while is safe."),
}


Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class HtmlRoutes:
    """Handlers of all pages, feeds and files of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._login_threads = CapacityLimiter(_MAX_LOGIN_THREADS)

    def routes(self) -> list[Route]:
        """The routing table. An address without its final slash is redirected to the one with it."""
        table: list[tuple[str, str, Handler, list[str]]] = [
            ("home", "/", self.home, ["GET"]),
            ("listing", "/page/{number}/", self.listing, ["GET"]),
            ("article", "/articles/{slug}/", self.article, ["GET"]),
            ("tag", "/tags/", self.tags, ["GET"]),
            ("tag", "/tags/{tag}/", self.tag, ["GET"]),
            ("tag", "/tags/{tag}/page/{number}/", self.tag, ["GET"]),
            ("search", "/search", self.search, ["GET"]),
            ("login", "/login", self.login, ["GET", "POST"]),
            ("logout", "/logout", self.sign_out, ["POST"]),
            ("me", "/me", self.me, ["GET"]),
            ("feed", "/feed.xml", self.feed, ["GET"]),
            ("sitemap", "/sitemap.xml", self.sitemap, ["GET"]),
            ("sitemap", "/sitemap-{number}.xml", self.sitemap_part, ["GET"]),
            ("robots", "/robots.txt", self.robots, ["GET"]),
            ("image", "/images/{name}.svg", self.image, ["GET"]),
            ("static", ASSETS[0], self.stylesheet, ["GET"]),
        ]
        routes = [
            Route(path, self._endpoint(route, handler), methods=methods, name=f"{route} {path}")
            for route, path, handler, methods in table
        ]
        for route, path, _, _ in table:
            if path.endswith("/") and path != "/":
                redirect = self._endpoint(route, partial(self._add_slash, route))
                routes.append(Route(path.removesuffix("/"), redirect, methods=["GET"], name=f"{route} {path} slash"))
        return routes

    def _endpoint(self, route: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler, telling the outer layers which route it is, and run where it belongs."""

        async def endpoint(request: Request) -> Response:
            request.scope[EXCHANGE].route = route
            if iscoroutinefunction(handler):
                return cast(Response, await handler(request))
            return cast(Response, await self._site.worker.run(handler, request))

        return endpoint

    def home(self, request: Request) -> Response:
        """The newest articles."""
        return self._listing("home", 1, request)

    def listing(self, request: Request) -> Response:
        """Older articles, a page at a time; the first page is the home page."""
        number = _page_number(request)
        if number == 1:
            return self._moved("listing", "/")
        return self._listing("listing", number, request)

    def article(self, request: Request) -> Response:
        """One article."""
        viewer = self._viewer(request)
        library, settings = self._site.library, self._site.settings
        article = library.article(request.path_params["slug"])
        if article is None:
            raise HTTPException(404)
        meta = library.meta(article.id) if settings.meta_query == "one" else library.meta_per_key(article.id)
        if settings.similar == "stored":
            similar = library.similar(article.id)
        else:
            similar = library.cards(self._site.corpus.similar(article.id))
        return self._page(
            "article",
            self._site.pages.article(article, meta, similar, viewer),
            viewer,
            groups=[f"post-{article.id}", *_card_groups(similar)],
            changed=max([article.changed, *(card.changed for card in similar)]),
        )

    def tag(self, request: Request) -> Response:
        """The articles with a tag, a page at a time."""
        tag = request.path_params["tag"]
        root = f"/tags/{tag}/"
        number = 1
        if "number" in request.path_params:
            number = _page_number(request)
            if number == 1:
                return self._moved("tag", quote(root))
        viewer = self._viewer(request)
        listing = self._site.library.tagged(tag, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
        if not listing.cards:
            raise HTTPException(404)
        body = self._site.pages.tag(tag, listing, Pager.of(number, listing.total, partial(list_address, root)), viewer)
        return self._list_page("tag", body, listing.cards, viewer)

    def tags(self, request: Request) -> Response:
        """All tags."""
        viewer = self._viewer(request)
        return self._page("tag", self._site.pages.tags(self._site.library.tags(), viewer), viewer)

    def search(self, request: Request) -> Response:
        """The articles that hold all the words of a search, best first, a page at a time."""
        words = read_words(request.query_params.get("q", ""))
        page = read_page(request.query_params.get("page", ""))
        if words is None:
            raise HTTPException(400)
        if page is None:
            raise HTTPException(404)
        viewer = self._viewer(request)
        number = int(page or 1)
        listing = self._found(words, number)
        if not listing.cards and number > 1:
            raise HTTPException(404)
        pager = Pager.of(number, listing.total, partial(search_address, words))
        # No date: an edit can take an article out of the results, and what is left would look as old as it is.
        return self._page("search", self._site.pages.search(words, listing, pager, viewer), viewer, groups=["search"])

    def _found(self, words: str, number: int) -> Listing:
        if not words:
            return Listing([], 0)
        return self._site.library.found(
            expression(words),
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
            countable=LAST_PAGE * PAGE_SIZE,
        )

    async def login(self, request: Request) -> Response:
        """The sign-in form, and what it sends."""
        if request.method == "POST":
            return await self._sign_in(request)
        return await self._site.worker.run(self._sign_in_form, request)

    def _sign_in_form(self, request: Request) -> Response:
        next_path = _safe_next(request.query_params.get("next", ""))
        return self._private(self._site.pages.login(self._viewer(request), next_path=next_path))

    async def _sign_in(self, request: Request) -> Response:
        """Check the credentials; a good pair begins a new session and ends the one that was there."""
        refuse_cross_site(request, self._site.base_url)
        form = await _form(request)
        login, next_path = form.get("login", ""), _safe_next(form.get("next", ""))
        throttle, caller = self._site.sign_ins, network(request)
        if wait := throttle.wait(login, caller):
            return self._not_now(login, next_path, wait)
        known = await self._site.worker.run(self._site.library.credentials, login)
        async with self._login_threads:
            # Those who were before it in the queue may have failed meanwhile.
            if wait := throttle.wait(login, caller):
                return self._not_now(login, next_path, wait)
            # Tens of milliseconds of hashing go elsewhere: in the worker thread every page would wait for them.
            matches = await to_thread.run_sync(password_matches, known[1] if known else None, form.get("password", ""))
            if known is None or not matches:
                throttle.failed(login, caller)
                self._site.statistics.refused_logins += 1
                page = self._site.pages.login(None, next_path=next_path, login=login, refused=True)
                return self._private(page, status=401)
        throttle.succeeded(login)
        self._site.statistics.logins += 1
        return await self._site.worker.run(self._begin_session, known[0], next_path or "/me", request)

    def _not_now(self, login: str, next_path: str, wait: int) -> Response:
        self._site.statistics.throttled_logins += 1
        page = self._site.pages.login(None, next_path=next_path, login=login, wait=wait)
        return self._private(page, status=429, headers={"retry-after": str(wait)})

    def _begin_session(self, member: MemberRecord, path: str, request: Request) -> Response:
        sessions = self._site.sessions
        sessions.close(sessions.cookie.read(request))
        response = self._see_other(path)
        sessions.cookie.give(response, sessions.open(member))
        return response

    def sign_out(self, request: Request) -> Response:
        """End the session."""
        refuse_cross_site(request, self._site.base_url)
        sessions = self._site.sessions
        sessions.close(sessions.cookie.read(request))
        response = self._see_other("/")
        sessions.cookie.take_back(response)
        return response

    def me(self, request: Request) -> Response:
        """A member's own page."""
        viewer = self._viewer(request)
        if viewer is None:
            return self._see_other("/login?next=/me")
        return self._private(self._site.pages.me(viewer, self._site.library.reading_list(viewer.id)))

    def feed(self, request: Request) -> Response:
        """RSS."""
        cards = self._site.library.newest(limit=FEED_SIZE).cards
        return self._document(
            "feed",
            self._site.pages.feed(cards),
            "application/rss+xml; charset=utf-8",
            groups=["feed", *_card_groups(cards)],
            changed=max((card.changed for card in cards), default=None),
        )

    def sitemap(self, request: Request) -> Response:
        """The sitemap, or the index of its parts."""
        total = self._site.library.count()
        if total > SITEMAP_PART:
            return self._sitemap(self._site.pages.sitemap_index(-(-total // SITEMAP_PART)))
        return self._sitemap(self._site.pages.sitemap(self._site.library.slugs(limit=SITEMAP_PART, offset=0)))

    def sitemap_part(self, request: Request) -> Response:
        """One part of a large sitemap."""
        number = _page_number(request)
        slugs = self._site.library.slugs(limit=SITEMAP_PART, offset=(number - 1) * SITEMAP_PART)
        if not slugs:
            raise HTTPException(404)
        return self._sitemap(self._site.pages.sitemap(slugs))

    def robots(self, request: Request) -> Response:
        """What crawlers may read."""
        text = f"User-agent: *\nDisallow: /login\nDisallow: /me\n\nSitemap: {self._site.base_url}/sitemap.xml\n"
        return self._document("robots", text.encode(), "text/plain; charset=utf-8")

    def image(self, request: Request) -> Response:
        """A drawing."""
        name = request.path_params["name"]
        if name not in NAMES:
            raise HTTPException(404)
        return self._document("image", draw(name).encode(), "image/svg+xml")

    def stylesheet(self, request: Request) -> Response:
        """The style sheet, under a name that changes with its content."""
        return self._document("static", STYLESHEET, "text/css; charset=utf-8")

    async def failed(self, request: Request, error: Exception) -> Response:
        """The page for whatever went wrong; only a missing page is kept for a while."""
        request.scope[EXCHANGE].route = "error"
        return await self._site.worker.run(self._error_page, request, error)

    def _error_page(self, request: Request, error: Exception) -> Response:
        status, headers = 500, {}
        if isinstance(error, HTTPException):
            status, headers = error.status_code, dict(error.headers or {})
        elif isinstance(error, apsw.Error):
            status, headers = 503, {"retry-after": "5"}
        try:
            viewer = self._viewer(request)
        except apsw.Error:
            viewer = None
        title, advice = _ADVICE.get(status, _ADVICE[400 if status < 500 else 500])
        body = self._site.pages.error(title, advice, viewer)
        if status == 404 and viewer is None:
            response = self._page("error", body, None)
            response.status_code = 404
            return response
        return self._private(body, status=status, headers=headers)

    def _viewer(self, request: Request) -> MemberRecord | None:
        sessions = self._site.sessions
        return sessions.member(sessions.cookie.read(request)) if "cookie" in request.headers else None

    def _listing(self, route: str, number: int, request: Request) -> Response:
        viewer = self._viewer(request)
        listing = self._site.library.newest(limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
        if not listing.cards:
            raise HTTPException(404)
        body = self._site.pages.listing(
            route, listing, Pager.of(number, listing.total, partial(list_address, "/")), viewer
        )
        return self._list_page(route, body, listing.cards, viewer)

    def _list_page(self, route: str, body: bytes, cards: list[CardRecord], viewer: MemberRecord | None) -> Response:
        return self._page(route, body, viewer, groups=_card_groups(cards), changed=max(card.changed for card in cards))

    def _page(
        self,
        route: str,
        body: bytes,
        viewer: MemberRecord | None,
        *,
        groups: Iterable[str] = (),
        changed: int | None = None,
    ) -> Response:
        if viewer is not None:
            return self._private(body)
        response = self._document(route, body, "text/html; charset=utf-8", groups=groups, changed=changed)
        response.headers.update(_GUARDS)
        return response

    def _document(
        self, route: str, body: bytes, media_type: str, *, groups: Iterable[str] = (), changed: int | None = None
    ) -> Response:
        """A response anybody may get: kept as the route's policy says, dropped by what it shows."""
        policy = ROUTES[route]
        headers = {"cache-control": policy.browser}
        if policy.shared is not None:
            headers["cdn-cache-control"] = policy.shared
        names = ", ".join(f'"{group}"' for group in groups)
        if names:
            headers["cache-groups"] = names
        if changed is not None:
            headers["last-modified"] = http_date(changed).decode()
        return Response(body, media_type=media_type, headers=headers)

    def _sitemap(self, body: bytes) -> Response:
        return self._document("sitemap", body, "application/xml; charset=utf-8", groups=["sitemap"])

    @staticmethod
    def _private(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return Response(
            body,
            status,
            media_type="text/html; charset=utf-8",
            headers={"cache-control": PRIVATE, **_GUARDS, **(headers or {})},
        )

    def _moved(self, route: str, path: str) -> Response:
        response = RedirectResponse(path, 301)
        policy = ROUTES[route]
        response.headers["cache-control"] = policy.browser
        if policy.shared is not None:
            response.headers["cdn-cache-control"] = policy.shared
        return response

    def _add_slash(self, route: str, request: Request) -> Response:
        path = request.scope["path"]
        if "%" in path:
            raise HTTPException(404)  # no address of this site has one
        return self._moved(route, quote(path) + "/")

    @staticmethod
    def _see_other(path: str) -> Response:
        return RedirectResponse(path, 303, headers={"cache-control": PRIVATE})


def _card_groups(cards: Iterable[CardRecord]) -> list[str]:
    return [f"post-{card.id}:card" for card in cards]


def _page_number(request: Request) -> int:
    """The page number in the address: digits without a leading zero, so that a page has one address only."""
    word = request.path_params["number"]
    if not re.fullmatch(rf"[1-9][0-9]{{0,{_LAST_PAGE_DIGITS - 1}}}", word):
        raise HTTPException(404)
    return int(word)


def _safe_next(path: str) -> str:
    """A path on this site to go on to, or nothing: whatever a browser could take for another site is dropped."""
    if not re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", path):
        return ""
    return path


def refuse_cross_site(request: Request, base_url: str) -> None:
    """Stop a form that another site made the browser send.

    Raises:
        HTTPException: 403, when the browser says that the request comes from elsewhere.
    """
    if is_cross_site(request, base_url):
        raise HTTPException(403)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small URL-encoded form; of a repeated field the last counts."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_LIMIT:
                raise HTTPException(413)
    except ClientDisconnect:  # nobody is there to read what went wrong, and nothing of the site did
        raise HTTPException(400) from None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=16))
    except ValueError:
        raise HTTPException(400) from None
