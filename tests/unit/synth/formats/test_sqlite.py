"""A database holds the whole record, and queries find their way in it."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from synth import Article, Corpus, people
from synth.export import export
from tests.unit.synth.formats.material import CORPORA, corpora, file, plain, worst

NESTED = ("sections", "checklist", "images")


@contextmanager
def opened(content: bytes) -> Iterator[sqlite3.Connection]:
    """Open a database that is in memory."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        database.row_factory = sqlite3.Row
        yield database


def records(database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the records of a database, put together again."""
    found = []
    for row in database.execute("SELECT * FROM articles ORDER BY id"):
        values = dict(row) | {name: json.loads(row[name]) for name in NESTED}
        for name, taxonomy in (("categories", "category"), ("tags", "tag")):
            terms = database.execute(
                "SELECT slug FROM terms WHERE article = ? AND taxonomy = ? ORDER BY place", (row["id"], taxonomy)
            )
            values[name] = [slug for (slug,) in terms]
        box = database.execute("SELECT key, value FROM meta WHERE article = ? ORDER BY place", (row["id"],))
        values["meta"] = {key: json.loads(value) for key, value in box}
        found.append(values)
    return found


def check(articles: Sequence[Article], content: bytes) -> None:
    """Check that a database is sound and holds articles, each whole."""
    with opened(content) as database:
        assert [tuple(row) for row in database.execute("PRAGMA integrity_check")] == [("ok",)]
        assert list(database.execute("PRAGMA foreign_key_check")) == []
        found = records(database)
        expected = [plain(article) for article in articles]
        assert found == expected
        assert [list(row["meta"]) for row in found] == [list(row["meta"]) for row in expected]
        authors = [tuple(row) for row in database.execute("SELECT id, login, name, email FROM authors ORDER BY id")]
        signed = sorted({(article.author, article.seed) for article in articles})
        people_of_it = [people.author(*each) for each in signed]
        assert authors == [(each.index, each.login, each.name, each.email) for each in people_of_it]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_a_database_holds_the_records(corpus: Corpus) -> None:
    """Every field of every article is read back."""
    check(list(corpus), file(list(corpus), "sqlite"))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever an article holds, its rows hold it."""
    check(articles, file(articles, "sqlite"))


def test_the_worst_texts_come_back() -> None:
    """Each text that a reader might take for something else is that text again, NUL included."""
    check(worst(), file(worst(), "sqlite"))


def test_workers_do_not_change_what_a_dump_says() -> None:
    """Two processes make the same database as one: every statement of its dump, in order."""
    dumps = []
    for workers in (1, 2):
        stream = io.BytesIO()
        export(Corpus(11_730, 150), "sqlite", stream, workers=workers)
        with opened(stream.getvalue()) as database:
            dumps.append(list(database.iterdump()))
    assert dumps[0] == dumps[1]
    assert len(dumps[0]) > 150


def test_json_in_it_can_be_queried() -> None:
    """SQLite's own functions read the values of meta boxes."""
    with opened(file(list(CORPORA[0]), "sqlite")) as database:
        ((views, quality),) = database.execute(
            "SELECT views.value ->> '$', score.value ->> '$.quality' FROM meta AS views "
            "JOIN meta AS score USING (article) "
            "WHERE views.key = 'view count' AND score.key = 'score' AND article = 11740"
        )
    meta = CORPORA[0].article(11_740).meta
    assert (views, quality) == (meta["view count"], meta["score"]["quality"])


def test_nothing_stays_beside_a_database(tmp_path: Path) -> None:
    """An export that ends, and one that is interrupted, leave nothing but the database."""
    path = tmp_path / "corpus.db"
    export(CORPORA[0], "sqlite", path)
    assert list(tmp_path.iterdir()) == [path]

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        export(CORPORA[1], "sqlite", path, progress=stop)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before
