"""The rate that the pilot finds, and how long a launch it asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.pilot import BUSY_SHARE, RATE_LIMITS, affordable, long_enough
from harness.trial_plan import ENOUGH_REQUESTS, SECONDS_LIMITS


@given(st.floats(0.01, 1000))
def test_the_rate_keeps_the_core_as_busy_as_it_may_be(cost_ms: float) -> None:
    """Within the limits of the rate, all arms together take the share of the core that is theirs, to two digits."""
    rate = affordable(cost_ms)

    low, high = RATE_LIMITS
    assert low <= rate <= high
    if low < rate < high:
        assert abs(rate * cost_ms / 1e3 - BUSY_SHARE) <= 0.05 * BUSY_SHARE + 1e-9


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_further_arm_never_raises_the_rate(two_ms: float, third_ms: float) -> None:
    """The cost of another copy counts, so each arm gets fewer requests or as many."""
    assert affordable(two_ms + third_ms) <= affordable(two_ms)


@given(st.floats(0.01, 1e6))
def test_a_launch_is_long_enough_for_its_requests(rate: float) -> None:
    """Within its limits a launch is the shortest of whole seconds that holds the requests."""
    low, high = SECONDS_LIMITS
    seconds = long_enough(rate)

    assert low <= seconds <= high
    if seconds < high:
        assert rate * seconds >= ENOUGH_REQUESTS * (1 - 1e-12)
    if low < seconds:
        assert rate * (seconds - 1) < ENOUGH_REQUESTS
