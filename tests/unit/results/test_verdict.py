import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from results.errors import ComparisonError
from results.verdict import FAIL_ON, Verdict, decide, exit_code, fails_by, judge, margin, settle, undecided

OPPOSITE = {"faster": "slower", "slower": "faster"}
ENDS = st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(sorted)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.06, 0.2, "slower"),
        (-0.2, -0.06, "faster"),
        (-0.04, 0.04, "no difference"),
        (0.01, 0.04, "no difference"),
        (0.01, 0.2, "not enough data"),
        (-0.2, 0.2, "not enough data"),
        (-0.2, -0.01, "not enough data"),
        (-math.inf, math.inf, "not enough data"),
        (0.05, 0.2, "not enough data"),
    ],
)
def test_the_place_of_the_interval_gives_the_word(low: float, high: float, word: str) -> None:
    """Beyond, inside or across the margin: the interval alone decides."""
    assert decide(low, high, 0.05) == word


@given(ENDS, st.floats(0.001, 0.5))
def test_turning_an_interval_round_exchanges_faster_and_slower(ends: list[float], log_margin: float) -> None:
    """The mirror image of an interval gets the opposite word."""
    low, high = ends
    word = decide(low, high, log_margin)

    assert decide(-high, -low, log_margin) == OPPOSITE.get(word, word)


@given(ENDS, st.floats(0.001, 0.5), st.floats(0, 0.5))
def test_a_wider_margin_never_makes_a_change(ends: list[float], log_margin: float, wider: float) -> None:
    """Widening the margin never creates faster or slower."""
    word = decide(*ends, log_margin + wider)

    assert word not in OPPOSITE or decide(*ends, log_margin) == word


@given(ENDS, st.floats(0.01, 0.2))
def test_what_is_said_is_what_the_interval_says(ends: list[float], relative: float) -> None:
    """The certain change and the ruled-out one are the ends of the interval."""
    low, high = ends
    assume(high - low > 1e-6)
    verdict = judge(low, high, relative, estimate=(low + high) / 2, spread=0.1, alpha=0.05, m=3)

    if verdict.word == "slower":
        assert verdict.at_least == pytest.approx(math.expm1(low))
    elif verdict.word == "faster":
        assert verdict.at_least == pytest.approx(-math.expm1(high))
    else:
        assert verdict.at_least is None
        assert verdict.ruled_out_slowdown == pytest.approx(max(math.expm1(high), 0))


@given(ENDS, st.floats(0.001, 0.5))
def test_what_an_interval_says_is_told_from_what_has_another_reason(ends: list[float], relative: float) -> None:
    """Every word of an interval follows from it, *not enough data* too; one with another reason does not."""
    assert settle(*ends, relative).follows_from_interval
    assert not undecided("one launch cannot say how launches differ").follows_from_interval


def test_an_undecided_cell_leans_where_its_interval_points() -> None:
    """Not enough data names the direction only where the interval excludes no change at all."""
    leaning = judge(0.01, 0.2, 0.03, estimate=0.1, spread=0.1, alpha=0.05, m=1)
    open_ = judge(-0.01, 0.2, 0.03, estimate=0.1, spread=0.1, alpha=0.05, m=1)

    assert (leaning.direction, open_.direction) == ("slower", "none")
    assert "leans slower" in leaning.qualifier


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_the_margin_does_not_depend_on_the_order_of_the_arms(one: float, other: float) -> None:
    """Exchanging the arms leaves the margin as it is."""
    assert margin(0.03, 0.02, one, other) == margin(0.03, 0.02, other, one)


def test_the_noise_floor_widens_the_margin_of_fast_pages() -> None:
    """A hundredth of a millisecond matters to no page, however fast."""
    assert margin(0.03, 0.02, 0.2, 0.2) == pytest.approx(0.1)
    assert margin(0.03, 0.02, 20.0, 20.0) == 0.03


@pytest.mark.parametrize(
    ("words", "overall", "fail_on", "code"),
    [
        (["faster"], "faster", ("slower", "invalid"), 0),
        (["faster", "slower"], "slower", ("slower", "invalid"), 1),
        (["slower"], "slower", ("invalid",), 0),
        (["not enough data"], "not enough data", ("slower", "invalid"), 0),
        (["not enough data", "faster"], "faster", ("not enough data",), 3),
        ([], "not enough data", ("not enough data",), 3),
        (["not enough data", "slower"], "slower", ("slower", "not enough data"), 1),
        (["invalid"], "invalid", ("slower", "invalid"), 4),
        (["not comparable"], "not comparable", ("slower", "invalid"), 4),
        (["invalid"], "invalid", ("slower",), 0),
    ],
)
def test_exit_codes(words: list, overall: str, fail_on: tuple[str, ...], code: int) -> None:
    """The exit code follows the verdict and what the caller asked to fail on."""
    assert exit_code([Verdict(word, "") for word in words], overall, fail_on) == code


LEANING = Verdict("not enough data", "leans slower", "slower")
UNDECIDED = Verdict("not enough data", "")


@pytest.mark.parametrize(
    ("verdicts", "fail_on", "code"),
    [
        ([LEANING], ("leaning slower",), 1),
        ([LEANING], ("slower", "invalid"), 0),
        ([LEANING], ("slower", "not enough data"), 3),
        ([UNDECIDED], ("leaning slower",), 0),
        ([UNDECIDED, LEANING], ("leaning slower", "not enough data"), 1),
        ([Verdict("slower", "", "slower")], ("leaning slower",), 1),
        ([Verdict("no difference", "", "slower")], ("leaning slower",), 0),
        ([Verdict("not enough data", "", "faster")], ("leaning slower",), 0),
    ],
)
def test_failing_on_a_lean_fails_slower_cells_and_undecided_ones_that_lean(
    verdicts: list[Verdict], fail_on: tuple[str, ...], code: int
) -> None:
    """A lean is a failure where it was asked for; a change shown to be within the margin is none, however it points."""
    assert exit_code(verdicts, verdicts[0].word, fail_on) == code


@given(ENDS, st.floats(0.01, 0.5))
def test_a_lean_fails_one_order_of_the_arms_at_most(ends: list[float], relative: float) -> None:
    """With the arms exchanged the other one is slower: both never fail, and one does where a change is beyond doubt."""
    low, high = ends
    one, other = settle(low, high, relative), settle(-high, -low, relative)
    codes = [exit_code([verdict], verdict.word, ("leaning slower",)) for verdict in (one, other)]

    assert sum(codes) == (one.word != "no difference" and (low > 0 or high < 0))
    assert codes[0] == (low > 0 and one.word != "no difference")


@given(ENDS, st.floats(0.01, 0.5))
def test_whatever_fails_on_slower_fails_on_a_lean_too(ends: list[float], relative: float) -> None:
    """The one policy is the stricter of the two."""
    verdict = settle(*ends, relative)

    if fails_by(verdict, ("slower",)):
        assert fails_by(verdict, ("leaning slower",))


def test_every_policy_lets_something_fail() -> None:
    """Each word of a policy is one that some cell fails by."""
    verdicts = [Verdict("slower", ""), LEANING, UNDECIDED, Verdict("invalid", "")]

    assert {fails_by(verdict, (word,)) for word in FAIL_ON for verdict in verdicts} == {*FAIL_ON, None}


def test_failing_on_an_unknown_word_is_refused() -> None:
    """A misspelt policy is an error that lists what can be asked for."""
    with pytest.raises(ComparisonError, match="not enough data"):
        exit_code([], "faster", ["slow"])
