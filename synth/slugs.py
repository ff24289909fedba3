"""Slugs: words that are safe in a URL path segment."""

from __future__ import annotations

import re

_NOT_SAFE = re.compile(r"[^a-z0-9]+")
_LONGEST = 80


def term(text: str) -> str:
    """Return a name as a category or tag: lower-case letters, digits and single hyphens."""
    return _NOT_SAFE.sub("-", text.lower().replace("#", "-sharp").replace("'", "")).strip("-")


def of_title(title: str, id: int) -> str:
    """Return the slug of an article: its title, cut at a word, and its id, which makes it unique."""
    words = term(title)
    if len(words) > _LONGEST:
        words = words[:_LONGEST].rpartition("-")[0]
    return f"{words}-{id}"
