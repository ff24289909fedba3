"""WordPress eXtended RSS 1.2, as WordPress exports and imports it, with the meta box as post meta.

A file begins with its authors, categories and tags: those its posts use, whatever other files have. They are known
when its last post is, so posts wait on disk until then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import chain
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple
from unicodedata import normalize

from synth import site
from synth.corpus import Corpus
from synth.dates import AS_OF
from synth.formats import html
from synth.formats._php import stored
from synth.formats._xml import attribute, cdata, rfc822
from synth.layout import Files
from synth.model import Article

_IN_MEMORY = 1 << 24
_TAIL = "</channel>\n</rss>\n"


class Post(NamedTuple):
    """What is made of one article."""

    title: bytes
    """A digest, equal for titles that the database of WordPress cannot tell apart."""
    published: datetime
    modified: datetime
    author: int
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    pieces: tuple[str, str, str]
    """The item around its dates, which are not certain until all posts before it are known."""

    def text(self) -> bytes:
        """Return the item."""
        before, middle, after = self.pieces
        published, modified = _datetime(self.published), _datetime(max(self.published, self.modified))
        dates = (
            f"<wp:post_date>{published}</wp:post_date>\n<wp:post_date_gmt>{published}</wp:post_date_gmt>\n"
            f"<wp:post_modified>{modified}</wp:post_modified>\n"
            f"<wp:post_modified_gmt>{modified}</wp:post_modified_gmt>\n"
        )
        return f"{before}<pubDate>{rfc822(self.published)}</pubDate>\n{middle}{dates}{after}".encode()


class Wxr:
    """The format; see the module."""

    def make(self, articles: Iterable[Article]) -> list[Post]:
        """Return a post for each article."""
        return [_post(article) for article in articles]

    def write(self, parts: Iterable[list[Post]], corpus: Corpus, files: Files) -> None:
        """Write as many files as it takes."""
        terms = _Terms()
        with closing(_Seen()) as seen:
            posts = _unlike(parts, seen)
            post = next(posts, None)
            while post:
                with SpooledTemporaryFile(_IN_MEMORY, dir=files.folder) as waiting:
                    shard = _Shard(corpus.seed, terms, files, waiting)
                    while post and shard.add(post):
                        post = next(posts, None)
                    shard.finish()


FORMAT = Wxr()


def meta_key(name: str) -> str:
    """Return the key of the post meta that holds a row of the meta box."""
    return f"anp_{name.replace(' ', '_')}"


def _post(article: Article) -> Post:
    # Its collations take no notice of case, accents and most signs; this takes notice of less.
    plain = "".join(filter(str.isalnum, normalize("NFKD", article.title).casefold()))
    pieces = ("".join(f"{line}\n" for line in piece(article)) for piece in (_before, _middle, _after))
    return Post(
        blake2b(plain.encode(), digest_size=16).digest(),
        article.published,
        article.modified,
        article.author,
        article.categories,
        article.tags,
        tuple(pieces),  # type: ignore[arg-type]
    )


def _before(article: Article) -> Iterator[str]:
    yield "<item>"
    yield f"<title>{cdata(article.title)}</title>"
    yield f"<link>{attribute(site.address(article))}</link>"


def _middle(article: Article) -> Iterator[str]:
    yield f"<dc:creator>{cdata(site.author(article.author, article.seed).login)}</dc:creator>"
    yield f'<guid isPermaLink="false">{site.guid(article)}</guid>'
    yield "<description></description>"
    yield f"<content:encoded>{cdata(html.content(article))}</content:encoded>"
    yield f"<excerpt:encoded>{cdata(site.excerpt(article))}</excerpt:encoded>"
    yield f"<wp:post_id>{article.id}</wp:post_id>"


def _after(article: Article) -> Iterator[str]:
    yield "<wp:comment_status>closed</wp:comment_status>"
    yield "<wp:ping_status>closed</wp:ping_status>"
    yield f"<wp:post_name>{cdata(article.slug)}</wp:post_name>"
    yield "<wp:status>publish</wp:status>"
    yield "<wp:post_parent>0</wp:post_parent>"
    yield "<wp:menu_order>0</wp:menu_order>"
    yield "<wp:post_type>post</wp:post_type>"
    yield "<wp:post_password></wp:post_password>"
    yield "<wp:is_sticky>0</wp:is_sticky>"
    for domain, slugs in (("category", article.categories), ("post_tag", article.tags)):
        for slug in slugs:
            yield f'<category domain="{domain}" nicename="{attribute(slug)}">{cdata(slug)}</category>'
    for name, value in article.meta.items():
        yield (
            f"<wp:postmeta><wp:meta_key>{cdata(meta_key(name))}</wp:meta_key>"
            f"<wp:meta_value>{cdata(stored(value))}</wp:meta_value></wp:postmeta>"
        )
    yield "</item>"


def _datetime(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


class _Seen:
    """Which titles came by with which dates. They are on disk, where there is room for any number."""

    def __init__(self) -> None:
        self._posts = sqlite3.connect("", isolation_level=None)
        self._posts.execute("PRAGMA journal_mode = OFF")
        self._posts.execute(
            "CREATE TABLE post (title BLOB, published TEXT, PRIMARY KEY (title, published)) WITHOUT ROWID"
        )
        self._posts.execute("BEGIN")

    def is_new(self, post: Post) -> bool:
        """Take note of a post, and say whether none like it came by before."""
        row = (post.title, _datetime(post.published))
        return self._posts.execute("INSERT OR IGNORE INTO post VALUES (?, ?)", row).rowcount == 1

    def close(self) -> None:
        """Forget everything."""
        self._posts.close()


def _unlike(parts: Iterable[list[Post]], seen: _Seen) -> Iterator[Post]:
    """Give posts of which no two have the same title and date: WordPress would import the first of them only."""
    for post in chain.from_iterable(parts):
        different = post
        while not seen.is_new(different):
            different = different._replace(published=different.published + timedelta(seconds=1))
        yield different


class _Terms:
    """Ids of categories and tags, which are the same in every file of an export."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}

    def id(self, taxonomy: str, slug: str) -> int:
        """Return the id of a term, from 1 in the order in which they come up."""
        return self._ids.setdefault((taxonomy, slug), len(self._ids) + 1)


class _Shard:
    """One file, of which the posts wait until their authors and terms are known."""

    def __init__(self, seed: int, terms: _Terms, files: Files, posts: IO[bytes]) -> None:
        self._seed = seed
        self._terms = terms
        self._files = files
        self._posts = posts
        self._declared: dict[tuple[str, str], str] = {}
        self._head = "\n".join(_head()) + "\n"
        self._size = len(self._head.encode()) + len(_TAIL)

    def add(self, post: Post) -> bool:
        """Add a post, unless the file has others and would become too long with it."""
        new = {
            (kind, name): line + "\n"
            for kind, name, line in self._declarations(post)
            if (kind, name) not in self._declared
        }
        text = post.text()
        size = self._size + len(text) + sum(len(line.encode()) for line in new.values())
        if self._files.shard_size and size > self._files.shard_size and self._declared:
            return False
        self._posts.write(text)
        self._declared |= new
        self._size = size
        return True

    def finish(self) -> None:
        """Write the file."""
        self._posts.seek(0)
        with self._files.open() as stream:
            # By kind and then by name: authors, categories, tags.
            stream.write((self._head + "".join(self._declared[key] for key in sorted(self._declared))).encode())
            copyfileobj(self._posts, stream)
            stream.write(_TAIL.encode())

    def _declarations(self, post: Post) -> Iterator[tuple[str, str, str]]:
        yield "author", f"{post.author:06d}", _author(post.author, self._seed)
        for slug in post.categories:
            yield "category", slug, _category(self._terms.id("category", slug), slug)
        for slug in post.tags:
            yield "tag", slug, _tag(self._terms.id("tag", slug), slug)


def _head() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8" ?>'
    yield (
        '<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">'
    )
    yield "<channel>"
    yield f"<title>{site.TITLE}</title>"
    yield f"<link>{site.ADDRESS}</link>"
    yield f"<description>{site.DESCRIPTION}</description>"
    yield f"<pubDate>{rfc822(AS_OF)}</pubDate>"
    yield "<language>en-US</language>"
    yield "<wp:wxr_version>1.2</wp:wxr_version>"
    yield f"<wp:base_site_url>{site.ADDRESS}</wp:base_site_url>"
    yield f"<wp:base_blog_url>{site.ADDRESS}</wp:base_blog_url>"


def _author(index: int, seed: int) -> str:
    author = site.author(index, seed)
    first, _, last = author.name.partition(" ")
    return (
        # WordPress counts its users from 1.
        f"<wp:author><wp:author_id>{index + 1}</wp:author_id>"
        f"<wp:author_login>{cdata(author.login)}</wp:author_login>"
        f"<wp:author_email>{cdata(author.email)}</wp:author_email>"
        f"<wp:author_display_name>{cdata(author.name)}</wp:author_display_name>"
        f"<wp:author_first_name>{cdata(first)}</wp:author_first_name>"
        f"<wp:author_last_name>{cdata(last)}</wp:author_last_name></wp:author>"
    )


def _category(id: int, slug: str) -> str:
    return (
        f"<wp:category><wp:term_id>{id}</wp:term_id><wp:category_nicename>{cdata(slug)}</wp:category_nicename>"
        f"<wp:category_parent></wp:category_parent><wp:cat_name>{cdata(slug)}</wp:cat_name></wp:category>"
    )


def _tag(id: int, slug: str) -> str:
    return (
        f"<wp:tag><wp:term_id>{id}</wp:term_id><wp:tag_slug>{cdata(slug)}</wp:tag_slug>"
        f"<wp:tag_name>{cdata(slug)}</wp:tag_name></wp:tag>"
    )
