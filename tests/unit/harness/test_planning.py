"""The pilot of a plan."""

from __future__ import annotations

import pytest

from harness.planning import LAUNCHES, SECONDS, pilot_of
from harness.trial_plan import SHORTEST_REVERSAL, TrialPlan


@pytest.mark.parametrize(
    ("method", "launches"),
    [("auto", LAUNCHES), ("duet", LAUNCHES), ("rounds", LAUNCHES), ("reversal", SHORTEST_REVERSAL)],
)
def test_a_pilot_is_the_trial_in_small(method: str, launches: int) -> None:
    """Few short launches of the same arms by the same method; a reversal still goes back and forth twice."""
    plan = TrialPlan.model_validate({"name": "mine", "method": method, "launches": 40, "seconds": 60.0, "rate": 25.0})

    pilot = pilot_of(plan)

    assert (pilot.name, pilot.launches, pilot.seconds) == ("mine-pilot", launches, SECONDS)
    kept = {"name", "launches", "seconds"}
    assert pilot.model_dump(exclude=kept) == plan.model_dump(exclude=kept)
    assert TrialPlan.model_validate(pilot.model_dump()) == pilot


def test_a_pilot_is_no_longer_than_the_trial() -> None:
    """Launches that are shorter than a pilot's are taken as they are."""
    assert pilot_of(TrialPlan.model_validate({"seconds": 1.5})).seconds == 1.5


def test_a_pilot_is_as_long_as_the_trial_where_the_rate_decides() -> None:
    """With ``auto``, the pilot has to meet the pages that the trial would judge."""
    assert pilot_of(TrialPlan(seconds="auto")).seconds == "auto"
