"""Every scenario and shape through real locust processes against the real site: what its record shows."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import synth
from results.plan import Arm, SwarmPlan
from results.record import Record
from results.remarks import remarks
from results.validity import doubts
from tests.servers import Server, nginx, reference_site
from tests.swarms import MEMBERS, assert_complete, columns, finished, start, swarm

JUDGED = ("--exit-code-on-error", "0")  # what went wrong is judged from the record
CLOCKED = {"publish_and_purge": 0.25, "stampede": 0.5, "login_storm": 0.25}
SCENARIOS = ("assets", "cache_hit", "crawl", "logged_in", "readers_and_members", "search", *CLOCKED)


@pytest.fixture(scope="module")
def site(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sound site, edited by some of the tests: what was edited before is known from the site itself."""
    with reference_site(copied(database, tmp_path_factory.mktemp("sound"))) as server:
        yield server


def copied(database: Path, folder: Path) -> Path:
    """A database of one's own, to edit."""
    return Path(shutil.copy(database, folder / "site.db"))


def plan(scenario: str, url: str, **values: Any) -> SwarmPlan:
    """A short plan of one arm on a warm cache."""
    parameters: dict[str, Any] = {"rate": 100.0, "visitors": 8, "duration_s": 2.0, "members": MEMBERS}
    parameters |= {"prepare": "warm", "event_s": CLOCKED.get(scenario)}
    return SwarmPlan(scenario, (Arm("target", url),), **(parameters | values))


def requests_of(record: Record) -> list[dict[str, Any]]:
    """The rows in the order of their schedule, each with the path that was planned."""
    found = record.table("urls").to_pydict()
    paths = dict(zip(found["url"], found["path"], strict=True))
    rows: list[dict[str, Any]] = record.table("requests").to_pylist()
    return sorted(({**row, "path": paths[row["url"]]} for row in rows), key=lambda row: (row["scheduled"], row["hop"]))


def run_of(record: Record) -> dict[str, Any]:
    """The summary of a record that is complete."""
    assert record.run is not None
    return record.run


def failed_checks(record: Record) -> set[str]:
    """What the oracle found wrong."""
    return {cell["check"] for cell in run_of(record)["counts"]} - {"ok", "unchecked"}


def get(url: str) -> Any:
    """Read a JSON answer."""
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def edit(url: str, article: int) -> Any:
    """Store the next edition of an article."""
    body = json.dumps({"article": article}).encode()
    request = urllib.request.Request(f"{url}/anp/edit", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def address(article: int) -> str:
    """Where an article of ``import_site``'s corpus is."""
    return f"/articles/{synth.slug(article, profile='natural', seed=3)}/"


def revisions(url: str) -> dict[int, int]:
    """Revisions of the articles that were edited."""
    return {int(article): revision for article, revision in get(f"{url}/anp/revisions")["revisions"].items()}


@pytest.fixture(scope="module")
def records(site: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """A record of each scenario on a sound site, made when it is first asked for."""

    class Records(dict[str, Record]):
        def __missing__(self, scenario: str) -> Record:
            made = self[scenario] = swarm(tmp_path_factory.mktemp(scenario), plan(scenario, site.url))
            return made

    return Records()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_on_a_sound_site_is_complete_and_finds_nothing_wrong(
    records: dict[str, Record], scenario: str
) -> None:
    """All rows are there, the site agrees, every persona came for its own routes, and every page was right."""
    record = records[scenario]
    assert_complete(record)
    rows = requests_of(record)
    asked = defaultdict(set)
    for row in rows:
        asked[row["persona"]].add(row["route"])
    assert record.plan["scenario"]["name"] == scenario
    for persona in record.plan["scenario"]["personas"]:
        routes = asked.pop(persona["name"])
        if persona["tours"]:
            assert "article" in routes
        elif "login" in persona["routes"]:
            assert routes == {"login", "me"}
        else:
            assert routes == set(persona["routes"])
    assert not asked
    assert {row["error"] for row in rows} == {"none"}
    assert {row["check"] for row in rows if row["route"] not in {"login", "purge"}} == {"ok"}
    assert run_of(record)["failed_checks"] == []


def test_assets_are_revalidated_without_a_body(records: dict[str, Record]) -> None:
    """Returning browsers get a 304 with nothing in it, and nobody gets one who did not ask for it."""
    rows = requests_of(records["assets"])
    unchanged = [row for row in rows if row["status"] == 304]
    assert len(unchanged) > 10
    assert {(row["persona"], row["conditional"], row["bytes"], row["error"]) for row in unchanged} == {
        ("browser", True, 0, "none")
    }
    assert {row["route"] for row in unchanged} == {"static", "image"}
    assert all(row["bytes"] > 0 for row in rows if row["status"] == 200)


def test_returning_readers_of_pages_are_told_that_nothing_changed(records: dict[str, Record]) -> None:
    """With cache_hit, a request with a validator gets a 304, and nothing else does."""
    rows = requests_of(records["cache_hit"])
    assert {row["conditional"] for row in rows if row["status"] == 304} == {True}
    assert {row["status"] for row in rows if not row["conditional"]} == {200}
    assert {row["cache"] for row in rows} == {"HIT"}


def test_members_bypass_the_cache_whoever_reads_beside_them(records: dict[str, Record]) -> None:
    """Each page of a member is made for that member; readers' pages are hits."""
    for scenario in ("logged_in", "readers_and_members"):
        rows = requests_of(records[scenario])
        cache = {(row["persona"], row["cache"]) for row in rows}
        assert cache <= {("member", "BYPASS"), ("reader", "HIT")}
        assert {row["visitor"] for row in rows if row["persona"] == "member"} == set(range(MEMBERS))
        assert run_of(records[scenario])["logins"]["count"] == MEMBERS


def test_a_log_in_is_two_requests_of_a_new_browser(records: dict[str, Record]) -> None:
    """The log-in leads on with a 303, the member's page follows on the same connection and shows the right member."""
    record = records["login_storm"]
    pairs = defaultdict(list)
    for row in requests_of(record):
        if row["persona"] == "arrival":
            pairs[row["request"]].append((row["hop"], row["route"], row["status"], row["check"], row["new_connection"]))
    assert len(pairs) == 8
    for pair in pairs.values():
        assert pair == [(0, "login", 303, "unchecked", True), (1, "me", 200, "ok", False)]
    stats = run_of(record)["sites"]["target"]
    accepted = [stats[when]["logins"]["accepted"] for when in ("stats_before", "stats_after")]
    assert accepted[1] - accepted[0] == len(pairs)
    assert run_of(record)["logins"]["count"] == 0  # nobody before the start


def test_the_crawler_walks_as_the_sitemap_says(tmp_path: Path, site: Server) -> None:
    """robots.txt, the sitemap and every article in its order, and then again from the start."""
    record = swarm(tmp_path, plan("crawl", site.url, rate=150.0, prepare="cold"))
    with urllib.request.urlopen(f"{site.url}/sitemap.xml") as answer:
        listed = re.findall(r"<loc>https?://[^/]+([^<]*)</loc>", answer.read().decode())
    tour = ["/robots.txt", "/sitemap.xml", *(path for path in listed if path.startswith("/articles/"))]
    assert len(tour) == 82
    walked = [row["path"] for row in requests_of(record) if row["persona"] == "crawler"]
    first = tour.index(walked[0])
    assert len(walked) == 100
    assert walked == [tour[(first + step) % len(tour)] for step in range(len(walked))]


def test_searches_differ_and_are_checked_by_what_was_looked_for(records: dict[str, Record]) -> None:
    """Many different searches come, and each result names the search it answers."""
    searches = [row for row in requests_of(records["search"]) if row["route"] == "search"]
    assert len({row["path"] for row in searches}) > 20
    assert all(row["path"].startswith("/search?q=") for row in searches)


def test_an_edit_drops_only_what_shows_the_article(tmp_path: Path, database: Path) -> None:
    """On a warm cache readers wait for the edited article and for pages that list it or link to it, and no other."""
    with reference_site(copied(database, tmp_path)) as server:
        about = get(f"{server.url}/anp/about")
        record = swarm(tmp_path, plan("publish_and_purge", server.url, rate=200.0, zipf=1.2))
        edited = set(revisions(server.url))
    assert_complete(record)
    assert failed_checks(record) == set()
    rows = requests_of(record)
    edits = [row for row in rows if row["route"] == "edit"]
    assert len(edits) == 8
    assert {row["check"] for row in edits} == {"ok"}
    corpus = synth.Corpus.from_dict(about["corpus"])
    affected = edited | {article for article in corpus.ids if edited.intersection(corpus.similar(article))}
    slugs = set(map(address, affected))
    assert {row["path"] for row in edits} == set(map(address, edited))
    missed = [row for row in rows if row["persona"] == "reader" and row["cache"] != "HIT"]
    assert {row["cache"] for row in missed} == {"MISS"}
    assert {row["path"] for row in missed if row["route"] == "article"} <= slugs
    assert min(row["end"] for row in missed) > min(row["sent"] for row in edits)
    assert {remark.code for remark in remarks(record)} == {"collateral"}
    hits = {row["path"] for row in rows if row["route"] == "article"} - {row["path"] for row in missed}
    assert hits - slugs


def test_a_purge_that_is_forgotten_is_caught_at_once(tmp_path: Path, database: Path) -> None:
    """A site that goes on showing old editions is found out in the first seconds, with an example of what it showed."""
    with reference_site(copied(database, tmp_path), "fault=stale_after_purge") as server:
        record = swarm(tmp_path, plan("publish_and_purge", server.url, rate=200.0, zipf=1.5, event_s=0.1), *JUDGED)
    assert failed_checks(record) == {"stale"}
    first = next(example for example in run_of(record)["failed_checks"] if example["check"] == "stale")
    assert first["second"] < 2.5
    assert first["viewer"] == "anonymous"
    wanted, shown = (int(re.findall(r"revision=(\d+)", first[side])[0]) for side in ("expected", "got"))
    assert shown < wanted


def test_an_allowance_forgives_what_a_slow_purge_shows(tmp_path: Path, database: Path) -> None:
    """A site whose caches may lag by some seconds is not accused within them."""
    with reference_site(copied(database, tmp_path), "fault=stale_after_purge") as server:
        forgiving = plan("publish_and_purge", server.url, rate=200.0, zipf=1.5, event_s=0.1, stale_s=60.0)
        assert failed_checks(swarm(tmp_path, forgiving)) == set()


def test_what_was_edited_before_is_expected_and_nothing_older(tmp_path: Path, database: Path) -> None:
    """A sound site shows its revisions; one that kept the page of before the edit is found out without any editor."""
    for fault, found in (("none", set()), ("stale_after_purge", {"stale"})):
        folder = tmp_path / fault
        folder.mkdir()
        with reference_site(copied(database, folder), f"fault={fault}") as server:
            about = get(f"{server.url}/anp/about")
            popular = synth.Corpus.from_dict(about["corpus"]).by_popularity()[:5]
            for article in popular:
                urllib.request.urlopen(server.url + address(article)).close()
                edit(server.url, article)
            record = swarm(folder, plan("cache_hit", server.url, prepare="natural"), *JUDGED)
        assert failed_checks(record) == found
        assert_complete(record)


@pytest.mark.deep
@pytest.mark.parametrize("coalesce", ["on", "off"])
def test_a_stampede_shows_whether_readers_share_a_rendering(tmp_path: Path, database: Path, coalesce: str) -> None:
    """With coalescing the site makes fewer pages than readers missed; without, as many."""
    slow = ("similar=computed", "meta_query=per_key", f"coalesce={coalesce}")
    crowd: dict[str, Any] = {"rate": 400.0, "visitors": 64, "zipf": 2.0, "event_s": 0.1}
    with reference_site(copied(database, tmp_path), *slow) as server:
        record = swarm(tmp_path, plan("stampede", server.url, **crowd))
    assert_complete(record)
    stats = run_of(record)["sites"]["target"]
    collapsed = stats["stats_after"]["cache"]["collapsed"] - stats["stats_before"]["cache"]["collapsed"]
    rows = requests_of(record)
    misses = sum(row["cache"] == "MISS" for row in rows)
    assert misses > 20
    assert (0 < collapsed < misses) if coalesce == "on" else collapsed == 0
    purges = [row for row in rows if row["route"] == "purge"]
    assert {(row["persona"], row["status"], row["error"]) for row in purges} == {("operator", 200, "none")}
    assert len(purges) == 20


SHARED_ME = """
proxy_cache_path cache keys_zone=pages:1m;
server {
    listen LISTEN;
    location / { proxy_pass %s; proxy_set_header Host $http_host; }
    location = /me {
        proxy_pass %s;
        proxy_set_header Host $http_host;
        proxy_cache pages;
        proxy_cache_valid 200 1h;
        proxy_ignore_headers Cache-Control Set-Cookie Vary;
    }
}
"""


CACHE_BEFORE_IT = """
proxy_cache_path pages keys_zone=pages:1m;
server {
    listen LISTEN;
    add_header X-Cache-Status $upstream_cache_status;
    location / {
        proxy_pass %s;
        proxy_set_header Host $http_host;
        proxy_cache pages;
        proxy_cache_valid 200 1h;
        proxy_ignore_headers Cache-Control Vary;
    }
    location /anp/ { proxy_pass %s; }
}
"""


def test_a_cache_before_the_site_is_no_gap_in_the_record(tmp_path: Path, site: Server) -> None:
    """What a cache in front answers the site cannot count: that is said, and does not void the run."""
    with nginx(tmp_path, CACHE_BEFORE_IT % (site.url, site.url)) as server:
        record = swarm(tmp_path, plan("cache_hit", server.url, prepare="natural"))
    counted = run_of(record)["ledger"]["site"]["target"]
    assert sum(counted["answered"].values()) > sum(counted["counted_by_site"].values()) > 0
    assert (counted["cache_before_it"], counted["agrees"]) == (True, None)
    assert not [doubt.words for doubt in doubts(record) if doubt.code == "ledger"]


def test_locust_itself_says_that_a_run_is_invalid(tmp_path: Path, database: Path) -> None:
    """Started by locust, without our command, a swarm that was shown wrong pages says so and ends with exit code 4."""
    with reference_site(copied(database, tmp_path), "fault=wrong_article") as server:
        words = ("--headless", "--host", server.url, "-t", "1s", "--rate", "50", "--out", "record")
        assert start(tmp_path, "cache_hit", *words, "--exit-code-on-error", "1").wait(60) == 4
    log = (tmp_path / "locust.log").read_text()
    assert len([line for line in log.splitlines() if line.startswith("INVALID: Wrong pages were served")]) == 1


def test_purges_that_fail_void_a_stampede(tmp_path: Path, site: Server) -> None:
    """A stampede whose few purges are all refused has many good pages, and is invalid nevertheless."""
    refusing = SHARED_ME.replace("location = /me {", "location = /anp/purge { return 405; }\n    location = /me {")
    with nginx(tmp_path, refusing % (site.url, site.url)) as server:
        record = swarm(tmp_path, plan("stampede", server.url, prepare="natural", event_s=0.5), *JUDGED)
    assert "purges" in {doubt.code for doubt in doubts(record) if doubt.invalid}


def test_a_proxy_that_keeps_members_pages_is_caught(tmp_path: Path, site: Server) -> None:
    """Behind an nginx that stores the member's own page, the next member who logs in is shown somebody else's."""
    with nginx(tmp_path, SHARED_ME % (site.url, site.url)) as server:
        record = swarm(tmp_path, plan("login_storm", server.url, prepare="natural"), *JUDGED)
    assert failed_checks(record) == {"leak"}
    first = run_of(record)["failed_checks"][0]
    assert first["viewer"] in first["expected"]
    assert first["viewer"] not in first["got"]
    wrong = {(row["persona"], row["route"], row["hop"]) for row in requests_of(record) if row["check"] == "leak"}
    assert wrong == {("arrival", "me", 1)}


def test_a_redirect_and_its_page_are_two_rows(tmp_path: Path, site: Server) -> None:
    """An address without its last slash is answered with the right one: both requests are in the record."""
    with urllib.request.urlopen(f"{site.url}/sitemap.xml") as answer:
        listed = re.findall(r"<loc>https?://[^/]+(/articles/[^<]*)/</loc>", answer.read().decode())
    (tmp_path / "urls.txt").write_text("/ 5\n" + "".join(f"{path}\n" for path in listed[:10]))
    options = ("--rate", "60", "--duration", "1.5", "-u", "8", "--urls", "urls.txt", "--out", "record")
    record = finished(tmp_path, start(tmp_path, "cache_hit", "--headless", "--host", site.url, *options))
    assert run_of(record)["ledger"]["complete"]
    assert run_of(record)["ledger"]["site"]["target"]["agrees"] is not False
    rows = requests_of(record)
    redirects = {row["request"]: row for row in rows if row["route"] == "redirect"}
    followed = {row["request"]: row for row in rows if row["hop"] == 1}
    assert redirects.keys() == followed.keys() == {row["request"] for row in rows if row["path"] != "/"}
    assert len(redirects) > 20
    for request, row in redirects.items():
        assert 300 < row["status"] < 309
        assert (row["hop"], row["error"]) == (0, "none")
        page = followed[request]
        assert (page["status"], page["error"], page["route"]) == (200, "none", "articles")
        assert page["scheduled"] == row["end"] <= page["sent"]


def test_two_swarms_of_one_plan_ask_the_same(tmp_path: Path, database: Path) -> None:
    """One plan replayed on two builds one after the other: the same hash, and request by request the same page."""
    made = []
    for name, setting in (("before", "page_cache=off"), ("after", "page_cache=on")):
        folder = tmp_path / name
        folder.mkdir()
        with reference_site(database, setting) as server:
            made.append(swarm(folder, plan("readers_and_members", server.url, duration_s=1.5, seed=17)))
    assert run_of(made[0])["plan_hash"] == run_of(made[1])["plan_hash"]
    key = ("request", "hop", "scheduled", "persona", "route", "path", "visitor")
    one, other = ([tuple(row[name] for name in key) for row in requests_of(record)] for record in made)
    assert one == other
    assert len(one) > 100
    cache = [Counter(columns(record)["cache"]) for record in made]
    assert cache[0].keys() == {"BYPASS"}
    assert cache[1]["HIT"] > 100


def test_a_ramp_rises_through_locust(tmp_path: Path, site: Server) -> None:
    """The seconds of the record offer ever more requests, and a warm-up runs at the rate of the start."""
    ramp = plan("cache_hit", site.url, rate=300.0, shape="ramp:0.1", duration_s=3.0, warmup_s=1.0)
    record = swarm(tmp_path, ramp)
    assert_complete(record)
    counts = Counter(int(row["scheduled"]) for row in requests_of(record))
    assert counts[0] < counts[1] < counts[2] < counts[3]
    assert {row["phase"] for row in requests_of(record) if row["scheduled"] < 1} == {"warmup"}


@pytest.mark.deep
def test_the_breaking_point_is_found(tmp_path: Path, database: Path) -> None:
    """A site that serves eight visitors eighty pages a second holds 20/s, breaks at 100/s, and is then left alone."""
    climb = {"rate": 20.0, "shape": "breakpoint:5", "duration_s": 600.0, "prepare": "natural"}
    with reference_site(database, "inject=any:any:1:100") as server:
        record = swarm(tmp_path, plan("cache_hit", server.url, **climb), "--limit-p99", "600", *JUDGED)
    run = run_of(record)
    assert run["ended_by"] == "completed"
    found = run["breakpoint"]
    assert (found["held"], found["broke"], found["limit_p99_ms"]) == (20.0, 100.0, 600.0)
    assert [level["holds"] for level in found["levels"]] == [True, False]
    assert 100 < found["levels"][0]["p99_ms"] < 600 < found["levels"][1]["p99_ms"]
    assert max(row["scheduled"] for row in requests_of(record)) < 30
