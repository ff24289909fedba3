"""Log-ins at a site that is not ours are believed only where its pages prove them."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from locustfiles._recipe import Account, Recipe
from tests.unit.locustfiles.bad_server import Answer, Server, resets, says
from tests.unit.locustfiles.test_site import answer, ask

FORM = b'<form method="post" action="/in"><input name="user"><input type="password" name="pwd"></form>'
RECIPE = Recipe(
    name="site.toml",
    page="/in",
    action=None,
    form=None,
    fields={"user": "{login}", "pwd": "{password}"},
    accounts=(Account("ann", "one"), Account("bob", "two")),
    check="/account",
    logged_in="Hello, {login}!",
    logged_out=None,
    pages=(),
)
HIDDEN = says(answer(b"", "Location: /in", status=303))
GREETING = says(answer(b"<b>Hello, ann!</b>"))
PLAIN = replace(RECIPE, logged_in="Sign out")
REMEMBERED = replace(RECIPE, logged_in='value="{login}"')
LISTED = replace(REMEMBERED, logged_out="Last seen:")


def login(*, opens: bool = True) -> Answer:
    """The form, and what becomes of it: a cookie, or with ``opens=False`` a page that says no."""
    taken = answer(b"", "Location: /account", "Set-Cookie: s=1; Path=/", status=303)
    sent = taken if opens else answer(b"wrong password", "Set-Cookie: s=1; Path=/")

    def reply(connection: socket.socket, head: bytes) -> bool:
        connection.sendall(sent if head.startswith(b"POST") else answer(FORM))
        return True

    return reply


def by_cookie(without: Answer, after: Answer) -> Answer:
    """One page for those who have sent a form, another for all others."""

    def reply(connection: socket.socket, head: bytes) -> bool:
        return (after if b"s=1" in head else without)(connection, head)

    return reply


def page(text: bytes) -> Answer:
    """A page with a text on it."""
    return says(answer(b"<!doctype html><p>" + text))


def proved(account: Answer, recipe: Recipe) -> str:
    """What is said against a recipe where the check page is this; empty where nothing is."""
    with Server({"/in": login(), "/account": account}) as server:
        [found] = ask(("PROVE", server.url, recipe.to_dict()))
    return "" if found is None else str(found["error"])


def entered(account: Answer, recipe: Recipe, form: Answer | None = None) -> str:
    """What is said of a log-in where the check page is this; empty where it is believed."""
    with Server({"/in": form or login(), "/account": account}) as server:
        [found] = ask(("ENTER", server.url, recipe.to_dict(), 0))
    return "" if found is True else str(found["error"]).partition(server.url)[2]


@pytest.mark.parametrize(
    ("shown", "recipe"),
    [
        (HIDDEN, RECIPE),
        (HIDDEN, REMEMBERED),
        (says(answer(b"Hello, ann!", status=403)), RECIPE),
        (resets(b""), RECIPE),
        (page(b"Sign in"), PLAIN),
        (page(b"<a>Sign in</a>"), replace(RECIPE, logged_out="Sign in")),
        (page(b'<i>Last seen:</i> <input value="">'), LISTED),
        (page(FORM), REMEMBERED),
    ],
    ids=["redirect", "redirect-name", "forbidden", "broken", "public", "logged-out", "field", "form"],
)
def test_a_recipe_whose_markers_prove_a_login_is_taken(shown: Answer, recipe: Recipe) -> None:
    """A page for members alone proves it, a constant text too, else the marker or the form that a log-in takes away."""
    assert proved(shown, recipe) == ""


@pytest.mark.parametrize(
    ("text", "recipe"),
    [(b"Sign out", PLAIN), (b"Hello, ann!", RECIPE), (b"Hello, bob!", RECIPE), (FORM + b"Sign out", PLAIN)],
)
def test_a_marker_that_strangers_see_is_refused(text: bytes, recipe: Recipe) -> None:
    """Whether it is on every page or the site shows a member's page to everybody, it proves nothing."""
    said = proved(page(text), recipe)
    assert said.startswith(f"the recipe site.toml: check.logged_in {recipe.logged_in!r} is on /account of http://")
    assert said.endswith("for somebody who is not logged in; name a text that only members see")


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        (b"Sign in", RECIPE),
        (b'<input name="user" value="">', REMEMBERED),
        (b"Sign in", LISTED),
        (b'<form action="/search"><input name="q"></form>', RECIPE),
        (b'<form action="/shop"><input type="password" name="pwd"></form>', RECIPE),
    ],
)
def test_a_login_that_a_public_page_may_only_repeat_is_refused(text: bytes, recipe: Recipe) -> None:
    """The name last typed into a form is no proof where nothing on the page goes away with a log-in."""
    said = proved(page(text), recipe)
    assert "/account of http://127.0.0.1:" in said
    assert "is shown to whoever is not logged in" in said
    assert said.endswith("or as check.logged_out a text that only the others see on it")
    assert "\n" not in said


def test_a_login_is_believed_where_the_check_page_shows_it() -> None:
    """With the marker there, a form to change the password is no hindrance."""
    change = b'Hello, ann!<form action="/account"><input type="password" name="new"></form>'
    for account in (GREETING, page(change)):
        assert entered(by_cookie(HIDDEN, account), RECIPE) == ""


@pytest.mark.parametrize(
    ("account", "recipe", "says_what"),
    [
        (page(b"Good day"), RECIPE, "after the log-in /account does not show check.logged_in 'Hello, {login}!'; check"),
        (page(b"Hello, ann! Sign in"), replace(RECIPE, logged_out="Sign in"), "shows check.logged_out 'Sign in'"),
        (page(b"Hello, ann!" + FORM), RECIPE, "after the log-in /account is the login form; check the account's passw"),
        (page(b"Hello, bob!"), RECIPE, "/account shows check.logged_in of another account; see the log of the site"),
        (HIDDEN, RECIPE, "GET /account gave status 303; expected a page of account-1; does the site have"),
        (resets(b""), RECIPE, "GET /account was not answered (closed: "),
        (GREETING, replace(RECIPE, fields={"usr": "{login}", "pwd": "{password}"}), "did you mean 'user'?"),
        (GREETING, replace(RECIPE, form="enter"), "check login.page and login.form in site.toml"),
    ],
    ids=["marker", "logged-out", "form", "another", "redirect", "broken", "field", "no-form"],
)
def test_a_login_that_is_not_believed_says_why(account: Answer, recipe: Recipe, says_what: str) -> None:
    """Each way has one line with its own remedy and no other, without login and password."""
    said = entered(account, recipe)
    assert says_what in said
    assert ("does the site have this account?" in said) == ("status 303" in said)
    assert "got " not in said
    assert not {"ann", "one"} & set(said.replace("'", " ").split())
    assert "\n" not in said


def test_a_form_that_remembers_the_name_is_no_login() -> None:
    """Where nobody was let in, a page that repeats the login is refused by the marker that stayed."""
    account = page(b'<i>Last seen:</i> <input name="user" value="ann">')
    said = entered(account, LISTED, login(opens=False))
    assert "after the log-in /account shows check.logged_out 'Last seen:'" in said


MEMBERS = """
from locustfiles import Members, Request

def enter(account):
    reply = yield Request("/api/in", json={"user": account.login, "password": account.password})
    bearer = {"Authorization": reply.json()["token"]}
    yield Request("me", headers=bearer)
    return bearer

MEMBERS = Members([("ann", "one"), ("bob", "two")], enter, logged_in="Hello, {login}!", logged_out="Sign in")
"""
TOKEN = says(answer(b'{"token": "t-1"}', "Set-Cookie: s=1; Path=/"))
REFUSED = says(answer(b"Sign in", status=401))


def by_token(without: Answer, after: Answer) -> Answer:
    """One page for those who send the token, another for all others."""

    def reply(connection: socket.socket, head: bytes) -> bool:
        return (after if b"Authorization: t-1" in head else without)(connection, head)

    return reply


def joined(page: Answer, code: str = MEMBERS, token: Answer = TOKEN) -> dict[str, str]:
    """What members send once they are in, or what is said of their log-in where its last page is this."""
    with Server(
        {"/api/in": token, "/api/me": page, "/api/moved": says(answer(b"", "Location: /api/me", status=302))}
    ) as s:
        [found] = ask(("JOIN", s.url, code))
    return dict(found)


def test_members_are_let_in_by_steps_and_send_what_these_return() -> None:
    """A token goes with the check, as a header of the request, and then with everything; redirects are followed."""
    assert joined(by_token(REFUSED, GREETING)) == {"Authorization": "t-1"}
    assert joined(by_token(REFUSED, GREETING), MEMBERS.replace('"me"', '"moved"')) == {"Authorization": "t-1"}


def test_members_who_need_no_token_send_none() -> None:
    """Cookies do by themselves; a log-in whose only answer is that of a POST is proof enough."""
    code = MEMBERS.replace("    return bearer\n", "").replace(", headers=bearer", "")
    assert joined(by_cookie(REFUSED, GREETING), code) == {}
    alone = MEMBERS.replace('    yield Request("me", headers=bearer)\n', "")
    assert joined(REFUSED, alone, says(answer(b'{"token": "t-1", "say": "Hello, ann!"}'))) == {"Authorization": "t-1"}


@pytest.mark.parametrize(
    ("page", "code", "says_what"),
    [
        (page(b"Good day"), MEMBERS, "after the log-in /api/me does not show logged_in 'Hello, {login}!'; check"),
        (page(b"Hello, ann! Sign in"), MEMBERS, "after the log-in /api/me shows logged_out 'Sign in'"),
        (page(b"Hello, bob!"), MEMBERS, "/api/me shows logged_in of another account; see the log of the site"),
        (REFUSED, MEMBERS, "GET /api/me gave status 401; expected a page"),
        (resets(b""), MEMBERS, "GET /api/me was not answered (closed: "),
        (GREETING, MEMBERS.replace("token", "ticket", 1), "its steps broke off: mine.py line 6: KeyError: 'ticket'"),
        (
            GREETING,
            MEMBERS.replace('"me"', '"http://id.example/me"'),
            "asked for 'http://id.example/me', which is not on",
        ),
        (GREETING, MEMBERS.replace("return bearer", "return 5"), "its steps returned no header fields"),
        (GREETING, MEMBERS.replace('"Authorization"', '"Cookie"'), "'Cookie', which the client writes itself"),
    ],
    ids=["marker", "logged-out", "another", "status", "broken", "raises", "elsewhere", "no-fields", "cookie"],
)
def test_members_who_are_not_let_in_are_told_why(page: Answer, code: str, says_what: str) -> None:
    """Each way has one line with its own remedy, without login and password."""
    said = joined(by_token(REFUSED, page), code)["error"]
    assert said.startswith("member account-1 could not log in at http://127.0.0.1:")
    assert says_what in said
    assert not {"ann", "one"} & set(said.replace("'", " ").split())
    assert "\n" not in said


def test_a_text_that_strangers_see_proves_no_member() -> None:
    """The last page of the log-in is asked for by somebody without the token, who must not be greeted."""
    said = joined(GREETING)["error"]
    assert said.startswith("the members' logged_in 'Hello, {login}!' is on /api/me of http://")
    assert joined(by_token(page(b"Hello, bob!"), GREETING))["error"].endswith("name a text that only members see")
