"""A SQLite database: a row for each article, for each of its terms and for each row of its meta box.

A database is written all over, which a stream cannot be: it is made beside its final place and copied there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from synth import site
from synth.corpus import Corpus
from synth.layout import Files
from synth.model import Article
from synth.record import encoded, timestamp

SCHEMA = """
CREATE TABLE articles (
  id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, profile TEXT NOT NULL, seed INTEGER NOT NULL,
  title TEXT NOT NULL, slug TEXT NOT NULL, intro TEXT NOT NULL,
  sections TEXT NOT NULL, checklist TEXT NOT NULL, images TEXT NOT NULL, -- JSON
  final_notes TEXT NOT NULL, author INTEGER NOT NULL REFERENCES authors,
  published TEXT NOT NULL, modified TEXT NOT NULL, last_reviewed TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE terms (
  article INTEGER NOT NULL REFERENCES articles, taxonomy TEXT NOT NULL, -- category or tag
  place INTEGER NOT NULL, slug TEXT NOT NULL,
  PRIMARY KEY (article, taxonomy, place)
) WITHOUT ROWID;
CREATE TABLE meta (
  article INTEGER NOT NULL REFERENCES articles, place INTEGER NOT NULL,
  key TEXT NOT NULL, value TEXT NOT NULL, -- JSON
  PRIMARY KEY (article, place)
) WITHOUT ROWID;
CREATE TABLE authors (id INTEGER PRIMARY KEY, login TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL);
"""


class Rows(NamedTuple):
    """What is made of a few articles."""

    articles: list[tuple[Any, ...]]
    terms: list[tuple[Any, ...]]
    meta: list[tuple[Any, ...]]


class Sqlite:
    """The format; see the module."""

    def make(self, articles: Iterable[Article]) -> Rows:
        """Return the rows of a few articles."""
        rows = Rows([], [], [])
        for article in articles:
            rows.articles.append(_row(article))
            for taxonomy, slugs in (("category", article.categories), ("tag", article.tags)):
                rows.terms.extend((article.id, taxonomy, place, slug) for place, slug in enumerate(slugs))
            named = enumerate(article.meta.items())
            rows.meta.extend((article.id, place, key, _json(value)) for place, (key, value) in named)
        return rows

    def write(self, parts: Iterable[Rows], corpus: Corpus, files: Files) -> None:
        """Write one file."""
        with files.open() as stream, TemporaryDirectory(dir=files.folder, prefix=".anp-") as folder:
            path = Path(folder) / "database"
            try:
                with closing(sqlite3.connect(path, isolation_level=None)) as database:
                    _fill(database, parts, corpus.seed)
            except sqlite3.OperationalError as error:
                raise OSError(str(error)) from error  # as of a full disk
            with path.open("rb") as made:
                copyfileobj(made, stream)


FORMAT = Sqlite()


def _fill(database: sqlite3.Connection, parts: Iterable[Rows], seed: int) -> None:
    # Nobody else sees it, and if it is not finished it is thrown away.
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
    database.execute("BEGIN")
    for rows in parts:
        for table, made in zip(rows._fields, rows, strict=True):
            _insert(database, table, made)
    authors = [author for (author,) in database.execute("SELECT DISTINCT author FROM articles ORDER BY author")]
    signed = (site.author(index, seed) for index in authors)
    _insert(database, "authors", [(author.index, author.login, author.name, author.email) for author in signed])
    database.execute("COMMIT")


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


def _row(article: Article) -> tuple[Any, ...]:
    return (
        article.id,
        article.revision,
        article.profile,
        article.seed,
        article.title,
        article.slug,
        article.intro,
        _json(article.sections),
        _json(article.checklist),
        _json(article.images),
        article.final_notes,
        article.author,
        timestamp(article.published),
        timestamp(article.modified),
        article.last_reviewed.isoformat(),
        article.digest,
    )


def _json(value: Any) -> str:
    return encoded(value).decode()
