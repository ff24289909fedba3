"""Slugs, categories and tags: words that are safe in a URL path segment."""

from __future__ import annotations

import re

from synth.subjects import Problem, Stack

_NOT_SAFE = re.compile(r"[^a-z0-9]+")
_LONGEST = 80


_SPACED = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})


def term(text: str) -> str:
    """Return a name as a category or tag: lower-case letters, digits and single hyphens."""
    if text.isascii() and "#" not in text and "'" not in text:
        # What the rest does, in a third of the time.
        return "-".join(text.lower().translate(_SPACED).split())
    return _NOT_SAFE.sub("-", text.lower().replace("#", "-sharp").replace("'", "")).strip("-")


def of_title(title: str, id: int) -> str:
    """Return the slug of an article: its title, cut at a word, and its id, which makes it unique."""
    words = term(title)
    if len(words) > _LONGEST:
        words = words[:_LONGEST].rpartition("-")[0]
    return f"{words}-{id}"


def categories(stack: Stack, problem: Problem) -> tuple[str, ...]:
    """Return the categories an article files under: its stack's area and its problem's own, once each."""
    return tuple(dict.fromkeys((stack.area, problem.category)))


def tags(stack: Stack, problem: Problem) -> tuple[str, ...]:
    """Return the tags of an article: its stack, its language and what its problem is about, once each."""
    return tuple(dict.fromkeys((term(stack.name), term(stack.language), *problem.tags)))
