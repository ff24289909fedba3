"""The audit of a small site with every fault switched on in turn, and with none."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import pytest

from harness.audit.checks import CHECKS, TABLE
from harness.audit.client import Client, Trust
from harness.audit.conduct import Options, audit
from harness.audit.model import NotTriedError, Report
from harness.audit.probes import unkeyed
from tests import audited_site

RECIPE = """\
[login]
page = "/login"
[login.fields]
who = "{login}"
secret = "{password}"
[accounts]
list = [["ann", "her password"]]
[check]
page = "/account"
logged_in = "Welcome, {login}!"
logged_out = "Log in</a>"
"""
PAGE, PAGES = "/recipes/plum-cake/", "/recipes/plum-cake/ /recipes/pear-tart/ /recipes/apple-pie/"
SEARCH, TWO = "/search?q=plum", "/search?q=plum&page=1"
WITH_LOGIN, WITH_WRITES = "login", "writes"
SHARED_WITH_ALL = {"member-page-leaked", "member-page-storable", "member-shown-nobody"}

FAULTS = [
    ("forgetful", PAGE, {"not-kept"}),
    ("uncacheable+heedless", PAGE, {"kept-though-forbidden"}),
    ("uncacheable", PAGE, {"page-not-cacheable"}),
    ("asset_no_store", "/style.css", {"asset-not-kept"}),
    ("none", "/style.3f9a01bc.css", {"asset-asked-each-time"}),
    ("long", PAGE, {"page-long-in-browsers"}),
    ("unsaid", PAGE, {"no-freshness"}),
    ("redirect_no_store", "/about", {"permanent-redirect-not-kept"}),
    ("silent", PAGE, {"silent-cache"}),
    ("ageless", PAGE, {"age-missing"}),
    ("bare", PAGE, {"no-cache-seen"}),
    ("contradictory", PAGE, {"contradictory-directives"}),
    ("misspelt", PAGE, {"unknown-directive"}),
    ("unreadable", PAGE, {"invalid-lifetime"}),
    ("lapsed", PAGE, {"expires-disagrees"}),
    ("dateless", PAGE, {"date-missing"}),
    ("ahead", PAGE, {"last-modified-ahead"}),
    ("old", PAGE, {"too-old"}),
    ("no_validators", PAGE, {"validator-missing"}),
    ("validator_ignored", PAGE, {"validator-ignored"}),
    ("tag_changes", PAGE, {"validator-changes"}),
    ("tag_stays", PAGE, {"validator-stays", "etag-shared"}),
    ("poor_304", PAGE, {"304-incomplete"}),
    ("head_missing", PAGE, {"head-disagrees"}),
    ("vary_star", PAGE, {"vary-star"}),
    ("vary_cookie", PAGE, {"vary-cookie", "vary-coding-missing"}),
    ("vary_user_agent", PAGE, {"vary-user-agent", "vary-coding-missing"}),
    ("vary_missing", PAGE, {"vary-coding-missing"}),
    ("plain", PAGE, {"not-compressed"}),
    ("coding_forced", PAGE, {"coding-forced"}),
    ("tag_shared", PAGE, {"etag-shared"}),
    ("wrong_part", "/style.css", {"part-wrong"}),
    ("cookie_on_hit", PAGE, {"cookie-on-kept"}),
    ("sets_cookie", PAGE, {"cookie-on-cacheable", "not-kept"}),
    ("token", PAGE, {"token-on-kept"}),
    ("tracking_splits", PAGE, {"tracking-splits"}),
    ("order_splits", TWO, {"query-order-splits"}),
    ("query_ignored", SEARCH, {"query-ignored"}),
    ("wrong_page", PAGES, {"wrong-page"}),
    *((fault, PAGE, {"unkeyed-input"}) for fault in ("x_forwarded_host", "x_original_url", "override", "oversize")),
    *((fault, PAGE, {"unkeyed-input"}) for fault in ("telephone", "language", "cookie_shown", "origin", "scheme")),
    *((fault, SEARCH, {"unkeyed-input"}) for fault in ("fat_get", "cloaked")),
    *((fault, PAGE, {"unkeyed-input"}) for fault in ("tracker_shown", "port_of_host")),
    ("x_forwarded_host_bypassed", PAGE, {"reflected-input"}),
    (
        "cache_shares_members",
        f"{WITH_LOGIN} {PAGE}",
        SHARED_WITH_ALL,
    ),
    ("member_storable", f"{WITH_LOGIN} {PAGE}", {"member-page-storable"}),
    ("member_unmarked", f"{WITH_LOGIN} {PAGE}", {"member-page-unmarked"}),
    ("blind", f"{WITH_LOGIN} {PAGE}", {"member-shown-nobody"}),
    ("cache_by_session", f"{WITH_LOGIN} {PAGE}", {"member-page-reused", "kept-though-forbidden"}),
    ("suffixes", f"{WITH_LOGIN} {PAGE}", {"deceptive-address"}),
    ("deceivable", f"{WITH_LOGIN} {PAGE}", {"cache-deception"}),
    ("soft_404", "/", {"missing-is-found"}),
    ("error_kept", "/nothing", {"error-kept-long"}),
    ("purge_nothing", f"{WITH_WRITES} /about/ {PAGE}", {"stale-after-change"}),
    ("purge_all", f"{WITH_WRITES} {PAGES} /about/", {"purge-too-wide"}),
]
"""Fault, what is audited, and the checks that find it."""

Audit = Callable[[str, str], Report]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audit]:
    """The site; what it gives audits pages of it with a fault."""
    recipe = tmp_path_factory.mktemp("recipe") / "login.toml"
    recipe.write_text(RECIPE)
    command = [sys.executable, audited_site.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, httpx.Client() as http:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]

            def look(fault: str, words: str) -> Report:
                assert http.post(f"{url}/-/{fault}").status_code == 204
                paths = [word for word in words.split() if word.startswith("/")]
                options = Options(
                    login=recipe if WITH_LOGIN in words else None,
                    allow_writes=WITH_WRITES in words,
                    allowance_s=60 if "patient" in words else 0,
                )
                return audit([url + path for path in paths], options)

            yield look
        finally:
            process.terminate()


def _found(report: Report) -> set[str]:
    return {finding.check.id for finding in report.findings}


def test_a_sound_site_has_nothing_wrong(site: Audit) -> None:
    """Neither its kinds of pages, nor what a member is shown, nor a purge."""
    report = site("none", f"{WITH_LOGIN} {WITH_WRITES} / {TWO}")

    assert [(finding.check.id, finding.url, finding.seen) for finding in report.findings] == []
    assert {seen.subject.kind for seen in report.seen} == {
        *("home", "recipes", "about", "asset", "feed", "search", "redirect", "missing", "login", "member")
    }
    assert report.skipped == []


@pytest.mark.parametrize(("fault", "words", "expected"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_a_fault_is_found_and_nothing_else(site: Audit, fault: str, words: str, expected: set[str]) -> None:
    """Each fault has the findings of its own."""
    report = site(fault, words)

    assert _found(report) == expected, [(finding.check.id, finding.url, finding.seen) for finding in report.findings]


def test_every_check_has_a_fault_that_it_finds() -> None:
    """No check is without a site on which it speaks."""
    assert {check for _, _, expected in FAULTS for check in expected} == CHECKS.keys()
    assert len(CHECKS) == len(TABLE)


def test_an_old_page_is_no_fault_for_as_long_as_is_allowed(site: Audit) -> None:
    """The purge takes effect a while after it was answered."""
    words = f"{WITH_WRITES} /about/ {PAGE}"

    assert _found(site("purge_late", words)) == {"stale-after-change"}
    assert _found(site("purge_late", f"{words} patient")) == set()


@pytest.mark.parametrize("fault", ["cookie_of_the_cache", "language_cookie"])
def test_a_cookie_that_tells_nobody_from_others_is_no_session_of_everybody(site: Audit, fault: str) -> None:
    """One that is another each time, or that many may have alike; that one is set at all is still told."""
    assert _found(site(fault, PAGE)) == {"cookie-on-cacheable"}


def test_a_site_that_takes_any_method_has_not_purged_badly(site: Audit) -> None:
    """What it answers to PURGE is the page itself; that is said."""
    report = site("any_method", f"{WITH_WRITES} /about/ {PAGE}")

    assert _found(report) == set()
    assert [each.why.partition(",")[0] for each in report.skipped if each.family == "changes"] == [
        "the site answers to any method"
    ]


def test_a_page_that_is_now_this_and_now_that_is_not_taken_for_poisoned(site: Audit) -> None:
    """Nothing that was sent has to do with it: two variants by chance, each of them kept."""
    for _ in range(5):
        assert _found(site("now_this_now_that", PAGE)) == set()


def test_nothing_is_tried_on_visitors_where_no_cache_speaks(site: Audit) -> None:
    """Whether the parameter is in its key would not show."""
    (seen,) = site("silent", PAGE).seen

    with pytest.raises(NotTriedError, match="no cache speaks"), Client("http://127.0.0.1:9", Trust()) as nobody:
        list(unkeyed.ask(nobody, seen, has_visitors=True, may_purge=False))


UNKEYED = "key_without_unknown"


def test_nothing_is_tried_where_the_answer_would_be_what_the_cache_has(site: Audit) -> None:
    """Where the unknown parameter is not in the cache's key, the page has to be purged first; the remedy is told."""
    report = site(f"{UNKEYED}+x_forwarded_host", PAGE)

    assert report.findings == []
    (skipped,) = [each for each in report.skipped if each.family == "unkeyed"]
    assert skipped.kind == "recipes"
    assert skipped.why.endswith("allow it to be purged with --allow-writes")
    assert ("recipes", "unkeyed") not in report.made


@pytest.mark.parametrize("fault", ["x_forwarded_host", "telephone"])
def test_on_this_machine_addresses_that_are_not_kept_apart_are_tried_between_purges(site: Audit, fault: str) -> None:
    """What was tried is gone afterwards, and a sound site stays without a finding."""
    report = site(f"{UNKEYED}+{fault}", f"{WITH_WRITES} {PAGE}")

    assert _found(report) == {"unkeyed-input"}
    assert ("recipes", "unkeyed") in report.made
    left = httpx.get(report.origins[0] + PAGE)
    assert "hit" in left.headers["cache-status"]
    assert ".invalid" not in left.text
    assert "for telephones" not in left.text
    assert _found(site(UNKEYED, f"{WITH_WRITES} {PAGE}")) == set()


def test_visitors_are_given_nothing_where_addresses_are_not_kept_apart(site: Audit) -> None:
    """Elsewhere than on this machine nothing is purged and nothing tried, whatever may be written."""
    report = site(UNKEYED, PAGE)

    with (
        Client(report.origins[0], Trust()) as reader,
        pytest.raises(NotTriedError, match="visitors would be given what is tried"),
    ):
        list(unkeyed.ask(reader, report.seen[0], has_visitors=True, may_purge=True))
    assert reader.sent == 2


def test_a_cache_that_takes_no_purge_is_not_tried(site: Audit) -> None:
    """The method is answered with the page, and the page stays."""
    report = site(f"{UNKEYED}+purge_nothing+x_forwarded_host", f"{WITH_WRITES} {PAGE}")

    assert "unkeyed-input" not in _found(report)
    assert [each.why for each in report.skipped if each.family == "unkeyed"] == [
        "the cache leaves anp-audit=… out of its key and answers with what it has, and PURGE does not drop that"
    ]


class _Unread(BaseHTTPRequestHandler):
    """A site that leaves the body of a GET unread, so that it is taken for the next request on that connection."""

    protocol_version = "HTTP/1.1"
    fields: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = b"<!DOCTYPE html><title>Plums</title><p>Plums."
        self.send_response(200)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **self.fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("policy", ["no-store", "max-age=0, s-maxage=300"])
def test_what_a_body_does_to_its_own_connection_is_no_finding(policy: str) -> None:
    """Another visitor has another connection, and there the page is as it was."""
    handler = type("Handler", (_Unread,), {"fields": {"Cache-Control": policy}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            report = audit([f"http://127.0.0.1:{server.server_port}/plums/"], Options())
        finally:
            server.shutdown()
            thread.join()

    assert ("plums", "unkeyed") in report.made
    assert "unkeyed-input" not in _found(report)
