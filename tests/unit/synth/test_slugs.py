"""Terms and slugs: words that are safe in a path."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from synth import slugs


@given(st.text(st.characters(max_codepoint=127)) | st.text())
def test_a_term_is_letters_digits_and_single_hyphens(text: str) -> None:
    """Whatever the text, and by the same rule whether it is looked up or searched."""
    spelled = text.lower().replace("#", "-sharp").replace("'", "")
    assert slugs.term(text) == re.sub("[^a-z0-9]+", "-", spelled).strip("-")
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slugs.term(text))


@given(st.text(min_size=1))
def test_a_stem_is_cut_at_a_word(title: str) -> None:
    """It is a term of eighty characters at most, or the beginning of one that ends where a word does."""
    stem, term = slugs.stem(title), slugs.term(title)
    assert len(stem) <= 80
    assert term == stem or (term.startswith(stem) and (stem == "" or term[len(stem)] == "-"))
