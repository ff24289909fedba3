"""One article of somebody's, as far as it is measured: counts alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from html.parser import HTMLParser
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from synth.dials import largest

_BLOCKS = frozenset({"p", "li", "blockquote", "td", "th", "figcaption"})
_PARAGRAPHS = frozenset({"p", "blockquote"})
"""The others are words as well, but no paragraphs."""
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_UNREAD = frozenset({"script", "style", "noscript", "template", "svg", "nav", "footer", "form", "aside", "dl"})
"""Elements that hold no prose: programs, ways around, and data in pairs."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PHP_ARRAY = re.compile(r"a:(\d{1,9}):\{(i:\d+;)?(a:)?")

_LARGEST_NUMBER = 10 ** largest("number") - 1
"""One of more digits counts as this one: Python refuses to write down the largest."""

MetaSize = tuple[str, int]
"""Kind and size of a value of the meta box, see `dials.META_KINDS`."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was counted in an article.

    Attributes:
        words: Of its prose; code is none.
        paragraphs: Words of each paragraph.
        sections: Headings below the title.
        code: Blocks of code.
        images: Pictures.
        links: To other pages of the same site.
        tags: How many.
        published: The day; None where none is told.
        meta: By key.
    """

    words: int = 0
    paragraphs: tuple[int, ...] = ()
    sections: int = 0
    code: int = 0
    images: int = 0
    links: int = 0
    tags: int = 0
    published: date | None = None
    meta: Mapping[str, MetaSize] = field(default_factory=dict)


def day_of(said: object) -> date | None:
    """Return the day that a value begins with, if it is one."""
    if isinstance(said, datetime):
        return said.date()
    if isinstance(said, date):
        return said
    found = _DAY.match(str(said)) if said is not None else None
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def sized(value: Any) -> MetaSize:
    """Return kind and size of a value: what a number, a text, a list or a map is like, whatever it says."""
    if isinstance(value, bool):
        return "number", 1
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return "number", len(str(min(abs(int(value)), _LARGEST_NUMBER)))
    if isinstance(value, Mapping):
        return "map", len(value)
    if isinstance(value, list | tuple):
        return ("records" if value and isinstance(value[0], Mapping) else "list"), len(value)
    text = str(value).strip()
    if (php := _PHP_ARRAY.match(text)) is not None:
        return ("map" if php[2] is None and int(php[1]) else "records" if php[3] else "list"), int(php[1])
    if text.lstrip("-").isdigit():
        return "number", len(text.lstrip("-"))
    return "text", len(text.split())


def of_html(html: str, host: str = "") -> Document:
    """Return what is counted in the body of an article.

    Args:
        html: A fragment, or a page of which only the body of the article is left.
        host: Of the site, by which its own links are told; links without a host are its own.
    """
    reader = _Body(host)
    reader.feed(html)
    reader.close()
    return reader.document()


def of_page(html: str, host: str) -> Document:
    """Return what is counted on a page of a site.

    Counted is what stands in its ``article``, else in its ``main``, else in its ``body``; navigation, forms, footers
    and asides are not. Date and tags are those that the page tells programs, or else marks as such.
    """
    head = _Head()
    head.feed(html)
    head.close()
    for name in ("article", "main", "body"):
        if name in head.seen:
            body = _Body(host, within=name)
            body.feed(html)
            body.close()
            counted = body.document()
            break
    else:
        counted = of_html(html, host)
    tags = len(head.tags) or len(body.tags if head.seen & {"article", "main", "body"} else ())
    return replace(counted, tags=tags, published=head.published)


class _Reader(HTMLParser):
    """A parser that reads on, whatever it is given."""

    def parse_html_declaration(self, i: int) -> int:
        """Skip a declaration, and a section of no kind: to browsers it is a comment, to some Python an error."""
        try:
            return super().parse_html_declaration(i)
        except AssertionError:
            return self.parse_bogus_comment(i)


class _Head(_Reader):
    """What a page tells of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.tags: set[str] = set()
        self.published: date | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.seen.add(tag)
        if tag == "meta":
            name = named.get("property") or named.get("name") or ""
            if name == "article:tag":
                self.tags.add(named.get("content", ""))
            if name in {"article:published_time", "datePublished", "date", "dc.date", "DC.date.issued"}:
                self.published = self.published or day_of(named.get("content"))
        elif tag == "time":
            self.published = self.published or day_of(named.get("datetime"))


class _Body(_Reader):
    """Counts what stands in an element, or in all of the text."""

    def __init__(self, host: str, within: str = "") -> None:
        super().__init__()
        self._host = host
        self._within = within
        self._inside = 0 if within else 1
        self._was_inside = False
        self._unread = 0
        self._code = 0
        self._block: list[str] = []
        self._loose: list[str] = []
        self._depth = 0
        self._is_paragraph = False
        self._words = 0
        self._paragraphs: list[int] = []
        self._sections = self._codes = self._images = self._links = 0
        self.tags: set[str] = set()

    def document(self) -> Document:
        """What was counted."""
        self._end_block()
        words = self._words + len(" ".join(self._loose).split())
        return Document(words, tuple(self._paragraphs), self._sections, self._codes, self._images, self._links)

    @property
    def _is_read(self) -> bool:
        return bool(self._inside) and not self._unread

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self._within and not (self._was_inside and not self._inside):
            self._inside += 1  # of several, the first is the article
            self._was_inside = True
        if tag in _UNREAD:
            self._unread += 1
        if not self._is_read:
            return
        named = {name: value or "" for name, value in attrs}
        if tag == "a":
            if "tag" in named.get("rel", "").split():
                self.tags.add(named.get("href", ""))
            else:
                self._links += self._is_own(named.get("href", ""))
        elif tag == "img":
            self._images += 1
        elif tag == "pre":
            self._end_block()
            self._codes += 1
            self._code += 1
        elif tag in _HEADINGS:
            self._end_block()
            self._sections += 1
        elif tag in _BLOCKS:
            self._end_block()
            self._depth += 1
            self._is_paragraph = tag in _PARAGRAPHS

    def handle_endtag(self, tag: str) -> None:
        if self._is_read:
            if tag == "pre" and self._code:
                self._code -= 1
            if tag in _BLOCKS and self._depth:
                self._end_block()
                self._depth -= 1
        if tag in _UNREAD and self._unread:
            self._unread -= 1
        if tag == self._within and self._inside:
            self._inside -= 1

    def handle_data(self, data: str) -> None:
        if self._is_read and not self._code:
            (self._block if self._depth else self._loose).append(data)

    def _end_block(self) -> None:
        count = len("".join(self._block).split())
        self._block.clear()
        self._words += count
        if count and self._is_paragraph:
            self._paragraphs.append(count)

    def _is_own(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError:  # brackets around no address
            return False
        if parts.scheme not in {"", "http", "https"} or address.startswith("#"):
            return False
        return bool(parts.path) and (not parts.netloc or parts.netloc == self._host)
