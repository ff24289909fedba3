"""What the editors, the members and the sign-in write. Nothing here knows HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synth.model import Article
from target_app.database.connection import Connection
from target_app.database.rows import COLUMNS, article_row, meta_rows
from target_app.database.schema import SIMILAR_LIMIT
from target_app.records import CommentRecord, Face, Move, Place, Standing, Status, period

INSERT_ARTICLE = f"INSERT INTO article (id, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})"
INSERT_META = "INSERT INTO article_meta VALUES (?, ?, ?, ?)"
INSERT_SIMILAR = "INSERT INTO similar_article VALUES (?, ?, ?)"
_INSERT_ALL_META = "INSERT INTO article_meta SELECT ?1, key, value ->> 0, value ->> 1 FROM json_each(?2)"
_INSERT_ALL_SIMILAR = "INSERT INTO similar_article SELECT ?1, key, value FROM json_each(?2)"
"""All rows of an article in one statement: what a change costs does not depend on how long the article is."""
_UPDATE = f"UPDATE article SET {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE id = ?"
_FACE = """
SELECT a.id, a.slug, a.status, a.digest, a.title, a.intro, a.figure, a.tags, a.categories, author.slug, a.published
FROM article AS a JOIN author ON author.id = a.author_id WHERE a.id = ?
"""


def _in_place(place: Place) -> tuple[str, tuple[str | int, ...]]:
    """The rows of a list, as what follows FROM, with its bindings."""
    if place.kind in {"tag", "category"}:
        return "article_term WHERE kind = ? AND term = ?", place
    if place.kind == "author":
        return "article WHERE status = 'published' AND author_id = (SELECT id FROM author WHERE slug = ?)", (
            place.name,
        )
    if place.kind == "date":
        return "article WHERE status = 'published' AND published >= ? AND published < ?", period(place.name)
    return "article WHERE status = 'published'", ()


class Desk:
    """Write access for one thread at a time. What belongs together is written in a ``transaction``."""

    def __init__(self, path: Path, *, counted: bool = True) -> None:
        """Sit down; ``counted`` as of ``Connection``."""
        self._connection = Connection(path, writable=True, counted=counted)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is written, or nothing is."""
        with self._connection.transaction():
            yield

    # -- the site as a whole

    def site(self, name: str) -> Any:
        """A fact about the whole site; None when not recorded."""
        rows = self._connection.rows("SELECT value FROM site WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def record_site(self, name: str, value: Any) -> None:
        """Record a fact about the whole site."""
        self._connection.rows("INSERT OR REPLACE INTO site VALUES (?, ?)", (name, json.dumps(value, sort_keys=True)))

    # -- changes of articles

    def face(self, article_id: int) -> Face | None:
        """What of a stored article decides which pages show it; None when there is no such article."""
        rows = self._connection.rows(_FACE, (article_id,))
        if not rows:
            return None
        _, slug, status, digest, title, intro, figure, tags, categories, author, published = rows[0]
        terms = [("tag", each) for each in json.loads(tags)] + [("category", each) for each in json.loads(categories)]
        return Face(
            article_id,
            slug,
            status,
            digest,
            (title, slug, intro, figure, tags, published),
            frozenset(terms),
            author,
            published,
        )

    def revision(self, article_id: int) -> tuple[int, int] | None:
        """(revision, version) of a stored article; None when there is no such article."""
        rows = self._connection.rows("SELECT revision, version FROM article WHERE id = ?", (article_id,))
        return rows[0] if rows else None

    def id_of(self, slug: str) -> int | None:
        """The article that has this slug."""
        rows = self._connection.rows("SELECT id FROM article WHERE slug = ?", (slug,))
        return rows[0][0] if rows else None

    def former_slugs(self, article_id: int) -> list[str]:
        """The slugs that an article had before."""
        rows = self._connection.rows("SELECT slug FROM former_slug WHERE article_id = ?", (article_id,))
        return [slug for (slug,) in rows]

    def new_id(self) -> int:
        """An id that no article has or had; it is taken when an article is created with it."""
        ((last,),) = self._connection.rows("SELECT coalesce(max(id), 0) FROM article")
        return max(int(last), self.site("last_id") or 0) + 1

    def author_named(self, slug: str, name: str) -> int:
        """The number of the author with this slug, who is added when there is none."""
        rows = self._connection.rows("SELECT id FROM author WHERE slug = ?", (slug,))
        if not rows:
            rows = self._connection.rows(
                "INSERT INTO author SELECT coalesce(max(id), 0) + 1, ?, ? FROM author RETURNING id", (name, slug)
            )
        return int(rows[0][0])

    def create_article(self, article: Article, status: Status, *, author_id: int, now: int) -> int | None:
        """Store an article that was written here, and give the one whose former slug it has taken, if it was any's."""
        row = article_row(article, status, author_id, version=1, written=True, changed=now)
        self._connection.rows(INSERT_ARTICLE, (article.id, *row))
        self._add_meta(article)
        self._connection.rows(_INSERT_ALL_SIMILAR, (article.id, json.dumps(self._related(article))))
        self.record_site("last_id", article.id)
        if status == "published":
            self._show(article.id)
        return self._take_slug(article.slug)

    def replace_article(
        self, article: Article, *, status: Status, author_id: int | None, written: bool, now: int
    ) -> int | None:
        """Put another text, or another status, in the place of a stored article's.

        Args:
            article: With the id of a stored one.
            status: From now on.
            author_id: None leaves the author.
            written: Whether the text was written here, and is not that of the corpus.
            now: Unix seconds.

        Returns:
            The article whose former slug it has taken, if it was any's.
        """
        ((before, version, author, card_changed, *card),) = self._connection.rows(
            "SELECT status, version, author_id, card_changed, slug, title, intro, figure, tags, published FROM article"
            " WHERE id = ?",
            (article.id,),
        )
        if before == "published":
            self._hide(article.id)
        row = article_row(
            article,
            status,
            author if author_id is None else author_id,
            version=version + 1,
            written=written,
            changed=now,
        )
        named = dict(zip(COLUMNS, row, strict=True))
        if (before, *card) == (
            status, *(named[each] for each in ("slug", "title", "intro", "figure", "tags", "published"))
        ):  # fmt: skip
            named["card_changed"] = card_changed
        self._connection.rows(_UPDATE, (*named.values(), article.id))
        self._connection.rows("DELETE FROM article_meta WHERE article_id = ?", (article.id,))
        self._add_meta(article)
        if status == "published":
            self._show(article.id)
        slug = card[0]
        if slug == article.slug:
            return None
        self._connection.rows("INSERT OR REPLACE INTO former_slug VALUES (?, ?)", (slug, article.id))
        return self._take_slug(article.slug)

    def set_status(self, article_id: int, status: Status, *, now: int) -> None:
        """Publish or unpublish a stored article that is not so already."""
        if status == "draft":
            self._hide(article_id)
        self._connection.rows(
            "UPDATE article SET status = ?, version = version + 1, changed = ?, card_changed = ? WHERE id = ?",
            (status, now, now, article_id),
        )
        if status == "published":
            self._show(article_id)

    def delete_article(self, article_id: int) -> None:
        """Forget an article with all that hangs on it; its id is never used again."""
        ((status,),) = self._connection.rows("SELECT status FROM article WHERE id = ?", (article_id,))
        if status == "published":
            self._hide(article_id)
        self.record_site("last_id", max(article_id, self.site("last_id") or 0))
        self._connection.rows("DELETE FROM article WHERE id = ?", (article_id,))

    def outdate(self, tags: Iterable[str], *, now: int) -> None:
        """Write down that all pages with any of these tags are stale from the end of this transaction on."""
        self._connection.rows(
            "INSERT INTO generation SELECT value, (SELECT coalesce(max(number), 0) + 1 FROM generation), ?"
            " FROM json_each(?) WHERE true"
            " ON CONFLICT (tag) DO UPDATE SET number = excluded.number, moment = excluded.moment",
            (now, json.dumps(sorted(set(tags)))),
        )

    # -- members

    def standings(self, article_id: int, moves: Sequence[Move]) -> list[Standing]:
        """Where an article stands in lists that it came into, left, or moved in."""
        if not moves:
            return []
        parts, bindings = [], []
        for number, (place, published, _) in enumerate(moves):
            rows, names = _in_place(place)
            article = "article_id" if place.kind in {"tag", "category"} else "id"
            parts.append(
                f"SELECT {number}, count(*) FILTER (WHERE (published, {article}) > (?, ?)), count(*) FROM {rows}"
            )
            bindings += [published, article_id, *names]
        return [Standing(*row[1:]) for row in sorted(self._connection.rows(" UNION ALL ".join(parts), bindings))]

    def add_comment(self, article_id: int, member_id: str, text: str, *, now: int) -> int:
        """Store a comment and give its id."""
        rows = self._connection.rows(
            "INSERT INTO comment (article_id, member_id, written, text) VALUES (?, ?, ?, ?) RETURNING id",
            (article_id, member_id, now, text),
        )
        return int(rows[0][0])

    def comment(self, comment_id: int) -> CommentRecord | None:
        """One comment."""
        rows = self._connection.rows(
            "SELECT c.id, c.article_id, c.member_id, m.name, c.written, c.text FROM comment AS c"
            " JOIN member AS m ON m.id = c.member_id WHERE c.id = ?",
            (comment_id,),
        )
        return CommentRecord(*rows[0]) if rows else None

    def delete_comment(self, comment_id: int) -> None:
        """Forget a comment."""
        self._connection.rows("DELETE FROM comment WHERE id = ?", (comment_id,))

    def keep(self, member_id: str, article_id: int) -> None:
        """Put an article at the end of a member's reading list, unless it is in it."""
        self._connection.rows(
            "INSERT OR IGNORE INTO reading_list SELECT ?1, coalesce(max(position), -1) + 1, ?2 FROM reading_list"
            " WHERE member_id = ?1",
            (member_id, article_id),
        )

    def drop(self, member_id: str, article_id: int) -> None:
        """Take an article out of a member's reading list."""
        self._connection.rows(
            "DELETE FROM reading_list WHERE member_id = ? AND article_id = ?", (member_id, article_id)
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

    # -- what belongs to an article, and what shows it

    def _take_slug(self, slug: str) -> int | None:
        """Let a slug that an article has now be no other's former one; gives whose it was."""
        rows = self._connection.rows("DELETE FROM former_slug WHERE slug = ? RETURNING article_id", (slug,))
        return int(rows[0][0]) if rows else None

    def _add_meta(self, article: Article) -> None:
        entries = [(key, value) for _, _, key, value in meta_rows(article)]
        self._connection.rows(_INSERT_ALL_META, (article.id, json.dumps(entries)))

    def _show(self, article_id: int) -> None:
        """Make a published article findable: by its words, its tags and its categories."""
        self._connection.rows(
            "INSERT INTO article_term SELECT kind, each.value, a.published, a.id FROM article AS a,"
            " (SELECT 'tag' AS kind UNION ALL SELECT 'category'),"
            " json_each(CASE kind WHEN 'tag' THEN a.tags ELSE a.categories END) AS each WHERE a.id = ?",
            (article_id,),
        )
        self._index([article_id])

    def _hide(self, article_id: int) -> None:
        # The index keeps no text: it must be told the old words while they can still be read.
        self._connection.rows(
            "INSERT INTO article_search (article_search, rowid, title, summary, body, topic)"
            " SELECT 'delete', id, title, summary, body, topic FROM article_text WHERE id = ?",
            (article_id,),
        )
        self._connection.rows("DELETE FROM article_term WHERE article_id = ?", (article_id,))

    def _index(self, ids: Iterable[int]) -> None:
        self._connection.run_many(
            "INSERT INTO article_search (rowid, title, summary, body, topic)"
            " SELECT id, title, summary, body, topic FROM article_text WHERE id = ?",
            ((one,) for one in ids),
        )

    def _related(self, article: Article) -> list[int]:
        """The published articles that share most tags with one, the newest first among equals."""
        rows = self._connection.rows(
            "SELECT article_id FROM article_term WHERE kind = 'tag' AND term IN (SELECT value FROM json_each(?))"
            " AND article_id <> ? GROUP BY article_id ORDER BY count(*) DESC, max(published) DESC, article_id DESC"
            " LIMIT ?",
            (json.dumps(article.tags), article.id, SIMILAR_LIMIT),
        )
        return [other for (other,) in rows]
