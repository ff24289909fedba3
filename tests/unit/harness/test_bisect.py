"""The search among commits: it finds the first slower one, and asks of no commit twice."""

from __future__ import annotations

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bisect import Word, about, search, side
from harness.errors import UsageError
from harness.trial_plan import TrialPlan


@given(st.integers(1, 200), st.data())
def test_the_first_slower_commit_is_found_in_as_many_steps_as_halves(number: int, data: st.DataObject) -> None:
    """Where every step can tell, no more steps than the logarithm are made."""
    first = data.draw(st.integers(0, number - 1))
    asked: list[str] = []

    def look(commit: str) -> Word:
        asked.append(commit)
        return "slower" if int(commit) >= first else "not slower"

    assert search([str(n) for n in range(number)], look) == [str(first)]
    assert len(asked) == len(set(asked)) <= ceil(log2(number)) + 1


@given(st.integers(1, 60), st.data())
def test_the_first_slower_commit_is_among_the_suspects_whatever_cannot_be_told(
    number: int, data: st.DataObject
) -> None:
    """The suspects are the first slower commit, and commits without a word that lie beside it."""
    first = data.draw(st.integers(0, number - 1))
    silent = data.draw(st.sets(st.integers(0, number - 1)))
    asked: list[int] = []

    def look(commit: str) -> Word:
        asked.append(int(commit))
        return "unknown" if int(commit) in silent else "slower" if int(commit) >= first else "not slower"

    suspects = [int(commit) for commit in search([str(n) for n in range(number)], look)]

    assert first in suspects
    assert suspects == list(range(suspects[0], suspects[-1] + 1))
    assert set(suspects[:-1]) <= silent
    assert len(asked) == len(set(asked))


@given(st.floats(0.01, 100), st.floats(1, 10), st.floats(1.001, 50))
def test_a_commit_counts_as_slower_where_its_whole_interval_is_beyond_half_way(
    low: float, width: float, halfway: float
) -> None:
    """What straddles half way, or cannot be relied on, says nothing; a margin has no part in it."""
    high = low * width
    word = side((low, high), halfway)
    assert (word == "slower") == (low > halfway)
    assert (word == "not slower") == (high < halfway)
    assert side(None, halfway) == "unknown"


def test_the_cell_of_a_search_is_the_only_primary_one() -> None:
    """With its cache class, if one is named."""
    plan = about(TrialPlan(), "reader posts HIT p95")
    assert [str(one.question()) for one in plan.primary] == ["reader posts HIT p95"]
    assert [str(one.question()) for one in about(plan, "member me p50").primary] == ["member me p50"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("reader posts", "--bisect 'reader posts' is no cell; name persona, route and quantile"),
        ("reader posts HOT p50", "--bisect 'reader posts HOT p50' is no cell"),
        ("reader posts p51", "--bisect 'reader posts p51': Value error, unknown quantile 'p51'"),
        ("reader login p50", "route 'login' never decides"),
    ],
)
def test_a_cell_that_is_none_is_refused(cell: str, says: str) -> None:
    """In one line."""
    with pytest.raises(UsageError) as refusal:
        about(TrialPlan(), cell)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
