"""What holds over a hundred thousand articles, and over a million names."""

from __future__ import annotations

from hashlib import blake2b

import pytest

import synth
from synth import factsheet
from synth.natural import draws_of

BODIES, NAMES = 100_000, 1_000_000


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_no_two_bodies_are_equal() -> None:
    """Of a hundred thousand, without the title, which names the service, and without the meta box, which has the id."""
    seen = set()
    for number in range(BODIES):
        one = synth.article(number)
        text = "\n".join([one.intro, *(p for s in one.sections for p in s.paragraphs), one.final_notes])
        seen.add(blake2b(text.encode(), digest_size=16).digest())
    assert len(seen) == BODIES


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_a_million_slugs_differ_before_their_ids_do() -> None:
    """And so do titles, of which slugs are made: none are alike in template and service."""
    assert len({factsheet.name(number, 0) for number in range(NAMES)}) == NAMES
    slugs = {synth.natural.slug(draws_of(number, 0), number, 0) for number in range(0, NAMES, 10)}
    assert len(slugs) == NAMES // 10


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_a_hundred_thousand_titles_are_unlike() -> None:
    """As they are written."""
    assert len({synth.article(number).title for number in range(BODIES)}) == BODIES
