"""What an article is: plain frozen data, no generation and no input or output.

Everything here is a function of (profile, profile version, seed, id, revision) alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

MAX_ID = 2**53 - 1
"""The last article id: the largest integer that JSON readers hold exactly."""

Meta = str | int | tuple["Meta", ...] | Mapping[str, "Meta"]
"""One value of the meta box: a scalar, a list, a map, or any nesting of these."""


@dataclass(frozen=True, slots=True)
class Code:
    """A snippet that closes a section. Case and indentation are kept in every format."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its paragraphs and, at times, a code block after the last of them."""

    heading: str
    paragraphs: tuple[str, ...]
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A figure: who provides it, where the original would load it from, and its caption (also its alt text)."""

    source: str
    url: str
    caption: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article at one revision.

    Attributes:
        id: The integer the whole article is computed from, 0 to ``MAX_ID``.
        revision: 0 for the first edition; later revisions change the text, never the id, slug or publication date.
        slug: Unique in any corpus, ``[a-z0-9-]+``, safe in a URL path segment.
        images: In order; the first ``ceil(n / 2)`` stand after the intro, the rest after the checklist.
        tags, categories: Lower-case slugs.
        author: Index of the author (see ``synth.people.author``).
        meta: The twenty-key meta box in its fixed order (nineteen keys when there are no images).
        digest: 24 hex digits, BLAKE2b of the canonical record; also ``meta["hash"]``.
    """

    id: int
    revision: int
    profile: str
    seed: int
    title: str
    slug: str
    intro: str
    sections: tuple[Section, ...]
    checklist: tuple[str, ...]
    images: tuple[Image, ...]
    final_notes: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    author: int
    published: datetime
    modified: datetime
    last_reviewed: date
    meta: Mapping[str, Meta]
    digest: str
