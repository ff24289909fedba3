"""The precise client against the servers it is for: the reference site under uvicorn, nginx with and without TLS."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.servers import Server, import_site, nginx, reference_site
from tests.unit.locustfiles.bad_server import ask, has_ipv6

PAGE = b"<!doctype html><title>A page</title>" + b"<p>Some text to compress.</p>" * 400
NGINX = """
default_type text/html;
server {
    listen LISTEN;
    listen LISTEN_TLS ssl;
    ssl_certificate server.pem;
    ssl_certificate_key server.pem;
    ssl_session_cache shared:tls:1m;
    root www;
    add_header X-Resumed $ssl_session_reused;
    gzip_min_length 100;
    location /gzip/ { alias www/; gzip on; }
    location /last { alias www/page.html; keepalive_timeout 0; }
    location /brief { alias www/page.html; keepalive_timeout 1ms; }
    location /moved { return 302 page.html; }
    location /nothing { return 204; }
    location /drops { return 444; }
    location /upload { client_max_body_size 1m; proxy_pass http://unix:nowhere.sock; }
    location /gone { proxy_pass http://unix:nowhere.sock; }
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An nginx with a page, plain and over TLS."""
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "www" / "folder").mkdir(parents=True)
    (folder / "www" / "page.html").write_bytes(PAGE)
    (folder / "www" / "big.bin").write_bytes(b"x" * 20_000_000)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    with nginx(folder, NGINX) as server:
        yield server


@pytest.fixture(scope="module", params=["plain", "tls"])
def way(request: pytest.FixtureRequest, server: Server) -> tuple[str, dict[str, Any]]:
    """A URL of that nginx, and what the client needs to believe it."""
    if request.param == "plain":
        return server.url, {}
    folder = Path(str(server.process.args[2]))  # type: ignore[index, union-attr]
    return f"https://127.0.0.1:{server.ports['LISTEN_TLS']}", {"origin": {"ca_file": str(folder / "ca.pem")}}


def test_every_kind_of_answer_of_nginx_shares_a_connection(way: tuple[str, dict[str, Any]]) -> None:
    """Lengths, chunks, no content, errors and HEAD are read to their end, and the connection goes on."""
    url, settings = way
    steps = [("GET", "/page.html"), ("GET", "/gzip/page.html"), ("HEAD", "/page.html"), ("HEAD", "/gzip/page.html")]
    steps += [("GET", "/nothing"), ("GET", "/missing"), ("GET", "/gone"), ("GET", "/big.bin"), ("POST", "/page.html")]
    replies = ask(url, *steps, **settings)
    assert [(r["error"], r["status"], r["new_connection"]) for r in replies] == [
        ("none", status, position == 0) for position, status in enumerate([200, 200, 200, 200, 204, 404, 502, 200, 405])
    ]
    assert [replies[position]["size"] for position in (0, 2, 3, 4, 7)] == [len(PAGE), 0, 0, 0, 20_000_000]
    assert replies[2]["headers"]["content-length"] == str(len(PAGE))
    compressed = replies[1]
    assert (compressed["headers"]["content-encoding"], compressed["headers"]["transfer-encoding"]) == (
        "gzip",
        "chunked",
    )
    assert gzip.decompress(compressed["body"].encode("latin-1")) == PAGE


def test_nginx_confirms_a_page_seen_before(way: tuple[str, dict[str, Any]]) -> None:
    """The second visit gets a 304 without a body, for strong and for weak validators, on the same connection."""
    url, settings = way
    replies = ask(url, *[("READ", "/page.html")] * 2, *[("READ", "/gzip/page.html")] * 3, **settings)
    assert [(r["error"], r["status"], r["new_connection"]) for r in replies] == [
        ("none", 200, True),
        ("none", 304, False),
        ("none", 200, False),
        ("none", 304, False),
        ("none", 304, False),
    ]
    assert [reply["size"] for reply in replies if reply["status"] == 304] == [0, 0, 0]
    assert replies[2]["headers"]["etag"].startswith("W/")


def test_redirects_of_nginx_lead_to_pages_here(way: tuple[str, dict[str, Any]]) -> None:
    """They are whole URLs, with the port; they are samples of their own that lead to a path."""
    url, settings = way
    replies = ask(url, ("GET", "/folder"), ("GET", "/moved"), **settings)
    assert [(r["error"], r["status"], r["leads_to"]) for r in replies] == [
        ("none", 301, "/folder/"),
        ("none", 302, "/page.html"),
    ]
    assert replies[0]["headers"]["location"] == f"{url}/folder/"


def test_connections_nginx_ends_are_opened_anew(way: tuple[str, dict[str, Any]]) -> None:
    """Announced, in silence while idle, or instead of an answer: the next request has a new connection."""
    url, settings = way
    steps = [("GET", "/last"), ("GET", "/brief"), ("UNTIL_CLOSED", None), ("GET", "/drops"), ("GET", "/page.html")]
    replies = ask(url, *steps, **settings)
    assert [(r["error"], r["new_connection"], r["retried"]) for r in replies] == [
        ("none", True, False),
        ("none", True, False),
        ("closed", True, False),
        ("none", True, False),
    ]


def test_an_upload_nginx_refuses_is_an_answer(way: tuple[str, dict[str, Any]]) -> None:
    """It says 413 before it has read the body; the answer counts, and the connection is not used again."""
    url, settings = way
    replies = ask(url, ("UPLOAD", "/upload"), ("GET", "/page.html"), **settings)
    assert [(r["error"], r["status"], r["new_connection"]) for r in replies] == [
        ("none", 413, True),
        ("none", 200, True),
    ]


def test_nginx_resumes_the_session_of_a_visitor(server: Server) -> None:
    """A visitor's first handshake is a full one, the later ones are not, as with a browser."""
    url = f"https://127.0.0.1:{server.ports['LISTEN_TLS']}"
    replies = ask(url, *[("GET", "/last")] * 3, origin={"insecure": True})
    assert [reply["headers"]["x-resumed"] for reply in replies] == [".", "r", "r"]


def test_the_wrong_protocol_for_the_port_of_nginx_is_a_sample(server: Server) -> None:
    """Plain HTTP to the port of TLS gets an answer of status 400; TLS to the plain port is an error of class tls."""
    [plain] = ask(f"http://127.0.0.1:{server.ports['LISTEN_TLS']}", ("GET", "/page.html"))
    [tls] = ask(server.url.replace("http:", "https:"), ("GET", "/page.html"))
    assert (plain["error"], plain["status"]) == ("none", 400)
    assert (tls["error"], tls["status"]) == ("tls", 0)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_nginx_is_reached_by_ipv6(tmp_path: Path) -> None:
    """The whole way: literal in the URL, connection, Host header, redirect."""
    (tmp_path / "www" / "folder").mkdir(parents=True)
    with nginx(tmp_path, "server { listen LISTEN; root www; }", address="[::1]") as server:
        [reply] = ask(server.url, ("GET", "/folder"))
    assert (reply["error"], reply["status"], reply["leads_to"]) == ("none", 301, "/folder/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The reference site."""
    with reference_site(import_site(tmp_path_factory.mktemp("site") / "site.db")) as server:
        yield server


def test_the_reference_site_is_read_on_one_connection(site: Server) -> None:
    """Pages, their headers, a page seen before and a page that is not there, one after another under uvicorn."""
    steps = [("GET", "/"), ("HEAD", "/"), ("READ", "/"), ("READ", "/"), ("GET", "/nowhere"), ("GET", "/anp/about")]
    replies = ask(site.url, *steps)
    assert [(r["error"], r["status"], r["new_connection"]) for r in replies] == [
        ("none", 200, True),
        ("none", 200, False),
        ("none", 200, False),
        ("none", 304, False),
        ("none", 404, False),
        ("none", 200, False),
    ]
    assert replies[1]["size"] == replies[3]["size"] == 0 < replies[0]["size"]


def test_a_login_that_fails_at_the_reference_site_is_an_answer(site: Server) -> None:
    """A form is sent once and answered; the page behind it redirects to the form, which is a sample of its own."""
    replies = ask(site.url, ("POST", "/login"), ("GET", "/me"))
    assert [reply["error"] for reply in replies] == ["none", "none"]
    assert replies[0]["status"] in {400, 403, 415, 422}
    assert (replies[1]["status"], replies[1]["leads_to"]) == (303, "/login?next=/me")
    assert not replies[1]["new_connection"]
