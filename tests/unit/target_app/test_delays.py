"""Known delays: who gets one, and that it is long enough."""

import time

import pytest

from target_app.delays import Delays, wait_precisely
from target_app.settings import Injection

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("route", "word", "owed"),
    [("article", "HIT", 0.002), ("article", "MISS", 0.0), ("home", "HIT", 0.0), ("home", "EXPIRED", 0.001)],
)
async def test_a_delay_is_owed_by_its_route_and_class(route: str, word: str, owed: float) -> None:
    """Other routes and classes owe nothing."""
    delays = Delays([Injection("article", "hit", 1, 0.002), Injection("home", "miss", 1, 0.001)])
    assert delays.owed(route, word) == owed


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
    await wait_precisely(seconds)
    assert time.perf_counter() - begun >= seconds
