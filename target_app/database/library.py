"""What pages and the sign-in read. Nothing here knows HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from target_app.database.connection import Connection
from target_app.database.schema import EVERYTHING, SIMILAR_LIMIT, SITEMAP_PART
from target_app.errors import DatabaseFileError
from target_app.records import (
    FOUND_BEGINS,
    FOUND_ENDS,
    ArticleRecord,
    CardRecord,
    CommentRecord,
    Index,
    Kind,
    Listing,
    MemberRecord,
    Run,
    Similar,
    Summary,
)

_CARD = "a.id, a.slug, a.title, a.intro, a.published, a.card_changed, a.tags, a.figure"

_ARTICLE = """
SELECT a.id, a.slug, a.status, a.version, a.written, a.revision, a.digest, a.title, a.intro, a.sections, a.checklist,
       a.images, a.categories, a.tags, a.final_notes, author.name, author.slug, a.published, a.modified,
       a.last_reviewed, a.changed,
       EXISTS (SELECT 1 FROM reading_list AS r WHERE r.article_id = a.id AND r.member_id = ?2)
FROM article AS a {hint} JOIN author ON author.id = a.author_id
WHERE {which}
"""

_STALE = """
(SELECT coalesce(max(g.moment), 0) FROM json_each(?{}) AS t CROSS JOIN generation AS g ON g.tag = t.value)
"""
"""When any of some tags last became stale."""

_SUMMARY = "a.id, a.slug, a.status, a.version, a.digest, a.title, author.slug, a.published, a.changed"


class Library:
    """Read access, for one thread at a time and for those that were given a connection of their own."""

    def __init__(self, path: Path, *, indexed: bool = True) -> None:
        """Open a database.

        Args:
            path: Its file.
            indexed: Off: articles, meta rows and lists are found as they would be had nobody made an index.
        """
        self._path = path
        self._first = Connection(path, writable=False)
        self._further: list[Connection] = []
        self._here = threading.local()
        self._inode = path.stat().st_ino
        # How SQL tells SQLite not to use an index, of a table and of a column.
        self._hint, self._plus = ("", "") if indexed else ("NOT INDEXED", "+")

    def apart(self) -> Callable[[], None]:
        """Open a further connection; the thread that calls what this gives reads on that one from then on."""
        self._further.append(connection := Connection(self._path, writable=False))
        return lambda: setattr(self._here, "connection", connection)

    @property
    def _connection(self) -> Connection:
        connection: Connection = getattr(self._here, "connection", self._first)
        return connection

    def close(self) -> None:
        """Close all connections; nobody reads any more."""
        for connection in (self._first, *self._further):
            connection.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside is of one moment."""
        return self._connection.snapshot()

    def site(self, name: str) -> Any:
        """A fact about the whole site (``corpus``, ``members``, ``complete``); None when not recorded."""
        rows = self._connection.rows("SELECT value FROM site WHERE name = ?", (name,))
        return from_json(rows[0][0]) if rows else None

    def check(self) -> None:
        """Find out whether pages can be made.

        Raises:
            DatabaseFileError: The file is gone, or was replaced.
            apsw.Error: It cannot be read.
        """
        try:
            if self._path.stat().st_ino != self._inode:
                raise DatabaseFileError("it was replaced; restart the site")
            self._connection.rows("SELECT id FROM article LIMIT 1")
        except FileNotFoundError:
            raise DatabaseFileError("it is gone; restore it and restart the site") from None

    def count(self) -> int:
        """How many articles are published."""
        return int(self._connection.rows("SELECT count(*) FROM article WHERE status = 'published'")[0][0])

    def article(self, slug: str, *, member_id: str = "") -> ArticleRecord | None:
        """The article with this slug, published or not; ``member_id`` asks whether it is in their reading list."""
        return self._article(f"{self._plus}a.slug = ?1", slug, member_id)

    def renamed(self, slug: str) -> tuple[int, str] | None:
        """(id, slug) of the published article that had a slug before which no article has now."""
        rows = self._connection.rows(
            "SELECT a.id, a.slug FROM former_slug AS f JOIN article AS a ON a.id = f.article_id"
            " WHERE f.slug = ? AND a.status = 'published'",
            (slug,),
        )
        return rows[0] if rows else None

    def article_by_id(self, article_id: int) -> ArticleRecord | None:
        """The article with this id, published or not."""
        return self._article("a.id = ?1", article_id, "")

    def meta(self, article_id: int) -> dict[str, Any]:
        """The meta box in its order, fetched with one statement."""
        rows = self._connection.rows(
            f"SELECT key, value FROM article_meta WHERE {self._plus}article_id = ? ORDER BY position", (article_id,)
        )
        return {key: from_json(value) for key, value in rows}

    def meta_per_key(self, article_id: int) -> dict[str, Any]:
        """The same meta box, fetched as careless code would: the positions, then one statement for every key."""
        where = f"WHERE {self._plus}article_id = ?"
        positions = self._connection.rows(f"SELECT position FROM article_meta {where} ORDER BY position", (article_id,))
        meta = {}
        for (position,) in positions:
            ((key, value),) = self._connection.rows(
                f"SELECT key, value FROM article_meta {where} AND position = ?", (article_id, position)
            )
            meta[key] = from_json(value)
        return meta

    def similar(self, article_id: int) -> Similar:
        """The similar posts stored with the article."""
        rows = self._connection.rows(
            f"SELECT a.status, {_CARD} FROM similar_article AS s JOIN article AS a ON a.id = s.similar_id"
            " WHERE s.article_id = ? ORDER BY s.position",
            (article_id,),
        )
        return _similar(rows)

    def related(self, article_id: int) -> Similar:
        """The articles that share most tags with one, the newest first among equals: all that share any are counted."""
        rows = self._connection.rows(
            f"SELECT a.status, {_CARD} FROM (SELECT o.article_id AS id, count(*) AS shared, o.published AS published"
            "  FROM article_term AS t CROSS JOIN article_term AS o ON o.kind = 'tag' AND o.term = t.term"
            "  WHERE t.article_id = ?1 AND t.kind = 'tag' AND o.article_id <> ?1"
            "  GROUP BY o.article_id ORDER BY shared DESC, published DESC, id DESC LIMIT ?2) AS found"
            " JOIN article AS a ON a.id = found.id ORDER BY shared DESC, found.published DESC, found.id DESC",
            (article_id, SIMILAR_LIMIT),
        )
        return _similar(rows)

    def comments(self, article_id: int, *, tags: Sequence[str]) -> tuple[list[CommentRecord], int]:
        """What was said about an article, oldest first, and when any of these tags last became stale (0: never)."""
        rows = self._connection.rows(
            # One row where there is no comment.
            f"SELECT {_STALE.format(2)}, c.id, c.article_id, c.member_id, m.name, c.written, c.text"
            " FROM (SELECT ?1 AS id) AS asked LEFT JOIN comment AS c ON c.article_id = asked.id"
            " LEFT JOIN member AS m ON m.id = c.member_id ORDER BY c.id",
            (article_id, _listed(tags)),
        )
        return [CommentRecord(*row[1:]) for row in rows if row[1] is not None], rows[0][0]

    def newest(self, page: Run) -> Listing:
        """One page of all articles, newest first. The page is found in the index before any row is read."""
        return self._listing("article", "status = 'published'", (), page)

    def with_term(self, kind: Kind, term: str, page: Run) -> Listing:
        """One page of the articles that carry a tag or are in a category, newest first."""
        where = f"{self._plus}kind = ? AND {self._plus}term = ?"
        return self._listing("article_term", where, (kind, term), page, id="article_id")

    def of_author(self, slug: str, page: Run) -> Listing:
        """One page of the articles of an author, newest first."""
        where = "status = 'published' AND author_id = (SELECT id FROM author WHERE slug = ?)"
        return self._listing("article", where, (slug,), page)

    def published_in(self, begin: int, end: int, page: Run) -> Listing:
        """One page of the articles published from one moment to before another (Unix seconds), newest first."""
        where = "status = 'published' AND published >= ? AND published < ?"
        return self._listing("article", where, (begin, end), page)

    def found(self, expression: str, *, limit: int, offset: int, countable: int) -> Listing:
        """One page of the articles that a search finds, best first, with the passage that fits in place of the intro.

        Args:
            expression: In the language of the index (see ``target_app.search.expression``).
            limit: Most cards.
            offset: How many better ones are left out.
            countable: Where counting ends; the total is never larger.
        """
        rows = self._connection.rows(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM article_search WHERE article_search MATCH ?1 LIMIT ?4)),"
            f" a.id, a.slug, a.title, snippet(article_search, -1, '{FOUND_BEGINS}', '{FOUND_ENDS}', '…', 32),"
            " a.published, a.card_changed, a.tags, a.figure"
            " FROM article_search JOIN article AS a ON a.id = article_search.rowid"
            " WHERE article_search MATCH ?1 ORDER BY rank LIMIT ?2 OFFSET ?3",
            (expression, limit, offset, countable),
        )
        # No date: an edit can take an article out of what is found, and what is left would look as old as it is.
        return Listing([_card(row[1:]) for row in rows], rows[0][0] if rows else 0, None)

    def revisions(self) -> dict[int, int]:
        """Id to stored revision of every article that was edited."""
        return dict(self._connection.rows("SELECT id, revision FROM article WHERE revision <> 0 ORDER BY id"))

    def terms(self, kind: Kind, tags: Sequence[str] = ()) -> Index[tuple[str, int]]:
        """Every tag or category with the number of its articles, in alphabetical order; ``tags`` as of a ``Run``."""
        rows = self._connection.rows(
            f"SELECT term, count(*), max(published), {_STALE.format(1)} FROM article_term WHERE kind = ?2"
            " GROUP BY term",
            (_listed(tags), kind),
        )
        return Index([(term, count) for term, count, _, _ in rows], _changed(rows))

    def months(self, tags: Sequence[str] = ()) -> Index[tuple[int, int, int]]:
        """(year, month, number of articles) of every month in which any was published, newest first."""
        rows = self._connection.rows(
            f"SELECT strftime('%Y-%m', published, 'unixepoch') AS month, count(*), max(published), {_STALE.format(1)}"
            " FROM article WHERE status = 'published' GROUP BY month ORDER BY month DESC",
            (_listed(tags),),
        )
        return Index([(int(month[:4]), int(month[5:]), count) for month, count, _, _ in rows], _changed(rows))

    def authors(self, tags: Sequence[str] = ()) -> Index[tuple[str, str, int]]:
        """(slug, name, number of articles) of everyone who has published any, by name."""
        rows = self._connection.rows(
            f"SELECT author.slug, author.name, count(*), max(a.published), {_STALE.format(1)}"
            " FROM article AS a JOIN author ON author.id = a.author_id"
            " WHERE a.status = 'published' GROUP BY a.author_id ORDER BY author.name, author.id",
            (_listed(tags),),
        )
        return Index([(slug, name, count) for slug, name, count, _, _ in rows], _changed(rows))

    def author(self, slug: str) -> str | None:
        """The name of an author."""
        rows = self._connection.rows("SELECT name FROM author WHERE slug = ?", (slug,))
        return rows[0][0] if rows else None

    def sitemap_parts(self) -> list[int]:
        """The numbers of the parts of the sitemap that hold any article; part n is that of the n-th run of ids."""
        rows = self._connection.rows(
            f"SELECT DISTINCT id / {SITEMAP_PART} + 1 FROM article WHERE status = 'published' ORDER BY 1"
        )
        return [number for (number,) in rows]

    def sitemap_part(self, number: int, tags: Sequence[str] = ()) -> Index[tuple[str, int]]:
        """(slug, changed) of the published articles in one part of the sitemap, by id."""
        rows = self._connection.rows(
            f"SELECT slug, changed, {_STALE.format(1)} FROM article"
            " WHERE id >= ?2 AND id < ?3 AND status = 'published' ORDER BY id",
            (_listed(tags), (number - 1) * SITEMAP_PART, number * SITEMAP_PART),
        )
        return Index([(slug, changed) for slug, changed, _ in rows], _changed(rows))

    def summaries(self, *, after: int, limit: int, drafts: bool) -> list[Summary]:
        """A run of articles by id, beginning after one.

        Args:
            after: Id; -1 for the beginning.
            limit: Most of them.
            drafts: Whether unpublished ones are among them.
        """
        published = "" if drafts else " AND a.status = 'published'"
        return self._summaries(f"a.id > ?1{published} ORDER BY a.id LIMIT ?2", (after, limit))

    def drafts(self, *, limit: int) -> list[Summary]:
        """The unpublished articles, last changed first."""
        return self._summaries("a.status <> 'published' ORDER BY a.changed DESC, a.id DESC LIMIT ?", (limit,))

    def changed_last(self, *, limit: int) -> list[Summary]:
        """The published articles that were written here or changed since they came, last changed first."""
        return self._summaries(
            "a.status = 'published' AND (a.written OR a.version > 1) ORDER BY a.changed DESC, a.id DESC LIMIT ?",
            (limit,),
            hint="INDEXED BY article_changed",  # of which SQLite knows too little: it is empty after an import
        )

    def summary(self, article_id: int) -> Summary | None:
        """One article as lists show it."""
        found = self._summaries("a.id = ?", (article_id,))
        return found[0] if found else None

    def reading_list(self, member_id: str) -> list[CardRecord]:
        """Cards of a member's reading list, in order."""
        return self._cards(
            f"SELECT {_CARD} FROM reading_list AS r JOIN article AS a ON a.id = r.article_id"
            " WHERE r.member_id = ? AND a.status = 'published' ORDER BY r.position",
            (member_id,),
        )

    def credentials(self, login: str) -> tuple[MemberRecord, str] | None:
        """The member with this login and their password hash."""
        rows = self._connection.rows(
            "SELECT id, login, name, role, password_hash FROM member WHERE login = ?", (login,)
        )
        return (MemberRecord(*rows[0][:4]), rows[0][4]) if rows else None

    def session_member(self, token_hash: bytes, now: int) -> MemberRecord | None:
        """Who a session belongs to; None when there is no such session or it has expired at ``now``."""
        rows = self._connection.rows(
            "SELECT m.id, m.login, m.name, m.role FROM session AS s JOIN member AS m ON m.id = s.member_id"
            " WHERE s.token_hash = ? AND s.expires > ?",
            (token_hash, now),
        )
        return MemberRecord(*rows[0]) if rows else None

    def _article(self, which: str, key: str | int, member_id: str) -> ArticleRecord | None:
        rows = self._connection.rows(_ARTICLE.format(hint=self._hint, which=which), (key, member_id))
        if not rows:
            return None
        row = rows[0]
        # The columns that hold JSON stand together in the SELECT.
        decoded = (from_json(column) for column in row[9:14])
        return ArticleRecord(*(*row[:4], bool(row[4]), *row[5:9], *decoded, *row[14:21], bool(row[21])))

    def _cards(self, sql: str, bindings: Sequence[Any]) -> list[CardRecord]:
        return [_card(row) for row in self._connection.rows(sql, bindings)]

    def _listing(self, table: str, where: str, bindings: Sequence[Any], page: Run, *, id: str = "id") -> Listing:
        """A page of the rows of a table that its index holds in the order of lists."""
        hint = self._hint if table == "article" else ""
        rows = self._connection.rows(
            f"SELECT (SELECT count(*) FROM {table} {hint} WHERE {where}), {_STALE.format('')}, {_CARD} FROM"
            f" (SELECT {id} AS id FROM {table} {hint} WHERE {where} ORDER BY published DESC, {id} DESC"
            "  LIMIT ? OFFSET ?) AS page JOIN article AS a USING (id) ORDER BY a.published DESC, a.id DESC",
            (*bindings, _listed(page.tags), *bindings, page.limit, page.offset),
        )
        cards = [_card(row[2:]) for row in rows]
        changed = max([rows[0][1], *(card.changed for card in cards)]) if rows else None
        return Listing(cards, rows[0][0] if rows else 0, changed)

    def _summaries(self, rest: str, bindings: Sequence[Any], *, hint: str = "") -> list[Summary]:
        rows = self._connection.rows(
            f"SELECT {_SUMMARY} FROM article AS a {hint} JOIN author ON author.id = a.author_id WHERE {rest}", bindings
        )
        return [Summary(*row) for row in rows]


def _listed(tags: Sequence[str]) -> str:
    """What ``_STALE`` is given: some tags, and the one that every page has."""
    return json.dumps([*tags, EVERYTHING])


def _changed(rows: Sequence[tuple[Any, ...]]) -> int | None:
    """When rows became what they are that end with a moment of each and one of all; None for no rows."""
    return max(rows[0][-1], *(row[-2] for row in rows)) if rows else None


def _similar(rows: Sequence[tuple[Any, ...]]) -> Similar:
    published = [_card(row[1:]) for row in rows if row[0] == "published"]
    return Similar(published, tuple(row[1] for row in rows))


def _card(row: tuple[Any, ...]) -> CardRecord:
    return CardRecord(row[0], row[1], row[2], row[3], row[4], row[5], tuple(from_json(row[6])), row[7])
