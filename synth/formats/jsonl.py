"""JSON Lines: the canonical record, one article a line. The fingerprints are taken over this form."""

from __future__ import annotations

from synth.layout import Pages
from synth.model import Article
from synth.record import canonical


def render(article: Article) -> str:
    """Return one line of JSON, newline included."""
    return canonical(article).decode() + "\n"


FORMAT = Pages(render)
