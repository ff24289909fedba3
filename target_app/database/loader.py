"""What an import writes: many rows at once. Nothing here knows where they come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from operator import attrgetter
from pathlib import Path

from synth import Corpus
from synth.people import Author
from target_app.database.connection import Connection
from target_app.database.desk import INSERT_ARTICLE, INSERT_META, INSERT_SIMILAR, Desk
from target_app.database.rows import Rows, similar_rows
from target_app.database.schema import SIMILAR_LIMIT

LOG_PAGES = 48_000
"""So many pages the write-ahead log may have before the import waits for all of them to be in the file itself."""
PAGES_KEPT = 128 * 2**20
"""Bytes of the file that the import keeps at hand."""
WORDS_KEPT = 32 * 2**20
"""Bytes of words that the search index collects before it writes them, in larger runs that need less merging."""
WORDS_KEPT_AFTERWARDS = 2**20
"""What FTS5 does by itself, and does again when all is imported."""
WINDOW = 64
"""So many of the newest articles of a tag may become similar posts of the others that carry it."""

_INSERT_TEXT = "INSERT INTO article_search (rowid, title, summary, body, topic) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A member as the import writes them."""

    id: str
    login: str
    name: str
    email: str
    role: str
    password_hash: str
    reading_list: tuple[int, ...]


class Loader(Desk):
    """The desk of an import. What belongs together is written in a ``transaction``."""

    def __init__(self, path: Path) -> None:
        """Sit down."""
        super().__init__(path, counted=False)
        self._connection.pragma("wal_autocheckpoint", "0")
        self._connection.pragma("cache_size", str(-PAGES_KEPT // 1024))
        self._log = _Log(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See ``Desk``; what was written is then moved to the file itself, beside what is written next."""
        with super().transaction():
            yield
        self._log.empty(self._connection)

    def close(self) -> None:
        """See ``Desk``."""
        self._log.close()
        super().close()

    def collect_words(self, size: int = WORDS_KEPT) -> None:
        """Have the search index collect so many bytes of words before it writes them; the file remembers it."""
        if self._connection.rows("SELECT v FROM article_search_config WHERE k = 'hashsize'") != [(size,)]:
            self._connection.rows("INSERT INTO article_search (article_search, rank) VALUES ('hashsize', ?)", (size,))

    def record_corpus(self, corpus: Corpus) -> None:
        """Record whose articles these are, and by its digest the version of the synthesizer that made them."""
        self.record_site("corpus", corpus.to_dict())
        self.record_site("digest", corpus.digest)

    def progress(self) -> tuple[int, int]:
        """(articles, members) stored so far."""
        ((articles, members),) = self._connection.rows(
            "SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM member)"
        )
        return articles, members

    def id_at(self, place: int) -> int:
        """The id of the article at a place in the order of ids, from 0."""
        ((found,),) = self._connection.rows("SELECT id FROM article ORDER BY id LIMIT 1 OFFSET ?", (place,))
        return int(found)

    def add_articles(self, batch: Sequence[Rows], *, author: Callable[[int], Author]) -> None:
        """Insert new articles with their authors, meta rows, terms and similar posts, and make them findable."""
        self._add_authors(author(index) for index in sorted(set(chain.from_iterable(rows.authors for rows in batch))))
        self._add(INSERT_ARTICLE, batch, "articles")
        self._add(INSERT_META, batch, "meta")
        # Their places are all over the table: in its order, neighbours are found at hand.
        terms = sorted(chain.from_iterable(rows.terms for rows in batch))
        self._connection.run_many("INSERT INTO article_term VALUES (?, ?, ?, ?)", terms)
        self._add(INSERT_SIMILAR, batch, "similar")
        self._add(_INSERT_TEXT, batch, "texts")
        self._index(chain.from_iterable(rows.others for rows in batch))

    def _add(self, sql: str, batch: Sequence[Rows], table: str) -> None:
        self._connection.run_many(sql, chain.from_iterable(map(attrgetter(table), batch)))

    def _add_authors(self, authors: Iterable[Author]) -> None:
        self._connection.run_many(
            "INSERT OR IGNORE INTO author VALUES (?, ?, ?)", [(one.index, one.name, one.login) for one in authors]
        )

    def add_members(self, members: Iterable[StoredMember]) -> None:
        """Insert members with their reading lists."""
        members = list(members)
        self._connection.run_many(
            "INSERT INTO member VALUES (?, ?, ?, ?, ?, ?)",
            [(m.id, m.login, m.name, m.email, m.role, m.password_hash) for m in members],
        )
        self._connection.run_many(
            "INSERT INTO reading_list VALUES (?, ?, ?)",
            [(m.id, position, article_id) for m in members for position, article_id in enumerate(m.reading_list)],
        )

    def relate(self) -> None:
        """Make those the similar posts of each article that share most tags with it, the newest first among equals.

        Only the newest of each tag are looked at: had all that carry a tag to be compared with all that do, a site of
        twice as many articles would take four times as long.
        """
        tags: dict[int, frozenset[str]] = {}
        rank: dict[int, tuple[int, int]] = {}
        newest: dict[str, list[int]] = {}
        for (term,) in self._connection.rows("SELECT DISTINCT term FROM article_term WHERE kind = 'tag'"):
            newest[term] = []
            for article_id, published, listed in self._connection.rows(
                "SELECT a.id, a.published, a.tags FROM (SELECT article_id AS id FROM article_term WHERE kind = 'tag'"
                "  AND term = ? ORDER BY published DESC, article_id DESC LIMIT ?) JOIN article AS a USING (id)",
                (term, WINDOW),
            ):
                newest[term].append(article_id)
                tags[article_id], rank[article_id] = frozenset(json.loads(listed)), (published, article_id)
        self._connection.rows("DELETE FROM similar_article")
        after = -1
        while rows := self._connection.rows(
            "SELECT id, tags FROM article WHERE id > ? ORDER BY id LIMIT 1000", (after,)
        ):
            for article_id, listed in rows:
                own = frozenset(json.loads(listed))
                near = {one for tag in own for one in newest[tag]} - {article_id}
                best = nlargest(SIMILAR_LIMIT, near, key=lambda one: (len(own & tags[one]), rank[one]))
                self._connection.run_many(INSERT_SIMILAR, similar_rows(article_id, best))
            after = rows[-1][0]

    def complete(self) -> None:
        """Mark the import as finished, and measure the tables for the query planner, which is part of it."""
        self.collect_words(WORDS_KEPT_AFTERWARDS)
        self.record_site("complete", True)
        self._connection.rows("ANALYZE")


class _Log:
    """The write-ahead log of a file, emptied by a thread of its own.

    SQLite would have the writer do it, who waits for the disk then.
    """

    def __init__(self, path: Path) -> None:
        self._connection = Connection(path, writable=True, counted=False)
        self._thread = ThreadPoolExecutor(1)
        self._emptied = self._thread.submit(int)

    def empty(self, writer: Connection) -> None:
        """Begin to, unless it is under way already; ``writer`` has just written."""
        if not self._emptied.done():
            return
        if self._emptied.result() > LOG_PAGES:
            # While pages are added, those that were moved keep their places.
            writer.checkpoint(wait=True)
        self._emptied = self._thread.submit(self._connection.checkpoint)

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()
        self._connection.close()
