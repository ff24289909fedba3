"""Kinds of pages: which addresses are theirs, what is looked for on them, and what is refused where it is written."""

from __future__ import annotations

from typing import Any

import pytest

from locustfiles._errors import SwarmError
from locustfiles._kinds import PageKind, sort_addresses
from locustfiles._steps import Request
from locustfiles._urls import UrlTable


def go(visit: Any, page: Any) -> Any:
    """Steps of one request."""
    yield Request("/next")


def table(*paths: str) -> UrlTable:
    """Addresses of which each is asked for more often than the one before."""
    weights = tuple(float(number) for number in range(1, len(paths) + 1))
    return UrlTable(paths, weights, tuple(path.split("/")[1] or "home" for path in paths), "urls.txt")


def rows(found: UrlTable) -> list[tuple[str, float, str]]:
    """The rows of a table."""
    return list(zip(found.paths, found.weights, found.routes, strict=True))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "two words"}, "a page kind is called 'two words'"),
        ({"name": "login"}, "means something else"),
        ({"name": "redirect"}, "means something else"),
        ({"pattern": "/a", "pages": ["/a"]}, "both pattern and pages; give one"),
        ({"pattern": "("}, "give a regular expression"),
        ({"pages": ["a"]}, "give a path that begins with /"),
        ({"pages": ["http://elsewhere.example/a"]}, "give a path that begins with /"),
        ({"shows": ""}, "give texts that are not empty"),
        ({"hides": ["a", 1]}, "give texts that are not empty"),
        ({"check": "x"}, "give a function"),
        ({"pages": ["/a"], "then": print}, "give a function with yield"),
        ({"then": go}, "no page to begin at"),
        ({"pages": ["/a"], "writes": True}, "no steps that could"),
    ],
)
def test_a_kind_that_cannot_be_is_refused(values: dict[str, Any], says: str) -> None:
    """One line names the kind, what is wrong and what to write."""
    with pytest.raises(SwarmError, match=says.replace("(", r"\(")) as caught:
        PageKind(**{"name": "kind", **values})
    assert "\n" not in str(caught.value)


def test_texts_and_pages_may_be_one_or_several() -> None:
    """A single text is a list of one; pages are worded as they are sent, each once."""
    kind = PageKind("kind", pages=["/a b", "/a%20b", "/c"], shows="x", hides=["y", "z"])
    assert (kind.shows, kind.hides, kind.pages) == (("x",), ("y", "z"), ("/a%20b", "/c"))


def test_an_address_is_of_the_first_kind_that_fits() -> None:
    """The pattern counts from the beginning of the path; weights stay; what fits none keeps its route."""
    kinds = [PageKind("new", pattern=r"/p/1\d$"), PageKind("product", pattern=r"/p/\d+")]
    found = sort_addresses(table("/p/1", "/p/12", "/p/12/more?x=1", "/shop/p/1", "/"), kinds, "s")
    assert rows(found) == [
        ("/p/1", 1.0, "product"),
        ("/p/12", 2.0, "new"),
        ("/p/12/more?x=1", 3.0, "product"),
        ("/shop/p/1", 4.0, "shop"),
        ("/", 5.0, "home"),
    ]
    assert found.source == "urls.txt"


def test_a_route_that_is_called_as_a_kind_keeps_a_slash() -> None:
    """Two things of one name would be one row of the figures."""
    found = sort_addresses(table("/p/1", "/p/old"), [PageKind("p", pattern=r"/p/\d")], "s")
    assert [route for _, _, route in rows(found)] == ["p", "/p"]


def test_listed_pages_are_of_their_kind_wherever_else_they_stand() -> None:
    """A kind that lists a page takes it out of the source; each listed page is as popular as the others."""
    found = sort_addresses(table("/a", "/b"), [PageKind("front", pages=["/b", "/c"])], "mine")
    assert rows(found) == [("/a", 1.0, "a"), ("/b", 1.0, "front"), ("/c", 1.0, "front")]
    assert found.source == "urls.txt, and 2 listed by scenario mine"


def test_listed_pages_need_no_other_source() -> None:
    """Kinds that list their pages are addresses enough."""
    kinds = [PageKind("a", pages=["/1"]), PageKind("go", pages=["/1"], then=go), PageKind("later")]
    assert rows(sort_addresses(None, kinds, "mine")) == [("/1", 1.0, "a"), ("/1", 1.0, "go")]


def test_steps_begin_at_pages_of_other_kinds_and_take_none_away() -> None:
    """Every address that fits is there once more, with its weight, under the kind of the steps."""
    kinds = [
        PageKind("order", pattern=r"/p/", then=go),
        PageKind("product", pattern=r"/p/"),
        PageKind("x", pages=["/p/9"]),
    ]
    found = sort_addresses(table("/p/1", "/"), kinds, "s")
    assert rows(found) == [
        ("/p/1", 1.0, "product"),
        ("/", 2.0, "home"),
        ("/p/9", 1.0, "x"),
        ("/p/1", 1.0, "order"),
        ("/p/9", 1.0, "order"),
    ]


@pytest.mark.parametrize(
    ("kinds", "says"),
    [([PageKind("a", pattern="/a")], "pages of kind a by a pattern"), ([PageKind("a")], "lists no page")],
)
def test_without_any_address_there_is_nothing_to_ask_for(kinds: list[PageKind], says: str) -> None:
    """The line says what to give."""
    with pytest.raises(SwarmError, match=f"{says}.*--urls"):
        sort_addresses(None, kinds, "s")


SHOWN = PageKind("kind", shows=("<h1>", "Hello, {login}!"), hides=("Oops", "Bye, {login}"))


@pytest.mark.parametrize(
    ("page", "login", "verdict"),
    [
        ("<h1>", None, None),
        ("nothing", None, "wrong_page"),
        ("<h1> Oops", None, "wrong_page"),
        ("<h1> Bye, ann", None, None),
        ("<h1> Hello, ann!", "ann", None),
        ("<h1> Hello, bob!", "ann", "not_logged_in"),
        ("<h1> Hello, O&#x27;Brien!", "O'Brien", None),
        ("<h1> Hello, ann! Bye, ann", "ann", "wrong_page"),
    ],
)
def test_texts_are_looked_for(page: str, login: str | None, verdict: str | None) -> None:
    """Those with a login are about the member who asked, however HTML escapes the name; readers have none."""
    found = SHOWN.judge(page.encode(), "/", login)
    assert (found and found.check) == verdict
    if found is not None and login is not None:
        assert login not in found.expected + found.got


def test_a_check_of_ones_own_says_what_is_wrong() -> None:
    """It is given text, path and login; what it returns is what was got, and so is what it raises, with its line."""
    asked: list[tuple[str, str, str | None]] = []

    def check(text: str, path: str, login: str | None) -> str | None:
        asked.append((text, path, login))
        return {"fine": None, "bad": "no price"}[text]

    kind = PageKind("kind", check=check)
    assert kind.judge(b"fine", "/p/1", None) is None
    found, broken = kind.judge(b"bad", "/p/2", "ann"), kind.judge(b"odd", "/p/3", None)
    assert found is not None
    assert (found.check, found.expected, found.got) == ("wrong_page", "a good page of kind kind", "no price")
    assert broken is not None
    assert broken.got.startswith("test_kinds.py line ")
    assert broken.got.endswith("KeyError: 'odd'")
    assert asked == [("fine", "/p/1", None), ("bad", "/p/2", "ann"), ("odd", "/p/3", None)]


def test_a_kind_is_data_without_what_it_leaves_out() -> None:
    """Functions are named, and defaults are not told."""
    kind = PageKind("order", pattern="/p", shows="x", then=go, writes=True)
    expected = {"name": "order", "pattern": "/p", "shows": ["x"], "then": "go", "writes": True}
    assert kind.to_dict() == expected
