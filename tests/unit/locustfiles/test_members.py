"""Members who log in by steps: what is refused where it is written, and what is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from locustfiles._errors import SwarmError
from locustfiles._members import Members
from locustfiles._recipe import Account
from locustfiles._steps import Request, Steps


def enter(account: Account) -> Steps:
    """One request."""
    yield Request("/in?now", json={"login": account.login, "password": account.password})


GOOD: dict[str, Any] = {
    "accounts": [("ann", "pw-1"), Account("bob", "pw-2")],
    "log_in": enter,
    "logged_in": "Hi {login}",
}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"accounts": []}, "have 0 accounts"),
        ({"accounts": [("ann", "1"), ("ann", "2")]}, "twice"),
        ({"accounts": [("", "1")]}, "without a login"),
        ({"accounts": [("ann",)]}, "not a login and a password"),
        ({"log_in": print}, "a log_in that yields nothing"),
        ({"logged_in": " {login} "}, "the login alone"),
    ],
)
def test_members_who_could_not_be_told_are_refused(values: dict[str, Any], says: str) -> None:
    """One line, without a password in it."""
    with pytest.raises(SwarmError, match=says) as caught:
        Members(**{**GOOD, **values})
    assert "pw-" not in str(caught.value)


def test_pairs_are_accounts_and_passwords_are_not_shown() -> None:
    """However they were given; the record knows how many there are."""
    members = Members(**GOOD)
    assert members.accounts == (Account("ann", "pw-1"), Account("bob", "pw-2"))
    assert members.knows_viewers
    assert not Members(**{**GOOD, "logged_in": "Sign out"}).knows_viewers
    assert "pw-" not in f"{members!r}{members.public()}"
    assert members.public() == {"accounts": 2, "log_in": "enter", "logged_in": "Hi {login}", "logged_out": None}


def test_the_page_of_the_log_in_is_where_its_steps_begin() -> None:
    """It is asked for before any request is sent."""
    assert Members(**GOOD).page == "/in?now"


def nowhere(account: Account) -> Steps:
    """Steps that break off at once."""
    raise KeyError(account.login)
    yield


def elsewhere(_account: Account) -> Steps:
    """Steps that begin at another host."""
    yield Request("http://id.example/in")


@pytest.mark.parametrize(("steps", "says"), [(nowhere, "KeyError: 'ann'"), (elsewhere, "begins at id.example")])
def test_a_log_in_without_a_beginning_is_refused(steps: Any, says: str) -> None:
    """With what the steps said."""
    with pytest.raises(SwarmError, match=says):
        _ = Members(**{**GOOD, "log_in": steps}).page
