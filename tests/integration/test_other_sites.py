"""``anp swarm`` on sites that are not ours: a real nginx with files of its own, and a small site with log-ins."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import scipy
import trustme

import tests.member_site
from results.record import Record, read_record
from tests import warm
from tests.member_site import ACCOUNTS, RECIPE, RECIPES
from tests.servers import Server, import_site, nginx, reference_site, site_program
from tests.swarms import refused, start

DEADLINE_S = 60.0
GENERATOR = {"lag", "cpu", "achieved"}
"""Doubts that a busy machine raises; which of them it does is not what these tests are about."""

HTTP = """
    types { text/html html; text/css css; application/xml xml; text/plain txt; application/gzip gz; }
    proxy_cache_path stored keys_zone=pages:1m;
    server { listen LISTEN; listen LISTEN_TLS ssl;
        ssl_certificate site.pem; ssl_certificate_key site.pem;
        access_log access.log combined;
        add_header X-Cache-Status $upstream_cache_status;
        location / { proxy_pass http://127.0.0.1:LISTEN_PORT; proxy_cache pages; proxy_cache_valid 200 1h; } }
    server { listen LISTEN_FILES; root site; expires 1h; access_log off; }
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signed the certificate of the files' site."""
    return trustme.CA()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[tuple[Server, Path]]:
    """A site of files behind a cache, with a sitemap in three parts; and the folder that holds its access log."""
    folder = tmp_path_factory.mktemp("nginx")
    site = folder / "site"
    pages = ["", *(f"recipes/{number}/" for number in range(20)), "about/"]
    for page in pages:
        (site / page).mkdir(parents=True, exist_ok=True)
        (site / page / "index.html").write_text(f"<!DOCTYPE html><title>{page or 'home'}</title>{'<p>Plums.' * 200}")
    (site / "style.css").write_text("p { color: purple }")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "site.pem"))
    http = HTTP.replace("127.0.0.1:LISTEN_PORT", "LISTEN_FILES")
    with nginx(folder, http) as server:
        base = f"{server.url}/"
        entries = [f"<url><loc>{base}{page}</loc></url>" for page in pages]
        (site / "pages.xml").write_text(_xml("urlset", entries[:10]))
        (site / "more.xml.gz").write_bytes(gzip.compress(_xml("urlset", entries[10:]).encode()))
        index = [f"<sitemap><loc>{base}{name}</loc></sitemap>" for name in ("pages.xml", "more.xml.gz")]
        (site / "sitemap.xml").write_text(_xml("sitemapindex", index))
        (site / "empty.xml").write_text(_xml("urlset", []))
        yield server, folder


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The site with log-ins, and a folder with its recipe and a list of its addresses."""
    folder = tmp_path_factory.mktemp("members")
    rows = "".join(f'{login},"{password}"\n' for login, password in ACCOUNTS.items())
    (folder / "accounts.csv").write_text(f"login,password\n{rows}")
    (folder / "login.toml").write_text(RECIPE)
    (folder / "urls.txt").write_text("/ 5\n" + "".join(f"/recipes/{number}/\n" for number in range(RECIPES)))
    with site_program(tests.member_site.__file__) as url:
        yield url, folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site that is ours."""
    with reference_site(import_site(tmp_path_factory.mktemp("reference") / "site.db")) as site:
        yield site


def test_the_addresses_of_a_file_are_asked_for(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Only what the file holds is asked for, and the cache before the site is seen at work."""
    (tmp_path / "urls.txt").write_text("/ 6\n/recipes/3/ 3\n/style.css 1\n")

    data, record, _ = _swarm(tmp_path, "--host", files[0].url, "--scenario", "cache_hit", "--urls", "urls.txt")

    assert set(_paths(record)) == {"/", "/recipes/3/", "/style.css"}
    assert {row["route"] for row in data["rows"]} == {"home", "recipes", "asset"}
    assert {row["cache"] for row in data["rows"]} <= {"HIT", "MISS"}
    assert sum(row["errors"] + row["failed_checks"] for row in data["rows"]) == 0
    assert record.asked["urls"]["count"] == 3


def test_a_sitemap_is_read_with_all_it_leads_to(files: tuple[Server, Path], tmp_path: Path) -> None:
    """The parts of an index count, a compressed one too, over TLS as well as without."""
    server, _ = files
    words = ("--sitemap", f"{server.url}/sitemap.xml", "--prepare", "warm", "--zipf", "0")

    data, record, said = _swarm(tmp_path, "--host", server.url, "--scenario", "cache_hit", *words)

    assert record.asked["urls"]["count"] == 22
    assert f"22 addresses: sitemap {server.url}/sitemap.xml and 2 it leads to" in said
    assert {row["cache"] for row in data["rows"]} == {"HIT"}
    assert {"home", "recipes", "about"} == {row["route"] for row in data["rows"]}


def test_the_mix_of_an_access_log_is_the_mix_of_the_swarm(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Of a log that this nginx wrote, people's page requests are repeated in their own proportions."""
    server, folder = files
    wanted = {"/": 60, "/recipes/1/": 30, "/recipes/2/": 20, "/style.css": 10}
    log = folder / "access.log"
    before = log.read_text().count("\n")
    with httpx.Client(base_url=server.url, headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}) as browser:
        for path, count in wanted.items():
            for _ in range(count):
                browser.get(path)
        browser.head("/recipes/5/")
        browser.get("/nowhere/")
        browser.get("/recipes/6/", headers={"user-agent": "Mozilla/5.0 (compatible; Bot/2.1)"})
    until = time.monotonic() + DEADLINE_S
    while log.read_text().count("\n") < before + sum(wanted.values()) + 3:
        assert time.monotonic() < until, "nginx did not write its log"
        time.sleep(0.02)
    (tmp_path / "day.log").write_text("".join(log.read_text().splitlines(keepends=True)[before:]))

    words = ("--access-log", "day.log", "--rate", "400")
    _, record, said = _swarm(tmp_path, "--host", server.url, "--scenario", "cache_hit", *words)

    assert "123 lines, 98 % kept for 4 addresses" in said
    assert "requests/s on average" in said
    asked = _paths(record)
    assert set(asked) == set(wanted)
    expected = [asked.total() * count / sum(wanted.values()) for count in wanted.values()]
    assert scipy.stats.chisquare([asked[path] for path in wanted], expected).pvalue > 1e-3


@pytest.mark.deep
def test_without_a_rate_the_rates_of_a_log_are_a_hint(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Where no rate is given, the line about the log says what is sent instead of what the log holds."""
    line = '203.0.113.7 - - [21/Nov/2026:02:03:{:02d} +0000] "GET / HTTP/1.1" 200 5120 "-" "Mozilla/5.0"\n'
    (tmp_path / "day.log").write_text("".join(line.format(second) for second in range(60)))

    done = _anp(tmp_path, *_words(files[0].url, "cache_hit"), "--access-log", "day.log")

    said = next(one for one in done.stderr.splitlines() if "day.log" in one)
    assert "1.02 requests/s on average" in said
    assert said.endswith("No --rate was given: 50 requests/s are sent")


def test_members_read_by_a_recipe(members: tuple[str, Path], tmp_path: Path) -> None:
    """Every account is logged in and seen on its pages; neither logins nor passwords are kept."""
    url, folder = members
    words = ("--urls", str(folder / "urls.txt"), "--login", str(folder / "login.toml"), "--member-share", "0.5")

    data, record, _ = _swarm(tmp_path, "--host", url, "--scenario", "readers_and_members", *words)

    caches = {(row["persona"], row["cache"]) for row in data["rows"]}
    assert caches == {("reader", "HIT"), ("member", "BYPASS")}
    assert sum(row["errors"] + row["failed_checks"] for row in data["rows"]) == 0
    assert {row["route"] for row in data["rows"] if row["persona"] == "member"} == {"home", "recipes", "member"}
    assert data["run"]["logins"]["count"] == len(ACCOUNTS)
    assert [remark["code"] for remark in data["remarks"]] == ["login"]
    kept = b"".join(path.read_bytes() for path in record.path.iterdir())
    assert not [word for pair in ACCOUNTS.items() for word in pair if len(word) > 1 and word.encode() in kept]


def test_a_leak_makes_the_figures_invalid(members: tuple[str, Path], tmp_path: Path) -> None:
    """A site that gives members' pages to everybody is caught, with an example and exit code 4."""
    folder = members[1]
    with site_program(tests.member_site.__file__, "leaky") as url:
        words = ("--urls", str(folder / "urls.txt"), "--login", str(folder / "login.toml"), "--rate", "100")
        done = _anp(tmp_path, *_words(url, "readers_and_members"), *words, "--member-share", "0.5")

    assert done.returncode == 4
    found = next(line for line in done.stdout.splitlines() if line.startswith("INVALID: Wrong pages were served"))
    assert "leak" in found
    assert "wrong_viewer" in found
    assert not [login for login in ACCOUNTS if login in found]
    assert "failed checks" in done.stdout
    shown = json.loads(_anp(tmp_path, "runs", "show", "latest", "--out", "runs", "--json").stdout)
    assert not shown["valid"]
    assert "checks" in {doubt["code"] for doubt in shown["doubts"]}


def test_a_purge_is_sent_where_writes_are_allowed(members: tuple[str, Path], tmp_path: Path) -> None:
    """With leave to write, a stampede purges pages by the PURGE method while readers read."""
    url, folder = members
    words = ("--urls", str(folder / "urls.txt"), "--allow-writes", "--event-every", "200ms")

    data, _, _ = _swarm(tmp_path, "--host", url, "--scenario", "stampede", *words)

    (purges,) = [row for row in data["rows"] if row["route"] == "purge"]
    assert (purges["persona"], purges["errors"]) == ("operator", 0)
    assert purges["requests"] == 5


@pytest.mark.deep
def test_a_rate_that_nobody_holds_is_invalid(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Far above what the generator can send, the figures are marked invalid with the reason, and the exit code is 4."""
    (tmp_path / "urls.txt").write_text("/\n")
    words = ("--urls", "urls.txt", "--rate", "60000", "--visitors", "8")

    done = _anp(tmp_path, *_words(files[0].url, "cache_hit"), *words)

    assert done.returncode == 4
    found = [line for line in done.stdout.splitlines() if line.startswith("INVALID: ")]
    assert any("The rate was not held" in line and "Lower the rate" in line for line in found), done.stdout


@pytest.mark.deep
def test_two_sites_can_be_swarmed_side_by_side(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Both arms get the same requests and are shown in one table."""
    server, _ = files
    (tmp_path / "urls.txt").write_text("/\n/about/\n")
    arms = (f"direct=http://127.0.0.1:{server.ports['LISTEN_FILES']}", f"cached={server.url}")

    data, record, _ = _swarm(
        tmp_path, "--arm", arms[0], "--arm", arms[1], "--scenario", "cache_hit", "--urls", "urls.txt"
    )

    sums = Counter(dict.fromkeys(("direct", "cached"), 0))
    for row in data["rows"]:
        sums[row["arm"]] += row["requests"]
    assert sums["direct"] == sums["cached"] > 0
    assert {arm["name"] for arm in record.asked["arms"]} == set(sums)
    assert "cache_class" in {doubt["code"] for doubt in data["doubts"] if not doubt["invalid"]}


def test_a_certificate_is_believed_only_by_its_authority(
    files: tuple[Server, Path], authority: trustme.CA, tmp_path: Path
) -> None:
    """A wrong certificate is one line with its reason before any load; with its authority the site is swarmed."""
    url = f"https://127.0.0.1:{files[0].ports['LISTEN_TLS']}"
    (tmp_path / "urls.txt").write_text("/\n")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    refused = _anp(tmp_path, *_words(url, "cache_hit"), "--urls", "urls.txt")
    _, record, _ = _swarm(
        tmp_path, "--host", url, "--scenario", "cache_hit", "--urls", "urls.txt", "--ca-file", "ca.pem"
    )

    assert refused.returncode == 2
    assert refused.stderr.startswith("error: ")
    assert url in refused.stderr
    assert "certificate" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert set(_paths(record)) == {"/"}


def test_a_login_that_does_not_log_in_is_refused(members: tuple[str, Path], tmp_path: Path) -> None:
    """A site that only shows its form again gets no load: one line says which account and what was seen instead."""
    folder = members[1]
    with site_program(tests.member_site.__file__, "deaf") as url:
        words = ("--urls", str(folder / "urls.txt"), "--login", str(folder / "login.toml"))
        done = _anp(tmp_path, *_words(url, "logged_in"), *words)

    _is_refused(done, "could not log in", tmp_path)
    assert not [word for pair in ACCOUNTS.items() for word in pair if len(word) > 1 and word in done.stderr]


NO_EFFECT_ON_OURS = [
    ("cache_hit", ["--alias", "www.example"], "--alias"),
    ("stampede", ["--allow-writes"], "--allow-writes"),
    ("logged_in", ["--login", "login.toml"], "--login"),
]
NO_EFFECT = [
    ("cache_hit", ["--urls", "urls.txt", "--with-bots"], "--with-bots"),
    ("cache_hit", ["--urls", "urls.txt", "--ca-file", "nowhere.pem"], "--ca-file"),
    ("cache_hit", ["--urls", "urls.txt", "--insecure"], "--insecure"),
    ("cache_hit", ["--event-every", "2"], "--event-every 2 s"),
    ("cache_hit", ["--member-share", "0.2"], "--member-share 0.2"),
    ("cache_hit", ["--members", "5"], "--members 5"),
    ("cache_hit", ["--members", "20"], "--members 20"),
    ("stampede", ["--stale-allowance", "5"], "--stale-allowance 5 s"),
    ("cache_hit", ["--urls", "urls.txt", "--zipf", "0.2"], "--zipf 0.2"),
    ("cache_hit", ["--access-log", "day.log", "--zipf", "0.8"], "--zipf 0.8"),
]
"""Scenario, options, and the option that would change nothing."""

REFUSALS = [
    pytest.param(["--scenario", "cache_hit", "--sitemap", "URL/empty.xml"], "no address of the site", id="empty"),
    pytest.param(["--scenario", "cache_hit", "--sitemap", "URL/"], "an HTML page, not a sitemap", id="html"),
    pytest.param(["--scenario", "cache_hit", "--access-log", "odd.log"], "is no access log", id="log-format"),
    pytest.param(["--scenario", "cache_hit"], "is not the anp reference site", id="no-addresses"),
    pytest.param(
        ["--scenario", "search", "--login", "login.toml"],
        "say what to ask for: --urls, --sitemap or --access-log",
        id="recipe-alone",
    ),
    pytest.param(["--scenario", "stampede", "--urls", "urls.txt"], "--allow-writes", id="writes"),
    pytest.param(["--scenario", "search", "--urls", "urls.txt"], "needs the reference site", id="scenario"),
    pytest.param(["--scenario", "logged_in", "--urls", "urls.txt"], "--login FILE.toml", id="no-recipe"),
    pytest.param(["--scenario", "crawl", "--urls", "urls.txt", "--users", "3"], "give --rate R", id="closed"),
    pytest.param(["--scenario", "cache_hit", "--urls", "plum.gif"], "plum.gif is not a text file", id="binary"),
    pytest.param(
        ["--scenario", "cache_hit", "--urls", "urls.txt", "--prepare", "cold"], "the reference site only", id="cold"
    ),
    pytest.param(
        ["--scenario", "readers_and_members", "--urls", "urls.txt", "--login", "login.toml", "--members", "5"],
        "--members is 5, and the recipe login.toml has 2 accounts; give --members 2",
        id="accounts",
    ),
    pytest.param(
        ["--scenario", "logged_in", "--urls", "urls.txt", "--login", "login.toml", "--members", "20"],
        "--members is 20, and the recipe login.toml has 2 accounts; give --members 2",
        id="default-accounts",
    ),
    pytest.param(
        ["--scenario", "logged_in", "--urls", "urls.txt", "--login", "home.toml"],
        "check.logged_in 'home' is on / of URL for somebody who is not logged in",
        id="marker",
    ),
    pytest.param(
        ["--scenario", "cache_hit", "--urls", "urls.txt", "--login", "echo.toml"],
        "/ of URL is shown to whoever is not logged in, and could show check.logged_in 'value=\"{login}\"'",
        id="echo",
    ),
    *(
        pytest.param(["--scenario", scenario, *words], f"{says} has no effect", id=says)
        for scenario, words, says in NO_EFFECT
    ),
]


def _often(refusals: list[Any]) -> list[Any]:
    """One of each kind in every run of the tests, the others in the deep one: each starts a swarm of its own."""
    return [
        each if each.id in OFTEN else pytest.param(*each.values, id=each.id, marks=pytest.mark.deep)
        for each in refusals
    ]


OFTEN = {"log-format", "no-addresses", "writes", "marker", "--zipf 0.2"}


@pytest.mark.parametrize(("words", "says"), _often(REFUSALS))
def test_what_cannot_be_swarmed_is_one_line(
    words: list[str], says: str, files: tuple[Server, Path], tmp_path: Path
) -> None:
    """Each refusal comes before any load as a single line with the remedy, and leaves no record."""
    (tmp_path / "urls.txt").write_text("/\n")
    (tmp_path / "odd.log").write_text('{"path": "/", "status": 200}\n' * 5)
    (tmp_path / "plum.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff")
    (tmp_path / "login.toml").write_text(RECIPE)
    public = RECIPE.replace('page = "/account"', 'page = "/"').replace('logged_out = ">Log in</a>"', "")
    (tmp_path / "home.toml").write_text(public.replace("Welcome, {login}!", "home"))
    (tmp_path / "echo.toml").write_text(public.replace('"Welcome, {login}!"', "'value=\"{login}\"'"))
    (tmp_path / "accounts.csv").write_text("login,password\nann,x\nbob,y\n")
    url = files[0].url

    done = _anp(tmp_path, "swarm", "--host", url, "--out", "runs", *(word.replace("URL", url) for word in words))

    _is_refused(done, says.replace("URL", url), tmp_path)


@pytest.mark.parametrize(("scenario", "words", "says"), NO_EFFECT, ids=[says for _, _, says in NO_EFFECT])
def test_locust_refuses_what_has_no_effect_too(
    scenario: str, words: list[str], says: str, files: tuple[Server, Path], tmp_path: Path
) -> None:
    """A locustfile of ours run by locust itself says the same as ``anp swarm``."""
    (tmp_path / "urls.txt").write_text("/\n")

    said = refused(tmp_path, start(tmp_path, scenario, "--headless", "--host", files[0].url, "-t", "1s", *words))

    assert said.startswith(f"error: {says} has no effect")


def test_what_is_for_other_sites_has_no_effect_on_the_reference_site(reference: Server, tmp_path: Path) -> None:
    """Which site it is is found out first; then ``anp swarm`` and locust itself say the same."""
    words = ("--headless", "--host", reference.url, "-t", "1s")
    for scenario, options, says in NO_EFFECT_ON_OURS:
        line = f"error: {says} has no effect on the reference site"
        _is_refused(_anp(tmp_path, *_words(reference.url, scenario), *options), line, tmp_path)
        assert refused(tmp_path, start(tmp_path, scenario, *words, *options)).startswith(line)


@pytest.mark.deep
def test_an_allowance_is_taken_where_there_are_edits(reference: Server, tmp_path: Path) -> None:
    """What is refused without an effect is carried out where it has one."""
    words = ("--stale-allowance", "5s", "--zipf", "0.2", "--event-every", "500ms")

    _, record, _ = _swarm(tmp_path, "--host", reference.url, "--scenario", "publish_and_purge", *words)

    assert (record.asked["stale_s"], record.asked["zipf"]) == (5.0, 0.2)


def test_a_site_that_redirects_every_page_is_refused(files: tuple[Server, Path], tmp_path: Path) -> None:
    """Where plain HTTP only leads to HTTPS, no load is sent, and the line says what to give instead."""
    (tmp_path / "urls.txt").write_text("".join(f"/recipes/{number}/\n" for number in range(20)))
    secure = f"https://127.0.0.1:{files[0].ports['LISTEN_TLS']}"
    with nginx(tmp_path, f"access_log asked; server {{ listen LISTEN; return 301 {secure}$request_uri; }}") as server:
        done = _anp(tmp_path, *_words(server.url, "cache_hit"), "--urls", "urls.txt")

    _is_refused(done, f"give {secure} instead of {server.url}", tmp_path)
    assert len((tmp_path / "asked").read_text().splitlines()) < 20


@pytest.mark.deep
def test_a_redirect_of_some_pages_is_no_hindrance(files: tuple[Server, Path], tmp_path: Path) -> None:
    """One page that leads elsewhere is load like any other, and counted as an error of its own."""
    (tmp_path / "urls.txt").write_text("/moved\n/\n")
    http = f"""server {{ listen LISTEN;
        location = /moved {{ return 302 https://127.0.0.1:{files[0].ports["LISTEN_TLS"]}/; }}
        location / {{ return 200 home; }} }}"""
    with nginx(tmp_path, http) as server:
        done = _anp(tmp_path, *_words(server.url, "cache_hit"), "--urls", "urls.txt", "--json")

    statuses = {row["route"]: row["errors"] for row in json.loads(done.stdout)["rows"]}
    assert statuses["home"] == 0
    assert statuses["redirect"] > 0


def test_plain_http_on_a_port_of_tls_is_refused(files: tuple[Server, Path], tmp_path: Path) -> None:
    """The words of nginx for it are turned into the address to give."""
    (tmp_path / "urls.txt").write_text("/\n")
    address = f"127.0.0.1:{files[0].ports['LISTEN_TLS']}"

    done = _anp(tmp_path, *_words(f"http://{address}", "cache_hit"), "--urls", "urls.txt")

    _is_refused(done, f"give its address as https://{address}", tmp_path)


@pytest.mark.deep
def test_a_certificate_for_another_name_says_for_which(
    authority: trustme.CA, files: tuple[Server, Path], tmp_path: Path
) -> None:
    """The site is reached by the name that the line gives."""
    (tmp_path / "urls.txt").write_text("/\n")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "site.pem"))
    http = """server { listen LISTEN ssl; ssl_certificate site.pem; ssl_certificate_key site.pem; expires 1h;
        location / { return 200 home; } }"""
    words = ("--scenario", "cache_hit", "--urls", "urls.txt", "--ca-file", "ca.pem")
    with nginx(tmp_path, http) as server:
        url = f"https://127.0.0.1:{server.port}"
        done = _anp(tmp_path, "swarm", "--host", url, "--out", "runs", *words)
        _, record, _ = _swarm(tmp_path, "--host", f"https://localhost:{server.port}", *words)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "IP address mismatch" in done.stderr
    assert "give the host by a name that its certificate is for: localhost; or trust" in done.stderr
    assert set(_paths(record)) == {"/"}


@pytest.mark.deep
def test_a_sitemap_index_of_the_public_site_is_read_on_the_copy(tmp_path: Path) -> None:
    """With ``--alias`` the index is followed on the target, and the public host is never asked for."""
    site = tmp_path / "site"
    site.mkdir()
    public = "https://www.kitchen.invalid"
    (site / "sitemap.xml").write_text(_xml("sitemapindex", [f"<sitemap><loc>{public}/pages.xml</loc></sitemap>"]))
    (site / "pages.xml").write_text(_xml("urlset", [f"<url><loc>{public}/sitemap.xml</loc></url>"]))
    with nginx(tmp_path, "server { listen LISTEN; root site; expires 1h; }") as server:
        words = ("--sitemap", f"{server.url}/sitemap.xml", "--alias", "www.kitchen.invalid")
        _, record, said = _swarm(tmp_path, "--host", server.url, "--scenario", "cache_hit", *words)

    assert f"1 addresses: sitemap {server.url}/sitemap.xml and 1 it leads to" in said
    assert set(_paths(record)) == {"/sitemap.xml"}


@pytest.mark.parametrize(
    "word", ["--urls", *(pytest.param(word, marks=pytest.mark.deep) for word in ("--access-log", "--sitemap"))]
)
def test_addresses_come_out_of_a_pipe(word: str, files: tuple[Server, Path], tmp_path: Path) -> None:
    """What a shell writes as ``<(…)`` can be read by nobody else and only once."""
    line = '203.0.113.7 - - [21/Nov/2026:02:03:04 +0000] "GET / HTTP/1.1" 200 5120 "-" "Mozilla/5.0"\n'
    text = {"--urls": "/\n", "--access-log": line, "--sitemap": f"{files[0].url}/\n"}[word]
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as source:
        source.write(text)
    words = (*_words(files[0].url, "cache_hit"), word, f"/dev/fd/{reader}", "--json")
    try:
        done = _anp(tmp_path, *words, pass_fds=(reader,))
    finally:
        os.close(reader)

    assert done.stdout, done.stderr
    record = read_record(tmp_path / json.loads(done.stdout)["record"])
    assert set(_paths(record)) == {"/"}


@pytest.mark.deep
def test_a_sitemap_that_is_missing_does_not_stop_the_others(tmp_path: Path) -> None:
    """An index with a sitemap that answers 404 is read without it, and the line about the addresses says so."""
    site = tmp_path / "site"
    site.mkdir()
    with nginx(tmp_path, "server { listen LISTEN; root site; expires 1h; }") as server:
        names = [f"<sitemap><loc>{server.url}/{name}.xml</loc></sitemap>" for name in ("gone", "pages")]
        (site / "sitemap.xml").write_text(_xml("sitemapindex", names))
        (site / "pages.xml").write_text(_xml("urlset", [f"<url><loc>{server.url}/sitemap.xml</loc></url>"]))
        words = ("--sitemap", f"{server.url}/sitemap.xml")
        _, record, said = _swarm(tmp_path, "--host", server.url, "--scenario", "cache_hit", *words)

        assert f"and 1 it leads to, 1 that cannot be used left out (the first: {server.url}/gone.xml)" in said
        assert set(_paths(record)) == {"/sitemap.xml"}
        (site / "pages.xml").unlink()
        done = _anp(tmp_path, *_words(server.url, "cache_hit"), *words)

    assert f"{server.url}/sitemap.xml: of 2 sitemaps it leads to none gives an address" in done.stderr
    assert f"{server.url}/gone.xml cannot be fetched (status 404)" in done.stderr
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.deep
def test_a_cache_before_the_reference_site_cannot_be_made_cold(tmp_path: Path) -> None:
    """Behind nginx's cache the site's purge leaves pages where they are: refused, and without nginx it goes on."""
    database = import_site(tmp_path / "site.db")
    http = """proxy_cache_path stored keys_zone=pages:1m;
        server { listen LISTEN; add_header X-Cache-Status $upstream_cache_status;
            location / { proxy_pass SITE; proxy_cache pages; proxy_cache_valid 200 1h; } }"""
    words = ("--scenario", "cache_hit", "--prepare", "cold")
    with reference_site(database) as site, nginx(tmp_path, http.replace("SITE", site.url)) as before_it:
        done = _anp(tmp_path, "swarm", "--host", before_it.url, "--out", "runs", *words)
        _is_refused(done, f"not one before it, and X-Cache-Status tells of one at {before_it.url}", tmp_path)
        data, _, _ = _swarm(tmp_path, "--host", site.url, *words)

    assert data["run"]["prepared"]["cache"] == "cold"


def _is_refused(done: warm.Done | subprocess.CompletedProcess[str], says: str, folder: Path) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert [path.name for path in (folder / "runs").iterdir()] == [".gitignore"]


def _anp(folder: Path, *words: str, pass_fds: tuple[int, ...] = ()) -> warm.Done | subprocess.CompletedProcess[str]:
    """Run ``anp`` in a folder, with open files if it is to have any, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANP_", "LOCUST_"))}
    if not pass_fds:
        return warm.anp(*words, folder=folder)
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        pass_fds=pass_fds,
    )


def _words(url: str, scenario: str) -> tuple[str, ...]:
    return ("swarm", "--host", url, "--scenario", scenario, "--duration", "1s", "--warmup", "0s", "--out", "runs")


def _swarm(folder: Path, *words: str) -> tuple[dict[str, Any], Record, str]:
    """Swarm for a second; gives the JSON, the record and standard error, where nothing but the machine was at fault."""
    common = ("--duration", "1s", "--warmup", "0s", "--rate", "60", "--out", "runs", "--json")
    done = _anp(folder, "swarm", *common, *words)
    assert done.stdout, done.stderr
    data = json.loads(done.stdout)
    assert {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]} <= GENERATOR, data["doubts"]
    assert done.returncode == (0 if data["valid"] else 4)
    return data, read_record(folder / data["record"]), done.stderr


def _paths(record: Record) -> Counter[str]:
    """How often each address was asked for."""
    urls = record.table("urls")
    path = dict(zip(urls.column("url").to_pylist(), urls.column("path").to_pylist(), strict=True))
    return Counter(path[url] for url in record.table("requests").column("url").to_pylist())


def _xml(root: str, entries: list[str]) -> str:
    name = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?>\n<{root} xmlns="{name}">{"".join(entries)}</{root}>'
