"""What the swarm asks a site besides pages, and what it takes for an answer."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

import synth
from locustfiles._oracle import query_hash
from synth.people import member
from target_app.database.schema import SITEMAP_PART
from target_app.search import fingerprint, read_words
from tests import warm
from tests.unit.locustfiles.bad_server import OK, Answer, Server, resets, says

PROBE = Path(__file__).with_name("site_probe.py")
CORPUS = synth.Corpus(1, 50, profile="natural", seed=3)  # as in the probe


def ask(*steps: tuple[Any, ...]) -> list[Any]:
    """What each step gives; ``site_probe`` says what steps there are."""
    found: list[Any] = json.loads(warm.probe(PROBE, json.dumps(steps), strict=False))
    return found


def answer(data: object, *headers: str, status: int = 200) -> bytes:
    """An answer of JSON data, or of bytes."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


ABOUT = {"site": "anp-reference", "members": 4}
REFERENCE = {
    "/anp/about": says(answer(ABOUT)),
    "/anp/revisions": says(answer({"revisions": {}})),
    "/": says(answer(b"home", "Cache-Status: anp; hit; ttl=60", "X-Cache: HIT")),
}
MISSING = says(answer(b"", status=404))


def test_a_site_says_who_it_is() -> None:
    """The reference site is known by its name and says what was edited; of another, nothing need be known."""
    ours = {"/anp/about": says(answer(ABOUT)), "/anp/revisions": says(answer({"revisions": {"7": 2}}))}
    packed = answer(gzip.compress(json.dumps(ABOUT).encode()), "Content-Encoding: gzip")
    compressed = {"/anp/about": says(packed), "/anp/revisions": says(answer({"revisions": {}}))}
    other = {"/anp/about": says(answer(b"<h1>Not found</h1>", status=404))}
    with Server(ours) as reference, Server(compressed) as zipped, Server(other) as foreign:
        found = ask(
            ("SURVEY", reference.url, False),
            ("SURVEY", zipped.url, False),
            ("SURVEY", foreign.url, True),
            ("SURVEY", foreign.url, False),
        )
    assert found[0] == {"about": ABOUT, "revisions": {"7": 2}}
    assert found[1] == {"about": ABOUT, "revisions": {}}
    assert found[2] == {"about": None, "revisions": {}}
    assert "is not the anp reference site" in found[3]["error"]
    assert "--urls, --sitemap or --access-log" in found[3]["error"]


def test_nonsense_at_about_is_no_reference_site() -> None:
    """Whatever stands at the address of the description, only the description counts."""
    bodies = (b"[1, 2]", b'"text"', b"{", b"\xff\xfe", b"")
    servers = [Server({"/anp/about": says(answer(body))}) for body in bodies]
    found = ask(*[("SURVEY", server.url, True) for server in servers])
    for server in servers:
        server.__exit__()
    assert found == [{"about": None, "revisions": {}}] * len(bodies)


def test_a_target_that_does_not_answer_is_named_with_the_reason() -> None:
    """No listener, and one that hangs up, each have one line with the address and the class of the error."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with Server({"/anp/about": resets(b"")}) as server:
        nobody, rude = ask(("SURVEY", free, False), ("SURVEY", server.url, True))
    assert f"the target {free} does not answer (connect: " in nobody["error"]
    assert f"the target {server.url} does not answer (closed: " in rude["error"]


def test_a_file_is_fetched_through_redirects_of_its_own_host() -> None:
    """A sitemap may have moved and be compressed; too many hops, another host and an error page are refused."""
    text = b"<urlset/>" * 100
    answers = {
        "/sitemap.xml": says(answer(gzip.compress(text), "Content-Encoding: gzip")),
        "/moved": says(answer(b"", "Location: /sitemap.xml", status=301)),
        "/circle": says(answer(b"", "Location: /circle", status=302)),
        "/away": says(answer(b"", "Location: http://elsewhere.example/", status=302)),
        "/gone": says(answer(b"", status=410)),
        "/odd": says(answer(b"text", "Content-Encoding: compress")),
    }
    with Server(answers) as server:
        found = ask(*[("FETCH", server.url + path) for path in answers])
    assert found[:2] == [len(text), len(text)]
    assert [refusal["error"].partition("(")[2].partition(")")[0] for refusal in found[2:5]] == [
        "status 302",
        "status 302",
        "status 410",
    ]
    assert "came in a form that cannot be read" in found[5]["error"]


def leads(to: str, status: int = 301) -> Answer:
    """An answer that redirects."""
    return says(answer(b"", f"Location: {to}", status=status))


def test_a_site_that_sends_every_page_elsewhere_is_refused_with_where() -> None:
    """Only where each address tried ends on another origin, at once or after a redirect within the site."""
    away = leads("https://kitchen.example/a?b=c", 302)
    sites: list[tuple[dict[str, Answer], list[str]]] = [
        ({f"/{number}": away for number in range(20)}, [f"/{number}" for number in range(20)]),
        ({"/": leads("/home", 302), "/home": away}, ["/"]),
        ({"/": away, "/a": leads("/", 302)}, ["/", "/a"]),
        ({"/": away, "/a": says(OK)}, ["/", "/a"]),
        ({"/": away, "/a": MISSING}, ["/", "/a"]),
        ({"/": away, "/a": resets(b"")}, ["/", "/a"]),
        ({"/": leads("/"), "/a": leads("mailto:ann"), "/b": leads("http://[bad/")}, ["/", "/a", "/b"]),
    ]
    servers = [Server({"/anp/about": MISSING, **answers}) for answers, _ in sites]
    found = ask(*[("REQUIRE", server.url, paths) for server, (_, paths) in zip(servers, sites, strict=True)])
    for server in servers:
        server.__exit__()
    for number, what in enumerate(("each of the 8 addresses tried", "/", "each of the 2 addresses tried")):
        url = servers[number].url
        assert found[number]["error"].startswith(f"{url} redirects {what} to https://kitchen.example, and ")
        assert f"give https://kitchen.example instead of {url}" in found[number]["error"]
    assert found[3:] == [None] * 4
    assert len(servers[0].requests) == 1 + 8  # the survey, and not all of the addresses


def test_where_a_reference_site_should_be_a_redirect_is_told_as_one() -> None:
    """Whoever gave http:// for a site that moved to https:// is told so, not that this is another site."""
    with Server({"/anp/about": leads("https://127.0.0.1:8443/anp/about")}) as server:
        [moved] = ask(("SURVEY", server.url, False))
    assert moved["error"].startswith(f"{server.url} redirects /anp/about to https://127.0.0.1:8443, and ")


@pytest.mark.parametrize(
    "words",
    [
        b"<center>The plain HTTP request was sent to HTTPS port</center>",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.",
        b"Client sent an HTTP request to an HTTPS server.\n",
    ],
    ids=["nginx", "Apache", "Go"],
)
def test_plain_http_on_a_port_of_tls_is_refused_with_the_right_address(words: bytes) -> None:
    """The servers' own words for it are understood, compressed too; any other 400 is just not the reference site's."""
    packed = answer(gzip.compress(words), "Content-Encoding: gzip", status=400)
    sites = (answer(words, status=400), packed, answer(b"no such host", status=400))
    servers = [Server({"/anp/about": says(site)}) for site in sites]
    found = ask(*[("SURVEY", server.url, True) for server in servers])
    for server in servers:
        server.__exit__()
    for server, refusal in zip(servers[:2], found[:2], strict=True):
        assert "speaks TLS and refuses plain HTTP (status 400)" in refusal["error"]
        assert refusal["error"].endswith(f"https://127.0.0.1:{server.port}")
    assert found[2] == {"about": None, "revisions": {}}


def test_a_server_that_drops_plain_http_may_speak_tls() -> None:
    """Where the connection just ends, the address with https:// is one of the remedies."""
    with Server({"/anp/about": resets(b"")}) as server:
        [refusal] = ask(("SURVEY", server.url, True))
    assert refusal["error"].endswith(f"if it speaks TLS, write https://127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["kitchen.example", "*.kitchen.example", "10.0.0.7"], ": kitchen.example, *.kitchen.example, 10.0.0.7; or"),
        (
            [f"{letter}.example" for letter in "abcdefg"],
            ": a.example, b.example, c.example, d.example, e.example and 2",
        ),
    ],
)
def test_a_certificate_for_other_names_says_which(names: list[str], known: str, tmp_path: Path) -> None:
    """The host given is not among them; a file of authorities would not help, so it is not the remedy."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    with Server({"/anp/about": MISSING}, tls=context) as server:
        refusal, accepted = ask(
            ("SURVEY", server.url, True, {"ca_file": str(tmp_path / "ca.pem")}),
            ("SURVEY", server.url, True, {"insecure": True}),
        )
    assert "does not answer (tls: IP address mismatch" in refusal["error"]
    assert f"; give the host by a name that its certificate is for{known}" in refusal["error"]
    assert refusal["error"].endswith("or trust it as it is with --insecure")
    assert "--ca-file" not in refusal["error"]
    assert accepted == {"about": None, "revisions": {}}


def test_a_certificate_of_an_unknown_authority_needs_the_authority() -> None:
    """Other failures of the verification keep their remedy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Server({"/anp/about": MISSING}, tls=context) as server:
        [refusal] = ask(("SURVEY", server.url, True))
    assert refusal["error"].endswith("name its authority with --ca-file FILE, or trust it as it is with --insecure")


def test_a_cache_before_the_site_cannot_be_made_cold() -> None:
    """A purge would not reach it: the cache is named and nothing is purged; the site's own cache is no hindrance."""
    page = answer(b"home", "Cache-Status: anp; fwd=miss; stored", "X-Varnish: 5 3", "Age: 7")
    with Server({**REFERENCE, "/": says(page), "/anp/purge": says(answer({"purged": 5}))}) as site:
        [refusal] = ask(("PURGE_ALL", site.url))
    assert refusal["error"].startswith("--prepare cold empties the site's own cache, not one before it, and Varnish ")
    assert f"tells of one at {site.url}; empty that by hand and use natural" in refusal["error"]
    assert not [head for _, head in site.requests if head.startswith(b"POST")]


def mark(viewer: str, page: str = "me") -> bytes:
    """A page made for somebody."""
    return f'<meta name="anp-mark" content="page={page} viewer={viewer}">'.encode()


def test_a_login_is_believed_only_when_the_members_own_page_comes() -> None:
    """Refused, let in as nobody, let in as somebody else, shown the form again: each has its line; one is let in."""
    person = member(2, CORPUS.seed)
    seen_off = says(answer(b"", status=401))
    let_in = says(answer(b"", "Location: /me", "Set-Cookie: s=1; Path=/", status=303))
    sites = [
        {"/login": let_in, "/me": says(answer(mark(person.id)))},
        {"/login": seen_off},
        {"/login": let_in, "/me": says(answer(mark("anonymous")))},
        {"/login": let_in, "/me": says(answer(mark("m00009")))},
        {"/login": let_in, "/me": says(answer(mark("anonymous", "login")))},
        {"/login": let_in, "/me": says(OK)},
        {"/login": resets(b"")},
    ]
    servers = [Server(site) for site in sites]
    found = ask(*[("LOG_IN", server.url, 2) for server in servers])
    for server in servers:
        server.__exit__()
    assert found[0] is True
    says_why = [refusal["error"] for refusal in found[1:]]
    for line, part in zip(
        says_why,
        (
            "POST /login gave status 401; expected status 303; does",
            f"expected page=me viewer={person.id}, got page=me viewer=anonymous",
            "got page=me viewer=m00009",
            "got page=login viewer=anonymous",
            "got no mark, status 200",
            "POST /login was not answered (closed: the server broke the connection before any answer); see",
        ),
        strict=True,
    ):
        assert line.startswith(f"member {person.id} could not log in at ")
        assert part in line
        assert "none" not in line
    assert servers[0].requests[0][1].startswith(b"POST /login ")
    assert b"Cookie: s=1" in servers[0].requests[1][1]


def test_an_edit_must_store_the_edition_of_the_corpus() -> None:
    """Article, revision and digest in the answer are compared with the synthesizer's; a refusal is no edit."""
    right = {"article": 7, "revision": 1, "digest": CORPUS.article(7, revision=1).digest}
    answers = [
        answer(right),
        answer({**right, "digest": "00"}),
        answer({**right, "article": 8}),
        answer({**right, "revision": -4}),
        answer({"article": 7}),
        answer({"detail": "no article"}, status=404),
    ]
    servers = [Server({"/anp/edit": says(each)}) for each in answers]
    found = ask(*[("EDIT", server.url, 7) for server in servers])
    for server in servers:
        server.__exit__()
    assert found == [
        [200, 1, None],
        [200, None, "wrong_article"],
        [200, None, "wrong_article"],
        [200, None, "wrong_revision"],
        [200, None, "wrong_revision"],
        [404, None, None],
    ]


def test_purges_go_out_in_each_sites_own_way() -> None:
    """The reference site's cache is emptied by its JSON; a page elsewhere is purged by the method PURGE."""
    ours = {**REFERENCE, "/anp/purge": says(answer({"purged": 5}))}
    refuses = {**ours, "/anp/purge": says(answer({"detail": "no"}, status=403))}
    with Server(ours) as site, Server(refuses) as strict, Server({"/a?b=1": says(OK)}) as foreign:
        found = ask(("PURGE_ALL", site.url), ("PURGE_ALL", strict.url), ("PURGE", foreign.url, "/a?b=1"))
    assert found[0] is None
    assert "did not purge its cache (status 403);" in found[1]["error"]
    assert found[2] == 200
    assert foreign.requests[0][1].startswith(b"PURGE /a?b=1 HTTP/1.1\r\n")
    assert site.requests[-1][1].startswith(b"POST /anp/purge ")


def test_counters_of_a_site_that_no_longer_answers_are_unknown() -> None:
    """A site that died during the run has no figures rather than wrong ones."""
    about = {"/anp/about": says(answer(ABOUT)), "/anp/revisions": says(answer({"revisions": {}}))}
    stats = {"requests": {"total": 5}}
    with (
        Server({**about, "/anp/stats": says(answer(stats))}) as site,
        Server({**about, "/anp/stats": resets(b"")}) as dead,
    ):
        assert ask(("STATISTICS", site.url), ("STATISTICS", dead.url)) == [stats, None]


@pytest.fixture(scope="module")
def tables() -> list[dict[str, list[str]]]:
    """The tables of a small site, and of one whose sitemap has parts."""
    found: list[dict[str, list[str]]] = ask(
        ("PAGES", 1, 50, ["/static/site.css", "/images/plum.svg"]), ("PAGES", 1, SITEMAP_PART + 1, [])
    )
    return found


def test_searches_are_worded_as_the_site_compares_them(tables: list[dict[str, list[str]]]) -> None:
    """No two searches are the same to the site, none is too long for it, and both sides hash them alike."""
    paths = tables[0]["search"]
    words = [parse_qs(urlsplit(path).query)["q"][0] for path in paths]
    assert len(words) > 40
    assert [read_words(word) for word in words] == words
    assert len(set(words)) == len(words)
    assert [query_hash(path) for path in paths] == [fingerprint(word) for word in words]


def test_the_reference_sites_pages_are_those_of_its_corpus(tables: list[dict[str, list[str]]]) -> None:
    """Articles are in the order of their popularity, and tags are of articles that are read."""
    table = tables[0]
    popular = CORPUS.by_popularity()
    assert table["article"] == [f"/articles/{synth.slug(article, profile='natural', seed=3)}/" for article in popular]
    carried = {f"/tags/{tag}/" for article in popular for tag in CORPUS.article(article).tags}
    assert set(table["tag"]) <= carried
    assert (table["static"], table["image"]) == (["/static/site.css"], ["/images/plum.svg"])


def test_the_sitemap_has_the_parts_that_the_site_makes_of_it(tables: list[dict[str, list[str]]]) -> None:
    """One address more than a part may hold makes two parts; fewer make none."""
    assert [table["sitemap"] for table in tables] == [
        ["/sitemap.xml"],
        ["/sitemap.xml", "/sitemap-1.xml", "/sitemap-2.xml"],
    ]
