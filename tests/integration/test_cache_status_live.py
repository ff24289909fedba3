"""The classifier before real caches: the reference site behind nginx and behind Varnish.

The site writes headers of its own about its own page cache, and the caches before it store and replay them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import isnan
from pathlib import Path

import httpx
import pytest

from locustfiles._reading import cache_code, server_timing
from results.cache_status import Reading, read
from results.columns import CACHE_CLASSES
from tests.servers import Server, import_site, nginx, reference_site, varnish

DEADLINE_S = 30.0

NGINX = """
    proxy_set_header Host 127.0.0.1;
    proxy_cache_path stored keys_zone=pages:1m;
    proxy_cache pages;
    proxy_cache_key $server_port$request_uri;
    proxy_ignore_headers Cache-Control Expires Vary;
    proxy_cache_valid 200 1h;
    proxy_cache_bypass $http_x_bypass;
    server { listen LISTEN; add_header X-Cache-Status $upstream_cache_status;
        location / { proxy_pass http://site; } }
    server { listen LISTEN_SAME; add_header X-Cache $upstream_cache_status;
        location / { proxy_pass http://site; } }
    server { listen LISTEN_SHORT; add_header X-Cache-Status $upstream_cache_status;
        proxy_cache_valid 200 1s;
        location / { proxy_pass http://site; } }
    server { listen LISTEN_VALIDATING; add_header X-Cache-Status $upstream_cache_status;
        proxy_cache_valid 200 1s; proxy_cache_revalidate on;
        location / { proxy_pass http://site; } }
    server { listen LISTEN_SLOW; add_header X-Cache-Status $upstream_cache_status;
        proxy_cache_valid 200 1s; proxy_cache_use_stale updating; proxy_cache_background_update on;
        location / { proxy_pass http://slow; } }
    server { listen LISTEN_LOST; add_header X-Cache-Status $upstream_cache_status;
        proxy_cache_valid 200 1s; proxy_cache_use_stale error;
        location / { proxy_pass http://lost; } }
"""

VARNISH = """
vcl 4.1;
backend site { .host = "127.0.0.1"; .port = "PORT"; }
sub vcl_recv { if (req.http.X-Bypass) { return (pass); } }
sub vcl_backend_response { set beresp.ttl = 1h; }
"""

VARNISH_WITH_WORDS = (
    VARNISH
    + """
sub vcl_recv { unset req.http.X-Cache; }
sub vcl_hit { set req.http.X-Cache = "hit"; }
sub vcl_miss { set req.http.X-Cache = "miss"; }
sub vcl_pass { set req.http.X-Cache = "pass"; }
sub vcl_synth { set resp.http.X-Cache = "synth synth"; }
sub vcl_deliver {
    if (obj.uncacheable) { set req.http.X-Cache = req.http.X-Cache + " uncacheable"; }
    else { set req.http.X-Cache = req.http.X-Cache + " cached"; }
    set resp.http.X-Cache = req.http.X-Cache;
}
sub vcl_recv { if (req.url == "/teapot") { return (synth(418)); } }
"""
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small imported site."""
    return import_site(tmp_path_factory.mktemp("site") / "site.db", count=5)


@pytest.fixture(scope="module")
def site(database: Path) -> Iterator[Server]:
    """The site with its page cache."""
    with reference_site(database) as server:
        yield server


@pytest.fixture(scope="module")
def before(site: Server, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """The site behind nginx, and the server that nginx is going to lose."""
    with (
        reference_site(database, "page_cache=off", "inject=any:any:1:700") as slow,
        reference_site(database) as lost,
    ):
        ports = {"site": site.port, "slow": slow.port, "lost": lost.port}
        upstreams = "".join(f"upstream {name} {{ server 127.0.0.1:{port}; }}\n" for name, port in ports.items())
        with nginx(tmp_path_factory.mktemp("nginx"), upstreams + NGINX) as server:
            yield server, lost


def ask(url: str, **headers: str) -> httpx.Response:
    """One request, without a connection of an earlier one."""
    response = httpx.get(url, headers=headers, timeout=DEADLINE_S)
    assert response.status_code in {200, 418}
    return response


def reading_of(response: httpx.Response) -> Reading:
    """What the classifier says, which the swarm must say as well."""
    reading = read(response.headers)
    assert CACHE_CLASSES[cache_code(encoded(response))] == reading.verdict
    return reading


def encoded(response: httpx.Response) -> dict[bytes, bytes]:
    """The headers as the swarm's client hands them over."""
    return {name.encode(): value.encode() for name, value in response.headers.items()}


def until(ask_once: Callable[[], httpx.Response], word: str) -> httpx.Response:
    """Ask until nginx says a word: its shortest lifetime is a second."""
    end = time.monotonic() + DEADLINE_S
    while (response := ask_once()).headers["x-cache-status"] != word:
        assert time.monotonic() < end, f"nginx never said {word}"
        time.sleep(0.02)
    return response


def test_nginx_hit_miss_and_bypass_are_told_apart_from_the_sites_own(
    before: tuple[Server, Server], site: Server
) -> None:
    """A stored page replays the site's headers, and a page the site had stored is no hit of nginx."""
    ask(f"{site.url}/", host="127.0.0.1")  # the site has the page from now on, as nginx asks for it
    url = f"{before[0].url}/"
    first, second, past = ask(url), ask(url), ask(url, **{"X-Bypass": "1"})
    assert [reading_of(answer).verdict for answer in (first, second, past)] == ["MISS", "HIT", "BYPASS"]
    assert [reading_of(answer).edge_hit for answer in (first, second, past)] == [False, True, False]
    for answer in (first, second, past):
        assert answer.headers["cache-status"].startswith("anp; hit")
        assert [layer.provider for layer in reading_of(answer).layers] == ["anp", "X-Cache-Status"]
    assert reading_of(first).app_ran is False  # the site answered from its own store


def test_the_site_alone_is_one_layer(site: Server) -> None:
    """Its three headers speak of one cache."""
    for answer in (ask(f"{site.url}/?fresh"), ask(f"{site.url}/")):
        (layer,) = reading_of(answer).layers
        assert layer.provider == "anp"
        assert layer.verdict == answer.headers["x-cache"]


def test_the_same_header_name_twice_is_two_layers(before: tuple[Server, Server]) -> None:
    """Behind the site's X-Cache nginx adds its own, and the last one counts."""
    url = f"http://127.0.0.1:{before[0].ports['LISTEN_SAME']}/"
    assert [reading_of(ask(url)).verdict for _ in range(2)] == ["MISS", "HIT"]
    assert reading_of(ask(url, **{"X-Bypass": "1"})).verdict == "BYPASS"


def test_nginx_expired(before: tuple[Server, Server]) -> None:
    """A page that outlived its second is fetched anew."""
    url = f"http://127.0.0.1:{before[0].ports['LISTEN_SHORT']}/"
    reading = reading_of(until(lambda: ask(url), "EXPIRED"))
    assert (reading.verdict, reading.edge_hit) == ("EXPIRED", False)


def test_nginx_revalidated(before: tuple[Server, Server]) -> None:
    """A page that outlived its second is confirmed by the site's 304."""
    url = f"http://127.0.0.1:{before[0].ports['LISTEN_VALIDATING']}/"
    reading = reading_of(until(lambda: ask(url), "REVALIDATED"))
    assert (reading.verdict, reading.edge_hit) == ("REVALIDATED", False)


def test_nginx_updating_and_stale_while_it_updates(before: tuple[Server, Server]) -> None:
    """Both are pages past their time, served while another request fetches the new one."""
    url = f"http://127.0.0.1:{before[0].ports['LISTEN_SLOW']}/"
    for word in ("STALE", "UPDATING"):
        reading = reading_of(until(lambda: ask(url), word))
        assert (reading.verdict, reading.edge_hit, reading.app_ran) == ("STALE", True, False)


def test_nginx_stale_after_the_site_is_gone(before: tuple[Server, Server]) -> None:
    """The page stays when its site does not."""
    server, lost = before
    url = f"http://127.0.0.1:{server.ports['LISTEN_LOST']}/"
    assert reading_of(ask(url)).verdict == "MISS"
    lost.process.kill()
    reading = reading_of(until(lambda: ask(url), "STALE"))
    assert (reading.verdict, reading.edge_hit, reading.app_ran) == ("STALE", True, False)


def test_varnish_hit_miss_and_pass(site: Server, tmp_path: Path) -> None:
    """Two ids are a hit; a miss and a pass look alike to the header, and both are MISS."""
    with varnish(tmp_path, VARNISH.replace("PORT", str(site.port))) as server:
        first, second = (ask(f"{server.url}/") for _ in range(2))
        past = ask(f"{server.url}/", **{"X-Bypass": "1"})
    assert [len(answer.headers["x-varnish"].split()) for answer in (first, second, past)] == [1, 2, 1]
    assert [reading_of(answer).verdict for answer in (first, second, past)] == ["MISS", "HIT", "MISS"]
    assert [layer.provider for layer in reading_of(second).layers] == ["anp", "Varnish"]
    assert reading_of(second).layers[-1].age == int(second.headers["age"])


def test_varnish_with_words_of_its_own(site: Server, tmp_path: Path) -> None:
    """The usual configuration for telling hits from misses tells a pass too, in place of the site's X-Cache."""
    with varnish(tmp_path, VARNISH_WITH_WORDS.replace("PORT", str(site.port))) as server:
        answers = [ask(f"{server.url}/"), ask(f"{server.url}/"), ask(f"{server.url}/", **{"X-Bypass": "1"})]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss cached", "hit cached", "pass uncacheable"]
    assert [reading_of(answer).verdict for answer in answers] == ["MISS", "HIT", "BYPASS"]


def test_figures_of_a_stored_page_are_no_figures(before: tuple[Server, Server], site: Server, tmp_path: Path) -> None:
    """What nginx and Varnish replay of the site's Server-Timing is not believed; what they pass on is."""
    with varnish(tmp_path, VARNISH.replace("PORT", str(site.port))) as server:
        for url in (f"{server.url}/?figures", f"{before[0].url}/?figures"):
            made, replayed = (encoded(ask(url)) for _ in range(2))
            assert made[b"server-timing"] == replayed[b"server-timing"]
            assert server_timing(made, cache_code(made))[2] > 0
            app, db, calls = server_timing(replayed, cache_code(replayed))
            assert (isnan(app), isnan(db), calls) == (True, True, -1)
