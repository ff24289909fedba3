"""The pages everybody may read: one handler for each, from request to response."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import quote

import apsw
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from target_app import staleness
from target_app.editing import UnwrittenError
from target_app.figures import NAMES, draw
from target_app.forms import csrf_token
from target_app.page_cache import EXCHANGE
from target_app.pages import ASSETS, ICON, STYLESHEET, Pager, list_address, search_address
from target_app.policy import ROUTES
from target_app.problems import UNKNOWN, may_repeat
from target_app.records import PAGE_SIZE, Kind, Listing, MemberRecord, Run, period
from target_app.responses import Handler, Responses
from target_app.search import LAST_PAGE, LONGEST, expression, normalised, read_page, read_words
from target_app.site import Site

FEED_SIZE = 20
SVG = "image/svg+xml"
_LAST_PAGE_DIGITS = 7
_ADVICE = {
    400: ("Bad request", "The address or the form could not be understood. Go back and try again."),
    403: (
        "Not allowed",
        "You may not do this, or the request came from another site. Open the page here and try again.",
    ),
    404: ("Page not found", "No page has this address, or none any more. The search above looks through all articles."),
    405: ("Not that way", "This address does not take this kind of request. Open it as an ordinary page."),
    413: ("Too much", "The form holds more than this site reads. Shorten it and send it again."),
    415: ("Unknown form", "The form was sent in a way this site does not read. Send it from the page itself."),
    500: ("Something broke", "The site failed to make this page. Trying again is safe."),
    503: ("Not available now", "The site cannot read its articles. Trying again in a while is safe."),
}

Find = Callable[[Run], Listing]


class _Missing(HTTPException):
    """There is no such page until what it would show changes."""

    def __init__(self, *tags: str) -> None:
        super().__init__(404)
        self.tags = tags


class ReadingRoutes:
    """Handlers of all pages, feeds and files that are the same for everybody."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._responses = Responses(site)
        # The same for all strangers: floods of addresses that are no page's must not take the pages' thread.
        self._errors = {status: site.pages.error(*words, None) for status, words in _ADVICE.items()}

    def routes(self) -> list[Route]:
        """The routing table. An address without its final slash is redirected to the one with it."""
        handlers: dict[str, Handler] = {
            "/articles/{slug}/": self.article,  # asked for most: found first
            "/": self.home,
            "/page/{number}/": self.listing,
            "/tags/": self.tags,
            "/tags/{tag}/": self.tag,
            "/tags/{tag}/page/{number}/": self.tag,
            "/categories/": self.categories,
            "/categories/{category}/": self.category,
            "/categories/{category}/page/{number}/": self.category,
            "/authors/": self.authors,
            "/authors/{author}/": self.author,
            "/authors/{author}/page/{number}/": self.author,
            "/archive/": self.archive,
            "/archive/{year}/": self.period,
            "/archive/{year}/page/{number}/": self.period,
            "/archive/{year}/{month}/": self.period,
            "/archive/{year}/{month}/page/{number}/": self.period,
            "/search": self.search,
            "/feed.xml": self.rss,
            "/atom.xml": self.atom,
            "/feed.json": self.json_feed,
            "/sitemap.xml": self.sitemap,
            "/sitemap-{number}.xml": self.sitemap_part,
            "/robots.txt": self.robots,
            "/images/{image}.svg": self.image,
            "/favicon.ico": self.icon,
            ASSETS[0]: self.stylesheet,
            ASSETS[1]: self.icon,
        }
        names = {address: policy.route for policy in ROUTES.values() for address in policy.addresses}
        routes, redirects = [], []
        for path, handler in handlers.items():
            name = names.get(path, "static")
            routes.append(self._responses.route(name, path, {"GET": handler}))
            if path.endswith("/") and path != "/":
                redirect = partial(self._add_slash, name)
                redirects.append(self._responses.route(name, path.removesuffix("/"), {"GET": redirect}))
        return routes + redirects

    def home(self, request: Request) -> Response:
        """The newest articles."""
        return self._list(
            request, "home", "Newest articles", self._site.library.newest, "/", staleness.NEWEST, empty=True
        )

    def listing(self, request: Request) -> Response:
        """Older articles, a page at a time; the first page is the home page."""
        return self._list(request, "listing", "Newest articles", self._site.library.newest, "/", staleness.NEWEST)

    def article(self, request: Request) -> Response:
        """One article."""
        viewer = self._responses.viewer(request)
        library, settings = self._site.library, self._site.settings
        with library.snapshot():
            slug = request.path_params["slug"]
            article = library.article(slug, member_id=viewer.id if viewer else "")
            if article is None and (found := library.renamed(slug)):
                article_id, slug = found
                tags = [staleness.card(article_id), staleness.moved(article_id)]
                return self._responses.moved("article", f"/articles/{slug}/", tags=tags)
            if article is None or article.status != "published":
                raise HTTPException(404)  # its address is a tag of its own
            meta = library.meta(article.id) if settings.meta_query == "one" else library.meta_per_key(article.id)
            # What was stored changes with the articles in it; what is looked for, also with those that get the tags.
            is_stored = settings.similar == "stored"
            similar = library.similar(article.id) if is_stored else library.related(article.id)
            shared = [] if is_stored else staleness.sharing(article.tags)
            tags = [
                staleness.post(article.id),
                staleness.comments(article.id),
                *(staleness.card(other) for other in similar.ids),
                *shared,
            ]
            comments, stale = library.comments(article.id, tags=tags)
        return self._responses.page(
            "article",
            self._site.pages.article(
                article,
                meta,
                similar.cards,
                comments,
                viewer,
                csrf=csrf_token(request, self._site.sessions.cookie) if viewer else "",
            ),
            viewer,
            tags=tags,
            changed=max([article.changed, stale, *(card.changed for card in similar.cards)]),
        )

    def tags(self, request: Request) -> Response:
        """All tags."""
        return self._terms(request, "tag", "Tags", "/tags/", staleness.TAGS)

    def tag(self, request: Request) -> Response:
        """The articles with a tag, a page at a time."""
        tag = request.path_params["tag"]
        return self._term_list(request, "tag", tag, f"Articles about {tag}", f"/tags/{tag}/")

    def categories(self, request: Request) -> Response:
        """All categories."""
        return self._terms(request, "category", "Categories", "/categories/", staleness.CATEGORIES)

    def category(self, request: Request) -> Response:
        """The articles in a category, a page at a time."""
        category = request.path_params["category"]
        heading = category.replace("-", " ").capitalize()
        return self._term_list(request, "category", category, heading, f"/categories/{category}/")

    def authors(self, request: Request) -> Response:
        """Everybody who has published anything."""
        viewer = self._responses.viewer(request)
        found = self._site.library.authors(tags := [staleness.AUTHORS])
        entries = [(name, f"/authors/{slug}/", count) for slug, name, count in found.entries]
        body = self._site.pages.index("author", "Authors", "/authors/", entries, viewer)
        return self._responses.page("author", body, viewer, tags=tags, changed=found.changed)

    def author(self, request: Request) -> Response:
        """The articles of an author, a page at a time."""
        slug, library = request.path_params["author"], self._site.library
        with library.snapshot():
            name = library.author(slug)
            if name is None:
                raise _Missing(staleness.listed("author", slug))
            return self._list(
                request,
                "author",
                f"Articles by {name}",
                partial(library.of_author, slug),
                f"/authors/{slug}/",
                staleness.listed("author", slug),
            )

    def archive(self, request: Request) -> Response:
        """Every year and month in which any article was published."""
        viewer = self._responses.viewer(request)
        found = self._site.library.months(tags := [staleness.ARCHIVE])
        body = self._site.pages.archive(found.entries, viewer)
        return self._responses.page("archive", body, viewer, tags=tags, changed=found.changed)

    def period(self, request: Request) -> Response:
        """The articles of a year or a month, a page at a time."""
        year, month = request.path_params["year"], request.path_params.get("month")
        if not re.fullmatch(r"(19|20)[0-9]{2}", year) or not re.fullmatch(r"0[1-9]|1[0-2]", month or "01"):
            raise HTTPException(404)
        name = f"{year}-{month}" if month else year
        return self._list(
            request,
            "archive",
            f"{month_name[int(month)]} {year}" if month else f"The year {year}",
            partial(self._site.library.published_in, *period(name)),
            f"/archive/{name.replace('-', '/')}/",
            staleness.listed("date", name),
        )

    def search(self, request: Request) -> Response:
        """The articles that hold all the words of a search, best first, a page at a time."""
        words = read_words(request.query_params.get("q", ""))
        page = read_page(request.query_params.get("page", ""))
        viewer = self._responses.viewer(request)
        if words is None:
            return self._refused_search(request, viewer)
        if page is None:
            raise HTTPException(404)
        number = int(page or 1)
        listing = self._found(words, number)
        if not listing.cards and number > 1:
            raise _Missing(staleness.SEARCH)
        pager = Pager.of(number, listing.total, partial(search_address, words))
        body = self._site.pages.search(words, listing, pager, viewer)
        return self._responses.page("search", body, viewer, tags=[staleness.SEARCH])

    def _refused_search(self, request: Request, viewer: MemberRecord | None) -> Response:
        request.scope[EXCHANGE].route = "error"
        words = normalised(request.query_params["q"])
        refusal = f"A search has at most {LONGEST} characters, and this one has {len(words)}. Search for fewer words."
        return self._responses.private(self._site.pages.refused_search(words, refusal, viewer), status=400)

    def _found(self, words: str, number: int) -> Listing:
        if not words:
            return Listing([], 0, None)
        return self._site.library.found(
            expression(words), limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE, countable=LAST_PAGE * PAGE_SIZE
        )

    def rss(self, request: Request) -> Response:
        """The newest articles as RSS."""
        return self._feed("feed.xml", "application/rss+xml; charset=utf-8")

    def atom(self, request: Request) -> Response:
        """The newest articles as Atom."""
        return self._feed("atom.xml", "application/atom+xml; charset=utf-8")

    def json_feed(self, request: Request) -> Response:
        """The newest articles as JSON Feed."""
        return self._feed("feed.json", "application/feed+json")

    def _feed(self, template: str, media_type: str) -> Response:
        listing = self._site.library.newest(Run(FEED_SIZE, tags=(staleness.FEED,)))
        return self._responses.document(
            "feed",
            self._site.pages.feed(template, listing),
            media_type,
            tags=[staleness.FEED, *staleness.cards(listing.cards)],
            changed=listing.changed,
        )

    def sitemap(self, request: Request) -> Response:
        """The sitemap, or the index of its parts."""
        with self._site.library.snapshot():
            parts = self._site.library.sitemap_parts()
            if len(parts) == 1:
                return self._sitemap_part(parts[0], staleness.SITEMAP)
        return self._sitemap(self._site.pages.sitemap_index(parts), [staleness.SITEMAP], None)

    def sitemap_part(self, request: Request) -> Response:
        """One part of a large sitemap."""
        number = _page_number(request)
        if request.path_params["number"] != str(number):
            return self._responses.moved("sitemap", f"/sitemap-{number}.xml")
        return self._sitemap_part(number)

    def _sitemap_part(self, number: int, *further: str) -> Response:
        tags = [*further, f"sitemap-{number}"]
        found = self._site.library.sitemap_part(number, tags)
        if not found.entries:
            raise _Missing(*tags)
        return self._sitemap(self._site.pages.sitemap(found.entries), tags, found.changed)

    def _sitemap(self, body: bytes, tags: Iterable[str], changed: int | None) -> Response:
        return self._responses.document("sitemap", body, "application/xml; charset=utf-8", tags=tags, changed=changed)

    def robots(self, request: Request) -> Response:
        """What crawlers may read."""
        hidden = "".join(f"Disallow: {path}\n" for path in ("/admin/", "/login", "/me"))
        text = f"User-agent: *\n{hidden}\nSitemap: {self._site.base_url}/sitemap.xml\n"
        return self._responses.document("robots", text.encode(), "text/plain; charset=utf-8")

    def image(self, request: Request) -> Response:
        """A drawing."""
        name = request.path_params["image"]
        if name not in NAMES:
            raise HTTPException(404)
        return self._responses.document("image", draw(name).encode(), SVG)

    def stylesheet(self, request: Request) -> Response:
        """The style sheet, under a name that changes with its content."""
        return self._responses.document("static", STYLESHEET, "text/css; charset=utf-8")

    def icon(self, request: Request) -> Response:
        """The site's sign; also for those who ask for it where it is by custom, whatever a page says."""
        return self._responses.document("image" if request.url.path == "/favicon.ico" else "static", ICON, SVG)

    async def failed(self, request: Request, error: Exception) -> Response:
        """The page for whatever went wrong; only a missing page is kept for a while."""
        request.scope[EXCHANGE].route = "error"
        if isinstance(error, apsw.Error):
            self._site.troubles.note(error)
        if "cookie" not in request.headers:
            return self._error_page(request, error)
        return await self._site.worker.run(self._error_page, request, error)

    def _error_page(self, request: Request, error: Exception) -> Response:
        status, headers = 500, {}
        if isinstance(error, HTTPException):
            status, headers = error.status_code, dict(error.headers or {})
        elif isinstance(error, apsw.Error):
            status, headers = 503, {"retry-after": "5"}
        try:
            viewer = self._responses.viewer(request)
        except apsw.Error:
            viewer = None
        known = status if status in _ADVICE else 400 if status < 500 else 500
        title, advice = _ADVICE[known]
        if status >= 500 and not may_repeat(request.method) and not isinstance(error, UnwrittenError):
            body = self._site.pages.error(title, f"The site failed to do this, and {UNKNOWN}.", viewer)
        elif viewer is None:
            body = self._errors[known]
        else:
            body = self._site.pages.error(title, advice, viewer)
        if status == 404 and viewer is None:
            tags = error.tags if isinstance(error, _Missing) else ()
            response = self._responses.page("error", body, None, tags=tags)
            response.status_code = 404
            return response
        return self._responses.private(body, status=status, headers=headers)

    def _terms(self, request: Request, kind: Kind, heading: str, root: str, tag: str) -> Response:
        viewer = self._responses.viewer(request)
        found = self._site.library.terms(kind, [tag])
        entries = [(term, f"{root}{term}/", count) for term, count in found.entries]
        body = self._site.pages.index(kind, heading, root, entries, viewer)
        return self._responses.page(kind, body, viewer, tags=[tag], changed=found.changed)

    def _term_list(self, request: Request, kind: Kind, term: str, heading: str, root: str) -> Response:
        return self._list(
            request,
            kind,
            heading,
            partial(self._site.library.with_term, kind, term),
            root,
            staleness.listed(kind, term),
        )

    def _list(
        self,
        request: Request,
        route: str,
        heading: str,
        find: Find,
        root: str,
        tag: str,
        *,
        empty: bool = False,
    ) -> Response:
        """A page of a list under ``root``, whose first page is the root itself; only the home page may be empty."""
        number = 1
        if "number" in request.path_params:
            number = _page_number(request)
            if number == 1 or request.path_params["number"] != str(number):
                return self._responses.moved(route, list_address(quote(root), number))
        viewer = self._responses.viewer(request)
        tags = staleness.on_page(tag, number)
        listing = find(Run(PAGE_SIZE, (number - 1) * PAGE_SIZE, tuple(tags)))
        if not listing.cards and not empty:
            raise _Missing(tag)
        pager = Pager.of(number, listing.total, partial(list_address, root))
        return self._responses.page(
            route,
            self._site.pages.listing(route, heading, listing, pager, viewer),
            viewer,
            tags=[*tags, *staleness.cards(listing.cards)],
            changed=listing.changed,
        )

    def _add_slash(self, route: str, request: Request) -> Response:
        path = request.scope["path"]
        if "%" in path:
            raise HTTPException(404)  # no address of this site has one
        return self._responses.moved(route, quote(path) + "/")


def _page_number(request: Request) -> int:
    """The page number in the address; who writes it with leading zeros is to be sent on to the address without."""
    word = request.path_params["number"]
    if not re.fullmatch(rf"[0-9]{{1,{_LAST_PAGE_DIGITS}}}", word) or not int(word):
        raise HTTPException(404)
    return int(word)
