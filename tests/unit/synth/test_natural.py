"""What makes the natural profile natural, checked on a few hundred articles."""

from __future__ import annotations

import re
import zlib
from itertools import chain

import pytest

import synth
from synth import factsheet, natural
from synth.draws import CELLS
from synth.formats import text
from synth.natural_frames import EDITS, FINAL_NOTES, INTROS, KINDS, MOVES, SUMMARIES, TITLES
from synth.natural_lexicon import FIRST_WORDS, LEADS, SECOND_WORDS, SLOTS
from synth.subjects import PROBLEMS, SCENARIOS, STACKS

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
    """Reading time is the words of title, headings and body at 220 a minute, rounded up."""
    for article in ARTICLES:
        read = " ".join([article.title, body(article), *(section.heading for section in article.sections)])
        assert article.meta["reading time"] == -(-len(read.split()) // 220)


def test_every_fact_is_filled_in() -> None:
    """No brace or percent placeholder is left in any prose."""
    for article in ARTICLES:
        prose = [article.title, body(article), article.meta["summary"], *(each.heading for each in article.sections)]
        assert not re.search(r"[{}%]", "\n".join(prose))


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


@pytest.mark.parametrize("pool", [*MOVES.values(), TITLES, INTROS, FINAL_NOTES, SUMMARIES, EDITS])
def test_frames_are_distinct(pool: tuple[str, ...]) -> None:
    """No frame stands twice in a pool."""
    assert len(set(pool)) == len(pool)


def test_plans_use_known_moves() -> None:
    """Every plan of every kind of section is made of known moves."""
    assert {move for kind in KINDS for plan in kind.plans for move in plan} == set(MOVES)


def test_tables_are_full() -> None:
    """Every table has exactly as many cells as are drawn from."""
    assert {len(table) for table in (*chain(*SLOTS.values()), LEADS)} == {CELLS}


def test_names_in_frames_are_slots_or_facts() -> None:
    """Every name in braces of every pool has something that can fill it, and every slot and every fact is used."""
    texts = "\n".join(
        chain(*MOVES.values(), *(kind.headings for kind in KINDS), TITLES, INTROS, FINAL_NOTES, SUMMARIES)
    )
    sheet = factsheet.facts(bytes(factsheet.SIZE), PROBLEMS[0], STACKS[0], SCENARIOS[0], "amber-abacus-api")
    assert set(re.findall(r"{(\w+)}", texts)) | {"Problem", "Metric", "noun"} == SLOTS.keys() | sheet.keys()
    assert set(re.findall(r"{(\w+)}", "\n".join(EDITS))) <= SLOTS.keys() | {"edit"}


def test_a_paragraph_never_lacks_bytes() -> None:
    """No way to tell any plan has more tables than there are bytes to pick from them."""
    ways = natural._DECKS * natural._TURNS
    rows = [natural._paragraph(code) for code in range(len(natural._PLANS) * ways)]
    assert max(len(tables) for _, tables in rows) <= natural._PARAGRAPH_BYTES
    assert all(len(literals) == len(tables) for literals, tables in rows)
    assert max(len(tables) for _, tables in natural._EDITS) <= natural._PARAGRAPH_BYTES


def test_a_per_cent_sign_is_no_frame() -> None:
    """It would be taken for a fact's place."""
    with pytest.raises(ValueError, match="write 'percent'"):
        natural._row("about 5% of it")


def test_fourteen_paragraphs_share_no_sentence() -> None:
    """Each turns up the next two frames of each move, no plan has more than two of one, and there are enough."""
    for deck in range(natural._DECKS):
        for move, frames in enumerate(MOVES.values()):
            assert len(frames) == 2 * natural._TURNS
            assert set(natural._deck(deck, move)) == set(frames)
    assert max(plan.count(move) for kind in KINDS for plan in kind.plans for move in plan) == 2


def test_what_is_said_of_two_things_names_two() -> None:
    """A slot that a frame has twice is filled from two tables that share no entry."""
    for texts in MOVES.values():
        for frame in texts:
            slots = [slot for slot in re.findall(r"{(\w+)}", frame) if len(SLOTS.get(slot, ())) == 1]
            assert all(slots.count(slot) <= 2 for slot in slots), frame
    _, tables = natural._row("neither the {signal} nor the {signal}")
    assert not set(tables[0]) & set(tables[1])
    assert set(tables[0]) | set(tables[1]) == set(*SLOTS["signal"])


def test_a_revision_rewrites_one_paragraph() -> None:
    """All other paragraphs, headings and snippets stay what they were, and the new one says which revision wrote it."""
    for each in range(60):
        before, after = synth.article(each, revision=each % 3), synth.article(each, revision=each % 3 + 1)
        old = [text for section in before.sections for text in (section.heading, *section.paragraphs, section.code)]
        new = [text for section in after.sections for text in (section.heading, *section.paragraphs, section.code)]
        changed = [text for was, text in zip(old, new, strict=True) if was != text]
        assert len(changed) == 1
        assert f"evision {each % 3 + 1}" in str(changed[0])


def test_name_words_fill_their_bits() -> None:
    """There are 128 different first and 128 different second words for service names."""
    assert len(set(FIRST_WORDS)) == len(set(SECOND_WORDS)) == 128


def test_things_are_said_of_what_they_can_be_said_of() -> None:
    """Only logs have lines and entries, only profiles tell of time, and what grows gets slower and not smaller."""
    texts = [body(article) for article in ARTICLES]
    logs = "|".join(set(*SLOTS["log"]))
    for said, what in (
        (r"\bLine [\d,]+ of the (.*?) names", logs),
        (r"\b[Tt]he ([a-z ]+) ends at \d{3};", logs),
        (r"\b[Ss]earch the (.*?) for [0-9a-f]{7};", logs),
        (r"whatever reads all of it gets (.*?) with time", "|".join(set(*SLOTS["slower"]))),
        (
            r"\b[Aa]n? ([a-zA-Z ]+) taken [a-z ]+ put \d",
            "|".join(entry.partition(" ")[2] for entry in set(*SLOTS["a_profile"])),
        ),
    ):
        found = [match for text in texts for match in re.findall(said, text)]
        assert found
        assert all(re.fullmatch(what, match) for match in found), (said, set(found))


def test_an_article_shows_no_code_twice() -> None:
    """One piece for each of up to five sections, about what the article is about."""
    for number in range(600):
        article = synth.article(number)
        codes = [section.code.text for section in article.sections if section.code][:5]
        assert len(set(codes)) == len(codes), number
        text = " ".join(paragraph for section in article.sections for paragraph in section.paragraphs)
        nouns = {noun for path in re.findall(r"src/(\w+)/(\w+)\.", text) for noun in path}
        assert not nouns or all(any(noun in code.lower() for noun in nouns) for code in codes), number
