"""A table of comma-separated values holds the whole record."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given

from synth import Article, Corpus
from tests.unit.synth.formats.material import CORPORA, corpora, file, plain, worst

TEXTS = {"profile", "title", "slug", "intro", "final_notes", "published", "modified", "last_reviewed", "digest"}


@contextmanager
def long_cells() -> Iterator[None]:
    """Let the reader take cells of any length meanwhile."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read(content: bytes) -> list[dict[str, Any]]:
    """Return the records of a file."""
    with long_cells():
        rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
        return [{name: cell if name in TEXTS else json.loads(cell) for name, cell in row.items()} for row in rows]


def check(articles: Sequence[Article]) -> None:
    """Check that a file holds articles, each whole."""
    found = read(file(articles, "csv"))
    assert found == [plain(article) for article in articles]
    assert [list(row) for row in found] == [list(plain(article)) for article in articles]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_a_table_holds_the_records(corpus: Corpus) -> None:
    """Every field of every article is read back, texts as cells and all else as JSON."""
    check(list(corpus))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever an article holds, its row holds it."""
    check(articles)


def test_the_worst_texts_come_back() -> None:
    """Formulas, line endings, quotes and NUL are cells like others."""
    check(worst())


def test_rows_end_as_the_standard_says() -> None:
    """Each row, the last one too, ends in a carriage return and a line feed."""
    lines = file(list(CORPORA[1]), "csv").split(b"\r\n")
    assert len(lines) == CORPORA[1].count + 2
    assert lines[-1] == b""
    assert b"\r" not in b"".join(lines)
