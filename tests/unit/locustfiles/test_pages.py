"""The URL table: every page has one row, one path and one route, on our site and on others."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locustfiles._pages import CARDS, WRITES, Pages, Section, listed_pages, reference_pages
from target_app.pages import PAGE_SIZE

TAGS = {"one": 3, "two": 1}
QUERIES = ("/search?q=plum", "/search?q=apple+tart")
ASSETS = ("/static/site.css", "/images/plum.svg", "/images/pear.svg")


def slug(article: int) -> str:
    """The slug of an article in these tests."""
    return f"slug-{article}"


def reference(articles: int = 45, parts: int = 0) -> Pages:
    """The table of a small reference site, the articles with odd ids being the popular ones."""
    ids = sorted(range(articles), key=lambda article: (-(article % 2), article))
    return reference_pages(ids, slug, TAGS, QUERIES, ASSETS, parts)


def test_every_page_of_the_reference_site_has_one_path_and_a_route() -> None:
    """Sections follow each other without gaps, paths of one way to ask are distinct, and only articles have an id."""
    pages = reference()
    rows = [(pages.route(url), pages.path(url), pages.article(url)) for url in range(len(pages))]
    read = [path for route, path, _ in rows if route not in WRITES]
    assert len(set(read)) == len(read)
    assert rows[:6] == [
        ("home", "/", None),
        ("me", "/me", None),
        ("listing", "/page/2/", None),
        ("listing", "/page/3/", None),
        ("tag", "/tags/one/", None),
        ("tag", "/tags/two/", None),
    ]
    assert rows[6] == ("article", "/articles/slug-1/", 1)
    assert Counter(route for route, _, _ in rows) == {
        "home": 1,
        "me": 1,
        "listing": 2,
        "tag": 2,
        "article": 45,
        "search": 2,
        "static": 1,
        "image": 2,
        "feed": 1,
        "robots": 1,
        "sitemap": 1,
        "login": 1,
        "edit": 45,
        "purge": 1,
    }
    assert {route for route, _, article in rows if article is not None} == {"article", "edit"}


def test_an_edit_has_the_article_of_its_row() -> None:
    """Rows of articles and of their edits go side by side, so that both are equally popular; an edit names its page."""
    pages = reference()
    articles, edits = pages.first("article"), pages.first("edit")
    for row in range(45):
        assert pages.article(articles + row) == pages.article(edits + row)
        assert pages.path(articles + row) == pages.path(edits + row)


def test_the_tour_is_robots_the_sitemap_and_the_articles_by_id() -> None:
    """A crawler visits what the sitemap says, in its order."""
    pages = reference(parts=2)
    paths = [pages.path(int(url)) for url in pages.tour]
    assert paths[:4] == ["/robots.txt", "/sitemap.xml", "/sitemap-1.xml", "/sitemap-2.xml"]
    assert paths[4:] == [f"/articles/slug-{article}/" for article in range(45)]


def test_a_listing_shows_as_many_articles_as_the_site_puts_on_it() -> None:
    """The last listing asked for is one that the site has."""
    assert CARDS == PAGE_SIZE
    assert "listing" not in reference(CARDS).routes
    assert reference(CARDS + 1).path(2) == "/page/2/"


def test_a_site_of_one_article_lacks_what_it_lacks() -> None:
    """Without further listings, tags, searches and files there are no such sections."""
    pages = reference_pages([7], slug, {})
    assert pages.routes == ("home", "me", "article", "feed", "robots", "sitemap", "login", "edit", "purge")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 100)), min_size=1, max_size=40), st.booleans())
@settings(deadline=None)
def test_listed_addresses_are_all_there_in_their_order(rows: list[tuple[str, float]], with_login: bool) -> None:
    """Each address has its route and weight whatever its place in the file, and the tour is the file's order."""
    paths = [f"/{number}" for number in range(len(rows))]
    own, login = (("/my", "/mine"), "/enter") if with_login else ((), "")
    pages = listed_pages(paths, [route for route, _ in rows], [weight for _, weight in rows], own, login)
    assert [pages.path(int(url)) for url in pages.tour] == paths
    assert [pages.route(int(url)) for url in pages.tour] == [route for route, _ in rows]
    found = {}
    for route in dict.fromkeys(route for route, _ in rows):
        section = pages.sections[route]
        assert section.weights is not None
        found |= {section.path(row): section.weights[row] for row in range(section.size)}
    assert found == {path: weight for path, (_, weight) in zip(paths, rows, strict=True)}
    assert ("login" in pages.routes, "member" in pages.routes) == (with_login, with_login)
    assert {pages.article(url) for url in range(len(pages))} == {None}
    assert pages.routes[-1] == "purge"


def test_a_purge_of_a_listed_address_asks_for_that_address() -> None:
    """Purges go to the pages themselves, as often as each is read."""
    pages = listed_pages(["/a", "/b", "/c"], ["x", "y", "x"], [5.0, 1.0, 2.0])
    first = pages.first("purge")
    assert [pages.path(first + row) for row in range(3)] == ["/a", "/b", "/c"]
    assert pages.sections["purge"].weights == [5.0, 1.0, 2.0]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
@settings(deadline=None)
def test_a_row_belongs_to_the_section_it_lies_in(sizes: list[int]) -> None:
    """Row numbers count through the sections in their order."""
    names = [f"r{number}" for number in range(len(sizes))]
    pages = Pages(
        [Section(name, size, f"/{name}/{{}}".format) for name, size in zip(names, sizes, strict=True)],
        np.empty(0, np.int64),
    )
    rows = [(name, row) for name, size in zip(names, sizes, strict=True) for row in range(size)]
    assert [(pages.route(url), pages.path(url)) for url in range(len(pages))] == [(n, f"/{n}/{r}") for n, r in rows]
    assert [pages.first(name) for name in names] == [rows.index((name, 0)) for name in names]


@pytest.mark.parametrize("weights", [None, [1.0, 1.0, 2.0]])
def test_popularity_is_by_weight_or_by_rank(weights: list[float] | None) -> None:
    """Stated weights are kept whatever the exponent; without them the exponent rules."""
    section = Section("x", 3, str, weights)
    for zipf in (0.0, 1.0):
        shares = np.diff(section.cumulated(zipf), prepend=0.0)
        expected = np.array(weights) if weights else np.arange(1, 4) ** -zipf
        assert np.allclose(shares, expected / expected.sum())
