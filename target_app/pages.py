"""HTML of every page: templates compiled once, and the small view models they are filled from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from target_app.figures import figure_path
from target_app.marks import mark
from target_app.meta_box import meta_box
from target_app.records import FOUND_BEGINS, FOUND_ENDS, ArticleRecord, CardRecord, Listing, MemberRecord

PAGE_SIZE = 20
_HERE = Path(__file__).parent

STYLESHEET = (_HERE / "static" / "site.css").read_bytes()
STYLESHEET_NAME = f"site.{hashlib.blake2b(STYLESHEET, digest_size=6).hexdigest()}.css"
ASSETS = (f"/static/{STYLESHEET_NAME}",)
"""Addresses of all static files."""


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page of a list stands; addresses are None at the ends."""

    number: int
    last: int
    newer: str | None
    older: str | None

    @classmethod
    def of(cls, number: int, total: int, address: Callable[[int], str]) -> Pager:
        """The pager of page ``number`` of a list of ``total`` articles; ``address`` gives that of a page's number."""
        last = max(1, -(-total // PAGE_SIZE))
        newer = address(number - 1) if number > 1 else None
        return cls(number, last, newer, address(number + 1) if number < last else None)


def list_address(root: str, number: int) -> str:
    """The address of a page of the list under ``root`` (``/`` or ``/tags/x/``)."""
    return root if number == 1 else f"{root}page/{number}/"


def search_address(words: str, number: int) -> str:
    """The address of a page of the results of a normalised search."""
    return "/search?" + urlencode({"q": words} | ({"page": str(number)} if number > 1 else {}))


class Pages:
    """Renders pages as UTF-8 bytes; ``viewer`` is the member a page is for, None for everybody."""

    def __init__(self, base_url: str) -> None:
        environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters["day"] = _day
        environment.filters["iso"] = _iso
        environment.filters["rfc822"] = partial(formatdate, usegmt=True)
        environment.globals.update(stylesheet=ASSETS[0], base_url=base_url, figure_path=figure_path, meta_box=meta_box)
        self._templates = {
            name: environment.get_template(name) for name in environment.list_templates(extensions=["html", "xml"])
        }

    def article(
        self, article: ArticleRecord, meta: dict[str, Any], similar: Sequence[CardRecord], viewer: MemberRecord | None
    ) -> bytes:
        """An article with everything that belongs to it."""
        split = -(-len(article.images) // 2)
        figures = [(figure_path(article.id, place), image) for place, image in enumerate(article.images)]
        return self._render(
            "article.html",
            mark=mark("article", viewer, article=article),
            viewer=viewer,
            article=article,
            upper_figures=figures[:split],
            lower_figures=figures[split:],
            meta=meta,
            similar=similar,
        )

    def listing(self, route: str, listing: Listing, pager: Pager, viewer: MemberRecord | None) -> bytes:
        """The home page and the pages that follow it."""
        return self._list("Newest articles", mark(route, viewer), listing.cards, pager, viewer)

    def tag(self, tag: str, listing: Listing, pager: Pager, viewer: MemberRecord | None) -> bytes:
        """The articles with a tag."""
        return self._list(f"Articles about {tag}", mark("tag", viewer), listing.cards, pager, viewer)

    def search(self, words: str, listing: Listing, pager: Pager, viewer: MemberRecord | None) -> bytes:
        """What a normalised search found, with the found words marked; no words: an invitation to search."""
        cards = [replace(card, intro=_found(card.intro)) for card in listing.cards]
        heading = f"Search: {words}" if words else "Search"
        return self._list(heading, mark("search", viewer, search=words), cards, pager, viewer, words)

    def tags(self, tags: Sequence[tuple[str, int]], viewer: MemberRecord | None) -> bytes:
        """All tags."""
        return self._render("tags.html", mark=mark("tag", viewer), viewer=viewer, tags=tags)

    def login(
        self, viewer: MemberRecord | None, *, next_path: str, login: str = "", refused: bool = False, wait: int = 0
    ) -> bytes:
        """The sign-in form; ``wait`` are the seconds for which no attempt is accepted."""
        return self._render(
            "login.html",
            mark=mark("login", viewer),
            viewer=viewer,
            next_path=next_path,
            login=login,
            refused=refused,
            minutes=-(-wait // 60),
        )

    def me(self, viewer: MemberRecord, reading_list: Sequence[CardRecord]) -> bytes:
        """A member's own page."""
        return self._render("me.html", mark=mark("me", viewer), viewer=viewer, cards=reading_list)

    def error(self, title: str, advice: str, viewer: MemberRecord | None) -> bytes:
        """A page that says what went wrong and what to do."""
        return self._render("error.html", mark=mark("error", viewer), viewer=viewer, title=title, advice=advice)

    def feed(self, cards: Sequence[CardRecord]) -> bytes:
        """RSS of the newest articles."""
        return self._render("feed.xml", cards=cards)

    def sitemap(self, slugs: Sequence[tuple[str, int]]) -> bytes:
        """A sitemap of articles."""
        return self._render("sitemap.xml", slugs=slugs)

    def sitemap_index(self, parts: int) -> bytes:
        """The index of sitemaps, for more articles than one may list."""
        return self._render("sitemap_index.xml", parts=parts)

    def _list(
        self,
        heading: str,
        mark: str,
        cards: Sequence[CardRecord],
        pager: Pager,
        viewer: MemberRecord | None,
        words: str | None = None,
    ) -> bytes:
        return self._render(
            "listing.html", heading=heading, mark=mark, cards=cards, pager=pager, viewer=viewer, words=words
        )

    def _render(self, template: str, **values: Any) -> bytes:
        return self._templates[template].render(values).encode()


def _found(passage: str) -> Markup:
    marked = str(escape(passage)).replace(FOUND_BEGINS, "<mark>").replace(FOUND_ENDS, "</mark>")
    return Markup(marked)  # escaped above, but for the two tags


def _day(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y}"


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
