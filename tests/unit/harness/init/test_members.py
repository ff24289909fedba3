"""By what a member's pages are told from a reader's, on sites that greet in different ways."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import TargetError, UsageError
from harness.init.members import accounts_text, find_marks, read_accounts
from harness.init.survey import survey
from locustfiles._recipe import Account
from tests.small_site import Answer, Pages, small_site

ANN, BOB = Account("ann", "rain"), Account("bob", 'le"ft, right')
FORM = """<form method="post"><input type="hidden" name="token" value="7">
<input name="user"><input type="password" name="pw"></form>"""
LINK = '<a href="/login">Log in</a>'


def site_of(
    greeting: str,
    *,
    private: bool = True,
    link: str = LINK,
    known: tuple[Account, ...] = (ANN, BOB),
    own: str = "",
    shared: str = "",
) -> Pages:
    """A site whose pages greet their member; readers are sent away from the account page, if it is private.

    Args:
        greeting: On every page of a member.
        private: Whether the account page is.
        link: What readers are shown instead of a greeting.
        known: The members.
        own: Stands on the account page before the greeting.
        shared: Stands on every page, before anything else.
    """
    passwords = {account.login: account.password for account in known}

    def page(cookies: Mapping[str, str], _form: Mapping[str, str]) -> Answer:
        login = bytes.fromhex(cookies.get("who", "")).decode()
        more = '<a href="/account">Yours</a> <a href="/log-out">Out</a>' if login else link
        hello = greeting.format(html.escape(login)) if login else ""
        return 200, {}, f"<h1>Anna, annotations</h1>{shared}{hello}{more}"

    def account(cookies: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        if private and "who" not in cookies:
            return 303, {"location": "/login"}, ""
        status, headers, text = page(cookies, form)
        login = bytes.fromhex(cookies.get("who", "")).decode()
        return status, headers, own.format(html.escape(login)) + text

    def login(_cookies: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        if not form:
            return 200, {}, FORM
        if form.get("token") != "7" or passwords.get(form.get("user", "")) != form.get("pw"):
            return 200, {}, FORM
        who = form["user"].encode().hex()
        return 303, {"location": "/account", "set-cookie": f"who={who}"}, ""

    return {"/": page, "/account": account, "/login": login, "/log-out": (500, {}, "must not be asked for")}


@pytest.mark.parametrize(
    ("greeting", "mark"),
    [
        ("<p>Hello, {}!</p>", "Hello, {login}!"),
        ("<b>{}</b>", "<b>{login}</b>"),
        ('<p><input name="who" value="{}"></p>', 'value="{login}"'),
        ("Signed in as\n  {}\n", '</h1>Signed in as\n  {login}\n<a href="/account">'),
        ("<p>" + "x" * 90 + " {} " + "y" * 90 + "</p>", "x" * 39 + " {login} " + "y" * 39),
    ],
)
def test_the_text_around_a_login_is_the_mark(greeting: str, mark: str) -> None:
    """With its tags where it stands alone in its element or line; it holds for a second account as well."""
    with small_site(site_of(greeting)) as site:
        form = survey(site.url).login
        assert form is not None
        marks = find_marks(site.url, form, [ANN, BOB])

        assert (marks.page, marks.is_private, marks.logged_in, marks.tried) == ("/account", True, mark, 2)
        assert marks.logged_out == ">Log in</a>"


@pytest.mark.parametrize(
    ("own", "shared", "greeting", "accounts"),
    [
        pytest.param("<p>You are {}.</p>", "", "<p>Hello, {}!</p>", [ANN, BOB], id="also on the home page"),
        pytest.param("", "", "<p>Of late here: ann.</p><p>Hello, {}!</p>", [ANN, BOB], id="of the second too"),
        pytest.param("", "<p>Written by ann.</p>", "<p>Hello, {}!</p>", [ANN], id="not for readers"),
    ],
)
def test_of_several_texts_with_the_login_the_one_that_tells_most_is_the_mark(
    own: str, shared: str, greeting: str, accounts: list[Account]
) -> None:
    """It is on the home page as well, with every member's own login, and readers are not shown it."""
    with small_site(site_of(greeting, own=own, shared=shared)) as site:
        form = survey(site.url).login
        assert form is not None
        assert find_marks(site.url, form, accounts).logged_in == "Hello, {login}!"


def test_what_would_log_out_is_not_followed() -> None:
    """Also where the page that tells is behind it in the list of links."""
    pages = dict(site_of("<a href='/log-out'>Out</a><a href='/settings'>Settings</a>"))
    pages["/settings"] = lambda cookies, _form: (
        (200, {}, f"<p>You are {bytes.fromhex(cookies['who']).decode()}.") if cookies else (403, {}, "")
    )
    pages["/account"] = "<p>Welcome.</p>"
    with small_site(pages) as site:
        form = survey(site.url).login
        assert form is not None
        assert find_marks(site.url, form, [ANN]).page == "/settings"
        assert "GET /log-out" not in site.asked


def test_on_a_page_for_everybody_the_way_in_tells_as_well() -> None:
    """Where that is not shown, whoever types a login might be greeted by it, and nothing tells."""
    with small_site(site_of("<p>Hello, {}!</p>", private=False)) as site:
        form = survey(site.url).login
        assert form is not None
        marks = find_marks(site.url, form, [ANN])
        assert (marks.is_private, marks.logged_out, marks.tried) == (False, ">Log in</a>", 1)
    with small_site(site_of("<p>Hello, {}!</p>", private=False, link="")) as site:
        form = survey(site.url).login
        assert form is not None
        with pytest.raises(TargetError, match="cannot be told"):
            find_marks(site.url, form, [ANN])


def test_where_no_page_names_the_member_the_way_out_tells() -> None:
    """As on a site whose members log in with an address that it never shows."""
    with small_site(site_of("<a href='/x'>Sign out</a>")) as site:
        form = survey(site.url).login
        assert form is not None
        assert find_marks(site.url, form, [ANN, BOB]).logged_in == ">Sign out<"


def test_a_login_that_html_escapes_is_found() -> None:
    """As the swarm finds it, which looks for both spellings."""
    odd = Account("o'neil & co", "x")
    with small_site(site_of("<p>Hello, {}!</p>", known=(odd,))) as site:
        form = survey(site.url).login
        assert form is not None
        assert find_marks(site.url, form, [odd]).logged_in == "Hello, {login}!"


def test_a_wrong_password_is_one_line_without_it() -> None:
    """With the account, the page and the remedy."""
    with small_site(site_of("<p>Hello, {}!</p>")) as site:
        form = survey(site.url).login
        assert form is not None
        with pytest.raises(
            TargetError, match=r"^'ann' could not log in at .*the form again; check the password"
        ) as error:
            find_marks(site.url, form, [Account("ann", "sunshine"), BOB])

    assert "sunshine" not in str(error.value)


def test_accounts_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Commas and quotes included; further columns and a byte-order mark are no matter, a missing word is."""
    file = tmp_path / "accounts.csv"
    file.write_text(accounts_text([ANN, BOB]))
    assert read_accounts(file) == [ANN, BOB]

    file.write_text("\ufefflogin,role,password\nann,editor,rain\n", encoding="utf-8")
    assert read_accounts(file) == [ANN]
    assert "rain" not in repr(ANN)

    for text in ("", "login,password\n", "ann,rain\n", "login,password\nann,\n"):
        file.write_text(text)
        with pytest.raises(UsageError, match="does not give every account a login and a password"):
            read_accounts(file)
