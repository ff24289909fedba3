"""The route under which an address of another site is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from results.routes import GROUPS, routes_of

PATHS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=30).map(lambda text: "/" + text)


def test_routes_are_named_after_first_segments() -> None:
    """Home, assets and addresses of the root with a query have names of their own."""
    named = {
        "/": "home",
        "/?p=7": "other",
        "//x": "other",
        "/about": "about",
        "/recipes/": "recipes",
        "/recipes/plum-cake/?print=1": "recipes",
        "/recipes/plum.jpg": "asset",
        "/theme/STYLE.CSS?v=3": "asset",
        "/download?file=a.css": "download",
        "/member/ann": "/member",
        "/redirect": "/redirect",
        "/home/": "/home",
    }
    assert dict(zip(named, routes_of(list(named), [1.0] * len(named)), strict=True)) == named


def test_of_many_sections_the_heaviest_have_names() -> None:
    """Where there are too many segments, lone pages and light sections go under other."""
    sections = [f"/section{number}/{page}" for number in range(GROUPS + 3) for page in (1, 2)]
    weights = [float(1 + number) for number in range(GROUPS + 3) for _ in (1, 2)]
    lone = [f"/lone-page-{number}/" for number in range(50)]
    routes = routes_of([*sections, *lone], [*weights, *[1000.0] * 50])

    assert set(routes[: len(sections)]) == {f"section{number}" for number in range(3, GROUPS + 3)} | {"other"}
    assert set(routes[:6]) == {"other"}
    assert set(routes[len(sections) :]) == {"other"}


@given(st.lists(PATHS, min_size=1, max_size=60, unique=True))
def test_every_path_has_a_route_and_there_are_few(paths: list[str]) -> None:
    """Routes are as many as paths, and never more than the named groups and the fixed ones."""
    routes = routes_of(paths, [1.0] * len(paths))
    assert len(routes) == len(paths)
    assert len(set(routes)) <= GROUPS + 3
    assert set(routes).isdisjoint({"member", "login", "purge", "edit", "redirect"})
