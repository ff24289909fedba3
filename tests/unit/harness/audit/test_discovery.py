"""Which pages are asked for, and which never."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.audit.client import Client, Trust
from harness.audit.discovery import discover, kind_of
from harness.errors import TargetError, UsageError
from tests.origin import Origin, Reply, Seen, told_origin

HOME = """<a href="/recipes/1/">one</a> <a href="recipes/2/">two</a> <a href="/logout">out</a>
<a href="/secret/x">no</a> <a href="/shop/?add-to-cart=7">buy</a> <a href="http://other.example/a/">away</a>
<a href="mailto:a@b">write</a>
<a href="/about.html#top">about</a> <link rel="stylesheet" href="/site.css"> <img src="/plum.png"> <a href="">here</a>
<link rel="alternate" type="application/atom+xml" href="/atom.xml"> <a href="/atom.xml">feed</a> <a href="http://[x">?</a>
<form method="post" action="/vote"><input name="q"></form>
<form action="/find"><input type="search" name="words"></form>
"""
PAGES: dict[str, tuple[str, str]] = {
    "/": ("text/html", HOME),
    "/robots.txt": ("text/plain", "User-agent: *\nDisallow: /secret/\nSitemap: http://www.kitchen.example/map.xml\n"),
    "/map.xml": (
        "text/xml",
        "<sitemapindex><sitemap><loc>http://www.kitchen.example/part.xml</loc></sitemap></sitemapindex>",
    ),
    "/part.xml": ("text/xml", "<urlset><url><loc>https://www.kitchen.example/tags/plum/</loc></url></urlset>"),
}


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A site of ``PAGES``."""
    with told_origin() as site:
        site.reply = _answers(PAGES)
        yield site


def _answers(pages: dict[str, tuple[str, str]]) -> Callable[[Seen], Reply]:
    def answer(seen: Seen) -> Reply:
        if seen.target not in pages:
            return 404, [], b""
        kind, text = pages[seen.target]
        return (302, [("Location", text)], b"") if kind == "to" else (200, [("Content-Type", kind)], text.encode())

    return answer


def _found(origin: Origin, sitemap: str | None = None) -> dict[str, tuple[str, ...]]:
    with Client(f"http://127.0.0.1:{origin.port}", Trust()) as client:
        return {each.kind: (each.path, *each.siblings) for each in discover(client, sitemap).subjects}


def test_kinds_come_from_sitemap_links_and_forms(origin: Origin) -> None:
    """Of a sitemap only the path counts, whatever host it speaks of; other hosts' links are left out."""
    found = _found(origin)
    missing = found.pop("missing")

    assert found == {
        "home": ("/",),
        "tags": ("/tags/plum/",),
        "recipes": ("/recipes/1/", "/recipes/2/"),
        "other": ("/about.html",),
        "asset": ("/site.css", "/plum.png"),
        "feed": ("/atom.xml",),
        "search": ("/find?words=write",),
    }
    assert missing[0].startswith("/anp")


def test_what_could_change_something_or_is_disallowed_is_not_asked_for(origin: Origin) -> None:
    """Nothing but robots.txt, the sitemaps and the home page."""
    _found(origin)

    assert [seen.target for seen in origin.seen] == ["/robots.txt", "/map.xml", "/part.xml", "/"]
    assert {seen.headers["user-agent"].split("/")[0] for seen in origin.seen} == {"anp-audit"}


def test_a_home_page_elsewhere_on_the_site_is_followed(origin: Origin) -> None:
    """Its links count from where it is."""
    origin.reply = _answers(PAGES | {"/": ("to", "/en/"), "/en/": ("text/html", '<a href="plums/">x</a>')})

    found = _found(origin)

    assert found["home"] == ("/",)
    assert found["en"] == ("/en/", "/en/plums/")


def test_a_home_page_on_another_site_is_refused(origin: Origin) -> None:
    """With the address to name instead."""
    origin.reply = _answers({"/": ("to", "https://www.kitchen.example/")})

    with pytest.raises(TargetError, match=r"leads to https://www\.kitchen\.example/; if you may audit that site"):
        _found(origin)


def test_addresses_at_the_root_are_one_kind_where_there_are_many(origin: Origin) -> None:
    """Each article of such a site would be a kind; sections of several pages stay kinds."""
    slugs = "".join(f'<a href="/article-{number}/">x</a>' for number in range(40))
    origin.reply = _answers({"/": ("text/html", f'{slugs}<a href="/tags/a/">a</a><a href="/tags/b/">b</a>')})

    found = _found(origin)

    assert len(found) <= 14
    assert found["tags"] == ("/tags/a/", "/tags/b/")
    assert found["other"][0].startswith("/article-")


def test_a_sitemap_that_was_named_must_be_one(origin: Origin) -> None:
    """One that was only looked for need not be there."""
    with pytest.raises(UsageError, match=r"/nothing\.xml is no sitemap \(status 404\)"):
        _found(origin, "/nothing.xml")
    with pytest.raises(UsageError, match=r"/robots\.txt is no sitemap \(status 200\)"):
        _found(origin, "/robots.txt")


KINDS = {
    "/": "home",
    "/?p=7": "other",
    "/recipes/plum-cake/": "recipes",
    "/recipes": "recipes",
    "/about.html": "other",
    "/static/site.css?v=2": "asset",
    "/a/b/c.PNG": "asset",
}


@pytest.mark.parametrize(("path", "kind"), KINDS.items())
def test_a_kind_is_named_as_the_swarm_names_routes(path: str, kind: str) -> None:
    """By the ending of a file, else by the first segment."""
    assert kind_of(path) == kind
