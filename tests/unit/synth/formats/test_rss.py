"""A feed holds what the articles hold, as a reader of feeds reads it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from hypothesis import given

from synth import Article, Corpus, people
from synth.formats import html
from synth.formats._xml import legal
from tests.unit.synth.formats.material import CORPORA, corpora, file, worst


def moment(parsed: Any) -> datetime:
    """Return a moment that feedparser has read."""
    return datetime(*parsed[:6], tzinfo=UTC)


def read(text: str) -> str:
    """Return a text as feedparser reads it, which corrects what it takes for mistakes of encoding."""
    text = legal(text).strip()
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode()
    return text.translate({each: bytes([each]).decode("cp1252", "ignore") or chr(each) for each in range(0x80, 0xA0)})


def check(articles: Sequence[Article], content: bytes) -> None:
    """Check that a feed holds articles, in order."""
    feed = feedparser.parse(content, sanitize_html=False, resolve_relative_uris=False)
    assert not feed.bozo, feed.bozo_exception
    assert feed.version == "rss20"
    assert (feed.feed.title, feed.feed.link, feed.feed.language) == ("Alphanode", "https://anp.example/", "en-US")
    assert feed.feed.subtitle
    for article, entry in zip(articles, feed.entries, strict=True):
        summary = article.meta.get("summary")
        summary = summary if isinstance(summary, str) else article.intro
        assert entry.title == read(article.title)
        assert entry.summary == read(summary)
        assert entry.content[0].value == read(f"{html.content(article)}\n{html.meta_box(article)}")
        assert entry.link == f"https://anp.example/{article.slug}/"
        assert (entry.id, entry.guidislink) == (f"https://anp.example/?p={article.id}", False)
        assert entry.author == people.author(article.author, article.seed).name
        assert moment(entry.published_parsed) == article.published
        assert moment(entry.updated_parsed) == article.modified
        terms = [("https://anp.example/category/", read(slug)) for slug in article.categories]
        terms += [("https://anp.example/tag/", read(slug)) for slug in article.tags]
        found = [(tag.scheme, tag.term) for tag in entry.get("tags", []) if tag.term]
        assert found == [each for each in dict.fromkeys(terms) if each[1]]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_a_feed_holds_the_articles(corpus: Corpus) -> None:
    """Everything of an article that has a place in a feed is read back as it was."""
    check(list(corpus), file(list(corpus), "rss"))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever texts articles have, the feed is sound and holds them as far as XML can."""
    check(articles, file(articles, "rss"))


def test_the_worst_texts_come_back() -> None:
    """Each text that a reader might take for something else is that text again."""
    check(worst(), file(worst(), "rss"))
