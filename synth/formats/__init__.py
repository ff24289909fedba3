"""One module for each way to write articles down, named as the format is.

Each has a ``FORMAT``, a `synth.layout.Format` or, where an article stands by itself, `synth.layout.Pages`; a module of
those also has ``render(article) -> str``. It is imported when its format is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from synth.layout import Format, Pages

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "jsonl": "the canonical record, one article a line",
        "json": "the records as one indented array",
        "text": "the page as it is copied out of a browser",
        "html": "the page as one element of HTML",
        "markdown": "the page, with the rest of the record as front matter",
    }
)
"""Formats in which one article is something by itself, and what they hold."""

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        **PAGES,
        "wxr": "WordPress eXtended RSS 1.2, for the importer of WordPress",
        "ghost": "an import file of Ghost 6, the meta box as part of the page",
        "rss": "an RSS 2.0 feed of whole pages",
        "csv": "the record as a row, nested values as JSON",
        "sqlite": "a database of articles, terms, authors and meta boxes",
        "parquet": "the record as a row, nested values as they are",
    }
)
"""Every format, and what it holds."""

BINARY = frozenset({"sqlite", "parquet"})
"""Formats that are no text."""

SHARDED: Mapping[str, int] = MappingProxyType({"wxr": 15_000_000})
"""Formats that go on in another file when one is full, and how many bytes fill it unless it is said."""


def load(name: str) -> Format | Pages:
    """Return a format of `FORMATS`."""
    return cast(Format | Pages, import_module(f"{__name__}.{name}").FORMAT)
