"""HTML of every page: templates compiled once, and the small view models they are filled from."""

from __future__ import annotations

import hashlib
import json
from calendar import month_name
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from target_app.accounting import rendering
from target_app.drafting import FIELDS
from target_app.figures import figure_path
from target_app.marks import mark
from target_app.meta_box import meta_box
from target_app.records import (
    FOUND_BEGINS,
    FOUND_ENDS,
    PAGE_SIZE,
    ArticleRecord,
    CardRecord,
    CommentRecord,
    Listing,
    MemberRecord,
    Summary,
)

TITLE = "Reference Notes"
_HERE = Path(__file__).parent


def _named(name: str, content: bytes) -> str:
    """The name of a static file, which changes with its content."""
    stem, _, ending = name.partition(".")
    return f"{stem}.{hashlib.blake2b(content, digest_size=6).hexdigest()}.{ending}"


STYLESHEET, ICON = ((_HERE / "static" / name).read_bytes() for name in ("site.css", "favicon.svg"))
STYLESHEET_NAME, ICON_NAME = _named("site.css", STYLESHEET), _named("favicon.svg", ICON)
ASSETS = (f"/static/{STYLESHEET_NAME}", f"/static/{ICON_NAME}")
"""Addresses of all static files."""


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page of a list stands; addresses are None at the ends.

    Attributes:
        here: Its own address.
    """

    number: int
    last: int
    here: str
    newer: str | None
    older: str | None

    @classmethod
    def of(cls, number: int, total: int, address: Callable[[int], str]) -> Pager:
        """The pager of page ``number`` of a list of ``total`` articles; ``address`` gives that of a page's number."""
        last = max(1, -(-total // PAGE_SIZE))
        newer = address(number - 1) if number > 1 else None
        return cls(number, last, address(number), newer, address(number + 1) if number < last else None)


def list_address(root: str, number: int) -> str:
    """The address of a page of the list under ``root`` (``/`` or ``/tags/x/``)."""
    return root if number == 1 else f"{root}page/{number}/"


def search_address(words: str, number: int) -> str:
    """The address of a page of the results of a normalised search."""
    return "/search?" + urlencode({"q": words} | ({"page": str(number)} if number > 1 else {}))


@cache
def _templates() -> dict[str, Template]:
    """Template by name, each compiled once in a process, whatever sites it serves."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["day"] = _day
    environment.filters["iso"] = iso
    environment.filters["rfc822"] = partial(formatdate, usegmt=True)
    environment.globals.update(
        site_title=TITLE, stylesheet=ASSETS[0], icon=ASSETS[1], figure_path=figure_path, meta_box=meta_box
    )
    return {name: environment.get_template(name) for name in environment.list_templates(extensions=["html", "xml"])}


class Pages:
    """Renders pages as UTF-8 bytes; ``viewer`` is the member a page is for, None for everybody."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._templates = _templates()

    def article(
        self,
        article: ArticleRecord,
        meta: dict[str, Any],
        similar: Sequence[CardRecord],
        comments: Sequence[CommentRecord],
        viewer: MemberRecord | None,
        *,
        csrf: str,
    ) -> bytes:
        """An article with everything that belongs to it; ``csrf`` is what a member's forms carry."""
        split = -(-len(article.images) // 2)
        figures = [(figure_path(article.id, place), image) for place, image in enumerate(article.images)]
        return self._render(
            "article.html",
            mark=mark("article", viewer, article=article),
            viewer=viewer,
            canonical=f"/articles/{article.slug}/",
            description=article.intro,
            article=article,
            upper_figures=figures[:split],
            lower_figures=figures[split:],
            meta=meta,
            similar=similar,
            comments=comments,
            csrf=csrf,
        )

    def listing(self, route: str, heading: str, listing: Listing, pager: Pager, viewer: MemberRecord | None) -> bytes:
        """A page of a list of articles."""
        described = f"{heading}: {'; '.join(card.title for card in listing.cards[:3]) or 'none yet'}."
        return self._list(
            heading, mark(route, viewer), listing.cards, pager, viewer, canonical=pager.here, description=described
        )

    def search(self, words: str, listing: Listing, pager: Pager, viewer: MemberRecord | None) -> bytes:
        """What a normalised search found, with the found words marked; no words: an invitation to search."""
        cards = [replace(card, intro=_found(card.intro)) for card in listing.cards]
        heading = f"Search: {words}" if words else "Search"
        return self._list(heading, mark("search", viewer, search=words), cards, pager, viewer, words)

    def refused_search(self, words: str, refusal: str, viewer: MemberRecord | None) -> bytes:
        """The search page with a normalised search that is none in its field, and why."""
        return self._list("Search", mark("error", viewer), [], Pager.of(1, 0, str), viewer, words, refusal)

    def index(
        self, route: str, heading: str, root: str, entries: Sequence[tuple[str, str, int]], viewer: MemberRecord | None
    ) -> bytes:
        """What lists there are of a kind, under ``root``: (name, address, number of articles) of each."""
        return self._render(
            "index.html",
            mark=mark(route, viewer),
            viewer=viewer,
            canonical=root,
            description=f"{heading} of {TITLE}, with the number of articles of each.",
            heading=heading,
            entries=entries,
        )

    def archive(self, months: Sequence[tuple[int, int, int]], viewer: MemberRecord | None) -> bytes:
        """The years and months in which anything was published: (year, month, number of articles), newest first."""
        years: dict[int, list[tuple[str, str, int]]] = {}
        for year, month, count in months:
            years.setdefault(year, []).append((month_name[month], f"/archive/{year}/{month:02}/", count))
        return self._render(
            "archive.html",
            mark=mark("archive", viewer),
            viewer=viewer,
            canonical="/archive/",
            description=f"The articles of {TITLE} by the year and month in which they were published.",
            years=years,
        )

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

    def desk(self, drafts: Sequence[Summary], changed: Sequence[Summary], viewer: MemberRecord) -> bytes:
        """What editors work on."""
        return self._render("desk.html", mark=mark("admin", viewer), viewer=viewer, drafts=drafts, changed=changed)

    def editor(
        self,
        fields: dict[str, str],
        viewer: MemberRecord,
        *,
        place: str,
        csrf: str,
        faults: Mapping[str, Sequence[str]],
        passed: str,
    ) -> bytes:
        """The form of an article.

        Args:
            fields: What stands in it, with the entity tag and the status of the article it is for.
            viewer: The editor.
            place: Where it is sent.
            csrf: What it carries.
            faults: What is wrong, by field.
            passed: Whether the article was ``changed`` since it was opened, or is ``gone``; empty when it is as it was.
        """
        return self._render(
            "editor.html",
            mark=mark("admin", viewer),
            viewer=viewer,
            labels=FIELDS,
            fields=fields,
            place=place,
            csrf=csrf,
            faults=faults,
            passed=passed,
        )

    def comment(self, article: ArticleRecord, text: str, fault: str, viewer: MemberRecord, *, csrf: str) -> bytes:
        """A comment that was refused, and why."""
        return self._render(
            "comment.html",
            mark=mark("comment", viewer),
            viewer=viewer,
            article=article,
            text=text,
            fault=fault,
            csrf=csrf,
        )

    def feed(self, template: str, listing: Listing) -> bytes:
        """The newest articles as RSS (``feed.xml``), Atom (``atom.xml``) or JSON Feed (``feed.json``)."""
        if template == "feed.json":
            return self._json_feed(listing)
        return self._render(template, cards=listing.cards, changed=listing.changed or 0, entry_id=self._entry_id)

    def _entry_id(self, article_id: int) -> str:
        """What feeds know an article by: it stays when the article gets another address, or the site another scheme."""
        _, _, authority = self._base_url.partition(":")
        return uuid5(NAMESPACE_URL, f"{authority}/articles/{article_id}").urn

    def _json_feed(self, listing: Listing) -> bytes:
        items = [
            {
                "id": self._entry_id(card.id),
                "url": f"{self._base_url}/articles/{card.slug}/",
                "title": card.title,
                "summary": card.intro,
                "content_text": card.intro,
                "date_published": iso(card.published),
                "date_modified": iso(max(card.published, card.changed)),
                "tags": card.tags,
                **({"image": self._base_url + figure_path(card.id, 0)} if card.figure else {}),
            }
            for card in listing.cards
        ]
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": TITLE,
            "home_page_url": f"{self._base_url}/",
            "feed_url": f"{self._base_url}/feed.json",
            "description": "The newest articles of a made-up site for measuring.",
            "language": "en",
            "items": items,
        }
        return json.dumps(feed, ensure_ascii=False).encode()

    def sitemap(self, slugs: Sequence[tuple[str, int]]) -> bytes:
        """A sitemap of articles: (slug, Unix seconds of the last change) of each."""
        return self._render("sitemap.xml", slugs=slugs)

    def sitemap_index(self, parts: Sequence[int]) -> bytes:
        """The index of the parts of a sitemap, for more articles than one may list."""
        return self._render("sitemap_index.xml", parts=parts)

    def _list(
        self,
        heading: str,
        mark: str,
        cards: Sequence[CardRecord],
        pager: Pager,
        viewer: MemberRecord | None,
        words: str | None = None,
        refusal: str = "",
        **head: str,
    ) -> bytes:
        return self._render(
            "listing.html",
            heading=heading,
            mark=mark,
            cards=cards,
            pager=pager,
            viewer=viewer,
            words=words,
            refusal=refusal,
            **head,
        )

    def _render(self, template: str, **values: Any) -> bytes:
        with rendering():
            return self._templates[template].render(values, base_url=self._base_url).encode()


def _found(passage: str) -> Markup:
    parts = str(escape(passage)).replace("\n", " · ")  # where a heading ends, and a paragraph
    marked = parts.replace(FOUND_BEGINS, "<mark>").replace(FOUND_ENDS, "</mark>")
    return Markup(marked)  # escaped above, but for the two tags


def _day(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y}"


def iso(seconds: int) -> str:
    """A moment in UTC as RFC 3339 has it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
