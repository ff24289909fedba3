"""Known delays: who gets one, and that it is long enough."""

import time

import pytest

from target_app.delays import Delays, Stalls, wait_until
from target_app.settings import Injection, Stall

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("route", "word", "owed"),
    [("article", "HIT", 0.002), ("article", "MISS", 0.0), ("home", "HIT", 0.0), ("home", "EXPIRED", 0.001)],
)
async def test_a_delay_is_owed_by_its_route_and_class(route: str, word: str, owed: float) -> None:
    """Other routes and classes owe nothing."""
    delays = Delays([Injection("article", "hit", 1, 0.002), Injection("home", "miss", 1, 0.001)])
    assert delays.owed(route, word) == owed


async def test_answers_that_no_injection_concerns_are_looked_up_once() -> None:
    """Afterwards a dictionary knows, on a site with injections and on one without."""
    for injections in ([], [Injection("article", "hit", 1, 0.002)]):
        delays = Delays(injections)
        assert [delays.owed("home", "HIT") for _ in range(3)] == [0.0] * 3
        assert delays._concerned == {("home", "HIT"): ()}


async def test_delays_of_one_response_add_up() -> None:
    """Two injections that both fit are both owed."""
    delays = Delays([Injection("any", "any", 1, 0.002), Injection("article", "any", 1, 0.001)])
    assert delays.owed("article", "BYPASS") == pytest.approx(0.003)


async def test_a_share_of_the_responses_is_chosen_and_the_same_ones_each_time() -> None:
    """The fraction holds over many responses; the choice follows from the seed."""

    def chosen(seed: int) -> list[bool]:
        delays = Delays([Injection("any", "any", 0.3, 1.0)], seed)
        return [delays.owed("home", "HIT") > 0 for _ in range(4000)]

    assert chosen(1) == chosen(1) != chosen(2)
    assert sum(chosen(1)) == pytest.approx(1200, abs=150)


@pytest.mark.parametrize("seconds", [0.0002, 0.005])
async def test_a_delay_is_never_short(seconds: float) -> None:
    """At least the asked time passes, asleep or not."""
    begun = time.perf_counter()
    await wait_until(begun + seconds)
    assert time.perf_counter() - begun >= seconds


def test_a_stall_comes_at_its_moments_and_at_no_others() -> None:
    """The first one comes a whole stretch after the start; a moment is good for one stall."""
    now, slept = [50.0], []
    stalls = Stalls(Stall(2, 20), clock=lambda: now[0], sleep=slept.append)

    held = []
    for second in (0, 19.9, 20.1, 20.2, 39.9, 40, 59):
        now[0] = 50.0 + second
        before = len(slept)
        stalls.hold()
        held += [second] * (len(slept) - before)

    assert held == [20.1, 40]
    assert slept == [2, 2]


def test_moments_without_a_request_are_let_go() -> None:
    """After a long pause one stall comes, not one for each moment that passed, and the rhythm stays."""
    now, slept = [0.0], []
    stalls = Stalls(Stall(2, 20), clock=lambda: now[0], sleep=slept.append)

    for second in (95, 96, 99.9, 100):
        now[0] = second
        stalls.hold()

    assert len(slept) == 2


def test_a_site_without_stalls_has_none() -> None:
    """No stall is false and holds nobody up."""
    slept: list[float] = []
    stalls = Stalls(None, sleep=slept.append)

    stalls.hold()

    assert not stalls
    assert slept == []
