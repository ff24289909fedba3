"""The site's one SQLite file: schema, identity, and every SQL statement there is.

Readers get one read-only connection and writers another; both count their statements where the driver runs them.
Nothing here knows HTTP.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import apsw

from synth.model import Article
from target_app.accounting import charge_seconds, count_statement
from target_app.errors import DatabaseFileError
from target_app.records import FOUND_BEGINS, FOUND_ENDS, ArticleRecord, CardRecord, Listing, MemberRecord

APPLICATION_ID = 0x616E7031
"""``anp1`` in ASCII: what marks a SQLite file as ours."""
FORMAT = 2
"""Version of the schema, kept in ``user_version``."""
SIMILAR_LIMIT = 4

_SCHEMA = f"""
CREATE TABLE site (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE author (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE article (
    id            INTEGER PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    revision      INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    title         TEXT NOT NULL,
    intro         TEXT NOT NULL,
    figure        TEXT,              -- caption of the first figure
    tags          TEXT NOT NULL,     -- JSON list
    published     INTEGER NOT NULL,  -- Unix seconds, as are the next two
    changed       INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    last_reviewed TEXT NOT NULL,
    author_id     INTEGER NOT NULL REFERENCES author,
    categories    TEXT NOT NULL,     -- JSON list
    checklist     TEXT NOT NULL,     -- JSON list
    images        TEXT NOT NULL,     -- JSON list of {{source, url, caption}}
    final_notes   TEXT NOT NULL,
    sections      TEXT NOT NULL      -- JSON list of {{heading, paragraphs, code}}
) STRICT;
CREATE INDEX article_by_date ON article (published DESC, id DESC);
CREATE INDEX article_edited ON article (id, revision) WHERE revision <> 0;

CREATE TABLE article_meta (
    article_id INTEGER NOT NULL REFERENCES article,
    position   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,        -- JSON
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE VIEW article_text AS          -- what a search looks through
SELECT a.id,
       a.title,
       a.intro || char(10) || (
           SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'summary'
       ) AS summary,
       (SELECT group_concat(atom, char(10)) FROM json_tree(a.sections) WHERE type = 'text') || char(10)
           || (SELECT group_concat(value, char(10)) FROM json_each(a.checklist)) || char(10) || a.final_notes AS body,
       (SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'topic') || char(10)
           || (SELECT group_concat(value, char(10)) FROM json_each(a.tags)) AS topic
FROM article AS a;

-- The words alone: the text stays where it is, and is read through the view for the passages shown. FTS5 looks single
-- articles up through it but does not walk it, so that its own "rebuild" cannot be used.
CREATE VIRTUAL TABLE article_search USING fts5 (
    title, summary, body, topic,
    content = article_text, content_rowid = id, tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO article_search (article_search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 1.0)');

CREATE TABLE article_tag (
    tag        TEXT NOT NULL,
    published  INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES article,
    PRIMARY KEY (tag, published DESC, article_id DESC)
) STRICT, WITHOUT ROWID;

CREATE TABLE similar_article (
    article_id INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    similar_id INTEGER NOT NULL,
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    id            TEXT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_list (
    member_id  TEXT NOT NULL REFERENCES member,
    position   INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    PRIMARY KEY (member_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    member_id  TEXT NOT NULL REFERENCES member,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires);

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""

_CARD = "a.id, a.slug, a.title, a.intro, a.published, a.changed, a.tags, a.figure"

_ARTICLE = """
SELECT a.id, a.slug, a.revision, a.digest, a.title, a.intro, a.sections, a.checklist, a.images, a.categories, a.tags,
       a.final_notes, author.name, a.published, a.modified, a.last_reviewed, a.changed
FROM article AS a JOIN author ON author.id = a.author_id
WHERE a.slug = ?
"""


class Connection:
    """One connection whose statements are counted by the driver and timed here."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open an existing file.

        Raises:
            DatabaseFileError: There is no such file, or it is not a database of this site and format.
        """
        _refuse_folder(path)
        flags = apsw.SQLITE_OPEN_READWRITE
        try:
            self._connection = apsw.Connection(str(path), flags=flags)
        except apsw.CantOpenError:
            raise DatabaseFileError(
                f"cannot open database {path}; create it with: anp serve --articles N --db {path}"
            ) from None
        self._connection.set_busy_timeout(5000)
        try:
            application_id = self._connection.pragma("application_id")
            version = self._connection.pragma("user_version")
        except apsw.Error as error:
            self._connection.close()
            raise DatabaseFileError(f"{path} cannot be read as a database ({error}); name another file") from None
        if application_id != APPLICATION_ID:
            self._connection.close()
            raise DatabaseFileError(f"{path} is a database of another program; name another file")
        if version != FORMAT:
            self._connection.close()
            raise DatabaseFileError(f"{path} has format {version}, this version reads {FORMAT}; name a new file")
        self._connection.pragma("synchronous", "NORMAL")
        self._connection.pragma("foreign_keys", "ON")
        self._connection.pragma("mmap_size", 256 * 2**20)
        self._connection.pragma("cache_size", -64_000)
        self._connection.pragma("temp_store", "MEMORY")
        if writable:
            self._connection.pragma("journal_mode", "WAL")
        else:
            self._connection.pragma("query_only", "ON")
        self._connection.exec_trace = self._count

    @staticmethod
    def _count(_cursor: apsw.Cursor, sql: str, _bindings: Any) -> bool:
        count_statement(sql)
        return True

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement to its end and give all rows."""
        begun = time.perf_counter()
        try:
            return self._connection.execute(sql, bindings).fetchall()
        finally:
            charge_seconds(time.perf_counter() - begun)

    def run_many(self, sql: str, bindings: Iterable[Sequence[Any]]) -> None:
        """Run one statement once per row of bindings."""
        self._connection.executemany(sql, bindings)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write lock first, then everything or nothing."""
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.rows("ROLLBACK")
            raise
        self.rows("COMMIT")

    def pragma(self, name: str, value: str | None = None) -> Any:
        """Read or set a pragma."""
        return self._connection.pragma(name, value) if value is not None else self._connection.pragma(name)

    def close(self) -> None:
        """Close; the connection is of no use afterwards."""
        self._connection.close()


def prepare(path: Path) -> None:
    """Make sure that there is a database at ``path``, giving an absent or empty one the schema of this site.

    Schema and identity are one transaction, so that whenever this is interrupted the file is still empty or is ours.
    A file that holds anything is left alone.

    Raises:
        DatabaseFileError: The path is a folder, or its folder is missing or may not be written.
    """
    _refuse_folder(path)
    try:
        with closing(apsw.Connection(str(path))) as connection:
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]:
                with connection:
                    connection.execute(_SCHEMA)
    except apsw.NotADBError:
        return  # opening it as ours says what is wrong
    except apsw.Error as error:
        raise DatabaseFileError(f"cannot create database {path} ({error}); name a writable folder") from None


def _refuse_folder(path: Path) -> None:
    if path.is_dir():  # the driver would only say that it cannot open it
        raise DatabaseFileError(f"{path} is a folder; name a file in it, such as {path / 'anp.sqlite'}")


class Library:
    """What pages and the sign-in read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = Connection(path, writable=False)
        self._inode = path.stat().st_ino

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def site(self, name: str) -> Any:
        """A fact about the whole site (``corpus``, ``members``, ``complete``); None when not recorded."""
        rows = self._connection.rows("SELECT value FROM site WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def check(self) -> None:
        """Find out whether pages can be made.

        Raises:
            DatabaseFileError: The file is gone, was replaced, or cannot be read.
        """
        try:
            if self._path.stat().st_ino != self._inode:
                raise DatabaseFileError(f"database {self._path} was replaced; restart the site")
            self._connection.rows("SELECT id FROM article LIMIT 1")
        except FileNotFoundError:
            raise DatabaseFileError(f"database {self._path} is gone; restore it and restart the site") from None
        except apsw.Error as error:
            raise DatabaseFileError(f"database {self._path} cannot be read ({error}); restore it") from None

    def count(self) -> int:
        """How many articles there are."""
        return int(self._connection.rows("SELECT count(*) FROM article")[0][0])

    def article(self, slug: str) -> ArticleRecord | None:
        """The article with this slug, without its meta box."""
        rows = self._connection.rows(_ARTICLE, (slug,))
        return _article(rows[0]) if rows else None

    def meta(self, article_id: int) -> dict[str, Any]:
        """The meta box in its order, fetched with one statement."""
        rows = self._connection.rows(
            "SELECT key, value FROM article_meta WHERE article_id = ? ORDER BY position", (article_id,)
        )
        return {key: json.loads(value) for key, value in rows}

    def meta_per_key(self, article_id: int) -> dict[str, Any]:
        """The same meta box, fetched as careless code would: the positions, then one statement for every key."""
        positions = self._connection.rows(
            "SELECT position FROM article_meta WHERE article_id = ? ORDER BY position", (article_id,)
        )
        meta = {}
        for (position,) in positions:
            ((key, value),) = self._connection.rows(
                "SELECT key, value FROM article_meta WHERE article_id = ? AND position = ?", (article_id, position)
            )
            meta[key] = json.loads(value)
        return meta

    def similar(self, article_id: int) -> list[CardRecord]:
        """Cards of the similar posts stored at import."""
        return self._cards(
            f"SELECT {_CARD} FROM similar_article AS s JOIN article AS a ON a.id = s.similar_id"
            " WHERE s.article_id = ? ORDER BY s.position",
            (article_id,),
        )

    def cards(self, ids: Sequence[int]) -> list[CardRecord]:
        """Cards of these articles, in the order asked."""
        return self._cards(
            f"SELECT {_CARD} FROM json_each(?) AS wanted JOIN article AS a ON a.id = wanted.value ORDER BY wanted.key",
            (json.dumps(list(ids)),),
        )

    def newest(self, *, limit: int, offset: int = 0) -> Listing:
        """One page of all articles, newest first. The page is found in the index before any row is read."""
        return self._listing(
            f"SELECT (SELECT count(*) FROM article), {_CARD} FROM"
            " (SELECT id FROM article ORDER BY published DESC, id DESC LIMIT ? OFFSET ?) AS page"
            " JOIN article AS a USING (id) ORDER BY a.published DESC, a.id DESC",
            (limit, offset),
        )

    def tagged(self, tag: str, *, limit: int, offset: int = 0) -> Listing:
        """One page of the articles that carry a tag, newest first."""
        return self._listing(
            f"SELECT (SELECT count(*) FROM article_tag WHERE tag = ?1), {_CARD} FROM"
            " (SELECT article_id FROM article_tag WHERE tag = ?1"
            "  ORDER BY published DESC, article_id DESC LIMIT ?2 OFFSET ?3) AS page"
            " JOIN article AS a ON a.id = page.article_id ORDER BY a.published DESC, a.id DESC",
            (tag, limit, offset),
        )

    def found(self, expression: str, *, limit: int, offset: int, countable: int) -> Listing:
        """One page of the articles that a search finds, best first, with the passage that fits in place of the intro.

        Args:
            expression: In the language of the index (see ``target_app.search.expression``).
            limit: Most cards.
            offset: How many better ones are left out.
            countable: Where counting ends; the total is never larger.
        """
        return self._listing(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM article_search WHERE article_search MATCH ?1 LIMIT ?4)),"
            f" a.id, a.slug, a.title, snippet(article_search, -1, '{FOUND_BEGINS}', '{FOUND_ENDS}', '…', 32),"
            " a.published, a.changed, a.tags, a.figure"
            " FROM article_search JOIN article AS a ON a.id = article_search.rowid"
            " WHERE article_search MATCH ?1 ORDER BY rank LIMIT ?2 OFFSET ?3",
            (expression, limit, offset, countable),
        )

    def revisions(self) -> dict[int, int]:
        """Id to stored revision of every article that was edited."""
        return dict(self._connection.rows("SELECT id, revision FROM article WHERE revision <> 0 ORDER BY id"))

    def tags(self) -> list[tuple[str, int]]:
        """Every tag with the number of its articles, in alphabetical order."""
        return [(tag, n) for tag, n in self._connection.rows("SELECT tag, count(*) FROM article_tag GROUP BY tag")]

    def slugs(self, *, limit: int, offset: int) -> list[tuple[str, int]]:
        """(slug, changed) of a run of articles by id."""
        return [
            (slug, changed)
            for slug, changed in self._connection.rows(
                "SELECT slug, changed FROM article ORDER BY id LIMIT ? OFFSET ?", (limit, offset)
            )
        ]

    def reading_list(self, member_id: str) -> list[CardRecord]:
        """Cards of a member's reading list, in order."""
        return self._cards(
            f"SELECT {_CARD} FROM reading_list AS r JOIN article AS a ON a.id = r.article_id"
            " WHERE r.member_id = ? ORDER BY r.position",
            (member_id,),
        )

    def credentials(self, login: str) -> tuple[MemberRecord, str] | None:
        """The member with this login and their password hash."""
        rows = self._connection.rows("SELECT id, login, name, password_hash FROM member WHERE login = ?", (login,))
        return (MemberRecord(*rows[0][:3]), rows[0][3]) if rows else None

    def session_member(self, token_hash: bytes, now: int) -> MemberRecord | None:
        """Who a session belongs to; None when there is no such session or it has expired at ``now``."""
        rows = self._connection.rows(
            "SELECT m.id, m.login, m.name FROM session AS s JOIN member AS m ON m.id = s.member_id"
            " WHERE s.token_hash = ? AND s.expires > ?",
            (token_hash, now),
        )
        return MemberRecord(*rows[0]) if rows else None

    def _cards(self, sql: str, bindings: Sequence[Any]) -> list[CardRecord]:
        return [_card(row) for row in self._connection.rows(sql, bindings)]

    def _listing(self, sql: str, bindings: Sequence[Any]) -> Listing:
        rows = self._connection.rows(sql, bindings)
        return Listing([_card(row[1:]) for row in rows], rows[0][0] if rows else 0)


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A member as the import writes them."""

    id: str
    login: str
    name: str
    email: str
    password_hash: str
    reading_list: tuple[int, ...]


class Desk:
    """What the import, the editor and the sign-in write."""

    def __init__(self, path: Path) -> None:
        self._connection = Connection(path, writable=True)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is written, or nothing is."""
        with self._connection.transaction():
            yield

    def site(self, name: str) -> Any:
        """A fact about the whole site; None when not recorded."""
        rows = self._connection.rows("SELECT value FROM site WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def record_site(self, name: str, value: Any) -> None:
        """Record a fact about the whole site."""
        self._connection.rows("INSERT OR REPLACE INTO site VALUES (?, ?)", (name, json.dumps(value, sort_keys=True)))

    def complete(self) -> None:
        """Mark the import as finished, and measure the tables for the query planner, which is part of it."""
        with self._connection.transaction():
            self.record_site("complete", True)
            self._connection.rows("ANALYZE")

    def progress(self) -> tuple[int, int]:
        """(articles, members) stored so far."""
        ((articles, members),) = self._connection.rows(
            "SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM member)"
        )
        return articles, members

    def add_articles(
        self,
        articles: Sequence[Article],
        *,
        author_name: Callable[[int], str],
        similar: Callable[[int], Sequence[int]],
    ) -> None:
        """Insert new articles with their authors, meta rows, tags and similar posts."""
        self._connection.run_many(
            "INSERT OR IGNORE INTO author VALUES (?, ?)",
            [(index, author_name(index)) for index in {article.author for article in articles}],
        )
        self._connection.run_many(
            "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_article_row(article, changed=epoch(article.modified)) for article in articles],
        )
        self._connection.run_many(
            "INSERT INTO article_meta VALUES (?, ?, ?, ?)", (row for article in articles for row in _meta_rows(article))
        )
        self._connection.run_many(
            "INSERT INTO article_tag VALUES (?, ?, ?)",
            ((tag, epoch(article.published), article.id) for article in articles for tag in article.tags),
        )
        self._connection.run_many(
            "INSERT INTO similar_article VALUES (?, ?, ?)",
            (
                (article.id, position, other)
                for article in articles
                for position, other in enumerate(similar(article.id)[:SIMILAR_LIMIT])
            ),
        )
        self._index(article.id for article in articles)

    def replace_article(self, article: Article, *, changed: int) -> None:
        """Put another revision of a stored article in its place; ``changed`` is now, in Unix seconds."""
        # The index keeps no text: it must be told the old words while they can still be read.
        self._connection.rows(
            "INSERT INTO article_search (article_search, rowid, title, summary, body, topic)"
            " SELECT 'delete', id, title, summary, body, topic FROM article_text WHERE id = ?",
            (article.id,),
        )
        self._connection.rows("DELETE FROM article_meta WHERE article_id = ?", (article.id,))
        self._connection.rows("DELETE FROM article_tag WHERE article_id = ?", (article.id,))
        self._connection.rows("DELETE FROM article WHERE id = ?", (article.id,))
        self._connection.rows(
            "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _article_row(article, changed=changed),
        )
        self._connection.run_many("INSERT INTO article_meta VALUES (?, ?, ?, ?)", _meta_rows(article))
        self._connection.run_many(
            "INSERT INTO article_tag VALUES (?, ?, ?)",
            [(tag, epoch(article.published), article.id) for tag in article.tags],
        )
        self._index([article.id])

    def _index(self, ids: Iterable[int]) -> None:
        """Make stored articles findable."""
        self._connection.run_many(
            "INSERT INTO article_search (rowid, title, summary, body, topic)"
            " SELECT id, title, summary, body, topic FROM article_text WHERE id = ?",
            ((one,) for one in ids),
        )

    def article_revision(self, article_id: int) -> int | None:
        """The stored revision of an article, None when there is no such article."""
        rows = self._connection.rows("SELECT revision FROM article WHERE id = ?", (article_id,))
        return rows[0][0] if rows else None

    def add_members(self, members: Iterable[StoredMember]) -> None:
        """Insert members with their reading lists."""
        members = list(members)
        self._connection.run_many(
            "INSERT INTO member VALUES (?, ?, ?, ?, ?)",
            [(m.id, m.login, m.name, m.email, m.password_hash) for m in members],
        )
        self._connection.run_many(
            "INSERT INTO reading_list VALUES (?, ?, ?)",
            [(m.id, position, article_id) for m in members for position, article_id in enumerate(m.reading_list)],
        )

    def open_session(self, token_hash: bytes, member_id: str, expires: int) -> None:
        """Record a session."""
        self._connection.rows("INSERT INTO session VALUES (?, ?, ?)", (token_hash, member_id, expires))

    def forget_sessions(self, *, expired_at: int, limit: int = 32) -> None:
        """Delete sessions that have expired, no more at once than ``limit``."""
        self._connection.rows(
            "DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE expires <= ? LIMIT ?)",
            (expired_at, limit),
        )

    def close_session(self, token_hash: bytes) -> None:
        """Forget a session; an unknown one is already forgotten."""
        self._connection.rows("DELETE FROM session WHERE token_hash = ?", (token_hash,))


def epoch(moment: datetime) -> int:
    """Unix seconds of a moment; one without a zone is in UTC."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _article_row(article: Article, *, changed: int) -> tuple[Any, ...]:
    reviewed: date = article.last_reviewed
    return (
        article.id,
        article.slug,
        article.revision,
        article.digest,
        article.title,
        article.intro,
        article.images[0].caption if article.images else None,
        _dump(article.tags),
        epoch(article.published),
        changed,
        epoch(article.modified),
        reviewed.isoformat(),
        article.author,
        _dump(article.categories),
        _dump(article.checklist),
        _dump([{"source": i.source, "url": i.url, "caption": i.caption} for i in article.images]),
        article.final_notes,
        _dump(
            [
                {
                    "heading": section.heading,
                    "paragraphs": section.paragraphs,
                    "code": section.code and {"language": section.code.language, "text": section.code.text},
                }
                for section in article.sections
            ]
        ),
    )


def _meta_rows(article: Article) -> list[tuple[int, int, str, str]]:
    return [(article.id, position, key, _dump(value)) for position, (key, value) in enumerate(article.meta.items())]


def _article(row: tuple[Any, ...]) -> ArticleRecord:
    # The columns that hold JSON stand together in the SELECT.
    return ArticleRecord(*row[:6], *(json.loads(column) for column in row[6:11]), *row[11:])


def _card(row: tuple[Any, ...]) -> CardRecord:
    return CardRecord(row[0], row[1], row[2], row[3], row[4], row[5], tuple(json.loads(row[6])), row[7])
