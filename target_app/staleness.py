"""Which pages a change makes stale: the tags that pages carry, and the tags that a change of an article touches.

A page carries a tag for everything that was really rendered into it, by what of it was shown. ``post-9`` is all of
article 9, as its own page shows it; ``post-9:card`` is what lists, feeds and similar posts show of it;
``post-9:comments`` is what was said about it. A list has a tag for which articles stand in it, in which order, and its
pages one for each part of the list that they belong to. So a change of a text drops one page, a change of a title those
that name it, and only what comes or goes moves the lists, from its place on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from target_app.database.schema import SITEMAP_PART
from target_app.page_cache import store
from target_app.records import PAGE_SIZE, CardRecord, Face, Move, Place, Standing

_LONGEST = 32
"""What every cache must be able to keep of a group's name (RFC 9875, section 2.1), characters."""
_MOST = 30
"""Tags for the articles that a page shows: beside them it has one or two more, and caches need keep 32 at most."""
_MOST_SHARED = 20
"""The same of an article's tags, beside those of the article and of its similar posts."""
_HUNDRED = 100

EVERYTHING = store.EVERYTHING
PATH = store.path_tag(b"")
"""What the tag of a page's address begins with."""
NEWEST, FEED, SEARCH = "list-newest", "feed", "search"
TAGS, CATEGORIES, AUTHORS, ARCHIVE, SITEMAP = "tags", "categories", "authors", "archive", "sitemap"
ARTICLES, POSTS = "articles", "posts"
"""Which articles there are at all, as programs list them, and all of all of them."""


def at(raw_path: bytes) -> str:
    """The page at an address, or that there is none."""
    return store.path_tag(raw_path)


def post(article_id: int) -> str:
    """All of an article."""
    return f"post-{article_id}"


def posts(article_ids: Sequence[int]) -> list[str]:
    """The tags of a page that shows all of several articles: theirs, else those of their hundreds, else that of all."""
    for tag in (post, _hundred):
        tags = list(dict.fromkeys(tag(each) for each in article_ids))
        if len(tags) <= _MOST:
            return tags
    return [POSTS]


def whole(article_id: int) -> set[str]:
    """The tags of which every page that shows all of an article has one."""
    return {post(article_id), _hundred(article_id), POSTS}


def _hundred(article_id: int) -> str:
    return f"posts-{article_id // _HUNDRED}"


def card(article_id: int) -> str:
    """What is shown of an article elsewhere."""
    return f"post-{article_id}:card"


def moved(article_id: int) -> str:
    """Which addresses that an article had before lead to it."""
    return f"post-{article_id}:moved"


def comments(article_id: int) -> str:
    """What was said about an article."""
    return f"post-{article_id}:comments"


def listed(kind: str, name: str) -> str:
    """Which articles have a tag, are in a category, by an author, or of a year or month."""
    return _short(f"list-{kind}-{name}")


def tagged(name: str) -> str:
    """Which articles have a tag at all, in whatever order."""
    return _short(f"tagged-{name}")


def sharing(names: Sequence[str]) -> list[str]:
    """The tags of a page that shows which articles have any of some tags: one for each, else that of all tags."""
    return [tagged(name) for name in names] if len(names) <= _MOST_SHARED else [TAGS]


def on_page(tag: str, number: int) -> list[str]:
    """The tags of a page of a list, ``number`` from 1: that of the list, and those of the parts that hold the page.

    Pages from some place to the end are to be dropped by few tags, and a page is to have few. So a list is quartered
    and quartered again, and a page belongs to those quarters that it lies in and that are not the first of theirs: one
    for every digit but 0 of the number of pages before it, to the base of four.
    """
    tags, before, level = [tag], number - 1, 0
    while before:
        if before & 3:
            tags.append(_part(tag, level, before))
        before, level = before >> 2, level + 1
    return tags


def _from_page(tag: str, number: int, last: int) -> list[str]:
    """The tags of which every page of a list from ``number`` to ``last`` has one, and no page before has any."""
    before, tags = number - 1, []
    if not before:
        return [tag]
    while before < last:
        level = (before & -before).bit_length() - 1 >> 1
        tags.append(_part(tag, level, before >> 2 * level))
        before += 1 << 2 * level
    return tags


def _part(tag: str, level: int, number: int) -> str:
    return _short(f"{tag}:{level}.{number}")


def _short(tag: str) -> str:
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


def moves(before: Face | None, after: Face | None) -> list[Move]:
    """In which lists an article is, or was, that it is not in any more or at another place; see ``made_stale``."""
    old, new = _seen(before), _seen(after)
    old_places, new_places = _places(old), _places(new)
    return [
        Move(
            place,
            max(face.published for face, places in ((old, old_places), (new, new_places)) if face and place in places),
            (place in new_places) - (place in old_places),
        )
        for place in sorted(old_places | new_places)
        if not (old and new and place in old_places & new_places and old.published == new.published)
    ]


def made_stale(before: Face | None, after: Face | None, moved: Iterable[tuple[Move, Standing]]) -> set[str]:
    """The tags that a change of one article touches.

    Args:
        before: The article as it was; None when there was none.
        after: The article as it is; None when it is gone.
        moved: What ``moves`` says of the two, and where the article stands.
    """
    old, new = _seen(before), _seen(after)
    stale = {tag for move, standing in moved for tag in _moved(move, standing)}
    if old is None and new is None:
        return stale
    if old is None or new is None:
        article: Face = old or new  # type: ignore[assignment]
        return stale | {
            *whole(article.id),
            card(article.id),
            at(address(article.slug)),
            sitemap_part(article.id),
            *(FEED, SEARCH, TAGS, CATEGORIES, AUTHORS, ARCHIVE, SITEMAP, ARTICLES),
        }
    if old.digest != new.digest or old.author != new.author:
        stale |= {*whole(new.id), sitemap_part(new.id), SEARCH}
    if old.card != new.card:
        stale |= {*whole(new.id), card(new.id)}
    if old.slug != new.slug:
        stale |= {at(address(old.slug)), at(address(new.slug))}
    if old.published != new.published:
        stale |= {FEED, ARCHIVE}
    return stale


def _moved(move: Move, standing: Standing) -> list[str]:
    """The tags of the pages of a list that show something else now, and of what shows that list."""
    kind, name = move.place
    tag = NEWEST if kind == "newest" else listed(kind, name)
    first, last = standing.newer // PAGE_SIZE + 1, _pages(standing.total)
    # Every page says how many there are.
    pages = _from_page(tag, first, last) if last == _pages(standing.total - move.come) else [tag]
    return [*pages, *_INDEXES[kind], *([tagged(name)] if kind == "tag" else [])]


def _pages(total: int) -> int:
    return -(-total // PAGE_SIZE)


_INDEXES = {"newest": [], "tag": [TAGS], "category": [CATEGORIES], "author": [AUTHORS], "date": [ARCHIVE]}
"""What shows how many articles the lists of a kind have."""


def _seen(article: Face | None) -> Face | None:
    return article if article is not None and article.status == "published" else None


def _places(article: Face | None) -> set[Place]:
    """The lists that an article stands in."""
    if article is None:
        return set()
    day = datetime.fromtimestamp(article.published, UTC)
    return {
        Place("newest", ""),
        *(Place(kind, term) for kind, term in article.terms),
        Place("author", article.author),
        Place("date", f"{day:%Y}"),
        Place("date", f"{day:%Y-%m}"),
    }


def address(slug: str) -> bytes:
    """The raw path of an article's page."""
    return f"/articles/{slug}/".encode()
