"""Rows of the database as the pages read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FOUND_BEGINS, FOUND_ENDS = "\x02", "\x03"
"""What stands around each found word where a search put a passage in the place of a card's intro."""


@dataclass(frozen=True, slots=True)
class CardRecord:
    """An article as listings, feeds and similar posts show it.

    Attributes:
        published: Unix seconds.
        changed: Unix seconds at which the stored content last became what it is.
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
    """A whole article but for its meta box and similar posts; ``sections`` and ``images`` are decoded JSON."""

    id: int
    slug: str
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
    published: int
    modified: int
    last_reviewed: str
    changed: int


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A member as a page greets them."""

    id: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of cards, and how many articles the whole list has."""

    cards: list[CardRecord]
    total: int
