"""Rows of the database as the pages read them."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from synth import slugs

FOUND_BEGINS, FOUND_ENDS = "\x02", "\x03"
"""What stands around each found word where a search put a passage in the place of a card's intro."""

Status = Literal["published", "draft"]
Kind = Literal["tag", "category"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CardRecord:
    """An article as listings, feeds and similar posts show it.

    Attributes:
        published: Unix seconds.
        changed: Unix seconds at which what the card shows last became what it is.
        figure: Caption of the first figure, None when the article has none.
    """

    id: int
    slug: str
    title: str
    intro: str
    published: int
    changed: int
    tags: tuple[str, ...]
    figure: str | None


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """A whole article but for its meta box, similar posts and comments; ``sections`` and ``images`` are decoded JSON.

    Attributes:
        revision: How often its text was changed.
        digest: 24 hex digits over the text.
        author: Name of its author; ``author_slug`` is the author's address.
        published: Unix seconds, as are ``modified`` (said of the text) and ``changed`` (when it was stored).
        version: Counts every change, also those of the status.
        written: Whether the text was written here, and is not that of the corpus or file.
        kept: Whether it stands in the reading list of the member who asked.
    """

    id: int
    slug: str
    status: Status
    version: int
    written: bool
    revision: int
    digest: str
    title: str
    intro: str
    sections: list[dict[str, Any]]
    checklist: list[str]
    images: list[dict[str, str]]
    categories: list[str]
    tags: list[str]
    final_notes: str
    author: str
    author_slug: str
    published: int
    modified: int
    last_reviewed: str
    changed: int
    kept: bool

    @property
    def etag(self) -> str:
        """What tells this state of the article from all others it had, as a strong entity tag."""
        return f'"{self.version}-{self.digest}"'


@dataclass(frozen=True, slots=True)
class Face:
    """What of a stored article decides which pages show it.

    Attributes:
        card: Everything a card shows.
        terms: (kind, term) of all its tags and categories.
        published: Unix seconds.
    """

    id: int
    slug: str
    status: Status
    digest: str
    card: tuple[Any, ...]
    terms: frozenset[tuple[str, str]]
    author: str
    published: int


class Place(NamedTuple):
    """A list: all articles (``newest``), or those with a ``tag``, in a ``category``, by an ``author``, of a ``date``.

    Attributes:
        kind: One of these.
        name: Of the tag, category or author; a year or a month, such as 2026-06; empty for all articles.
    """

    kind: str
    name: str


class Move(NamedTuple):
    """An article that came into a list, left it, or stands elsewhere in it.

    Attributes:
        place: The list.
        published: The moment it stands or stood at in the list, the later of the two; Unix seconds.
        come: By how much longer the list is now: 1, 0 or -1.
    """

    place: Place
    published: int
    come: int


class Standing(NamedTuple):
    """Where an article of a move stands.

    Attributes:
        newer: How many articles of the list stand before it.
        total: How many the list has now.
    """

    newer: int
    total: int


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """What a member said about an article; ``written`` in Unix seconds."""

    id: int
    article_id: int
    member_id: str
    name: str
    written: int
    text: str


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A member as a page greets them."""

    id: str
    login: str
    name: str
    role: Literal["reader", "editor"]

    @property
    def is_editor(self) -> bool:
        """Whether they may change articles."""
        return self.role == "editor"

    @property
    def slug(self) -> str:
        """How the list of what they have written is addressed: not by their login name, which is not for everybody."""
        return f"{slugs.term(self.name)}-{self.id.lstrip('m0') or '0'}".lstrip("-")


PAGE_SIZE = 20
"""Articles on a page of a list."""


@dataclass(frozen=True, slots=True)
class Run:
    """Which page of a list is wanted.

    Attributes:
        limit: Most articles on it.
        offset: How many stand before it.
        tags: What the page will be purged by, so that it is known when the list last changed.
    """

    limit: int
    offset: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of cards.

    Attributes:
        cards: In order.
        total: How many articles the whole list has.
        changed: Unix seconds at which the page became what it is, by what is known; None: nothing is.
    """

    cards: list[CardRecord]
    total: int
    changed: int | None


@dataclass(frozen=True, slots=True)
class Index(Generic[T]):
    """What lists or articles there are, each with what is told of it.

    Attributes:
        entries: In order.
        changed: Unix seconds at which they became what they are, by what is known; None: nothing is.
    """

    entries: list[T]
    changed: int | None


@dataclass(frozen=True, slots=True)
class Similar:
    """The similar posts of an article.

    Attributes:
        cards: Of those that are published, in order.
        ids: Of all, as one that is not published may be some day.
    """

    cards: list[CardRecord]
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """An article in a list for editors and programs, drafts included; times in Unix seconds."""

    id: int
    slug: str
    status: Status
    version: int
    digest: str
    title: str
    author: str
    published: int
    changed: int

    @property
    def etag(self) -> str:
        """As that of the article."""
        return f'"{self.version}-{self.digest}"'


def period(name: str) -> tuple[int, int]:
    """The first moment of a year or a month, such as 2026-06, and the first after it; Unix seconds."""
    year, _, month = name.partition("-")
    begin = datetime(int(year), int(month or 1), 1, tzinfo=UTC)
    days = monthrange(begin.year, begin.month)[1] if month else 366 if isleap(begin.year) else 365
    return int(begin.timestamp()), int((begin + timedelta(days)).timestamp())
