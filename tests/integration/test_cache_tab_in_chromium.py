"""The Cache tab of locust's web interface, in a real browser, beside the record of the same swarm."""

from __future__ import annotations

import contextlib
import csv
import http.client
import io
import json
import re
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.record import Record, read_record
from tests.browser import Page, chromium
from tests.servers import Server, reference_site
from tests.swarms import DEADLINE_S, MEMBERS, assert_complete, columns, free_port, start, wait_for

CACHE = "document.querySelector('anp-cache')?.shadowRoot"
TAB = "[...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent === 'Cache')"
STATE = f"{CACHE}?.querySelector('.state')?.textContent"
EXACT = 2 ** (1 / 64) - 1  # half a bucket of the live histograms, 1.1 %
NOBODY = """\
[login]
page = "/login"

[login.fields]
login = "{login}"
password = "{password}"

[accounts]
list = [["nobody", "nothing"]]

[check]
page = "/"
logged_in = "{login}"
"""
LOCKED = '''\
"""The mix of readers and members, in a web interface with a log-in."""

from flask import redirect
from flask_login import UserMixin, login_user
from locust import events

from locustfiles.readers_and_members import Visitor as Visitor


class Person(UserMixin):
    """Who knows the way in."""

    id = "somebody"


@events.init.add_listener
def lock(web_ui, **_):
    """Ask everybody who they are."""
    if web_ui is None:
        return
    web_ui.app.secret_key = "a key"
    web_ui.login_manager.user_loader(lambda name: Person() if name == Person.id else None)

    @web_ui.app.route("/enter")
    def enter():
        login_user(Person())
        return redirect("/")
'''


@pytest.fixture(scope="module")
def site(cached: Server) -> Server:
    """A small site with its page cache."""
    return cached


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page of a browser, on a desk."""
    with chromium(tmp_path / "profile") as found:
        found.resize(1280, 900)
        yield found


@dataclass(frozen=True)
class Locust:
    """A running locust with its web interface."""

    url: str
    site: Server
    runs: Path
    browser: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    )

    def post(self, path: str, **fields: Any) -> None:
        """Press a button."""
        with self.browser.open(f"{self.url}/{path}", urllib.parse.urlencode(fields).encode()) as answer:
            assert json.load(answer)["success"]

    def swarm(self) -> None:
        """Start a swarm from the web form, and wait until it makes requests."""
        begun = self.look()["begun"]
        self.post("swarm", user_count=8, spawn_rate=50, host=self.site.url, rate=80)
        wait_for(lambda: (self.look()["begun"], self.look()["stage"]) == (begun + 1, "running"), "the swarm")
        # Locust gives the same answer for two seconds, and its page does not ask again once it was told "ready".
        wait_for(lambda: json.loads(self.get("stats/requests"))["state"] == "running", "locust to say so")

    def refused(self, **fields: Any) -> str:
        """Start a swarm that is refused, from the web form; gives the reason."""
        begun = self.look()["begun"]
        self.post("swarm", **({"user_count": 4, "spawn_rate": 50, "host": self.site.url} | fields))
        wait_for(lambda: (self.look()["begun"], self.look()["stage"]) == (begun + 1, "refused"), "the refusal")
        problem: str = self.look()["problem"]
        return problem

    def get(self, path: str) -> str:
        """Read a page."""
        with self.browser.open(f"{self.url}/{path}") as answer:
            text: str = answer.read().decode()
            return text

    def look(self) -> dict[str, Any]:
        """What the tab is told."""
        seen: dict[str, Any] = json.loads(self.get("anp/cache.json"))
        return seen

    def record(self) -> Record:
        """The newest record, complete."""
        record = read_record(sorted(self.runs.glob("2*"))[-1])
        assert_complete(record)
        return record


@contextlib.contextmanager
def locust(
    folder: Path, site: Server, *options: str, base: str = "", scenario: str | Path = "readers_and_members"
) -> Iterator[Locust]:
    """Start locust for members and readers; it waits for somebody to press start."""
    port = free_port()
    words = ["--host", site.url, "--members", str(MEMBERS), "--web-host", "127.0.0.1", "--web-port", str(port)]
    process = start(folder, scenario, *words, *options)
    found = Locust(f"http://127.0.0.1:{port}{base}", site, folder / "results" / "runs")
    workers = int(options[1]) if "--processes" in options else 0

    def is_ready() -> bool:
        try:
            if "--web-login" in options:
                found.get("enter")
            return len(json.loads(found.get("stats/requests")).get("workers", ())) == workers
        except OSError:
            return False

    try:
        wait_for(is_ready, "the web interface")
        yield found
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def table(page: Page, number: int = 0) -> dict[str, list[str]]:
    """The cells of a table of the tab by class: of the figures since the start, or (1) of the last seconds."""
    rows = page.run(
        f"[...{CACHE}.querySelectorAll('table')[{number}].tBodies[0].rows]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return {name: cells for name, *cells in rows}


def shown(figures: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What a table must say of figures."""
    return {
        each["cache"]: [
            f"{each['requests']:,}",
            # A browser rounds what lies in the middle up, as no format of Python does.
            f"{Decimal(each['share'] * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}\N{NO-BREAK SPACE}%",
            f"{each['errors']:,}",
            f"{each['failed_checks']:,}",
            *("–" if each[name] is None else f"{each[name]:,.3f}" for name in ("p50_ms", "p95_ms", "p99_ms")),
        ]
        for each in figures
    }


def points(seen: dict[str, Any]) -> list[int]:
    """How many points each line of the two plots must have: hit ratio, then p50 and p99 of each class, by second."""
    ratios = [ratio for _, [ratio], _ in seen["seconds"] if ratio is not None]
    times = Counter(name for _, _, rows in seen["seconds"] for _, name, p50, _ in rows if p50 is not None)
    assert ratios
    assert times["HIT"] >= 1
    return [len(ratios), *(times[name] for name in sorted(times) for _ in ("p50", "p99"))]


SWARMS = [
    pytest.param((), id="one process"),
    pytest.param(("--processes", "2"), id="two workers", marks=pytest.mark.deep),
]
"""Options of locust."""


def assert_equals_the_record(seen: dict[str, Any], record: Record) -> None:
    """Counts are those of the record's measured rows exactly, and quantiles but for the width of a bucket."""
    rows = columns(record)
    measured = np.array(rows["phase"]) == "measured"
    cache, good = np.array(rows["cache"]), np.array(rows["error"]) == "none"
    times = (np.array(rows["end"]) - np.array(rows["scheduled"])) * 1e3
    by_class = {each["cache"]: each for each in seen["start"]["figures"]}
    assert {name: each["requests"] for name, each in by_class.items()} == {
        "all": int(measured.sum()),
        **Counter(cache[measured].tolist()),
    }
    for name, each in by_class.items():
        mask = measured & ((cache == name) | (name == "all"))
        assert each["errors"] == int((mask & ~good).sum())
        for share in (0.5, 0.95, 0.99):
            value = each[f"p{share * 100:.0f}_ms"]
            if not (mask & good).any():
                assert value is None
            else:
                exact = np.quantile(times[mask & good], share, method="inverted_cdf")
                assert abs(value - exact) <= EXACT * exact + 0.0006  # which is rounded to a microsecond
    [ratio] = seen["start"]["hit_ratio"]
    whole = cache[measured & good]
    assert ratio == pytest.approx(np.isin(whole, ("HIT", "STALE")).mean())


@pytest.mark.parametrize("options", SWARMS)
def test_the_tab_goes_along_with_the_swarm_and_ends_as_its_record(
    tmp_path: Path, site: Server, page: Page, options: tuple[str, ...]
) -> None:
    """The tab is among locust's own, shows hits while they come in, and in the end what the record holds."""
    with locust(tmp_path, site, *options) as running:
        running.swarm()
        page.open(running.url)
        page.wait_for(f"!!{TAB}")
        page.run(f"{TAB}.click()")
        page.wait_for(f"!!{CACHE}?.querySelector('tr[data-class=HIT]')")
        first = int(table(page)["HIT"][0].replace(",", ""))
        page.wait_for(
            f"Number({CACHE}.querySelector('tr[data-class=HIT] td').textContent.replace(',', '')) > {first + 40}"
        )
        hits = float(table(page)["HIT"][4].replace(",", ""))
        said = {each["cache"]: each for each in running.look()["start"]["figures"]}["HIT"]

        running.post("stop")
        page.wait_for(f"{STATE}?.startsWith('Ended.')")
        seen = running.look()

        assert said["requests"] > first
        assert hits > 0
        assert (seen["stage"], seen["begun"], seen["arms"]) == ("ended", 1, ["target"])
        assert table(page) == shown(seen["start"]["figures"])
        assert table(page, 1) == shown(seen["latest"]["figures"])
        assert {"all", "HIT", "BYPASS"} <= set(table(page))
        record = running.record()
        what = f"readers_and_members at {site.url}"
        assert page.run(STATE) == f"Ended. The record of {what} is results/runs/{record.path.name}"
        assert_equals_the_record(seen, record)
        wait_for(lambda: page.run(f"{CACHE}.querySelectorAll('svg').length") == 2, "two plots")
        drawn = page.run(f"[...{CACHE}.querySelectorAll('path')].map((path) => path.getAttribute('d'))")
        assert [len(re.findall("[ML]", path)) for path in drawn] == points(seen)
        lines = list(csv.DictReader(io.StringIO(running.get("anp/cache.csv"))))
        assert [(line["cache"], int(line["requests"])) for line in lines if line["stretch"] == "since start"] == [
            (each["cache"], each["requests"]) for each in seen["start"]["figures"]
        ]


@pytest.mark.deep
def test_a_new_swarm_starts_the_tab_anew(tmp_path: Path, site: Server, page: Page) -> None:
    """Before the first swarm the page says so; the figures of the first stand until a second one begins."""
    with locust(tmp_path, site) as running:
        page.open(f"{running.url}/anp/cache")
        page.wait_for(f"{STATE}?.startsWith('No swarm has run yet')")
        assert page.run(f"{CACHE}.querySelectorAll('table').length") == 0
        assert running.look()["stage"] == "idle"
        assert len(running.get("anp/cache.csv").splitlines()) == 1

        counts = []
        for begun in (1, 2):
            running.swarm()
            page.wait_for(f"{STATE} === 'Running readers_and_members at {site.url}.'")
            wait_for(lambda: sum(each["requests"] for each in running.look()["latest"]["figures"]) > 100, "requests")
            running.post("stop")
            page.wait_for(f"{STATE}?.startsWith('Ended.')")
            seen = running.look()
            assert seen["begun"] == begun
            assert table(page) == shown(seen["start"]["figures"])
            assert_equals_the_record(seen, running.record())
            counts.append(table(page))
        assert counts[0] != counts[1]


@pytest.mark.parametrize("options", SWARMS)
def test_a_swarm_that_is_refused_is_told_of(tmp_path: Path, site: Server, page: Page, options: tuple[str, ...]) -> None:
    """When a swarm ends before its first request, the tab says why, whoever refused it, and shows no figures."""
    (tmp_path / "urls.txt").write_text("/\n")
    (tmp_path / "login.toml").write_text(NOBODY)
    with locust(tmp_path, site, *options, "--urls", "urls.txt", "--login", "login.toml") as running:
        page.open(f"{running.url}/anp/cache")
        free = f"http://127.0.0.1:{free_port()}"
        by_conductor = running.refused(host=free)
        page.wait_for(f"{STATE} === {json.dumps(f'The last swarm ended before its first request: {by_conductor}')}")
        assert f"{free} does not answer" in by_conductor

        by_worker = running.refused()
        page.wait_for(f"{STATE} === {json.dumps(f'The last swarm ended before its first request: {by_worker}')}")
        assert "login.toml" in by_worker

        marked = running.refused(shape="<b>bold</b>")
        page.wait_for(f"{STATE} === {json.dumps(f'The last swarm ended before its first request: {marked}')}")
        assert "<b>bold</b>" in marked
        assert page.run(f"{CACHE}.querySelector('.state').childElementCount") == 0
        assert page.run(f"{CACHE}.querySelectorAll('table').length") == 0


@pytest.mark.deep
def test_a_swarm_that_breaks_off_is_told_of(tmp_path: Path, database: Path, page: Page) -> None:
    """When the target dies the tab says so, beside the figures up to then."""
    with reference_site(database) as victim, locust(tmp_path, victim) as running:
        running.swarm()
        page.open(f"{running.url}/anp/cache")
        page.wait_for(f"!!{CACHE}?.querySelector('tr[data-class=HIT]')")
        victim.process.kill()
        page.wait_for(f"{STATE}?.startsWith('Ended early: every request to arm target ({victim.url}) failed')")
        seen = running.look()
        assert table(page) == shown(seen["start"]["figures"])
        assert seen["problem"] in page.run(STATE)
        assert seen["record"] in page.run(STATE)


def test_a_log_in_guards_the_figures(tmp_path: Path, site: Server, page: Page) -> None:
    """With ``--web-login`` whoever did not log in gets what locust's own pages give them; afterwards the tab works."""
    scenario = tmp_path / "locked.py"
    scenario.write_text(LOCKED)
    with locust(tmp_path, site, "--web-login", scenario=scenario) as running:
        running.swarm()
        wait_for(lambda: running.look()["start"]["figures"], "figures")
        stranger = http.client.HTTPConnection(urllib.parse.urlsplit(running.url).netloc)

        def refusal(path: str) -> tuple[int, str]:
            stranger.request("GET", path)
            answer = stranger.getresponse()
            answer.read()
            return answer.status, (answer.headers["location"] or "").partition("?")[0]

        own = refusal("/stats/requests")
        assert own == (302, "/login")
        for path in ("cache", "cache.js", "cache.csv", "cache.json", "cache/0-0.json", "cache/1-0.json"):
            assert refusal(f"/anp/{path}") == own
        stranger.close()
        page.open(f"{running.url}/anp/cache")
        page.wait_for("location.pathname === '/login'")

        page.open(f"{running.url}/enter")
        page.wait_for(f"!!{TAB}")
        page.run(f"{TAB}.click()")
        page.wait_for(f"!!{CACHE}?.querySelector('tr[data-class=HIT]')")
        assert running.get("anp/cache.csv").count("\n") > 1
        running.post("stop")
        page.wait_for(f"{STATE}?.startsWith('Ended.')")
        assert_equals_the_record(running.look(), running.record())


@pytest.mark.deep
def test_a_phone_shows_what_is_wrong_without_scrolling(tmp_path: Path, database: Path, page: Page) -> None:
    """At 390 pixels failed checks are told above the tables, and their columns begin and end within the screen."""
    with reference_site(database, "fault=leak_member_page") as leaky, locust(tmp_path, leaky) as running:
        running.swarm()
        page.resize(390, 844)
        page.open(f"{running.url}/anp/cache")
        page.wait_for(f"!!{CACHE}?.querySelector('.hits .bad')")
        running.post("stop")
        page.wait_for(f"{STATE}?.startsWith('Ended.')")
        all_of_them = {each["cache"]: each for each in running.look()["start"]["figures"]}["all"]
        told = f"{all_of_them['failed_checks']:,} failed checks since the start"
        assert page.run(f"{CACHE}.querySelector('.hits .bad').textContent") == told
        for place, title in ((4, "errors"), (5, "failed checks")):
            cells = f"[...{CACHE}.querySelectorAll('tr > :nth-child({place})')]"
            assert title in page.run(f"{cells}.map((cell) => cell.textContent)")
            assert page.run(f"{cells}.every((cell) => cell.getBoundingClientRect().left >= 0)"), title
            assert page.run(f"{cells}.every((cell) => cell.getBoundingClientRect().right <= 390)"), title


@pytest.mark.deep
def test_the_tab_fits_a_phone_and_the_dark_and_asks_nobody_else(tmp_path: Path, site: Server, page: Page) -> None:
    """At 390 pixels nothing is wider than the screen; text stands out from light and dark; all comes from locust."""
    with locust(tmp_path, site, "--web-base-path", "/load", base="/load") as running:
        running.swarm()
        wait_for(lambda: running.look()["start"]["figures"], "figures")
        for path in ("/anp/cache", "/?tab=cache"):
            for dark in (False, True):
                page.resize(390, 1200, dark=dark)
                page.open(f"{running.url}{path}")
                page.wait_for(f"!!{CACHE}?.querySelector('svg')")
                assert page.run("document.documentElement.scrollWidth") == 390
                page.wait_for(f"{CACHE}.host.hasAttribute('dark') === {json.dumps(dark)}")  # as locust's page is
                ink, paper = (
                    page.run(f"getComputedStyle({element}).{style}.match(/[0-9.]+/g).slice(0, 3).map(Number)")
                    for element, style in ((f"{CACHE}.querySelector('td')", "color"), ("document.body", "background"))
                )
                assert abs(sum(ink) - sum(paper)) / 3 > 150
                names = page.run("performance.getEntriesByType('resource').map((entry) => entry.name)")
                assert names
                assert all(name.startswith(f"{running.url}/") for name in names), names
        running.post("stop")
