"""The rows that articles become, beside what the database makes of the same articles."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth import Corpus, people
from synth.model import Article, Code, Meta, Section
from target_app import database
from target_app.database import Desk, Loader
from target_app.database.connection import Connection
from target_app.database.rows import dump, imported, search_text

BASE = Corpus(first_id=7, count=1).article(7)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
METAS: st.SearchStrategy[Any] = st.recursive(
    st.integers(-(2**70), 2**70) | WORDS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def stored(path: Path, articles: list[Article]) -> list[tuple[Any, ...]]:
    """Store articles as an import does, and give what a search looks through as the database tells it."""
    database.prepare(path)
    with closing(Loader(path)) as loader, loader.transaction():
        loader.add_articles([imported(articles, similar=lambda article: ())], author=people.author)
    with closing(_connection(path)) as connection:
        return connection.rows("SELECT id, title, summary, body, topic FROM article_text ORDER BY id")


def _connection(path: Path) -> Connection:
    return Connection(path, writable=False)


@pytest.mark.parametrize("profile", ["natural", "classic"])
def test_the_text_for_a_search_is_the_views(profile: str, tmp_path: Path) -> None:
    """An edit takes the words out by the view's text: one word of difference would leave it in the index for good."""
    articles = list(Corpus(first_id=100, count=40, profile=profile))
    assert stored(tmp_path / "a.db", articles) == [search_text(article) for article in articles]


@given(
    st.builds(
        lambda sections, checklist, tags, notes, intro, meta: replace(
            BASE,
            sections=tuple(sections),
            checklist=tuple(checklist),
            tags=tuple(tags),
            final_notes=notes,
            intro=intro,
            meta=meta,
        ),
        st.lists(
            st.builds(
                lambda heading, paragraphs, code: Section(heading, tuple(paragraphs), code),
                WORDS,
                st.lists(WORDS, max_size=2),
                st.none() | st.builds(Code, WORDS, WORDS),
            ),
            max_size=3,
        ),
        st.lists(WORDS, max_size=3),
        st.lists(WORDS, max_size=3, unique=True),
        WORDS | st.just(""),
        WORDS,
        st.dictionaries(st.sampled_from(["summary", "topic", "other"]), METAS),
    )
)
def test_the_text_of_any_article_is_the_views(tmp_path_factory: pytest.TempPathFactory, article: Article) -> None:
    """Without sections, lists or meta box, with code or without; where the box holds no words the view is asked."""
    path = tmp_path_factory.mktemp("any") / "a.db"
    (expected,) = stored(path, [article])
    said = [article.meta.get(key, "") for key in ("summary", "topic")]
    assert search_text(article) == (expected if all(isinstance(each, str) for each in said) else None)
    with closing(Desk(path)) as desk, desk.transaction():
        desk.delete_article(article.id)
    with closing(_connection(path)) as connection:
        connection.pragma("query_only", "OFF")
        connection.rows("CREATE VIRTUAL TABLE temp.word USING fts5vocab('main', 'article_search', 'row')")
        assert connection.rows("SELECT * FROM temp.word") == []


@given(METAS)
def test_json_is_as_it_always_was(value: Meta) -> None:
    """Files that were written by an older version, and by this, say the same with the same bytes."""
    assert dump(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_the_dates_of_a_row_are_seconds() -> None:
    """A moment without a zone is taken to be in UTC."""
    aware = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    for published in (aware, aware.replace(tzinfo=None)):
        article = replace(BASE, published=published, modified=aware, last_reviewed=date(2026, 3, 5))
        rows = imported([article], similar=lambda article: (1, 2))
        assert int(aware.timestamp()) in rows.articles[0]
        assert {row[2] for row in rows.terms} == {int(aware.timestamp())}
        assert rows.similar == [(7, 0, 1), (7, 1, 2)]
