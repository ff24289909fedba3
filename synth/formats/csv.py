"""Comma-separated values by RFC 4180: the canonical record, one article a row.

Texts and numbers are cells; lists and maps are JSON in a cell. Texts that begin as a formula does are left as they
are: only a spreadsheet takes them for one, and to every other reader a sign before them would be part of the text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields

from synth.layout import Pages
from synth.model import Article
from synth.record import encoded, record


def render(article: Article) -> str:
    """Return one row, which ends in a carriage return and a line feed."""
    return _row(
        value if isinstance(value, str | int) else encoded(value).decode() for value in record(article).values()
    )


def _row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


FORMAT = Pages(render, head=_row(field.name for field in fields(Article)))
