"""``anp audit`` of the reference site, alone and behind real caches, sound and with each of its faults."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import trustme

import tests.audited_site
import tests.member_site
from harness.audit.conduct import Options, audit
from harness.audit.render.document import to_dict
from harness.errors import ExitCode
from tests import warm
from tests.fronts import front_of
from tests.servers import caching_proxy, import_site, nginx, reference_site

RECIPE = """\
[login]
page = "/login"
[login.fields]
who = "{login}"
secret = "{password}"
[accounts]
list = [["LOGIN", "her password"]]
[check]
page = "/account"
logged_in = "Welcome, {login}!"
logged_out = ">Log in</a>"
"""
CARELESS = """
    proxy_cache_path stored keys_zone=pages:1m;
    server { listen LISTEN;
        add_header X-Cache-Status $upstream_cache_status;
        proxy_cache pages;
        proxy_set_header Accept-Encoding $http_accept_encoding;
        location / { proxy_pass ORIGIN; }
        location ~ css$ { proxy_pass ORIGIN; proxy_ignore_headers Cache-Control; proxy_cache_valid 200 1h; } }
"""
"""A cache that goes by the endings of addresses."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small imported site that is copied for whoever changes it."""
    return import_site(tmp_path_factory.mktemp("site") / "site.db", count=40)


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A database of the test's own."""
    path = tmp_path / "site.db"
    path.write_bytes(original.read_bytes())
    return path


def _audit(url: str, *, login: Path | None = None, writes: bool = False) -> dict[str, Any]:
    """What ``--json`` prints."""
    return to_dict(audit([url], Options(login=login, allow_writes=writes)))


def _checks(data: dict[str, Any]) -> set[str]:
    return {each["check"] for each in data["findings"]}


def _providers(page: dict[str, Any], reply: int) -> list[str]:
    return [f"{layer['provider']} {layer['verdict']}" for layer in page["replies"][reply]["layers"]]


@contextlib.contextmanager
def _other_site(program: str, *words: str) -> Iterator[str]:
    command = [sys.executable, program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


# -- the reference site ------------------------------------------------------------------------------------------------


def test_the_sound_site_has_nothing_wrong_and_every_kind_of_its_pages_is_seen(copy: Path) -> None:
    """An edit shows at once and drops nothing in vain, and members are given their own pages."""
    with reference_site(copy) as site:
        data = _audit(site.url, writes=True)

    assert (data["findings"], data["skipped"]) == ([], [])
    assert [page["kind"] for page in data["pages"]] == [
        *("home", "articles", "categories", "tags", "authors", "archive", "page", "asset"),
        *("feed", "search", "redirect", "missing", "login", "member"),
    ]
    for page in data["pages"]:
        private = page["kind"] in {"login", "member"}
        assert page["kept"] is not private, page
        assert page["shared"] is not private, page
        assert page["status"] == {"redirect": 301, "missing": 404, "member": 303}.get(page["kind"], 200)
    home = data["pages"][0]
    assert (_providers(home, 0), _providers(home, 1)) == (["anp MISS"], ["anp HIT"])
    assert (home["confirmed"], home["coding"], home["fresh_s"]) == (["ETag", "date"], "gzip", 300)
    assert 100 < data["requests"] < 500


@pytest.mark.parametrize(("kind", "name"), [("nginx", "nginx"), ("varnish", "Varnish")])
def test_a_sound_front_has_nothing_wrong_and_is_told_apart(kind: str, name: str, copy: Path, tmp_path: Path) -> None:
    """A miss is one of both layers, a hit the outer one's; members pass both by."""
    with reference_site(copy) as site, front_of(kind, tmp_path, site.port) as front:
        data = _audit(front.url, writes=kind == "varnish")

    assert data["findings"] == []
    pages = {page["kind"]: page for page in data["pages"]}
    assert _providers(pages["articles"], 0) == ["anp MISS", f"{name} MISS"]
    assert _providers(pages["articles"], 1)[-1] == f"{name} HIT"
    assert _providers(pages["login"], 0) == ["anp BYPASS", f"{name} BYPASS"]


FAULTS = [
    ("fault=leak_member_page", {"member-page-leaked", "member-page-storable", "member-shown-nobody"}),
    ("fault=wrong_article", {"wrong-page"}),
    ("fault=stale_after_purge", {"stale-after-change"}),
    ("fault=silent_cache", {"silent-cache"}),
    ("page_cache=off", {"not-kept"}),
    ("cache_ttl=0", {"not-kept"}),
    ("compression=off", {"not-compressed"}),
    ("assets=no_store", {"asset-not-kept"}),
    ("assets=revalidate", {"asset-asked-each-time"}),
    ("purge=all", {"purge-too-wide"}),
]


@pytest.mark.parametrize(("setting", "expected"), FAULTS, ids=[setting for setting, _ in FAULTS])
def test_a_fault_of_the_site_is_found_and_nothing_else(setting: str, expected: set[str], copy: Path) -> None:
    """Whatever the site can be told to do badly has findings of its own."""
    with reference_site(copy, setting) as site:
        data = _audit(site.url, writes=True)

    assert _checks(data) == expected


def test_what_cannot_be_tried_is_said(original: Path) -> None:
    """A site with a token takes no edit without."""
    with reference_site(original, options=["--purge-token", "secret"]) as site:
        skipped = {each["family"]: each["why"] for each in _audit(site.url, writes=True)["skipped"]}

    assert skipped.keys() == {"changes"}
    assert skipped["changes"].startswith("an edit is refused with 403")


# -- other sites and real caches ---------------------------------------------------------------------------------------


def test_a_cache_that_goes_by_endings_gives_away_a_members_page(tmp_path: Path) -> None:
    """The cache keeps whatever ends in css, and the site takes such an address for the account."""
    (tmp_path / "login.toml").write_text(RECIPE.replace("LOGIN", "ann"))
    with _other_site(tests.audited_site.__file__) as url:
        httpx.post(f"{url}/-/bare+suffixes")
        with nginx(tmp_path, CARELESS.replace("ORIGIN", url)) as front:
            data = _audit(f"{front.url}/about/", login=tmp_path / "login.toml")

    assert {each["check"] for each in data["findings"] if each["severity"] == "error"} == {"cache-deception"}
    assert all(each["url"].endswith(".css") for each in data["findings"] if each["check"] == "cache-deception")


def test_a_cache_that_heeds_nothing_is_found_out_whatever_the_site_does(original: Path, tmp_path: Path) -> None:
    """One that keys by decoded paths alone, before the sound site; what cannot be tried there is said."""
    with reference_site(original) as site:
        server = f"""proxy_cache_path stored keys_zone=pages:1m;
            server {{ listen LISTEN; add_header X-Cache-Status $upstream_cache_status; proxy_cache pages;
                proxy_cache_valid 200 1h; proxy_ignore_headers Cache-Control; proxy_cache_key $host$uri;
                location / {{ proxy_pass {site.url}; }} }}"""
        with nginx(tmp_path, server) as front:
            data = _audit(front.url)

    assert _checks(data) == {
        *("cache-deception", "member-page-leaked", "query-ignored"),
        *("age-missing", "kept-though-forbidden", "member-shown-nobody", "validator-missing"),
    }
    assert "unkeyed" in {each["family"] for each in data["skipped"]}


def test_what_a_header_does_is_kept_by_the_page_cache_that_does_not_know_of_it(tmp_path: Path) -> None:
    """``anp cache`` has X-Forwarded-Host in its key and X-Original-URL not: only the site can know what it goes by."""
    with _other_site(tests.audited_site.__file__) as url, caching_proxy(url, tmp_path) as cache:
        found = {}
        for fault in ("none", "x_forwarded_host", "x_original_url"):
            httpx.post(f"{url}/-/bare+{fault}")
            httpx.post(f"{cache.url}/-/bare+{fault}")
            data = _audit(f"{cache.url}/about/")
            found[fault] = [each["seen"] for each in data["findings"] if each["check"] == "unkeyed-input"]

    assert found == {
        "none": [],
        "x_forwarded_host": [],
        "x_original_url": ["X-Original-URL changed what the next visitor was given"],
    }


def test_a_site_that_keeps_members_pages_is_found_by_a_recipe(tmp_path: Path) -> None:
    """Of a site that is not ours, with the recipe that the swarm takes; passwords stay out of what is written."""
    (tmp_path / "login.toml").write_text(RECIPE.replace("LOGIN", "ann@site.example"))
    with _other_site(tests.member_site.__file__, "--fault", "leaky") as url:
        done = warm.anp("audit", f"{url}/recipes/3/", "--login", "login.toml", "--json", folder=tmp_path)

    assert done.returncode == ExitCode.FOUND
    assert "member-page-leaked" in _checks(json.loads(done.stdout))
    assert "her password" not in done.stdout


# -- the command -------------------------------------------------------------------------------------------------------


def test_a_certificate_is_believed_only_where_it_is_said(tmp_path: Path) -> None:
    """Else the audit stops at the first request, and says how to go on."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "site.pem"))
    http = """server { listen LISTEN ssl; ssl_certificate site.pem; ssl_certificate_key site.pem;
        location / { return 200 plums; } }"""
    with nginx(tmp_path, http) as server:
        url = server.url.replace("http:", "https:")
        done = [warm.anp("audit", url + "/x", *words, folder=tmp_path) for words in CERTIFICATES]

    assert [each.returncode for each in done] == [2, 2, 0, 0]
    assert done[0].stderr.rstrip().endswith("Trust it with --ca-file or --insecure")
    assert "--ca-file none.pem holds no certificates" in done[1].stderr


CERTIFICATES: list[list[str]] = [[], ["--ca-file", "none.pem"], ["--ca-file", "ca.pem"], ["--insecure"]]


def test_documents_go_where_they_are_sent(original: Path, tmp_path: Path) -> None:
    """Standard output holds nothing but the document, and a file the same."""
    with reference_site(original, "assets=no_store") as site:
        page = f"{site.url}/robots.txt"
        shown = warm.anp("audit", page, folder=tmp_path)
        assert (shown.returncode, shown.stderr.count("\n")) == (0, 1)
        assert "robots.txt" not in shown.stdout.splitlines()[0]
        for form in ("table", "json", "sarif", "junit"):
            done = warm.anp("audit", page, "--format", form, "--out", form, folder=tmp_path)
            assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "table").read_text().splitlines()[0].startswith("page ")
    assert json.loads((tmp_path / "json").read_text())["findings"] == []
    assert json.loads((tmp_path / "sarif").read_text())["version"] == "2.1.0"
    assert ET.parse(tmp_path / "junit").getroot().get("name") == "anp audit"


def test_the_severity_that_fails_is_named(original: Path, tmp_path: Path) -> None:
    """A warning fails where warnings do, and never where nothing does."""
    with reference_site(original, "assets=no_store") as site:
        css = httpx.get(f"{site.url}/").text.split('rel="stylesheet" href="')[1].split('"')[0]
        codes = {
            word: warm.anp("audit", f"{site.url}{css}", "--fail-on", word, folder=tmp_path).returncode
            for word in ("note", "warning", "error", "never")
        }

    assert codes == {"note": 1, "warning": 1, "error": 0, "never": 0}


REFUSED = [
    (["https://shop.example"], "error: shop.example is not this machine. If you may probe it, say so: --i-may-probe"),
    (["ftp://127.0.0.1"], "error: 'ftp://127.0.0.1' is no address of a site; give one such as http://127.0.0.1:8000"),
    (["http://me:secret@127.0.0.1"], "error: the address of 127.0.0.1 holds a user and password, which an audit does"),
    (["http://127.0.0.1:1/shop/"], "error: http://127.0.0.1:1 does not answer ("),
    (["http://127.0.0.1:1", "--json", "--format", "sarif"], "error: --json and --format sarif ask for two documents"),
    (
        ["http://127.0.0.1:1", "--stale-allowance", "2s"],
        "error: --stale-allowance has no effect without --allow-writes",
    ),
    (["http://127.0.0.1:1", "http://localhost:1", "--login", "x"], "error: --login is for one site, and the addresses"),
    (
        ["http://127.0.0.1:1", "--fail-on", "bad"],
        "error: unknown word for --fail-on 'bad'; choose one of error, never, note, warning",
    ),
    (["http://127.0.0.1:1", "--fail-on", "eror"], "error: unknown word for --fail-on 'eror'; did you mean 'error'?"),
    (["http://127.0.0.1:1", "--format", "sraif"], "error: unknown word for --format 'sraif'; did you mean 'sarif'?"),
]


@pytest.mark.parametrize(("words", "line"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_cannot_be_audited_is_refused_in_one_line(words: list[str], line: str, tmp_path: Path) -> None:
    """With what to do instead; nothing goes to standard output."""
    done = warm.anp("audit", *words, folder=tmp_path)

    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.splitlines()[-1].startswith(line)
