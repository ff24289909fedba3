"""The order in which arms are loaded in turn, and where each round's record lies."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.rounds import orders, reversals, round_directory

PAIR = ["before", "after"]
ALL = [*PAIR, "again"]


@given(st.integers(1, 40), st.integers(0, 2**63 - 1))
def test_each_arm_comes_first_in_half_of_the_launches(launches: int, seed: int) -> None:
    """Of an even number of launches half begin with each arm; of an odd one, one side has one more."""
    found = orders(PAIR, launches, seed)

    first = [order[0] for order in found]
    assert len(found) == launches
    assert abs(first.count("before") - first.count("after")) == launches % 2
    assert all(sorted(order) == sorted(PAIR) for order in found)


@given(st.integers(1, 40), st.integers(0, 2**63 - 1))
def test_the_second_copy_takes_every_place_equally_often(launches: int, seed: int) -> None:
    """A third arm comes first, second and last equally often, and leaves the order of the two as it is."""
    found = orders(ALL, launches, seed)

    places = [sum(order[place] == "again" for order in found) for place in range(3)]
    assert max(places) - min(places) <= 1
    assert [tuple(name for name in order if name != "again") for order in found] == orders(PAIR, launches, seed)


@given(st.integers(1, 40), st.integers(0, 2**63 - 1))
def test_the_seed_fixes_the_order(launches: int, seed: int) -> None:
    """The same seed gives the same orders, so that a trial can be repeated."""
    assert orders(ALL, launches, seed) == orders(ALL, launches, seed)


def test_the_order_is_random() -> None:
    """Over seeds, the first launch begins with either arm about equally often, and neighbours are not tied."""
    found = [orders(PAIR, 8, seed) for seed in range(400)]

    assert 140 < sum(order[0][0] == "before" for order in found) < 260
    assert 100 < sum(order[0] == order[1] for order in found) < 240


def test_a_reversal_goes_back_and_forth() -> None:
    """Before, after, after, before: two launches make a cycle."""
    assert reversals(4) == [("before", "after"), ("after", "before")] * 2


def test_a_rounds_record_tells_launch_place_and_arm() -> None:
    """The folders of a launch sort in the order its rounds ran."""
    assert round_directory(Path("trial"), 2, 0, "after") == Path("trial/launches/03.1-after")
    assert round_directory(Path("trial"), 2, 1, "before") == Path("trial/launches/03.2-before")
