"""A Parquet file holds the whole record, nested as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from synth import Article, Corpus
from synth.export import export
from synth.formats import parquet
from synth.record import timestamp
from tests.unit.synth.formats.material import CORPORA, corpora, file, plain, worst


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Return the records of a table, with the types that JSON has."""
    return [
        {
            **row,
            "published": timestamp(row["published"]),
            "modified": timestamp(row["modified"]),
            "last_reviewed": row["last_reviewed"].isoformat(),
            "meta": {key: json.loads(value) for key, value in row["meta"]},
        }
        for row in table.to_pylist()
    ]


def check(articles: Sequence[Article], content: bytes) -> None:
    """Check that a file holds articles, each whole."""
    found = records(pq.read_table(io.BytesIO(content)))
    expected = [plain(article) for article in articles]
    assert found == expected
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert [list(row["meta"]) for row in found] == [list(row["meta"]) for row in expected]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_a_file_holds_the_records(corpus: Corpus) -> None:
    """Every field of every article is read back."""
    check(list(corpus), file(list(corpus), "parquet"))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever an article holds, its row holds it."""
    check(articles, file(articles, "parquet"))


def test_the_worst_texts_come_back() -> None:
    """Each text that a reader might take for something else is that text again."""
    check(worst(), file(worst(), "parquet"))


def test_columns_have_types() -> None:
    """Dates, moments, lists and structs are that, and not texts."""
    schema = pq.read_schema(io.BytesIO(file(list(CORPORA[0]), "parquet")))
    assert schema == parquet.SCHEMA
    assert pa.types.is_timestamp(schema.field("published").type)
    assert pa.types.is_date(schema.field("last_reviewed").type)
    assert pa.types.is_list(schema.field("tags").type)
    assert pa.types.is_struct(schema.field("sections").type.value_type)


def test_workers_do_not_change_what_a_file_holds() -> None:
    """Two processes make the same table as one."""
    tables = []
    for workers in (1, 2):
        stream = io.BytesIO()
        export(Corpus(11_730, 150), "parquet", stream, workers=workers)
        tables.append(pq.read_table(stream))
    assert tables[0].equals(tables[1])
    assert tables[0].num_rows == 150


def test_row_groups_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group ends after so many articles, or after so many bytes, so that no more of them are in memory."""
    articles = list(CORPORA[0])
    for name, limit, groups in (("_ROWS", 14, 5), ("_BYTES", 1, 9)):
        with monkeypatch.context() as patch:
            patch.setattr(parquet, name, limit)
            found = pq.ParquetFile(io.BytesIO(file(articles, "parquet"))).metadata
            assert (found.num_rows, found.num_row_groups) == (60, groups)
