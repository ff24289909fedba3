"""A column of text in which few words come often: each word once, and a code for every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Text by rows; whatever is asked of it is asked once a word, however many rows there are.

    Attributes:
        words: Each word once.
        code: For every row, the place of its word.
    """

    words: tuple[str, ...]
    code: npt.NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Words:
        """A column of pyarrow; missing values are empty words."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        coded = pc.dictionary_encode(pc.fill_null(whole, ""))
        return cls(tuple(coded.dictionary.to_pylist()), np.asarray(coded.indices).astype(np.int64))

    @classmethod
    def same(cls, word: str, rows: int) -> Words:
        """The same word in every row."""
        return cls((word,), np.zeros(rows, np.int64))

    def where(self, holds: Callable[[str], bool]) -> Flags:
        """The rows whose word fulfils a condition."""
        if not self.words:
            return np.zeros(self.code.size, bool)
        return np.array([holds(word) for word in self.words], bool)[self.code]

    def renamed(self, name: Callable[[str], str]) -> Words:
        """Every word by another name; words that get the same name become one."""
        return _merged([name(word) for word in self.words], self.code)

    def joined(self, other: Words, join: Callable[[str, str], str]) -> Words:
        """A word for every pair of words in the same row."""
        pairs, code = np.unique(self.code * max(len(other.words), 1) + other.code, return_inverse=True)
        first, second = np.divmod(pairs, max(len(other.words), 1))
        found = [join(self.words[a], other.words[b]) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
        return _merged(found, code)

    def pick(self, rows: Flags) -> Words:
        """Some of the rows, and the words that come in them."""
        held, code = np.unique(self.code[rows], return_inverse=True)
        return Words(tuple(self.words[number] for number in held.tolist()), code.astype(np.int64))


def _merged(names: list[str], code: npt.NDArray[np.integer[Any]]) -> Words:
    """Names by code, equal ones made one."""
    known = {each: number for number, each in enumerate(dict.fromkeys(names))}
    places = np.array([known[each] for each in names], np.int64)
    return Words(tuple(known), places[code] if names else np.zeros(0, np.int64))
