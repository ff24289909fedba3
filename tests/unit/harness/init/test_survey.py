"""What a look at a site finds: addresses, login form, caches; each site a real server of a few pages."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from harness.errors import TargetError, UsageError
from harness.init.survey import Addresses, cache_readings, paths_of, survey
from tests.small_site import small_site

HOME = '<a href="/posts/1">One</a> <a href="/log-out">Out</a> <a href="https://other.example/x">Elsewhere</a>'
FORM = '<form id="enter"><input name="who"><input type="password" name="secret"><button>Go</button></form>'


def sitemap(*places: str, root: str = "urlset") -> str:
    """A sitemap, or an index of some."""
    entry = {"urlset": "url", "sitemapindex": "sitemap"}[root]
    listed = "".join(f"<{entry}><loc>{place}</loc></{entry}>" for place in places)
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</{root}>'


def test_robots_txt_names_the_sitemap() -> None:
    """By its path: a copy of a site has it under its own address, whatever name stands in the file."""
    robots = "User-agent: *\nSitemap: https://www.example/maps/all.xml\n"
    with small_site({"/": HOME, "/robots.txt": robots, "/maps/all.xml": sitemap("URL/a", "URL/b")}) as site:
        found = survey(site.url)

    assert found.addresses == Addresses("/maps/all.xml", ("/a", "/b"))


@pytest.mark.parametrize("place", ["/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml"])
def test_a_sitemap_is_found_in_the_usual_places(place: str) -> None:
    """Without a robots.txt."""
    with small_site({"/": HOME, place: sitemap("URL/a")}) as site:
        assert survey(site.url).addresses == Addresses(place, ("/a",))


def test_an_index_is_followed_on_the_copy_and_the_sites_public_name_is_an_alias() -> None:
    """Its parts, compressed or not, are asked for by their paths; nobody else is asked."""
    pages = {
        "/": HOME,
        "/sitemap.xml": sitemap("https://www.example/one.xml", "https://www.example/two.xml.gz", root="sitemapindex"),
        "/one.xml": sitemap("https://www.example/", "https://www.example/posts/1?page=2"),
        "/two.xml.gz": gzip.compress(sitemap("https://www.example/posts/2", "https://cdn.example/x").encode()),
    }
    with small_site(pages) as site:
        found = survey(site.url).addresses

    assert found == Addresses("/sitemap.xml", ("/", "/posts/1?page=2", "/posts/2"), ("www.example",))


def test_addresses_and_routes_are_those_the_swarm_will_ask_for() -> None:
    """A letter beyond ASCII is sent percent-encoded, and so is its route called; an index keeps its parts' queries."""
    pages = {
        "/": HOME,
        "/sitemap.xml": sitemap("URL/parts?n=1", root="sitemapindex"),
        "/parts?n=1": sitemap("URL/café/1", "URL/caf%C3%A9/2#top"),
    }
    with small_site(pages) as site:
        found = survey(site.url).addresses

    assert found.paths == ("/caf%C3%A9/1", "/caf%C3%A9/2")
    assert found.routes() == {"caf%C3%A9": 2}


@pytest.mark.parametrize(
    "text", ["<html>no", "no XML", '<!DOCTYPE x [<!ENTITY a "b">]><urlset/>', sitemap(), "<feed><loc>/x</loc></feed>"]
)
def test_without_a_sitemap_the_links_of_the_home_page_stand_in(text: str) -> None:
    """Those that may change something, and those to other sites, are left out."""
    with small_site({"/": HOME, "/sitemap.xml": text}) as site:
        assert survey(site.url).addresses == Addresses(None, ("/", "/posts/1"))


def test_a_sitemap_that_was_named_is_taken_or_refused(tmp_path: Path) -> None:
    """A path or a file; what is none is told with the value."""
    with small_site({"/": HOME, "/mine.xml": sitemap("URL/a"), "/sitemap.xml": sitemap("URL/b")}) as site:
        (tmp_path / "mine.xml").write_text(sitemap("https://www.example/c"))

        assert survey(site.url, sitemap="/mine.xml").addresses.paths == ("/a",)
        found = survey(site.url, sitemap=os.path.relpath(tmp_path / "mine.xml"))
        assert found.addresses.paths == ("/c",)
        with pytest.raises(UsageError, match=r"^--sitemap /none\.xml of .* gives no address of the site"):
            survey(site.url, sitemap="/none.xml")
        with pytest.raises(UsageError, match=r"^--sitemap none\.xml cannot be read \(No such file"):
            survey(site.url, sitemap="none.xml")


def test_names_that_were_given_are_the_sites_names() -> None:
    """No other is guessed then."""
    urls = ["https://a.example/1", "https://b.example/2", "https://b.example/3", "/4", "mailto:x", "http://[x/"]

    assert paths_of(urls, "127.0.0.1") == (("/2", "/3", "/4"), ("b.example",))
    assert paths_of(urls, "127.0.0.1", ["a.example"]) == (("/1", "/4"), ("a.example",))


def test_the_busiest_route_is_that_of_pages() -> None:
    """Neither the home page nor files, and by what is asked for, not by the number of addresses."""
    paths = ("/", "/news/1", "/news/2", "/news/3", *(f"/archive/{number}" for number in range(5)), "/a.css")
    addresses = Addresses("/sitemap.xml", paths)

    assert list(addresses.routes()) == ["news", "archive", "home", "asset"]
    assert addresses.busiest() == "news"
    assert addresses.example("news") == "/news/1"
    assert Addresses(None, ("/",)).busiest() == "home"


@pytest.mark.parametrize(
    ("pages", "page", "link"),
    [
        ({"/": '<a href="/enter">Log in</a>', "/enter": FORM}, "/enter", ">Log in</a>"),
        ({"/": "<a href='/sign-in?next=/'>Members</a>", "/sign-in": FORM}, "/sign-in", ">Members</a>"),
        ({"/": HOME, "/wp-login.php": FORM}, "/wp-login.php", ""),
        ({"/": HOME, "/users/sign_in": FORM}, "/users/sign_in", ""),
    ],
)
def test_a_login_form_is_found_by_a_link_or_in_the_usual_places(pages: dict[str, str], page: str, link: str) -> None:
    """With its fields, its id and the words of the link that readers are shown."""
    with small_site(pages) as site:
        found = survey(site.url).login

    assert found is not None
    assert (found.page, found.link) == (page, link)
    assert (found.id, found.login, found.password) == ("enter", "who", "secret")


def test_a_form_for_newcomers_is_no_login_form() -> None:
    """It asks for a password twice."""
    twice = FORM.replace("<button>", '<input type="password" name="again"><button>')
    with small_site({"/": HOME, "/login": twice}) as site:
        assert survey(site.url).login is None
        with pytest.raises(UsageError, match=r"^--login-page /login: no form with a name and a password on that page"):
            survey(site.url, login_page="/login")


def test_a_site_that_sends_everybody_elsewhere_is_refused() -> None:
    """In one line with the other address, which is not asked."""
    with small_site({"/": (301, {"location": "https://www.example/"}, "")}) as site:
        with pytest.raises(TargetError, match=r"sends its home page to https://www\.example/, and nobody but the site"):
            survey(site.url)
        assert site.asked == ["GET /"]


def test_a_redirect_within_the_site_is_followed() -> None:
    """As from / to the language of the reader."""
    with small_site({"/": (302, {"location": "/en/"}, ""), "/en/": '<a href="news/1">One</a>'}) as site:
        assert survey(site.url).addresses.paths == ("/", "/en/news/1")


def test_caches_are_read_as_by_two_readers() -> None:
    """The second does not come back with cookies of the first."""
    seen = []

    def page(cookies: object, _form: object) -> tuple[int, dict[str, str], str]:
        seen.append(cookies)
        return 200, {"x-cache": "MISS" if len(seen) == 1 else "HIT", "set-cookie": "a=b"}, "page"

    with small_site({"/x": page}) as site:
        first, second = cache_readings(site.url, "/x")

    assert (first.verdict, second.verdict) == ("MISS", "HIT")
    assert seen == [{}, {}]
