import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import PlanError
from results.plan import Arm, SwarmPlan

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
PLANS = st.builds(
    SwarmPlan,
    scenario=st.sampled_from(["cache_hit", "logged_in"]),
    arms=st.sampled_from([ARMS, ARMS[:1]]),
    seed=st.integers(0, 2**63 - 1),
    launch=st.integers(0, 100),
    rate=st.one_of(st.none(), st.floats(0.01, 1e6)),
    visitors=st.integers(1, 1000),
    warmup_s=st.floats(0, 100),
    duration_s=st.one_of(st.floats(0.1, 1e6), st.just(math.inf)),
    member_share=st.one_of(st.none(), st.floats(0, 1)),
    zipf=st.floats(0, 3),
)


@given(PLANS)
def test_a_plan_survives_json(plan: SwarmPlan) -> None:
    """A plan written as JSON and read again is the same plan."""
    assert SwarmPlan.from_dict(json.loads(json.dumps(plan.to_dict(), allow_nan=False))) == plan


@given(PLANS)
def test_the_traffic_does_not_depend_on_where_the_arms_are(plan: SwarmPlan) -> None:
    """Other names and addresses of the arms leave the traffic key as it is."""
    moved = tuple(Arm(f"{arm.name}-2", "https://example.org") for arm in plan.arms)

    assert dataclasses.replace(plan, arms=moved).traffic_key == plan.traffic_key


@given(PLANS, st.sampled_from([{"seed": 5}, {"launch": 101}, {"zipf": 0.123}, {"scenario": "other"}]))
def test_other_traffic_has_another_key(plan: SwarmPlan, change: dict[str, Any]) -> None:
    """Whatever changes the requests changes the traffic key."""
    changed = dataclasses.replace(plan, **change)

    assert (changed.traffic_key == plan.traffic_key) == (changed == plan)


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 0},
        {"rate": True},
        {"visitors": 0},
        {"duration_s": 0},
        {"member_share": 1.5},
        {"seed": -1},
        {"arms": ()},
    ],
)
def test_impossible_values_are_refused(values: dict[str, Any]) -> None:
    """A plan that no swarm can carry out is refused."""
    with pytest.raises(PlanError):
        SwarmPlan(**{"scenario": "cache_hit", "arms": ARMS, **values})


def test_arms_of_one_name_are_refused() -> None:
    """Two arms that cannot be told apart are refused."""
    with pytest.raises(PlanError, match="different names"):
        SwarmPlan("cache_hit", (ARMS[0], ARMS[0]))


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://host", "http://"])
def test_an_arm_needs_an_origin(url: str) -> None:
    """An arm's address must be an http or https origin."""
    with pytest.raises(PlanError, match="origin"):
        Arm("target", url)


def test_an_unknown_key_names_the_nearest() -> None:
    """A misspelt key is refused with the key that was meant."""
    with pytest.raises(PlanError, match="did you mean 'rate'"):
        SwarmPlan.from_dict({"scenario": "cache_hit", "arms": [], "rat": 1})


def test_a_missing_key_is_named() -> None:
    """A plan without its scenario says so."""
    with pytest.raises(PlanError, match="scenario"):
        SwarmPlan.from_dict({"arms": []})
