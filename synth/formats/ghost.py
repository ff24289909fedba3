"""An import file of Ghost: posts, tags and authors, and which belong together.

Ghost has no fields of one's own, so the meta box is the last part of the page, in a card that its editor leaves as it
is. Which tags and authors there are is known at the end, and the relations wait on disk until the posts are written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from synth import site
from synth.corpus import Corpus
from synth.dates import AS_OF
from synth.formats import html
from synth.layout import Files
from synth.model import Article
from synth.record import encoded

_IN_MEMORY = 1 << 24
_VERSION = "6.0.0"
_LONGEST_EXCERPT = 300
_LONGEST_SLUG = 191


class Post(NamedTuple):
    """What is made of one article: the post, and what it belongs to."""

    id: str
    author: int
    tags: tuple[str, ...]
    text: bytes


class Ghost:
    """The format; see the module."""

    def make(self, articles: Iterable[Article]) -> list[Post]:
        """Return a post for each article."""
        return [
            Post(
                str(article.id),
                article.author,
                # Ghost has tags alone, and takes the first for what a post is filed under.
                tuple(dict.fromkeys((*article.categories, *article.tags))),
                encoded(_post(article)),
            )
            for article in articles
        ]

    def write(self, parts: Iterable[list[Post]], corpus: Corpus, files: Files) -> None:
        """Write one file."""
        tags: dict[str, str] = {}
        authors: set[int] = set()
        with (
            files.open() as stream,
            SpooledTemporaryFile(_IN_MEMORY, dir=files.folder) as tagged,
            SpooledTemporaryFile(_IN_MEMORY, dir=files.folder) as signed,
        ):
            meta = encoded({"exported_on": int(AS_OF.timestamp()) * 1000, "version": _VERSION})
            stream.write(b'{"meta":' + meta + b',"data":{"posts":[')
            posts, posts_tags, posts_authors = _List(stream), _List(tagged), _List(signed)
            for post in chain.from_iterable(parts):
                posts.add(post.text)
                authors.add(post.author)
                posts_authors.add(encoded({"post_id": post.id, "author_id": f"a{post.author}", "sort_order": 0}))
                for place, slug in enumerate(post.tags):
                    tag = tags.setdefault(slug, str(len(tags) + 1))
                    posts_tags.add(encoded({"post_id": post.id, "tag_id": tag, "sort_order": place}))
            for name, relations in (("posts_tags", tagged), ("posts_authors", signed)):
                stream.write(f'],\n"{name}":['.encode())
                relations.seek(0)
                copyfileobj(relations, stream)
            stream.write(b'],\n"tags":[')
            named = _List(stream)
            for slug, tag in tags.items():
                named.add(encoded({"id": tag, "name": slug, "slug": slug}))
            stream.write(b'],\n"users":[')
            users = _List(stream)
            for index in sorted(authors):
                users.add(encoded(_user(index, corpus.seed)))
            stream.write(b"]}}\n")


FORMAT = Ghost()


class _List:
    """The items of a list in JSON, one a line."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._before = b"\n"

    def add(self, item: bytes) -> None:
        """Write another item."""
        self._stream.write(self._before + item)
        self._before = b",\n"


def _post(article: Article) -> dict[str, Any]:
    published = _datetime(article.published)
    card = f"<!--kg-card-begin: html-->\n{html.meta_box(article)}\n<!--kg-card-end: html-->"
    return {
        "id": str(article.id),
        "title": article.title,
        "slug": _slug(article),
        "html": f"{html.content(article)}\n{card}",
        "comment_id": str(article.id),
        "type": "post",
        "status": "published",
        "visibility": "public",
        "created_at": published,
        "updated_at": _datetime(article.modified),
        "published_at": published,
        "custom_excerpt": _cut(site.excerpt(article)),
    }


def _slug(article: Article) -> str:
    """Return as much of a slug as Ghost holds, which keeps its end: that makes it unique."""
    slug, end = article.slug, f"-{article.id}"
    return slug if len(slug) <= _LONGEST_SLUG else slug[: _LONGEST_SLUG - len(end)].rstrip("-") + end


def _user(index: int, seed: int) -> dict[str, Any]:
    author = site.author(index, seed)
    roles = ["Contributor"]
    # A user with the bare id 1 would be taken for the owner of the site.
    return {"id": f"a{index}", "name": author.name, "slug": author.login, "email": author.email, "roles": roles}


def _cut(text: str) -> str:
    """Return as much of a text as an excerpt of Ghost holds, which counts in halves of surrogate pairs."""
    return text.encode("utf-16-le")[: 2 * _LONGEST_EXCERPT].decode("utf-16-le", "ignore")


def _datetime(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
