"""How long a trial is said to take."""

from __future__ import annotations

import pytest

from harness import duration
from harness.trial_plan import SECONDS_LIMITS, TrialPlan


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s"),
        (14.4, "about 14 s"),
        (48.0, "about 50 s"),
        (58.0, "about 1 min"),
        (158.0, "about 2 min 40 s"),
        (3595.0, "about 1 h"),
        (4222.0, "about 1 h 10 min"),
    ],
)
def test_a_time_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    """Tens of seconds, and minutes from an hour on."""
    assert duration.words(seconds) == words


@pytest.mark.parametrize("method", ["auto", "duet", "rounds", "reversal"])
def test_a_launch_more_takes_at_least_its_load(method: str) -> None:
    """Two launches more are told with the load of both; loaded in turn, with that of every round."""
    rounds = 2 if method in {"rounds", "reversal"} else 1
    short, long = (TrialPlan.model_validate({"method": method, "launches": n}) for n in (8, 10))

    assert duration.total(long, 30.0) - duration.total(short, 30.0) >= 2 * rounds * (30.0 + long.warmup)


def test_a_second_copy_takes_its_time() -> None:
    """A third arm makes a trial longer, by far the most where arms are loaded in turn."""

    def extra(method: str) -> float:
        one, three = (TrialPlan.model_validate({"method": method, "again": again}) for again in (False, True))
        return duration.total(three, 10.0) - duration.total(one, 10.0)

    assert 0 < extra("duet") < extra("rounds")


def test_the_announcement_counts_launches() -> None:
    """What is said at the start holds the number of launches and the time."""
    assert duration.announcement(TrialPlan(launches=1)).startswith("1 launch: about ")
    assert duration.announcement(TrialPlan(launches=8)).startswith("8 launches: about ")


def test_the_announcement_says_when_the_rate_will_decide() -> None:
    """How long launches of ``auto`` get is known after the pilot only, so the shortest time is told as such."""
    shortest, _ = SECONDS_LIMITS
    known = duration.announcement(TrialPlan(seconds=shortest))

    assert duration.announcement(TrialPlan(seconds="auto")) == f"{known}, longer on a slow site"
