"""JSON for reading: the canonical record, indented."""

from __future__ import annotations

import json

from synth.layout import Pages
from synth.model import Article
from synth.record import record


def render(article: Article) -> str:
    """Return the record as indented JSON, with a newline at the end."""
    return json.dumps(record(article), ensure_ascii=False, indent=2) + "\n"


FORMAT = Pages(render, head="[\n", between=",\n", tail="]\n")
