"""Members of a site who log in by steps of their own, where a recipe for a form does not do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from locustfiles._errors import SwarmError
from locustfiles._recipe import Account
from locustfiles._steps import Course, StepError, Steps
from locustfiles._urls import split_url


@dataclass(frozen=True, slots=True)
class Members:
    """Who can log in to a site, how that is done, and by what it shows.

    Attributes:
        accounts: The members, as ``Account`` or as pairs of login and password; logins all different.
        log_in: Steps that log an account in. What they return, if anything, are header fields that the member sends
            from then on, such as a token; cookies are kept without further ado.
        logged_in: Text on the last page of the log-in; ``{login}`` stands for the member's. On any page it tells whose
            that is.
        logged_out: Text that no member's page holds; ``None``: not looked for.

    Raises:
        SwarmError: It is worded wrongly.
    """

    accounts: Sequence[Account | tuple[str, str]] = field(repr=False)
    log_in: Callable[[Account], Steps]
    logged_in: str
    logged_out: str | None = None

    def __post_init__(self) -> None:
        """Refuse members by whose marker nobody could tell that they are logged in."""
        try:
            accounts = tuple(each if isinstance(each, Account) else Account(*each) for each in self.accounts)
        except TypeError:
            raise SwarmError("an account of the members is not a login and a password; give both") from None
        logins = [account.login for account in accounts]
        if not accounts or not all(logins) or len(set(logins)) < len(logins):
            raise SwarmError(f"the members have {len(logins)} accounts, one without a login or twice; give each once")
        object.__setattr__(self, "accounts", accounts)
        if not inspect.isgeneratorfunction(self.log_in):
            raise SwarmError(
                "the members have a log_in that yields nothing; give a function with yield Request(…) in it"
            )
        if not self.logged_in.replace("{login}", "").strip():
            raise SwarmError(
                "the members' logged_in is the login alone, which other pages hold too; give text around it"
            )

    @property
    def knows_viewers(self) -> bool:
        """Whether ``logged_in`` names the member, so that two members' pages can be told apart."""
        return "{login}" in self.logged_in

    @property
    def page(self) -> str:
        """Path of the first step.

        Raises:
            SwarmError: There is none.
        """
        account = self.accounts[0]
        assert isinstance(account, Account)
        try:
            first = Course(self.log_in(account)).next()
            host, path = split_url("" if first is None else first.path)
        except (StepError, ValueError) as error:
            raise SwarmError(f"the log-in of the members does not begin: {error}") from None
        if host is not None:
            raise SwarmError(f"the log-in of the members begins at {host}; give a path that begins with /")
        return path

    def public(self) -> dict[str, Any]:
        """What may be recorded: neither names nor passwords of members."""
        return {
            "accounts": len(self.accounts),
            "log_in": getattr(self.log_in, "__qualname__", type(self.log_in).__name__),
            "logged_in": self.logged_in,
            "logged_out": self.logged_out,
        }
