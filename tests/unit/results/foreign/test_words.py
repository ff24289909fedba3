"""Columns of text are what they were, row by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from results.foreign.words import Words

ROWS = st.lists(st.tuples(st.sampled_from(["GET", "POST", ""]), st.sampled_from(["/", "/a", "/b", ""])), max_size=30)


def rows(words: Words) -> list[str]:
    """The column as a list."""
    return [words.words[code] for code in words.code.tolist()]


@given(ROWS)
def test_a_column_is_its_rows(pairs: list[tuple[str, str]]) -> None:
    """Reading, renaming and joining act on every row as on a list."""
    first, second = (Words.of(pa.array([pair[k] for pair in pairs], pa.string())) for k in (0, 1))

    joined = first.joined(second, lambda a, b: f"{a} {b}".strip())

    assert rows(first) == [a for a, _ in pairs]
    assert rows(first.renamed(str.lower)) == [a.lower() for a, _ in pairs]
    assert rows(joined) == [f"{a} {b}".strip() for a, b in pairs]
    assert len(set(joined.words)) == len(joined.words)
    assert first.where(lambda word: word == "GET").tolist() == [a == "GET" for a, _ in pairs]


@given(ROWS, st.integers(0, 2**30 - 1))
def test_picking_rows_keeps_their_words_only(pairs: list[tuple[str, str]], bits: int) -> None:
    """A part of a column knows no word that does not come in it."""
    column = Words.of(pa.chunked_array([[b for _, b in pairs]], pa.string()))
    chosen = np.array([bool(bits >> n & 1) for n in range(len(pairs))], bool)

    part = column.pick(chosen)

    assert rows(part) == [b for (_, b), is_in in zip(pairs, chosen, strict=True) if is_in]
    assert set(part.words) == set(rows(part))


def test_missing_text_is_an_empty_word() -> None:
    """A null is no word of its own."""
    assert rows(Words.of(pa.array(["a", None, ""], pa.string()))) == ["a", "", ""]
