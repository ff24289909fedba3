"""Who may change things from a program, or look inside: the holder of the token; without one, this machine."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.types import Scope

from target_app.callers import is_local, network
from target_app.forms import refuse_cross_site
from target_app.problems import ProblemError
from target_app.server_timing import check_timing
from target_app.throttle import Throttle

Asked = Callable[[Scope], bool]
"""Whether a request may see something."""


_SENT = "The token that the site was started with (--purge-token), in either of the two fields."
_SCHEMES = (
    APIKeyHeader(name="X-Anp-Token", scheme_name="token", description=_SENT, auto_error=False),
    HTTPBearer(scheme_name="bearer", description=_SENT, auto_error=False),
)


class Gate:
    """The check before every purge, edit and change.

    Attributes:
        described: What a route depends on to be described as one that wants the token; nothing where there is none.
        guards: What a route depends on that changes anything.
        statuses: Of its refusals.
    """

    def __init__(self, base_url: str, token: str | None, wrong: Throttle) -> None:
        """Set up.

        Args:
            base_url: Of the site, whose own pages may send requests.
            token: What must be presented; None: requests must come from this machine.
            wrong: Of the wrong tokens from each network.
        """
        self._base_url = base_url
        self._token = token
        self._wrong = wrong
        self.described: list[Any] = [] if token is None else [Security(scheme) for scheme in _SCHEMES]
        self.guards: list[Any] = [Depends(self.check), *self.described]
        self.statuses = (403,) if token is None else (403, 429)

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            ProblemError: 403, or 429 after too many wrong tokens.
            HTTPException: 403, where another site made a browser send it.
        """
        refuse_cross_site(request, self._base_url)
        self.check_reader(request)

    def check_reader(self, request: Request) -> None:
        """Let a request pass that changes nothing, wherever the address of it was found.

        Raises:
            ProblemError: 403, or 429 after too many wrong tokens.
        """
        if self._token is not None:
            self._check_token(request, self._token.encode())
        elif not is_local(request, self._base_url):
            raise ProblemError(
                403,
                "the request comes from another machine",
                expected="one from this machine, or a site started with a purge token, which allows others",
            )

    def _check_token(self, request: Request, token: bytes) -> None:
        caller, given = network(request), presented(request.scope["headers"])
        if wait := self._wrong.wait(caller):
            raise ProblemError(
                429,
                "too many wrong tokens came from this network",
                expected=f"a request in {wait} s; until then none is read, not even the right one",
                headers={"retry-after": str(wait)},
            )
        if not hmac.compare_digest(given or b"", token):
            if given is not None:
                self._wrong.fail(caller)
            raise ProblemError(
                403, "X-Anp-Token is missing or wrong", expected="the token that the site was started with"
            )


def timing_for(mode: str, token: str | None, wrong: Throttle) -> Asked | None:
    """Which requests are told in ``Server-Timing`` what they cost; None: all of them.

    Args:
        mode: One of ``target_app.server_timing.SERVER_TIMING``.
        token: Of the site.
        wrong: Of the wrong tokens from each network: to be told or not would else tell a right guess from a wrong one.

    Raises:
        SettingError: Only the bearer of the token is to be told, and there is none.
    """
    check_timing(mode, token)
    if mode == "public":
        return None
    if mode == "off" or token is None:
        return lambda scope: False
    secret = token.encode()

    def may_know(scope: Scope) -> bool:
        given = presented(scope["headers"])
        if not given or wrong.wait(caller := network(Request(scope))):
            return False
        if hmac.compare_digest(given, secret):
            return True
        wrong.fail(caller)
        return False

    return may_know


def presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The token among the headers: a bearer token, as Prometheus sends it, or ``X-Anp-Token``; None: there is none."""
    given = None
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip()
        if name == b"x-anp-token":
            given = value
    return given
