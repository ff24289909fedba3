"""What makes the natural profile natural, checked on a few hundred articles."""

from __future__ import annotations

import re
import zlib

import pytest

import synth
from synth import factsheet
from synth.draws import CELLS
from synth.formats import text
from synth.natural_frames import FINAL_NOTES, INTROS, KINDS, MOVES, SUMMARIES, TITLES
from synth.natural_lexicon import FIRST_WORDS, LEADS, SECOND_WORDS, TABLES

ARTICLES = [synth.article(each) for each in range(11_500, 11_900)]


def body(article: synth.Article) -> str:
    """Return intro, paragraphs and final notes."""
    return "\n".join(
        [article.intro, *(each for section in article.sections for each in section.paragraphs), article.final_notes]
    )


def ratio(data: str) -> float:
    """Return by how much zlib makes a text smaller."""
    raw = data.encode()
    return len(raw) / len(zlib.compress(raw, 6))


def test_pages_compress_like_documents() -> None:
    """Nine pages in ten have a zlib ratio between 2.0 and 2.9."""
    ratios = [ratio(text.render(article)) for article in ARTICLES]
    assert sum(2.0 <= each <= 2.9 for each in ratios) >= 0.9 * len(ratios)


def test_the_corpus_compresses_less_than_the_classic_one() -> None:
    """Two hundred natural bodies together compress less than half as well as two hundred classic ones."""
    classic = "\n".join(body(synth.article(article.id, profile="classic")) for article in ARTICLES[:200])
    natural = "\n".join(body(article) for article in ARTICLES[:200])
    assert ratio(natural) < ratio(classic) / 2


def test_bodies_are_distinct() -> None:
    """No two of two thousand articles have the same body."""
    bodies = {body(synth.article(each)) for each in range(2000)}
    assert len(bodies) == 2000


def test_lengths_are_spread() -> None:
    """The median body has some six hundred words; the longest is many times the shortest."""
    lengths = sorted(len(body(article).split()) for article in ARTICLES)
    assert 480 < lengths[len(lengths) // 2] < 720
    assert lengths[-1] > 10 * lengths[0]


def test_reading_time_follows_from_the_words() -> None:
    """Reading time is the words of the body at 220 a minute, rounded up."""
    for article in ARTICLES:
        assert article.meta["reading time"] == -(-len(body(article).split()) // 220)


def test_every_fact_is_filled_in() -> None:
    """No brace or percent placeholder is left in any prose."""
    for article in ARTICLES:
        prose = [article.title, body(article), article.meta["summary"], *(each.heading for each in article.sections)]
        assert not re.search(r"[{}]|%s", "\n".join(prose))


def test_sentences_begin_with_a_capital_or_a_name() -> None:
    """Each paragraph begins with a capital letter, or with a service, path or ticket, whose case is its own."""
    for article in ARTICLES:
        for section in article.sections:
            for paragraph in (section.heading, *section.paragraphs):
                first = paragraph.split()[0]
                assert first[0].isupper() or first[0] == "/" or re.search(r"[-_./]", first), paragraph


def test_an_article_is_about_its_own_service() -> None:
    """The service in the title comes back in the text."""
    for article in ARTICLES:
        _, service = factsheet.name(article.id, article.seed)
        assert service in article.title
        assert service in body(article)


def test_titles_are_unique() -> None:
    """Twenty thousand consecutive articles have as many titles, wherever the run begins."""
    names = {factsheet.name(each, 0) for each in range(4_190_000, 4_210_000)}
    assert len(names) == 20_000
    assert len({article.title for article in ARTICLES}) == len(ARTICLES)


def test_dates_favour_working_days() -> None:
    """Fewer than one article in eight is published at a weekend."""
    assert sum(article.published.weekday() > 4 for article in ARTICLES) < len(ARTICLES) / 8


@pytest.mark.parametrize("pool", [*MOVES.values(), TITLES, INTROS, FINAL_NOTES, SUMMARIES])
def test_frames_are_distinct(pool: tuple[str, ...]) -> None:
    """No frame stands twice in a pool."""
    assert len(set(pool)) == len(pool)


def test_plans_use_known_moves() -> None:
    """Every plan of every kind of section is made of known moves."""
    assert {move for kind in KINDS for plan in kind.plans for move in plan} == set(MOVES)


def test_tables_are_full() -> None:
    """Every table has exactly as many cells as are drawn from."""
    assert {len(table) for table in (*TABLES.values(), LEADS)} == {CELLS}


def test_name_words_fill_their_bits() -> None:
    """There are 128 different first and 128 different second words for service names."""
    assert len(set(FIRST_WORDS)) == len(set(SECOND_WORDS)) == 128
