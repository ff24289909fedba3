"""The traffic plan: the same numbers make the same traffic, and the traffic is what the plan says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from locustfiles._errors import SwarmError
from locustfiles._plan import BLOCK_REQUESTS, Block, Pages, Traffic
from locustfiles._scenario import Persona, Scenario
from results.plan import Arm, SwarmPlan

MIX = Scenario(
    "mix",
    "readers and members",
    (
        Persona("reader", 0.9, {"article": 0.7, "home": 0.1, "listing": 0.1, "tag": 0.1}),
        Persona("member", 0.1, {"article": 0.5, "me": 0.5}, logged_in=True),
    ),
)
TWO = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))


def site(articles: int = 200) -> Pages:
    """A URL table with two tags."""
    return Pages(list(range(articles)), lambda article: f"slug-{article}", {"one": 3, "two": 1})


def traffic(**values: object) -> Traffic:
    """The traffic of a plan of two arms."""
    plan = replace(SwarmPlan("mix", TWO, rate=200.0, duration_s=30.0), **values)  # type: ignore[arg-type]
    return Traffic(plan, MIX, site())


def joined(blocks: list[Block], name: str) -> np.ndarray:
    """One column of several blocks."""
    return np.concatenate([getattr(block, name) for block in blocks])


def test_the_same_plan_has_the_same_hash_and_requests() -> None:
    """Made twice, a plan is the same to the last bit."""
    first, second = traffic(), traffic()
    assert first.hash == second.hash
    for one, other in zip(first.blocks(), second.blocks(), strict=True):
        assert (one.url == other.url).all()
        assert all((a == b).all() for a, b in zip(one.times, other.times, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"launch": 1},
        {"rate": 201.0},
        {"duration_s": 31.0},
        {"zipf": 0.9},
        {"members": 3},
        {"arms": TWO[:1]},
    ],
)
def test_whatever_changes_the_traffic_changes_the_hash(change: dict[str, object]) -> None:
    """Seed, launch, rate, duration, popularity, members and the number of arms are all in the hash."""
    assert traffic(**change).hash != traffic().hash


def test_where_the_arms_are_does_not_change_the_traffic() -> None:
    """Names and addresses of arms are no part of the plan's hash."""
    moved = (Arm("a", "http://127.0.0.1:8"), Arm("b", "http://127.0.0.1:9"))
    assert traffic(arms=moved).hash == traffic().hash


def test_arrivals_are_a_poisson_process_in_each_arm_and_independent_between_them() -> None:
    """Counts have the stated mean, gaps are exponential, and the arms' moments are not the same."""
    made = traffic(rate=200.0, duration_s=200.0)
    blocks = list(made.blocks())
    count = sum(len(block) for block in blocks)
    assert abs(count - 40_000) < 4 * 200
    times = [np.concatenate([block.times[arm] for block in blocks]) for arm in (0, 1)]
    for arm in times:
        assert (np.diff(arm) >= 0).all()
        assert stats.kstest(np.diff(arm), stats.expon(scale=1 / 200).cdf).pvalue > 0.01
    assert not np.intersect1d(*times).size
    assert abs((times[0] < times[1]).mean() - 0.5) < 0.25  # which copy goes first is a coin


@given(
    rate=st.floats(0.5, 2000),
    warmup=st.floats(0, 20),
    duration=st.floats(0.1, 90),
    workers=st.integers(1, 7),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=30, deadline=None)
def test_workers_divide_the_plan_without_gap_or_overlap(
    rate: float, warmup: float, duration: float, workers: int, seed: int
) -> None:
    """Each request has one worker, a member's requests have the same one, and none lies outside the plan."""
    made = traffic(rate=rate, warmup_s=warmup, duration_s=duration, seed=seed)
    first = 0
    homes: dict[int, int] = {}
    for block in itertools.islice(made.blocks(), 5):
        assert block.first == first
        first += len(block)
        owned = [block.of_worker(index, workers) for index in range(workers)]
        assert sorted(np.concatenate(owned).tolist()) == list(range(len(block)))
        for index, mine in enumerate(owned):
            for member in set(block.member[mine].tolist()) - {-1}:
                assert homes.setdefault(member, index) == index
        for times in block.times:
            assert len(times) == len(block)
            assert ((times >= block.start) & (times <= warmup + duration)).all()


def test_shares_are_the_scenarios() -> None:
    """One request in ten is a member's, and each persona asks for its own routes in its own shares."""
    blocks = list(traffic(rate=1000.0, duration_s=60.0).blocks())
    persona, url, member = (joined(blocks, name) for name in ("persona", "url", "member"))
    assert abs((persona == 1).mean() - 0.1) < 0.01
    assert ((member >= 0) == (persona == 1)).all()
    assert set(member[member >= 0].tolist()) == set(range(20))
    pages = site()
    routes = np.array([pages.route(page) for page in range(len(pages))])[url]
    assert abs((routes[persona == 1] == "me").mean() - 0.5) < 0.03
    assert abs((routes[persona == 0] == "article").mean() - 0.7) < 0.02
    assert "me" not in routes[persona == 0]


def test_member_share_replaces_the_members_part() -> None:
    """A stated member share overrides the scenario's, between the personas and not within them."""
    blocks = list(traffic(rate=1000.0, duration_s=30.0, member_share=0.5).blocks())
    assert abs((joined(blocks, "member") >= 0).mean() - 0.5) < 0.02


def test_articles_follow_a_zipf_law() -> None:
    """The logarithm of requests falls with the logarithm of rank by the stated exponent."""
    blocks = list(traffic(rate=2000.0, duration_s=100.0, zipf=0.8).blocks())
    url = joined(blocks, "url")
    first = site().first_article
    counts = np.bincount(url[url >= first] - first)
    slope = np.polyfit(np.log(np.arange(1, 101)), np.log(counts[:100]), 1)[0]
    assert abs(slope + 0.8) < 0.05


def test_a_plan_without_end_keeps_coming() -> None:
    """An endless plan, and one of visitors in a loop, have as many blocks as anybody asks for."""
    for made in (traffic(duration_s=inf), traffic(rate=None)):
        assert made.is_endless
        assert len(list(itertools.islice(made.blocks(), 40))) == 40
    closed = next(iter(traffic(rate=None).blocks()))
    assert (len(closed), closed.times) == (BLOCK_REQUESTS, ())


def test_every_page_of_the_table_has_one_path_and_a_route() -> None:
    """Paths are distinct, and only articles belong to an article."""
    pages = site(45)
    paths = [pages.path(page) for page in range(len(pages))]
    assert len(set(paths)) == len(paths) == 2 + 2 + 2 + 45
    assert paths[:6] == ["/", "/me", "/page/2/", "/page/3/", "/tags/one/", "/tags/two/"]
    assert paths[6] == "/articles/slug-0/"
    articles = [pages.article(page) for page in range(len(pages))]
    assert articles == [None] * 6 + list(range(45))
    assert [pages.route(page) for page in (0, 1, 2, 4, 6)] == ["home", "me", "listing", "tag", "article"]


def test_a_site_of_one_page_turns_to_home() -> None:
    """Where there is neither a second listing nor a tag, those requests go to the home page."""
    pages = Pages([7], str, {})
    made = Traffic(SwarmPlan("mix", TWO, rate=500.0, duration_s=5.0), MIX, pages)
    seen = set(joined(list(made.blocks()), "url").tolist())
    assert {pages.path(page) for page in seen} == {"/", "/me", "/articles/7/"}


def test_members_without_accounts_are_refused() -> None:
    """A scenario that logs in cannot run on a plan of no members."""
    with pytest.raises(SwarmError, match="members 0; give --members"):
        traffic(members=0)


def test_personas_cannot_ask_for_what_is_not_theirs() -> None:
    """An unknown route, and the member's page without a log-in, are refused where the scenario is written."""
    with pytest.raises(SwarmError, match="choose among"):
        Persona("x", 1.0, {"nowhere": 1.0})
    with pytest.raises(SwarmError, match="logged_in=True"):
        Persona("x", 1.0, {"me": 1.0})
