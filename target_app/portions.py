"""Articles by the hundred, as the rows they become: what one process of an import makes at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from synth import Corpus
from synth.corpus import Links
from target_app.database.rows import Rows, imported


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file of articles was read.

    Attributes:
        articles: Lines that are not blank.
        lines: All of them.
        digest: Over all bytes up to there, before compression; empty at the beginning.
    """

    articles: int = 0
    lines: int = 0
    digest: str = ""


class Portion(NamedTuple):
    """Some articles that come one after the other.

    Attributes:
        rows: For the database.
        is_corpus: Whether they are those that the synthesizer gives.
        numbers: Of their lines, where they come from a file.
        end: Where that file stands after them.
    """

    rows: Rows
    is_corpus: bool
    numbers: tuple[int, ...] = ()
    end: Mark = Mark()


def synthesized(corpus: Corpus, ids: range) -> Portion:
    """Some articles of a corpus."""
    known = links(corpus.first_id, corpus.seed, corpus.dials.links)
    return Portion(imported(map(corpus.article, ids), similar=lambda article: known.similar(article.id)), True)


@lru_cache(maxsize=1)
def links(first_id: int, seed: int, most: int) -> Links:
    """The links of a corpus, of which this process finds out more and more."""
    return Links(first_id, seed, most)
