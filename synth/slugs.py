"""Slugs, categories and tags: words that are safe in a URL path segment."""

from __future__ import annotations

import re
from functools import cache

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
    """Return the slug of an article: the stem of its title, and its id, which makes it unique."""
    return f"{stem(title)}-{id}"


def stem(title: str) -> str:
    """Return a title as words of a slug, cut at one of them where it is long."""
    words = term(title)
    return words if len(words) <= _LONGEST else words[:_LONGEST].rpartition("-")[0]


# There are few subjects, and many articles about each.
@cache
def categories(stack: Stack, problem: Problem) -> tuple[str, ...]:
    """Return the categories an article files under: its stack's area and its problem's own, once each."""
    return tuple(dict.fromkeys((stack.area, problem.category)))


@cache
def tags(stack: Stack, problem: Problem) -> tuple[str, ...]:
    """Return the tags of an article: its stack, its language and what its problem is about, once each."""
    return tuple(dict.fromkeys((term(stack.name), term(stack.language), *problem.tags)))
