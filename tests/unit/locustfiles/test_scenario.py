"""Scenarios: who comes and how often, what is refused where it is written, and what becomes of them elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli import app
from locustfiles._errors import SwarmError
from locustfiles._kinds import PageKind
from locustfiles._members import Members
from locustfiles._pages import Pages, listed_pages
from locustfiles._scenario import Persona, Scenario
from locustfiles._steps import Request
from results.plan import SHAPES, Arm, SwarmPlan, parse_shape
from tests.unit.locustfiles.small_site import small_site

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "scenarios.md"
NAMES = sorted(path.stem for path in (ROOT / "locustfiles").glob("[a-z]*.py"))

READER = Persona("reader", 0.9, {"article": 0.8, "home": 0.2}, revisits=0.1)
MEMBER = Persona("member", 0.1, {"article": 0.5, "me": 0.5}, logged_in=True)
CRAWLER = Persona("crawler", 0.5, tours=True)
EDITOR = Persona("editor", routes={"edit": 1.0}, every_s=2.0)
OPERATOR = Persona("operator", routes={"purge": 1.0}, every_s=5.0)
ARRIVAL = Persona("arrival", routes={"login": 1.0}, every_s=0.5)


def scenario(*personas: Persona) -> Scenario:
    """A scenario of these personas."""
    return Scenario("mine", "a test", personas)


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, Any]]:
    """Every public scenario as data, read in a process of its own because a locustfile brings locust."""
    code = (
        "import importlib, json, sys\n"
        "from locustfiles import _swarm\n"
        "found = {}\n"
        "for name in sys.argv[1:]:\n"
        "    _swarm.SwarmUser._station = None\n"
        "    found[name] = importlib.import_module('locustfiles.' + name).SCENARIO.to_dict()\n"
        "print(json.dumps(found))"
    )
    command = [sys.executable, "-c", code, *NAMES]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"share": 1.0}, "asks for nothing"),
        ({"routes": {"home": 1.0}}, "never comes"),
        ({"share": 1.0, "routes": {"me": 1.0}}, "logged_in=True"),
        ({"share": 1.0, "routes": {"me": 1.0}, "logged_in": True, "revisits": 0.1}, "revisits=0"),
    ],
)
def test_personas_cannot_do_what_nobody_can(values: dict[str, Any], says: str) -> None:
    """Nothing to ask for, no reason to come, another's page, a private page kept: refused where it is written."""
    with pytest.raises(SwarmError, match=says):
        Persona("x", **values)


def test_personas_tell_what_they_do() -> None:
    """Tours and clocks place a persona's requests evenly; logging in, editing and purging are writes."""
    assert [p.is_paced for p in (READER, MEMBER, CRAWLER, EDITOR)] == [False, False, True, True]
    assert [p.writes for p in (READER, EDITOR, OPERATOR, ARRIVAL)] == [set(), {"edit"}, {"purge"}, {"login"}]
    assert scenario(READER, EDITOR, ARRIVAL).writes == {"edit", "login"}


def test_who_logs_in_needs_members_and_who_stays_logged_in_sessions() -> None:
    """A persona that arrives needs accounts; only one that reads as a member needs a session before the start."""
    found = [(s.has_members, s.has_sessions) for s in (scenario(READER), scenario(READER, ARRIVAL), scenario(MEMBER))]
    assert found == [(False, False), (True, False), (True, True)]


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=5), st.floats(0, 1))
@settings(deadline=None)
def test_shares_add_up_and_the_members_part_can_be_chosen(readers: list[float], member_share: float) -> None:
    """Shares are scaled to one; a stated share of members replaces theirs and keeps the readers' proportions."""
    personas = [Persona(f"r{number}", share, {"home": 1.0}) for number, share in enumerate(readers)]
    total = sum(readers)
    plain = scenario(*personas).shares(member_share)
    assert plain == pytest.approx([share / total for share in readers])
    mixed = scenario(*personas, MEMBER).shares(member_share)
    assert mixed == pytest.approx([*(share / total * (1 - member_share) for share in readers), member_share])


def test_a_scenario_of_clocks_alone_has_no_shares() -> None:
    """Where everybody has a clock of their own, the plan's rate goes to nobody."""
    assert scenario(EDITOR, ARRIVAL).shares(0.3) == [0.0, 0.0]


@pytest.mark.parametrize("persona", [EDITOR, Persona("x", 1.0, {"search": 1.0}), Persona("x", 1.0, {"static": 1.0})])
def test_what_needs_the_reference_site_is_refused_elsewhere(persona: Persona) -> None:
    """Edits, searches and the reference site's files do not exist on another site; the line says what does."""
    with pytest.raises(SwarmError, match=r"'mine' needs the reference site \(.*choose cache_hit"):
        scenario(READER, persona).on(listed_pages(["/"], ["home"], [1.0]))


def test_what_can_be_chosen_elsewhere_is_all_that_there_is(shipped: dict[str, dict[str, Any]]) -> None:
    """The scenarios that the refusal names are those that another site can be swarmed with, each of them."""
    pages = listed_pages(["/"], ["home"], [1.0], (), "/enter")
    possible, refusals = set(), set()
    for name, data in shipped.items():
        made = Scenario(name, "", tuple(Persona(**persona) for persona in data["personas"]))
        try:
            made.on(pages)
            possible.add(name)
        except SwarmError as error:
            refusals.add(str(error).partition("choose ")[2])
    [words] = refusals
    assert set(re.split(r", | or ", words)) == possible


@pytest.mark.parametrize(
    ("personas", "values", "says"),
    [
        ([READER], {"event_s": 2.0}, "--event-every 2 s has no effect: scenario 'mine' has no edits"),
        ([READER, MEMBER], {"event_s": 0.5}, "--event-every 0.5 s has no effect"),
        ([READER], {"member_share": 0.2}, "--member-share 0.2 has no effect: scenario 'mine' has no members"),
        ([READER, ARRIVAL], {"member_share": 0.0}, "--member-share 0 has no effect: scenario 'mine' has no members"),
        ([MEMBER], {"member_share": 1.0}, "--member-share 1 has no effect: scenario 'mine' has only members"),
    ],
)
def test_what_would_have_no_effect_is_refused(personas: list[Persona], values: dict[str, Any], says: str) -> None:
    """A clock for nobody, and a share where there is nothing to share, are one line with what to do."""
    plan = SwarmPlan("mine", (Arm("target", "http://127.0.0.1:1"),), **values)
    with pytest.raises(SwarmError, match=re.escape(says)) as caught:
        scenario(*personas).require_use(plan)
    assert "\n" not in str(caught.value)


def test_what_has_an_effect_is_not_refused() -> None:
    """Plain plans go with every scenario; events with a clock, shares with a mix."""
    plain = SwarmPlan("mine", (Arm("target", "http://127.0.0.1:1"),))
    for personas in ([READER], [MEMBER], [EDITOR], [READER, MEMBER, CRAWLER]):
        scenario(*personas).require_use(plain)
    scenario(READER, MEMBER, EDITOR).require_use(replace(plain, event_s=1.0, member_share=0.3))
    scenario(CRAWLER, MEMBER).require_use(replace(plain, member_share=0.3))


def steps(visit: Any, page: Any) -> Any:
    """Steps of one request."""
    yield Request("/")


def enter(account: Any) -> Any:
    """A log-in of one request."""
    yield Request("/enter")


PRODUCT, BASKET = PageKind("product", pattern="/p/"), PageKind("basket", pages=("/basket",), for_members=True)
ORDER, LATER = PageKind("order", pattern="/p/", then=steps, writes=True), PageKind("later")
MEMBERS = Members([("ann", "1")], enter, "Hi {login}")


def shop() -> Pages:
    """The pages of a site with kinds."""
    paths, routes = ["/", "/p/1", "/p/2", "/basket", "/p/1"], ["home", "product", "product", "basket", "order"]
    return listed_pages(paths, routes, [1.0, 2.0, 3.0, 4.0, 2.0], (), "", ("basket", "order"))


@pytest.mark.parametrize(
    ("personas", "kinds", "says"),
    [
        (
            [Persona("x", 1, {"basket": 1})],
            [BASKET],
            "'x' asks for pages of kind basket, which are for members; set log",
        ),
        ([Persona("x", 1, {"later": 1})], [LATER], "'x' asks for pages of kind later, which only steps lead to"),
        ([READER], [PRODUCT, PRODUCT], "two page kinds called 'product'"),
        ([READER, READER], [], "two personas called 'reader'"),
        ([READER], [PageKind(f"k{number}") for number in range(65)], "has 65 page kinds; 64 are possible"),
        ([], [], "has no persona"),
    ],
)
def test_kinds_and_personas_must_fit(personas: list[Persona], kinds: list[PageKind], says: str) -> None:
    """What nobody could carry out is refused where it is written."""
    with pytest.raises(SwarmError, match=says):
        Scenario("mine", "a test", tuple(personas), tuple(kinds))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "a/b"}, "a persona is called 'a/b'"),
        ({"routes": {"home": -1}}, "asks for 'home' -1 times"),
        ({"headers": {"Host": "x"}}, "persona 'x' has the header 'Host'"),
    ],
)
def test_personas_that_cannot_be_sent_are_refused(values: dict[str, Any], says: str) -> None:
    """Names, weights and headers are judged where they are written."""
    with pytest.raises(SwarmError, match=says):
        Persona(**{"name": "x", "share": 1.0, "routes": {"home": 1}, **values})


def test_members_are_for_who_logs_in() -> None:
    """Accounts that nobody uses are a mistake."""
    with pytest.raises(SwarmError, match="no persona logs in"):
        Scenario("mine", "a test", (READER,), (), MEMBERS)
    assert Scenario("mine", "a test", (MEMBER,), (), MEMBERS).runs_code


def test_kinds_in_a_personas_routes_are_heeded() -> None:
    """They count as they stand, with routes of the site's own beside them; who names none reads by the site's mix."""
    named = Persona("named", 1, {"product": 3, "home": 1})
    plain = Persona("plain", 1, {"article": 1})
    member = Persona("member", 1, {"article": 1}, logged_in=True)
    found = Scenario("mine", "a test", (named, plain, member), (PRODUCT, BASKET, ORDER)).on(shop()).personas
    assert found[0] == named
    assert found[1].routes == {"home": 1.0, "product": 5.0}  # neither members' pages nor orders
    assert found[2].routes == pytest.approx({"home": 1.0, "product": 5.0, "basket": 1.5})


@pytest.mark.parametrize(
    ("routes", "says"),
    [
        ({"product": 1, "hme": 1}, "'hme', which is neither a kind .* did you mean 'home'"),
        ({"rare": 1}, "pages of kind rare, and none of the addresses is of it"),
    ],
)
def test_a_route_that_is_nowhere_is_refused(routes: dict[str, float], says: str) -> None:
    """The line says what there is, and the nearest word."""
    kinds = (PRODUCT, PageKind("rare", pattern="/rare/"))
    with pytest.raises(SwarmError, match=says):
        Scenario("mine", "a test", (Persona("x", 1, routes),), kinds).on(shop())


def test_a_kind_may_be_called_as_a_route_of_the_reference_site() -> None:
    """A shop has a search of its own."""
    search = PageKind("search", pages=("/find?q=plum",))
    pages = listed_pages(["/find?q=plum"], ["search"], [1.0])
    assert Scenario("mine", "a test", (Persona("x", 1, {"search": 1}),), (search,)).on(pages).name == "mine"


def test_a_tour_leads_to_what_is_for_everybody() -> None:
    """Neither to members' pages nor into steps, and a site of those alone has no tour."""
    pages = shop()
    assert [pages.path(url) for url in pages.tour] == ["/", "/p/1", "/p/2"]
    closed = listed_pages(["/basket"], ["basket"], [1.0], (), "", ("basket",))
    with pytest.raises(SwarmError, match="no page is for everybody"):
        scenario(CRAWLER).on(closed)


def test_steps_that_write_are_writes() -> None:
    """But only where somebody takes them."""
    buyer = Persona("buyer", 1, {"order": 1})
    assert Scenario("mine", "a test", (buyer,), (ORDER,)).writes == {"order"}
    assert Scenario("mine", "a test", (READER,), (ORDER,)).writes == set()


def test_a_digest_is_of_all_that_makes_traffic() -> None:
    """Each change of personas, kinds, marks and headers is another; the file counts where its functions decide."""
    reader = Persona("reader", 1, {"product": 1})
    plain = Scenario("mine", "a test", (reader,), (PRODUCT,))
    others = [
        Scenario("mine", "a test", (Persona("reader", 1, {"product": 2}),), (PRODUCT,)),
        Scenario("mine", "a test", (replace(reader, headers={"A": "b"}),), (PRODUCT,)),
        Scenario("mine", "a test", (replace(reader, headers={"A": "c"}),), (PRODUCT,)),
        Scenario("mine", "a test", (reader,), (replace(PRODUCT, pattern="/q/"),)),
        Scenario("mine", "a test", (reader,), (replace(PRODUCT, shows="<h1>"),)),
        Scenario("mine", "a test", (reader,), (PRODUCT, BASKET)),
    ]
    assert len({each.digest("f") for each in (plain, *others)}) == 1 + len(others)
    assert plain.digest("f") == plain.digest("g") == replace(plain, summary="other words").digest("f")
    ordering = replace(plain, kinds=(PRODUCT, ORDER))
    assert ordering.digest("f") != ordering.digest("g")


def test_of_headers_only_names_are_recorded() -> None:
    """A value may be a password; our own scenarios are told as before."""
    told = scenario(replace(READER, headers={"Authorization": "Basic c2VjcmV0"})).to_dict()
    assert told["personas"][0]["headers"] == ["Authorization"]
    assert "c2VjcmV0" not in json.dumps(told)
    assert set(scenario(READER).to_dict()) == {"name", "summary", "personas"}
    assert "headers" not in scenario(READER).to_dict()["personas"][0]


def test_elsewhere_everybody_reads_by_the_sites_own_mix() -> None:
    """Readers take the weights of the site's routes, crawlers tour it, purges and log-ins stay what they are."""
    pages = listed_pages(["/", "/a/1", "/a/2"], ["home", "a", "a"], [1.0, 2.0, 3.0], ("/my",), "/enter")
    moved = scenario(READER, MEMBER, CRAWLER, OPERATOR, ARRIVAL).on(pages)
    reader, member, *others = moved.personas
    assert reader.routes == {"home": 1.0, "a": 5.0}
    assert (reader.share, reader.revisits) == (READER.share, READER.revisits)
    assert member.routes == pytest.approx({"home": 1.0, "a": 5.0, "member": 1.5})  # a fifth of all
    assert others == [CRAWLER, OPERATOR, ARRIVAL]
    assert (moved.name, moved.summary) == ("mine", "a test")


def test_members_without_pages_of_their_own_read_what_all_read() -> None:
    """Where a recipe names no page for members alone, theirs is the site's mix."""
    moved = scenario(MEMBER).on(listed_pages(["/"], ["home"], [4.0], (), "/enter"))
    assert moved.personas[0].routes == {"home": 4.0}


def test_every_shipped_scenario_bears_the_name_of_its_file(shipped: dict[str, dict[str, Any]]) -> None:
    """The name in the record leads to the file, and every route is one that the reference site has."""
    known = set(small_site().routes)
    assert [data["name"] for data in shipped.values()] == NAMES
    for data in shipped.values():
        assert {route for persona in data["personas"] for route in persona["routes"]} <= known


def rows_of(persona: dict[str, Any]) -> list[str]:
    """A persona's row of the table in the document."""
    comes = f"{persona['share']:.0%}" if persona["every_s"] is None else f"every {persona['every_s']:g} s"
    asks = ", ".join(f"{route} {weight:.0%}" for route, weight in persona["routes"].items())
    revisits = f"{persona['revisits']:.0%}" if persona["revisits"] else "–"
    return [persona["name"], comes, asks or "the whole site in sitemap order", revisits]


@pytest.mark.parametrize("name", NAMES)
def test_the_document_says_what_the_scenario_is(name: str, shipped: dict[str, dict[str, Any]]) -> None:
    """Each public scenario has a section whose table holds its personas with their shares, and a command."""
    text = DOCUMENT.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL))
    assert name in sections
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in sections[name].splitlines() if line[:1] == "|"
    ]
    personas = shipped[name]["personas"]
    total = sum(persona["share"] for persona in personas)
    assert table[2:] == [rows_of({**persona, "share": persona["share"] / total}) for persona in personas]
    assert f"--scenario {name}" in sections[name]


def test_the_document_describes_no_other_scenario() -> None:
    """A scenario that was taken away leaves the document too."""
    text = DOCUMENT.read_text(encoding="utf-8")
    scenarios = text.partition("## Scenarios")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^### `(\w+)`$", scenarios, re.MULTILINE)) == NAMES


def test_the_document_describes_every_shape_with_its_number() -> None:
    """Each shape has its row, and the number it takes where none is given."""
    rows = re.findall(r"^\| `(\w+)(?::\w)?` \| ([^|]+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == list(SHAPES)
    for name, number in rows:
        given = re.findall(r"[\d.]+$", number.strip())
        assert [float(text) for text in given] == ([] if SHAPES[name] == (0, 0) else [parse_shape(name)[1]])


def test_the_document_names_only_options_that_there_are() -> None:
    """Every option in the text is one of ``anp swarm``'s."""
    command = typer.main.get_command(app).commands["swarm"]  # type: ignore[attr-defined]
    known = {name for option in command.params for name in option.opts}
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)) <= known
