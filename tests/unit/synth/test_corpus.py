"""A corpus is a range of ids; everything about it follows from four parameters."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synth
from synth import Corpus, CorpusError
from synth.dials import STANDARD, Dials, read
from synth.popularity import score, views

corpora = st.builds(
    Corpus,
    first_id=st.integers(0, 2**53 - 400),
    count=st.integers(1, 300),
    profile=st.sampled_from(synth.PROFILES),
    seed=st.integers(0, 2**53 - 1),
)


def test_the_default_corpus() -> None:
    """By default a corpus is the two thousand natural articles from 11730 on."""
    assert Corpus() == Corpus(first_id=11730, count=2000, profile="natural", seed=0)
    assert Corpus().ids == range(11730, 13730)
    assert len(Corpus()) == 2000


def test_articles_alone_and_in_a_range() -> None:
    """An article asked for alone is the one met on the way through the corpus."""
    for profile in synth.PROFILES:
        corpus = Corpus(first_id=70, count=30, profile=profile, seed=5)
        assert list(corpus) == [synth.article(each, profile=profile, seed=5) for each in range(70, 100)]
        assert corpus.article(99, revision=2) == synth.article(99, revision=2, profile=profile, seed=5)


@given(corpora)
@settings(deadline=None, max_examples=40)
def test_similar_articles(corpus: Corpus) -> None:
    """An article links to at most four earlier articles of its corpus, and the longer corpus changes no link."""
    longer = Corpus(corpus.first_id, corpus.count + 1, corpus.profile, corpus.seed)
    for each in corpus.ids[:: 1 + corpus.count // 20]:
        links = corpus.similar(each)
        assert len(set(links)) == len(links) <= 4
        assert all(corpus.first_id <= link < each for link in links)
        assert links == longer.similar(each)


def test_similar_articles_are_unequally_linked() -> None:
    """Nearly every article has links, and the most linked of a thousand is linked far more than the average one."""
    corpus = Corpus(count=1000)
    linked = Counter(link for each in corpus.ids for link in corpus.similar(each))
    assert all(corpus.similar(each) for each in corpus.ids[1:])
    assert max(linked.values()) > 10 * linked.total() / corpus.count


def test_by_popularity() -> None:
    """All ids come once, in the order of their views, and a larger corpus keeps the order of the smaller."""
    small, large = Corpus(count=300), Corpus(count=600)
    order = small.by_popularity()
    counts = [views(score(each, 0)) for each in order]
    assert sorted(order) == list(small.ids)
    assert counts == sorted(counts, reverse=True)
    assert [each for each in large.by_popularity() if each in small.ids] == order


@given(corpora)
@settings(deadline=None)
def test_a_description_describes(corpus: Corpus) -> None:
    """A corpus comes back from its description, with the same digest."""
    assert Corpus.from_dict(corpus.to_dict()) == corpus
    assert Corpus.from_dict(corpus.to_dict()).digest == corpus.digest


@given(corpora, corpora)
@settings(deadline=None)
def test_digests_tell_corpora_apart(one: Corpus, other: Corpus) -> None:
    """Two corpora have the same digest exactly when they are equal."""
    assert (one.digest == other.digest) == (one == other)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"first_id": -1}, "corpus first_id is -1: it must be at least 0"),
        ({"count": 0}, "corpus count is 0: it must be at least 1"),
        ({"seed": -2}, "corpus seed is -2: it must be at least 0"),
        ({"seed": 2**53}, "corpus seed is 9007199254740992: it must be at most 9007199254740991"),
        ({"count": "20"}, "corpus count is '20': it must be an integer"),
        ({"count": True}, "corpus count is True: it must be an integer"),
        ({"profile": "natrual"}, "unknown profile 'natrual': did you mean 'natural'?"),
        ({"profile": []}, "unknown profile []: choose one of natural, classic"),
        (
            {"first_id": 2**53 - 2, "count": 3},
            "corpus would end at id 9007199254740992: ids end at 9007199254740991, so start lower or ask for fewer",
        ),
    ],
)
def test_refused_parameters(values: dict[str, Any], message: str) -> None:
    """Parameters that describe no corpus are refused in one line with the remedy."""
    with pytest.raises(CorpusError) as refusal:
        Corpus(**values)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"first_id": 1, "count": 2, "profile": "natural", "seed": 0, "size": 3},
            "corpus description has the unknown key size: it takes count, first_id, profile, seed",
        ),
        (
            {"first_id": 1, "seed": 0},
            "corpus description lacks count, profile: it takes count, first_id, profile, seed",
        ),
    ],
)
def test_refused_descriptions(values: dict[str, Any], message: str) -> None:
    """A description with a missing or an unknown key is refused."""
    with pytest.raises(CorpusError) as refusal:
        Corpus.from_dict(values)
    assert str(refusal.value) == message


@pytest.mark.parametrize("id", [0, 11729, 13730])
def test_articles_outside(id: int) -> None:
    """A corpus gives no article, and no links, for an id that is not its own."""
    message = f"article {id} is outside the corpus: its ids are 11730 to 13729"
    with pytest.raises(CorpusError, match=message):
        Corpus().article(id)
    with pytest.raises(CorpusError, match=message):
        Corpus().similar(id)


def test_the_last_article() -> None:
    """The highest id there is makes an article like any other."""
    assert Corpus(first_id=synth.MAX_ID, count=1).article(synth.MAX_ID).id == synth.MAX_ID


@pytest.mark.parametrize("dials", [Dials(), read({"popularity": 0.8}), read({"images": [0, 1]}), STANDARD])
def test_a_copy_is_the_corpus(dials: Dials) -> None:
    """As another process gets it; no dial turned is the very object by which the faster way is chosen."""
    corpus = Corpus(7, 30, "natural", 3, dials)
    copy = pickle.loads(pickle.dumps(corpus))
    assert copy == corpus
    assert (copy.dials is STANDARD) == (corpus.dials is STANDARD) == (not dials.changed())
    assert copy.line(9) == corpus.line(9)
