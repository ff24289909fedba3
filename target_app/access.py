"""Who may change things from a program, or look inside: the holder of the token; without one, this machine."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable

from fastapi import Request
from starlette.types import Scope

from target_app.errors import SettingError
from target_app.forms import refuse_cross_site
from target_app.problems import ProblemError

Asked = Callable[[Scope], bool]
"""Whether a request may see something."""

SERVER_TIMING = ("public", "token", "off")
"""Who is told in ``Server-Timing`` what a response cost: everybody, whoever presents the token, nobody."""


class Gate:
    """The check before every purge, edit and change."""

    def __init__(self, base_url: str, token: str | None) -> None:
        """Set up.

        Args:
            base_url: Of the site, whose own pages may send requests.
            token: What must be presented; None: requests must come from this machine.
        """
        self._base_url = base_url
        self._token = token

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            ProblemError: 403.
            HTTPException: 403, where another site made a browser send it.
        """
        refuse_cross_site(request, self._base_url)
        self.check_reader(request)

    def check_reader(self, request: Request) -> None:
        """Let a request pass that changes nothing, wherever the address of it was found.

        Raises:
            ProblemError: 403.
        """
        if self._token is not None:
            if not presents(request.scope["headers"], self._token.encode()):
                raise ProblemError(
                    403, "X-Anp-Token is missing or wrong", expected="the token that the site was started with"
                )
            return
        if not _is_local(request.scope):
            raise ProblemError(
                403,
                "the request comes from another machine",
                expected="one from this machine, or a site started with a purge token, which allows others",
            )


def timing_for(mode: str, token: str | None) -> Asked | None:
    """Which requests are told in ``Server-Timing`` what they cost; None: all of them.

    Raises:
        SettingError: Only the bearer of the token is to be told, and there is none.
    """
    if mode == "public":
        return None
    if mode == "off":
        return lambda scope: False
    if token is None:
        raise SettingError("--server-timing token needs a token to be presented; name one with --purge-token")
    secret = token.encode()
    return lambda scope: presents(scope["headers"], secret)


def presents(headers: Iterable[tuple[bytes, bytes]], token: bytes) -> bool:
    """Whether the token is among the headers: as a bearer token, as Prometheus sends it, or in ``X-Anp-Token``."""
    given = b""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            given = value[7:].strip()
            break
        if name == b"x-anp-token":
            given = value
    return hmac.compare_digest(given, token)


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
