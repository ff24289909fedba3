import math

import pytest

from results import units


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1424, "0.142 ms"), (4.1, "4.10 ms"), (12.34, "12.3 ms"), (140.2, "140 ms"), (1250.0, "1.25 s")],
)
def test_latencies_have_three_digits(value: float, text: str) -> None:
    """A latency is written with three significant digits at every size."""
    assert units.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 %"), (0.0042, "0.42 %"), (0.034, "3.4 %"), (0.88, "88 %"), (1, "100 %")]
)
def test_percentages_have_two_digits(value: float, text: str) -> None:
    """A percentage is written with about two significant digits."""
    assert units.percent(value) == text


def test_a_share_is_never_rounded_up_to_all() -> None:
    """A share just below one is not written as 100 %."""
    assert (units.percent(0.9999), units.percent(0.995)) == ("99.9 %", "99.5 %")


@pytest.mark.parametrize(
    "write", [units.milliseconds, units.percent, units.ratio, units.change, units.count, units.growth]
)
def test_what_is_not_there_is_a_dash(write: object) -> None:
    """A figure that does not exist is written as a dash by every writer."""
    assert callable(write)
    assert write(math.nan) == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0.12, "−88 %"), (1.034, "+3.4 %"), (1.0, "±0 %"), (9.9, "+890 %"), (971.38, "about 971 times")]
)
def test_changes_carry_their_sign(value: float, text: str) -> None:
    """A ratio written as a change says its direction."""
    assert units.change(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.034, "3.4 %"),
        (8.9, "890 %"),
        (9.0, "a factor of 10.0"),
        (970.38, "a factor of 971"),
        (1999.0, "a factor of 2,000"),
    ],
)
def test_from_tenfold_on_a_slowdown_is_a_factor(fraction: float, text: str) -> None:
    """A percentage of five digits is a multiple that the reader has to work out."""
    assert units.growth(fraction) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"), [(1, "launch", "1 launch"), (0, "launch", "0 launches"), (1200, "page", "1,200 pages")]
)
def test_nouns_agree_with_their_number(number: int, noun: str, text: str) -> None:
    """One is singular, and anything else is plural."""
    assert units.counted(number, noun) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.1, "0.1 requests/s"), (1, "1 request/s"), (12.5, "12.5 requests/s"), (1728, "1,728 requests/s")],
)
def test_rates_carry_their_noun(rate: float, text: str) -> None:
    """A rate is written without needless digits, and one request a second is one request."""
    assert units.per_second(rate) == text


def test_an_open_interval_is_not_written() -> None:
    """An interval without an end is left out rather than written as infinity."""
    assert units.interval(0.0, math.inf) == ""


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("/caf%C3%A9/%E6%A2%85?q=%c3%bc", "/café/梅?q=ü"),
        ("/a%2Fb%20c%0A", "/a%2Fb%20c%0A"),
        ("/caf%E9", "/caf%E9"),
        ("/x%E2%80%AEy", "/x%E2%80%AEy"),
    ],
)
def test_addresses_are_shown_with_their_letters_and_nothing_else_is_decoded(sent: str, read: str) -> None:
    """What separates parts, breaks lines, turns the reading direction round or is not UTF-8 stays as it is sent."""
    assert units.readable(sent) == read
