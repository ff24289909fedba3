"""For whom a page was made is told from its text, and a leak is never overlooked."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._recipe import Account, read_recipe
from locustfiles._viewers import Viewers

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
RECIPE = read_recipe(FIXTURES / "recipe.toml")
ANN, ANNA, OBRIEN = RECIPE.accounts
LOGIN_PAGE = (FIXTURES / "login-page.html").read_bytes()
LOGINS = st.text(st.characters(codec="utf-8", categories=("L", "N"), include_characters="'\"&<.@-_ "), min_size=1)


def viewers(marker: str, *logins: str) -> Viewers:
    """A judge of pages that carry a marker, among these accounts."""
    accounts = tuple(Account(login, "secret") for login in logins)
    return Viewers(replace(RECIPE, logged_in=marker, accounts=accounts or RECIPE.accounts))


def page(text: str) -> bytes:
    """A page with a text somewhere in it."""
    return f"<!doctype html><p>{'x ' * 500}{text}{' y' * 500}".encode()


@pytest.mark.parametrize(
    ("body", "required", "verdict"),
    [
        (page('value="ann"'), True, "ok"),
        (page('value="ann"'), False, "ok"),
        (page("no marker"), True, "not_logged_in"),
        (page("no marker"), False, "ok"),
        (page('value="anna"'), False, "wrong_viewer"),
        (page('value="ann" value="anna"'), False, "wrong_viewer"),
        (page('value="o&#039;brien"'), False, "wrong_viewer"),
        (page('value="bob"'), False, "ok"),
        (page('value="bob"'), True, "not_logged_in"),
        (LOGIN_PAGE, False, "not_logged_in"),
        (LOGIN_PAGE + page('value="ann"'), True, "not_logged_in"),
        (LOGIN_PAGE + page('value="anna"'), True, "wrong_viewer"),
        (b"", True, "not_logged_in"),
        (b"\xff\xfe\x00", False, "ok"),
    ],
)
def test_a_members_page_is_judged(body: bytes, required: bool, verdict: str) -> None:
    """Somebody else's marker is the gravest, then a page that shows nobody where it must."""
    assert Viewers(RECIPE).judge(body, ANN, required=required) == verdict


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(page("no marker"), "ok"), (page('value="anna"'), "leak"), (page('value="bob"'), "ok"), (LOGIN_PAGE, "ok")],
)
def test_a_readers_page_must_show_no_member(body: bytes, verdict: str) -> None:
    """Any account's marker in an anonymous page is a leak."""
    assert Viewers(RECIPE).judge_anonymous(body) == verdict


@pytest.mark.parametrize("spelling", ["o'brien", "o&#039;brien", "o&#39;brien", "o&#x27;brien", "o&apos;brien"])
def test_logins_are_seen_however_html_spells_them(spelling: str) -> None:
    """Every usual way to escape a quote is the same member."""
    assert Viewers(RECIPE).judge(page(f'value="{spelling}"'), OBRIEN, required=True) == "ok"


@pytest.mark.parametrize("marker", ["Hello, {login}", "{login} signed in", "/u/{login}#{login}", ">{login}<"])
def test_one_login_within_another_is_not_confused(marker: str) -> None:
    """Ann and Anna are two, whichever end of the marker is open."""
    both = viewers(marker, "ann", "anna", "joann")
    for login in ("ann", "anna", "joann"):
        body = page(marker.replace("{login}", login))
        assert both.judge(body, Account(login, ""), required=True) == "ok"
    alone = viewers(marker, "ann")
    for other in ("anna", "joann", "ännann"):
        assert alone.judge_anonymous(page(marker.replace("{login}", other))) == "ok"


def test_a_marker_that_names_nobody_only_tells_that_somebody_is_logged_in() -> None:
    """Two members' pages cannot be told apart, but a login and a leak to readers can be seen."""
    plain = viewers("Sign out", "ann", "bob")
    assert plain.judge(page("Sign out"), ANN, required=True) == "ok"
    assert plain.judge(page("Sign in"), ANN, required=True) == "not_logged_in"
    assert plain.judge(page("Sign in"), ANN, required=False) == "ok"
    assert plain.judge_anonymous(page("Sign out")) == "leak"
    assert plain.judge_anonymous(page("Sign in")) == "ok"


def test_without_a_logged_out_marker_only_the_other_is_looked_for() -> None:
    """A page that looks like the login form is fine where the recipe does not say otherwise."""
    assert Viewers(replace(RECIPE, logged_out=None)).judge(LOGIN_PAGE, ANN, required=False) == "ok"


@given(st.lists(LOGINS, min_size=2, max_size=40, unique_by=html.escape), st.sampled_from([str, html.escape]), st.data())
def test_each_of_many_members_is_told_from_the_others(logins: list[str], spell: object, data: st.DataObject) -> None:
    """Whoever's marker is in a page, its member is right, every other one wrong, and a reader sees a leak."""
    assert callable(spell)
    marker = 'data-user="{login}"'
    judge = viewers(marker, *logins)
    login = data.draw(st.sampled_from(logins))
    body = page(marker.replace("{login}", spell(login)))
    assert judge.judge_anonymous(body) == "leak"
    assert judge.judge(body, Account(login, ""), required=True) == "ok"
    other = data.draw(st.sampled_from([name for name in logins if name != login]))
    assert judge.judge(body, Account(other, ""), required=False) == "wrong_viewer"
