"""The traffic plan: the same numbers make the same traffic, and the traffic is what the plan says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import ceil, inf

import numpy as np
import pytest
import scipy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from locustfiles._errors import SwarmError
from locustfiles._pages import REDIRECT, listed_pages, reference_pages
from locustfiles._plan import AGAIN, BLOCK_REQUESTS, ONCE, RETURNS, Block, Traffic
from locustfiles._scenario import Persona, Scenario
from results.plan import Arm, SwarmPlan
from tests.unit.locustfiles.small_site import small_site

MIX = Scenario(
    "mix",
    "readers and members",
    (
        Persona("reader", 0.9, {"article": 0.7, "home": 0.1, "listing": 0.1, "tag": 0.1}),
        Persona("member", 0.1, {"article": 0.5, "me": 0.5}, logged_in=True),
    ),
)
READER = Persona("reader", 1.0, {"article": 0.9, "home": 0.1})
NEWSROOM = Scenario(
    "newsroom",
    "readers, fans who come back, a crawler and editors",
    (
        Persona("reader", 0.4, {"article": 0.7, "home": 0.3}),
        Persona("fan", 0.4, {"article": 0.5, "listing": 0.5}, revisits=0.25),
        Persona("crawler", 0.2, tours=True),
        Persona("editor", routes={"edit": 1.0}, every_s=2.0),
    ),
)
TWO = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))


def traffic(scenario: Scenario = MIX, **values: object) -> Traffic:
    """The traffic of a plan of two arms."""
    plan = replace(SwarmPlan("mix", TWO, rate=200.0, duration_s=30.0), **values)  # type: ignore[arg-type]
    return Traffic(plan, scenario, small_site())


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
        {"shape": "spike"},
        {"event_s": 1.0},
        {"prepare": "cold"},
        {"urls": {"source": "f", "count": 1, "digest": "00"}},
    ],
)
def test_whatever_changes_the_traffic_changes_the_hash(change: dict[str, object]) -> None:
    """Seed, launch, rate, duration, popularity, members, shape, clock, addresses and arms are all in the hash."""
    assert traffic(NEWSROOM, **change).hash != traffic(NEWSROOM).hash


@pytest.mark.parametrize(
    "persona",
    [
        replace(READER, name="other"),
        replace(READER, revisits=0.1),
        replace(READER, routes={"article": 0.8, "home": 0.2}),
        Persona("crawler", 1.0, tours=True),
    ],
)
def test_another_scenario_of_the_same_name_has_another_hash(persona: Persona) -> None:
    """The personas themselves are in the hash, so that an altered locustfile is noticed."""
    assert traffic(Scenario("s", "s", (persona,))).hash != traffic(Scenario("s", "s", (READER,))).hash


def test_where_the_arms_are_does_not_change_the_traffic() -> None:
    """Names and addresses of arms, and how they are trusted and judged, are no part of the plan's hash."""
    moved = (Arm("a", "http://127.0.0.1:8"), Arm("b", "https://127.0.0.1:9"))
    assert traffic(arms=moved, ca_file="/ca.pem", insecure=True, stale_s=5.0).hash == traffic().hash


def test_arrivals_are_a_poisson_process_in_each_arm_and_independent_between_them() -> None:
    """Counts have the stated mean, gaps are exponential, and the arms' moments are not the same."""
    made = traffic(rate=200.0, duration_s=200.0)
    blocks = list(made.blocks())
    count = sum(len(block) for block in blocks)
    assert abs(count - 40_000) < 4 * 200
    times = [np.concatenate([block.times[arm] for block in blocks]) for arm in (0, 1)]
    for arm in times:
        assert (np.diff(arm) >= 0).all()
        assert scipy.stats.kstest(np.diff(arm), scipy.stats.expon(scale=1 / 200).cdf).pvalue > 0.01
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
    pages = small_site()
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
    first = small_site().first("article")
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


def test_a_site_of_one_page_turns_to_home() -> None:
    """Where there is neither a second listing nor a tag, those requests go to the home page."""
    pages = reference_pages([7], str, {})
    made = Traffic(SwarmPlan("mix", TWO, rate=500.0, duration_s=5.0), MIX, pages)
    seen = set(joined(list(made.blocks()), "url").tolist())
    assert {pages.path(page) for page in seen} == {"/", "/me", "/articles/7/"}
    assert made.routes == (*pages.routes, REDIRECT)


def test_members_without_accounts_are_refused() -> None:
    """A scenario that logs in cannot run on a plan of no members."""
    with pytest.raises(SwarmError, match="members 0; give --members"):
        traffic(members=0)


# -- shapes, revisits, personas with a clock of their own, tours ----------------------------------------------------


@given(shape=st.sampled_from(["steady", "ramp", "steps:3", "spike:8", "breakpoint:1.5"]), workers=st.integers(2, 5))
@settings(max_examples=15, deadline=None)
def test_a_visitor_stays_with_one_worker(shape: str, workers: int) -> None:
    """Whoever comes back, and whoever changes one article, is served by one worker throughout."""
    made = traffic(NEWSROOM, rate=300.0, duration_s=30.0, shape=shape, event_s=0.05)
    homes: dict[tuple[int, int], int] = {}
    editors: dict[int, int] = {}
    for block in made.blocks():
        for index in range(workers):
            for position in block.of_worker(index, workers).tolist():
                persona, url = int(block.persona[position]), int(block.url[position])
                assert homes.setdefault((persona, int(block.visitor[position])), index) == index
                if made.scenario.personas[persona].writes == {"edit"}:
                    assert editors.setdefault(url, index) == index
    assert len(set(editors.values())) > 1


def test_returning_visitors_ask_for_the_page_they_saw() -> None:
    """A return has visitor, page and persona of an earlier first visit in both arms, and that one is marked."""
    returns = 0
    for block in traffic(NEWSROOM, rate=400.0, duration_s=40.0).blocks():
        first_visit = {}
        for position in range(len(block)):
            key = (int(block.persona[position]), int(block.visitor[position]))
            seen = (int(block.url[position]), int(block.member[position]))
            visit = int(block.visit[position])
            if visit == AGAIN:
                source, page = first_visit[key]
                assert page == seen
                assert block.visit[source] == RETURNS
                assert all(times[source] <= times[position] for times in block.times)
                returns += 1
            elif made_by_clock(block, position):
                assert visit == ONCE
            else:
                assert key not in first_visit
                first_visit[key] = (position, seen)
    assert returns > 1000


def made_by_clock(block: Block, position: int) -> bool:
    """Whether a request of ``NEWSROOM`` is of a persona with a clock of its own."""
    return NEWSROOM.personas[block.persona[position]].is_paced


def test_only_personas_that_revisit_come_back_and_in_their_share() -> None:
    """A quarter of the fans' requests are returns; browsers that return once are marked, and nobody else's are."""
    blocks = list(traffic(NEWSROOM, rate=1000.0, duration_s=60.0).blocks())
    persona, visit = joined(blocks, "persona"), joined(blocks, "visit")
    assert (visit[persona != 1] == ONCE).all()
    again = (visit[persona == 1] == AGAIN).mean()
    assert abs(again - 0.25) < 0.02
    sources = sum(len(set(block.visitor[block.visit == AGAIN].tolist())) for block in blocks)
    assert (visit == RETURNS).sum() == sources


def test_returns_leave_the_popularity_of_pages_as_it_is() -> None:
    """With and without returns, the pages asked for come from one distribution."""
    shares = []
    for revisits in (0.0, 0.5):
        scenario = Scenario("s", "s", (Persona("fan", 1.0, {"article": 1.0}, revisits=revisits),))
        url = joined(list(traffic(scenario, rate=1000.0, duration_s=100.0, seed=5).blocks()), "url")
        shares.append(np.bincount(url - small_site().first("article"), minlength=200) / len(url))
    assert np.abs(shares[0] - shares[1]).max() < 0.01
    slopes = [np.polyfit(np.log(np.arange(1, 101)), np.log(share[:100]), 1)[0] for share in shares]
    assert slopes == pytest.approx([-0.8, -0.8], abs=0.06)


@given(
    event=st.floats(0.02, 40),
    shape=st.sampled_from(["steady", "ramp", "steps:3", "spike:8"]),
    warmup=st.floats(0, 10),
    duration=st.floats(1, 80),
    rate=st.floats(1, 500),
)
@example(event=2.0, shape="steady", warmup=2.0**-24, duration=1.0, rate=1.0)
@settings(max_examples=40, deadline=None)
def test_a_clock_ticks_once_in_each_stretch(
    event: float, shape: str, warmup: float, duration: float, rate: float
) -> None:
    """One event falls into every stretch of the clock, in both arms, inside its block, the last stretch included."""
    scenario = Scenario("s", "s", (READER, Persona("editor", routes={"edit": 1.0}, every_s=3.0)))
    made = traffic(scenario, rate=rate, warmup_s=warmup, duration_s=duration, shape=shape, event_s=event)
    moments: list[list[float]] = [[], []]
    for block in made.blocks():
        mine = block.persona == 1
        for arm in (0, 1):
            moments[arm] += sorted(block.times[arm][mine].tolist())
    total = warmup + duration
    for arm in moments:
        assert len(arm) in {ceil(total / event - 1e-6), ceil(total / event + 1e-6)}
        for place, moment in enumerate(arm):
            assert place * event - 1e-6 <= moment <= min((place + 1) * event, total) + 1e-6


def test_events_fall_on_other_moments_in_each_arm_and_launch() -> None:
    """The arms have the same events at moments of their own, and another launch has others."""
    scenario = Scenario("s", "s", (READER, Persona("editor", routes={"edit": 1.0}, every_s=1.0)))
    events = []
    for launch in (0, 1):
        block = next(traffic(scenario, rate=20.0, duration_s=30.0, launch=launch).blocks())
        mine = block.persona == 1
        assert mine.sum() == 30
        assert not np.intersect1d(block.times[0][mine], block.times[1][mine]).size
        events.append((block.url[mine].tolist(), block.times[0][mine].tolist()))
    assert events[0][0] != events[1][0]
    assert events[0][1] != events[1][1]


def test_the_scenarios_clock_is_used_unless_the_plan_says_otherwise() -> None:
    """Without ``event_s`` the persona's own stretch counts; a rate ten times higher does not hurry it."""
    scenario = Scenario("s", "s", (READER, Persona("editor", routes={"edit": 1.0}, every_s=3.0)))
    for rate in (20.0, 200.0):
        assert (joined(list(traffic(scenario, rate=rate).blocks()), "persona") == 1).sum() == 10
    assert (joined(list(traffic(scenario, event_s=0.5).blocks()), "persona") == 1).sum() == 60


def test_arriving_members_are_drawn_from_the_plans() -> None:
    """Who logs in under load is one of the plan's members, and the visitor is the member's number."""
    scenario = Scenario("s", "s", (READER, Persona("arrival", routes={"login": 1.0}, every_s=0.1)))
    blocks = list(traffic(scenario, members=7, duration_s=60.0).blocks())
    arrivals = joined(blocks, "persona") == 1
    member = joined(blocks, "member")
    assert set(member[arrivals].tolist()) == set(range(7))
    assert (joined(blocks, "visitor")[arrivals] == member[arrivals]).all()
    assert (member[~arrivals] == -1).all()


@given(articles=st.integers(1, 60), launch=st.integers(0, 5), duration=st.floats(5, 200))
@settings(max_examples=20, deadline=None)
def test_a_tour_goes_through_the_whole_site_and_begins_anew(articles: int, launch: int, duration: float) -> None:
    """The crawler's pages follow the sitemap without a gap, across blocks, and from the end on to the start."""
    scenario = Scenario("s", "s", (READER, Persona("crawler", 1.0, tours=True)))
    plan = SwarmPlan("s", TWO, rate=20.0, duration_s=duration, launch=launch)
    pages = small_site(articles)
    made = Traffic(plan, scenario, pages)
    walked = []
    for block in made.blocks():
        mine = block.persona == 1
        order = np.argsort(block.times[0][mine], kind="stable")
        walked += block.url[mine][order].tolist()
    tour = pages.tour.tolist()
    start = tour.index(walked[0])
    assert walked == [tour[(start + step) % len(tour)] for step in range(len(walked))]
    assert len(walked) == pytest.approx(10 * duration, abs=1)


def test_launches_tour_from_different_places() -> None:
    """A long site is not always crawled from the same page on."""
    scenario = Scenario("s", "s", (READER, Persona("crawler", 1.0, tours=True)))
    starts = set()
    for launch in range(5):
        block = next(traffic(scenario, launch=launch).blocks())
        starts.add(int(block.url[np.flatnonzero(block.persona == 1)[0]]))
    assert len(starts) > 1


def test_what_has_a_clock_is_refused_in_the_closed_workload() -> None:
    """Visitors in a loop cannot edit every two seconds; the line says what to give instead."""
    with pytest.raises(SwarmError, match=r"clock of its own \(crawler\).*give --rate R"):
        traffic(NEWSROOM, rate=None)


def test_a_scenario_of_clocks_alone_makes_only_their_requests() -> None:
    """Without a persona of the plan's rate, the rate goes to nobody."""
    scenario = Scenario("s", "s", (Persona("editor", routes={"edit": 1.0}, every_s=2.0),))
    blocks = list(traffic(scenario, duration_s=30.0).blocks())
    assert len(joined(blocks, "url")) == 15


# -- other sites ----------------------------------------------------------------------------------------------------


def test_a_listed_site_is_read_by_its_weights() -> None:
    """On a site known by its addresses, each is asked for in its share of all weights, whatever the exponent."""
    weights = [float(1 + number % 9) for number in range(50)]
    pages = listed_pages([f"/{n}" for n in range(50)], [f"r{n % 4}" for n in range(50)], weights)
    scenario = Scenario("s", "s", (READER,)).on(pages)
    plan = SwarmPlan("s", TWO[:1], rate=1000.0, duration_s=60.0, zipf=2.0)
    url = joined(list(Traffic(plan, scenario, pages).blocks()), "url")
    counts = {pages.path(row): count for row, count in enumerate(np.bincount(url, minlength=50)) if row < 50}
    expected = np.array(weights) / sum(weights) * len(url)
    assert scipy.stats.chisquare([counts[f"/{n}"] for n in range(50)], expected).pvalue > 0.01


def test_a_crawler_tours_a_listed_site_in_the_order_of_its_addresses() -> None:
    """Without a sitemap of ours, the tour is the order in which the addresses were given."""
    paths = [f"/{n}" for n in range(30)]
    pages = listed_pages(paths, [f"r{n % 4}" for n in range(30)], [1.0] * 30)
    scenario = Scenario("s", "s", (READER, Persona("crawler", 1.0, tours=True))).on(pages)
    block = next(Traffic(SwarmPlan("s", TWO, rate=20.0, duration_s=10.0), scenario, pages).blocks())
    mine = block.url[block.persona == 1].tolist()
    start = paths.index(pages.path(mine[0]))
    assert [pages.path(url) for url in mine] == [paths[(start + step) % 30] for step in range(len(mine))]
