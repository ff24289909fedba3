"""A Parquet file: the canonical record as a row, with lists and structs where the record nests.

The rows of a meta box are of any type, and which there are is not the same for all articles, so the box is a map from
its keys to JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synth.corpus import Corpus
from synth.layout import Files
from synth.model import Article
from synth.record import encoded, record

_CODE = pa.struct({"language": pa.string(), "text": pa.string()})
_SECTION = pa.struct({"heading": pa.string(), "paragraphs": pa.list_(pa.string()), "code": _CODE})
_IMAGE = pa.struct({"source": pa.string(), "url": pa.string(), "caption": pa.string()})
_MOMENT = pa.timestamp("ms", "UTC")
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "revision": pa.int32(),
        "profile": pa.string(),
        "seed": pa.int64(),
        "title": pa.string(),
        "slug": pa.string(),
        "intro": pa.string(),
        "sections": pa.list_(_SECTION),
        "checklist": pa.list_(pa.string()),
        "images": pa.list_(_IMAGE),
        "final_notes": pa.string(),
        "categories": pa.list_(pa.string()),
        "tags": pa.list_(pa.string()),
        "author": pa.int32(),
        "published": _MOMENT,
        "modified": _MOMENT,
        "last_reviewed": pa.date32(),
        "meta": pa.map_(pa.string(), pa.string()),
        "digest": pa.string(),
    }
)
_ROWS = 2048
"""After so many articles a row group ends, or sooner, after `_BYTES` of them."""
_BYTES = 1 << 26


class Parquet:
    """The format; see the module."""

    def make(self, articles: Iterable[Article]) -> pa.RecordBatch:
        """Return a few articles as columns."""
        return pa.RecordBatch.from_pylist([_row(article) for article in articles], SCHEMA)

    def write(self, parts: Iterable[pa.RecordBatch], corpus: Corpus, files: Files) -> None:
        """Write one file."""
        with files.open() as stream, pq.ParquetWriter(stream, SCHEMA, compression="zstd") as writer:
            for group in _groups(parts):
                writer.write_table(pa.Table.from_batches(group))


FORMAT = Parquet()


def _groups(parts: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for part in parts:
        group.append(part)
        if sum(each.num_rows for each in group) >= _ROWS or sum(each.nbytes for each in group) >= _BYTES:
            yield group
            group = []
    if group:
        yield group


def _row(article: Article) -> dict[str, Any]:
    return {
        **record(article),
        "published": article.published,
        "modified": article.modified,
        "last_reviewed": article.last_reviewed,
        "meta": [(key, encoded(value).decode()) for key, value in article.meta.items()],
    }
