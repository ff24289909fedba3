"""The site that exported articles say they are from; its address is reserved for examples, and leads nowhere."""

from __future__ import annotations

from functools import lru_cache

from synth import people
from synth.model import Article

ADDRESS = "https://anp.example"
TITLE = "Alphanode"
DESCRIPTION = "Synthetic articles, for tests"


def address(article: Article) -> str:
    """Return where an article would stand."""
    return f"{ADDRESS}/{article.slug}/"


def guid(article: Article) -> str:
    """Return what names an article for ever; it is no address to go to."""
    return f"{ADDRESS}/?p={article.id}"


def excerpt(article: Article) -> str:
    """Return what a list of articles says of one: its summary, or the intro where the meta box has none."""
    summary = article.meta.get("summary")
    return summary if isinstance(summary, str) else article.intro


@lru_cache(maxsize=1000)
def author(index: int, seed: int) -> people.Author:
    """Return who signed an article. There are few of them, and Faker takes its time."""
    return people.author(index, seed)
