"""Draws are functions of their key, stay in range, and are fair."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.draws import CELLS, Draws
from synth.natural_lexicon import weighted

keys = st.text(max_size=20)


def test_pinned() -> None:
    """The first draws of one key are these, on every machine and for ever."""
    draws = Draws("natural", 1, 0, 11730)
    assert draws.u64("title") == 6589752860243027789
    assert draws.stream("body", 8).hex() == "e51ffc66ad59be87"
    assert draws.shuffled("order", range(8)) == [1, 3, 7, 4, 5, 6, 0, 2]


@given(keys, st.integers(1, 2**64))
def test_below_stays_below(field: str, bound: int) -> None:
    """A bounded draw is at least zero and below its bound."""
    assert 0 <= Draws("test").below(field, bound) < bound


@given(keys, st.integers(-1000, 1000), st.integers(0, 1000))
def test_between_includes_both_ends(field: str, low: int, width: int) -> None:
    """A draw between two numbers is one of them or lies between."""
    assert low <= Draws("test").between(field, low, low + width) <= low + width


@given(keys, st.lists(st.integers()))
def test_shuffling_keeps_the_items(field: str, items: list[int]) -> None:
    """A shuffle loses nothing and adds nothing."""
    assert sorted(Draws("test").shuffled(field, items)) == sorted(items)


@given(keys, st.integers(0, 200), st.integers(0, 200))
def test_longer_begins_with_shorter(field: str, one: int, other: int) -> None:
    """Asking for more bytes changes none of the first ones."""
    short, long = sorted((one, other))
    assert Draws("test").stream(field, long)[:short] == Draws("test").stream(field, short)


def test_draws_are_fair() -> None:
    """Each of ten outcomes comes up about as often as the others."""
    counts = Counter(Draws("fair", each).below("digit", 10) for each in range(20_000))
    assert all(1800 < counts[digit] < 2200 for digit in range(10))


def test_shuffles_are_fair() -> None:
    """Each of the six orders of three things comes up about as often as the others."""
    counts = Counter(tuple(Draws("fair", each).shuffled("order", "abc")) for each in range(12_000))
    assert len(counts) == 6
    assert all(1800 < count < 2200 for count in counts.values())


@given(st.integers(1, 61))
def test_weighted_tables(size: int) -> None:
    """A weighted table has all its cells, every item has one, and earlier items never have fewer by more than one."""
    counts = Counter(weighted(range(size)))
    assert counts.total() == CELLS
    assert set(counts) == set(range(size))
    assert all(counts[item] >= counts[item + 1] - 1 for item in range(size - 1))


def test_a_table_is_not_made_for_more_items_than_it_can_hold() -> None:
    """An item that would never be drawn is an error and not left out."""
    with pytest.raises(ValueError, match="is one of 300 items"):
        weighted(range(300))
