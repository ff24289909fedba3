"""Front matter is what a reader of YAML gives back, to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import frontmatter
import pytest
from hypothesis import given

from synth import Article, Code, Corpus, Section
from synth.formats import markdown
from tests.unit.synth.formats.material import CORPORA, corpora, plain, worst

BODY = {"intro", "sections", "checklist", "images", "final_notes"}


def check(articles: Sequence[Article]) -> None:
    """Check that front matter has every value that the body has not, each of the type it had."""
    for article in articles:
        page = frontmatter.loads(markdown.render(article))
        assert page.metadata == {name: value for name, value in plain(article).items() if name not in BODY}
        assert list(page.metadata["meta"]) == list(article.meta)
        _, _, body = markdown.render(article).partition("\n---\n")
        assert page.content == body.replace("\r\n", "\n").strip()  # as the reader has line ends


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_front_matter_is_the_record(corpus: Corpus) -> None:
    """Dates, versions and numbers that are texts are read as texts."""
    check(list(corpus))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever texts and meta boxes articles have, a reader of YAML gives them back."""
    check(articles)


def test_the_worst_texts_come_back() -> None:
    """Each text that YAML might take for something else is that text again."""
    check(worst())


def test_a_fence_is_longer_than_those_in_the_code() -> None:
    """Code that has a fence in it does not end early."""
    code = Section("Example", (), Code("Markdown", "a ``` b\n`````\nc"))
    page = markdown.render(replace(CORPORA[0].article(11_730), sections=(code,)))
    assert "\n``````markdown\na ``` b\n`````\nc\n``````\n" in page
