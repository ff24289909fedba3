"""Which pages a change makes stale: the tags that pages carry, and the tags that a change of an article touches.

A page carries a tag for everything that was really rendered into it, by what of it was shown. ``post-9`` is all of
article 9, as its own page shows it; ``post-9:card`` is what lists, feeds and similar posts show of it;
``post-9:comments`` is what was said about it. A list has a tag for which articles stand in it, in which order. So a
change of a text drops one page, a change of a title those that name it, and only what comes or goes moves the lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from target_app.database.schema import SITEMAP_PART
from target_app.page_cache import store
from target_app.records import CardRecord, Face

_LONGEST = 32
"""What every cache must be able to keep of a group's name (RFC 9875, section 2.1), characters."""

EVERYTHING = store.EVERYTHING
PATH = store.path_tag(b"")
"""What the tag of a page's address begins with."""
NEWEST, FEED, SEARCH = "list-newest", "feed", "search"
TAGS, CATEGORIES, AUTHORS, ARCHIVE, SITEMAP = "tags", "categories", "authors", "archive", "sitemap"
ARTICLES = "articles"
"""Which articles there are at all, as programs list them."""


def at(raw_path: bytes) -> str:
    """The page at an address, or that there is none."""
    return store.path_tag(raw_path)


def post(article_id: int) -> str:
    """All of an article."""
    return f"post-{article_id}"


def card(article_id: int) -> str:
    """What is shown of an article elsewhere."""
    return f"post-{article_id}:card"


def comments(article_id: int) -> str:
    """What was said about an article."""
    return f"post-{article_id}:comments"


def listed(kind: str, name: str) -> str:
    """Which articles have a tag, are in a category, by an author, or of a year or month."""
    tag = f"list-{kind}-{name}"
    if len(tag) <= _LONGEST:
        return tag
    digest = hashlib.blake2b(tag.encode(), digest_size=6).hexdigest()
    return f"{tag[: _LONGEST - len(digest) - 1]}-{digest}"


def sitemap_part(article_id: int) -> str:
    """The part of the sitemap that an article stands in."""
    return f"sitemap-{article_id // SITEMAP_PART + 1}"


def cards(shown: Iterable[CardRecord]) -> list[str]:
    """The tags of the articles that are shown as cards."""
    return [card(each.id) for each in shown]


def made_stale(before: Face | None, after: Face | None) -> set[str]:
    """The tags that a change of one article touches.

    Args:
        before: The article as it was; None when there was none.
        after: The article as it is; None when it is gone.
    """
    old = before if before is not None and before.status == "published" else None
    new = after if after is not None and after.status == "published" else None
    if old is None and new is None:
        return set()
    if old is None or new is None:
        return _come_or_gone(old or new)  # type: ignore[arg-type]
    stale: set[str] = set()
    if old.digest != new.digest or old.author != new.author:
        stale |= {post(new.id), sitemap_part(new.id), SEARCH}
    if old.card != new.card:
        stale |= {post(new.id), card(new.id)}
    if old.slug != new.slug:
        stale |= {at(address(old.slug)), at(address(new.slug))}
    moved = old.published != new.published
    if moved:
        stale |= {NEWEST, FEED, ARCHIVE}
    for place in _lists(old) ^ _lists(new) if not moved else _lists(old) | _lists(new):
        stale |= {place, *_INDEXES[place.split("-")[1]]}
    return stale


def _come_or_gone(article: Face) -> set[str]:
    places = _lists(article)
    return {
        post(article.id),
        card(article.id),
        at(address(article.slug)),
        sitemap_part(article.id),
        *(NEWEST, FEED, SEARCH, TAGS, CATEGORIES, AUTHORS, ARCHIVE, SITEMAP, ARTICLES),
        *places,
    }


_INDEXES = {"tag": [TAGS], "category": [CATEGORIES], "author": [AUTHORS], "date": [ARCHIVE]}
"""What shows how many articles the lists of a kind have."""


def _lists(article: Face) -> set[str]:
    """The lists that an article stands in, beside that of all."""
    day = datetime.fromtimestamp(article.published, UTC)
    return {
        *(listed(kind, term) for kind, term in article.terms),
        listed("author", article.author),
        listed("date", f"{day:%Y}"),
        listed("date", f"{day:%Y-%m}"),
    }


def address(slug: str) -> bytes:
    """The raw path of an article's page."""
    return f"/articles/{slug}/".encode()
