import dataclasses
import json
import math
import re
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import app
from results.errors import PlanError
from results.plan import Arm, SwarmPlan, parse_shape

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
THREE = (*ARMS, Arm("again", "http://127.0.0.1:3"))
URLS = {"source": "urls.txt", "count": 2, "digest": "0" * 32}
OWN = {"name": "shop.py", "sha256": "a" * 64, "digest": "0" * 32}
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "scenario": st.sampled_from(["cache_hit", "logged_in"]),
    "arms": st.sampled_from([ARMS, ARMS[:1], THREE]),
    "seed": st.integers(0, 2**63 - 1),
    "launch": st.integers(0, 100),
    "visitors": st.integers(1, 1000),
    "warmup_s": st.floats(0, 100),
    "member_share": st.one_of(st.none(), st.floats(0, 1)),
    "zipf": st.floats(0, 3),
    "event_s": st.one_of(st.none(), st.floats(0.001, 1000)),
    "urls": st.sampled_from([None, URLS, {**URLS, "login": {"name": "site.toml"}}]),
    "stale_s": st.floats(0, 100),
    "ca_file": st.sampled_from([None, "/ca.pem"]),
    "locustfile": st.sampled_from([None, OWN]),
    "insecure": st.booleans(),
}
SHAPED = st.one_of(
    st.sampled_from(["ramp", "steps", "spike"]),
    st.builds("ramp:{}".format, st.floats(0.001, 1)),
    st.builds("steps:{}".format, st.integers(1, 100)),
    st.builds("spike:{}".format, st.floats(1, 1000)),
)
CLIMBS = st.one_of(st.just("breakpoint"), st.builds("breakpoint:{}".format, st.floats(1.01, 10)))
RATES, ENDS = st.floats(0.01, 1e6), st.floats(0.1, 1e6)
PLANS = st.one_of(
    st.builds(
        SwarmPlan,
        rate=st.one_of(st.none(), RATES),
        duration_s=st.one_of(ENDS, st.just(math.inf)),
        shape=st.sampled_from(["steady", "soak"]),
        **COMMON,
    ),
    st.builds(SwarmPlan, rate=RATES, duration_s=ENDS, shape=st.one_of(SHAPED, CLIMBS), **COMMON),
    st.builds(SwarmPlan, rate=RATES, duration_s=st.just(math.inf), shape=CLIMBS, **COMMON),
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


@given(PLANS, st.sampled_from([{"ca_file": "/other.pem"}, {"insecure": True}, {"insecure": False}, {"stale_s": 101.0}]))
def test_the_traffic_does_not_depend_on_how_it_is_trusted_and_judged(plan: SwarmPlan, change: dict[str, Any]) -> None:
    """Certificates and the allowance for old editions are no part of what is asked."""
    assert dataclasses.replace(plan, **change).traffic_key == plan.traffic_key


def test_the_traffic_depends_on_a_scenario_of_ones_own_and_not_on_its_file() -> None:
    """Another digest is other traffic under the same name; another file name is not, and ours have the key they had."""

    def key(locustfile: dict[str, Any] | None) -> str:
        return SwarmPlan("cache_hit", ARMS, locustfile=locustfile).traffic_key

    assert key({**OWN, "name": "kiosk.py", "sha256": "b" * 64}) == key(OWN)
    assert len({key(None), key(OWN), key({**OWN, "digest": "1" * 32})}) == 3
    assert key(None) == "7c3082970daeb270f8fc4ff4fcc849a4"


def test_the_traffic_depends_on_addresses_and_not_on_their_file() -> None:
    """The same addresses from another file are the same traffic; others, or other members, are not."""

    def key(urls: dict[str, Any] | None) -> str:
        return SwarmPlan("cache_hit", ARMS, urls=urls).traffic_key

    assert key({**URLS, "source": "sitemap.xml"}) == key(URLS)
    assert len({key(None), key(URLS), key({**URLS, "digest": "1" * 32}), key({**URLS, "login": {"page": "/"}})}) == 4


@given(
    PLANS,
    st.sampled_from(
        [{"seed": 5}, {"launch": 101}, {"zipf": 0.123}, {"scenario": "other"}, {"event_s": 0.123}, {"shape": "steady"}]
    ),
)
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
        {"event_s": 0},
        {"event_s": -1.0},
        {"event_s": math.nan},
        {"stale_s": -0.1},
        {"stale_s": True},
    ],
)
def test_impossible_values_are_refused(values: dict[str, Any]) -> None:
    """A plan that no swarm can carry out is refused."""
    with pytest.raises(PlanError):
        SwarmPlan(**{"scenario": "cache_hit", "arms": ARMS, **values})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"duration_s": 0.0},
            "duration is 0.0 (--duration, in a plan duration_s); it must be a number of seconds from 0.1 up",
        ),
        ({"warmup_s": -1.0}, "warm-up is -1.0 (--warmup, in a plan warmup_s)"),
        (
            {"event_s": 0.0},
            (
                "time between events is 0.0 (--event-every, in a plan event_s); "
                "it must be a number of seconds from 0.001 to 86400"
            ),
        ),
        ({"stale_s": "long"}, "stale allowance is 'long' (--stale-allowance, in a plan stale_s)"),
        ({"visitors": 0}, "visitors is 0 (--visitors or --users); it must be a number from 1 to 100000"),
        ({"member_share": 1.5}, "member share is 1.5 (--member-share, in a plan member_share)"),
        ({"members": -1}, "members is -1 (--members)"),
        ({"rate": -1.0}, "rate is -1.0 (--rate); it must be a number from 0.01 to 1000000"),
        ({"zipf": 4.0}, "zipf is 4.0 (--zipf)"),
        ({"seed": -1}, "seed is -1 (--seed)"),
        ({"launch": -1}, "launch is -1; it must be"),
    ],
)
def test_a_refusal_names_option_and_key(values: dict[str, Any], says: str) -> None:
    """Whoever typed an option finds it in the line, and whoever wrote a plan file finds the key."""
    with pytest.raises(PlanError) as refusal:
        SwarmPlan(**{"scenario": "cache_hit", "arms": ARMS, **values})
    assert str(refusal.value).startswith(says)


def test_every_option_named_is_one_of_the_command() -> None:
    """The options in the lines are those that ``anp swarm`` takes."""
    command = typer.main.get_command(app).commands["swarm"]  # type: ignore[attr-defined]
    known = {name for option in command.params for name in option.opts}
    for key in ("duration_s", "warmup_s", "event_s", "stale_s", "visitors", "member_share", "members", "rate", "zipf"):
        with pytest.raises(PlanError) as refusal:
            SwarmPlan(**{"scenario": "cache_hit", "arms": ARMS, key: -1})
        named = set(re.findall(r"--[a-z-]+", str(refusal.value)))
        assert named
        assert named <= known


def test_a_shape_without_a_number_takes_its_own() -> None:
    """A bare name stands for the documented number."""
    assert [parse_shape(name)[1] for name in ("ramp", "steps", "spike", "breakpoint", "steady")] == [0.1, 4, 5, 1.2, 1]
    assert parse_shape("spike:8") == ("spike", 8)


def test_arms_of_one_name_are_refused() -> None:
    """Two arms that cannot be told apart are refused."""
    with pytest.raises(PlanError, match="both arms are named 'before'; give them different names"):
        SwarmPlan("cache_hit", (ARMS[0], ARMS[0]))
    with pytest.raises(PlanError, match="several arms are named 'before'; give them different names"):
        SwarmPlan("cache_hit", (ARMS[1], ARMS[0], ARMS[0]))


def test_a_swarm_drives_three_arms_at_most() -> None:
    """A third arm is another copy of one of two; a fourth is refused with the number."""
    assert len(SwarmPlan("cache_hit", THREE).arms) == 3
    with pytest.raises(PlanError, match="two or three arms side by side, not 4"):
        SwarmPlan("cache_hit", (*THREE, Arm("more", "http://127.0.0.1:4")))


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


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("stedy", "Did you mean 'steady'"),
        ("", "must be one of steady, ramp"),
        ("steady:2", "takes no number"),
        ("soak:1", "takes no number"),
        ("ramp:0", "from 0.001 to 1"),
        ("ramp:1.5", "from 0.001 to 1"),
        ("ramp:", "from 0.001 to 1"),
        ("steps:2.5", "from 1 to 100"),
        ("steps:0", "from 1 to 100"),
        ("spike:0.5", "from 1 to 1000"),
        ("spike:nan", "from 1 to 1000"),
        ("spike:much", "from 1 to 1000"),
        ("breakpoint:1", "from 1.01 to 10"),
        ("breakpoint:inf", "from 1.01 to 10"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(shape: str, says: str) -> None:
    """An unknown name, and a number that the shape does not take, are refused with what it does take."""
    with pytest.raises(PlanError, match=says) as refusal:
        SwarmPlan("cache_hit", ARMS, shape=shape)
    assert repr(shape) in str(refusal.value)


@pytest.mark.parametrize("shape", ["ramp", "steps", "spike", "breakpoint"])
def test_visitors_in_a_loop_have_no_shape(shape: str) -> None:
    """A shape is of a rate; without one it is refused."""
    with pytest.raises(PlanError, match="give a rate"):
        SwarmPlan("cache_hit", ARMS, rate=None, shape=shape)


@pytest.mark.parametrize("shape", ["ramp", "steps", "spike"])
def test_what_aims_at_an_end_needs_one(shape: str) -> None:
    """A ramp that goes on for ever never arrives."""
    with pytest.raises(PlanError, match="give a duration"):
        SwarmPlan("cache_hit", ARMS, duration_s=math.inf, shape=shape)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shape": 5}, "shape is 5; it must be a word"),
        ({"arms": 3}, "an arm is 3; write it as"),
        ({"arms": [{"name": "a", "url": "http://127.0.0.1:1", "port": 1}]}, "'port': 1}; write it as"),
        ({"urls": 3}, "urls is 3; it must be an object"),
        ({"corpus": "x"}, "corpus is 'x'; it must be an object"),
        ({"ca_file": 5}, "ca_file is 5; it must be a file name"),
        ({"insecure": "no"}, "insecure is 'no'; it must be true or false"),
        ({"scenario": None}, "scenario is None; it must be a name"),
    ],
)
def test_values_of_another_kind_are_refused_in_one_line(change: dict[str, Any], says: str) -> None:
    """A plan file that holds the wrong kind of value is told what it should be."""
    data = SwarmPlan("cache_hit", (Arm("a", "http://127.0.0.1:1"),)).to_dict()
    with pytest.raises(PlanError) as caught:
        SwarmPlan.from_dict(data | change)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
