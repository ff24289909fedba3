"""The login form is found in its page and sent as a browser would send it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from locustfiles._errors import LoginError
from locustfiles._login_form import fill, form_of, shows
from locustfiles._recipe import Account, read_recipe

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
PAGE = (FIXTURES / "login-page.html").read_text(encoding="utf-8")
RECIPE = read_recipe(FIXTURES / "recipe.toml")
ANN = RECIPE.accounts[0]


def test_a_form_is_sent_as_a_browser_sends_it() -> None:
    """Hidden fields, ticked boxes and the first button go with it; disabled fields and other buttons do not."""
    form = form_of(PAGE, RECIPE, ["Kitchen.example"])
    assert form.action == "/wp-login.php"
    assert fill(form, RECIPE, ANN) == {
        "log": "ann",
        "pwd": "a, secret",
        "newsletter": "yes",
        "wp-submit": "Sign in & cook",
        "redirect_to": "/wp-admin/?a=1&b=2",
        "testcookie": "1",
    }


def test_the_form_with_a_password_is_the_default() -> None:
    """Without an id, neither the search form before it nor the one after it is taken."""
    assert form_of(PAGE, replace(RECIPE, form=None)) == form_of(PAGE, RECIPE)


def test_hidden_fields_are_those_of_each_page() -> None:
    """A token that is new in every page is sent back as it came."""
    for token in ("one", "two"):
        page = f"<form><input type=hidden name=csrf value={token}><input name=log><input type=password name=pwd></form>"
        assert fill(form_of(page, replace(RECIPE, form=None)), RECIPE, ANN)["csrf"] == token


@pytest.mark.parametrize(
    ("attribute", "path"),
    [
        ("", "/users/login?next=%2F"),
        ("action=''", "/users/login?next=%2F"),
        ("action='?a=b'", "/users/login?a=b"),
        ("action='session'", "/users/session"),
        ("action='../in'", "/in"),
        ("action='/in?x=1#top'", "/in?x=1"),
        ("action=' //kitchen.example/in '", "/in"),
        ("action='https://kitchen.example'", "/"),
    ],
)
def test_an_action_counts_from_its_page(attribute: str, path: str) -> None:
    """A form without an action goes to its own page, a relative one counts from it."""
    page = f"<form {attribute}><input type=password name=pwd></form>"
    recipe = replace(RECIPE, form=None, page="/users/login?next=%2F")
    assert form_of(page, recipe, ["kitchen.example"]).action == path


def test_the_recipes_action_wins() -> None:
    """Where scripts send the form elsewhere, the recipe says where."""
    page = "<form action='javascript:send()'><input type=password name=pwd></form>"
    assert form_of(page, replace(RECIPE, form=None, action="/api/login")).action == "/api/login"
    with pytest.raises(LoginError, match=r"is sent to 'javascript:send\(\)'; give login\.action in recipe\.toml"):
        form_of(page, replace(RECIPE, form=None))


def test_no_password_goes_to_another_host() -> None:
    """A form that is sent elsewhere is refused where the site's names are known."""
    page = "<form action='https://accounts.example/in'><input type=password name=pwd></form>"
    recipe = replace(RECIPE, form=None)
    assert form_of(page, recipe).action == "/in"
    with pytest.raises(LoginError, match=r"another host, accounts\.example; .*--alias accounts\.example"):
        form_of(page, recipe, ["kitchen.example"])


@pytest.mark.parametrize(
    ("page", "form", "says"),
    [
        ("", None, "no form with a password field (ids of its 0 forms: none)"),
        ("<p>Too many attempts", "loginform", "no form with the id 'loginform' (ids of its 0 forms: none)"),
        (PAGE, "logform", "no form with the id 'logform' (ids of its 3 forms: search, loginform, newsletter)"),
        ("<form id=search><input name=s></form>", None, "no form with a password field (ids of its 1 forms: search)"),
        ("<input type=password name=pwd>", None, "no form with a password field"),
    ],
)
def test_a_page_without_the_form_is_one_line(page: str, form: str | None, says: str) -> None:
    """The error says which forms there are instead."""
    with pytest.raises(LoginError) as caught:
        form_of(page, replace(RECIPE, form=form))
    assert says in str(caught.value)
    assert str(caught.value).startswith("/wp-login.php shows")


@pytest.mark.parametrize(
    ("page", "is_shown"),
    [
        (PAGE, True),
        ("<form action=/wp-login.php><input type=PASSWORD name=pwd></form>", True),
        ("<form action='../wp-login.php?again=1'><input type=password></form>", True),
        ("<form action=https://kitchen.example/wp-login.php><input type=password></form>", True),
        ("<form action=/wp-login.php><input name=log></form>", False),
        ("<form action=/profile><input type=password name=new></form>", False),
        ("<form><input type=password name=new></form>", False),
        ("<form action='javascript:send()'><input type=password></form>", False),
        ("<p>Choose a password", False),
        ("", False),
    ],
)
def test_the_login_form_is_known_again(page: str, is_shown: bool) -> None:
    """A form with a password that is sent to the same path is the login form, one to change a password is not."""
    assert shows(page, "/wp-admin/profile.php", form_of(PAGE, RECIPE)) == is_shown


def test_a_field_that_the_form_lacks_is_named() -> None:
    """A wrong field name is told from the form, with the nearest one; a constant may be added."""
    form = form_of(PAGE, RECIPE)
    with pytest.raises(LoginError, match=r"no field 'logn' \(it has log, pwd, .*\); .*; did you mean 'log'\?"):
        fill(form, replace(RECIPE, fields={"logn": "{login}", "pwd": "{password}"}), ANN)
    assert fill(form, replace(RECIPE, fields={"by_script": "1"}), ANN)["by_script"] == "1"


def test_values_are_filled_in_once() -> None:
    """A password that looks like a placeholder is sent as it is."""
    recipe = replace(RECIPE, fields={"log": "x-{login}", "pwd": "{password}"})
    filled = fill(form_of(PAGE, recipe), recipe, Account("{password}", r"{login}\1"))
    assert (filled["log"], filled["pwd"]) == ("x-{password}", r"{login}\1")


@pytest.mark.parametrize(
    "page",
    [
        "<form id=loginform><input name=log><input type=password name=pwd>",
        "<div><form id=loginform></div><p><input name=log><table><input type=password name=pwd></form>",
        "<form id=loginform><form id=inner><input name=log><input type=PASSWORD name=pwd></form>",
        "<!-- <form id=loginform></form> --><form id=loginform><input name=log><input type=password name=pwd></form>",
        "<script>'<form id=loginform>'</script><form id=loginform><input name=log><input type=password name=pwd>",
    ],
)
def test_broken_html_is_read_as_far_as_it_goes(page: str) -> None:
    """Unclosed, nested, commented and scripted forms do not hide the fields."""
    assert form_of(page, RECIPE).fields == {"log": "", "pwd": ""}
