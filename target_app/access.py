"""Who may look inside: this machine, or whoever presents the site's token."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable

from starlette.types import Scope

from target_app.errors import SettingError

Asked = Callable[[Scope], bool]
"""Whether a request may see something."""

SERVER_TIMING = ("public", "token", "off")
"""Who is told in ``Server-Timing`` what a response cost: everybody, whoever presents the token, nobody."""

_TOKEN, _AUTHORIZATION = b"x-anp-token", b"authorization"


def may_look(scope: Scope, token: str | None) -> bool:
    """Whether a request may see or do what is not for everybody.

    Where the site has a token, that decides, wherever the request comes from; else only this machine may.
    """
    return is_local(scope) if token is None else presents(scope["headers"], token.encode())


def is_local(scope: Scope) -> bool:
    """Whether a request was sent by this machine, whatever its headers say."""
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def presents(headers: Iterable[tuple[bytes, bytes]], token: bytes) -> bool:
    """Whether the token is among the headers, in ``X-Anp-Token`` or as a bearer token, as Prometheus sends it."""
    given = b""
    for name, value in headers:
        if name == _TOKEN:
            given = value
            break
        if name == _AUTHORIZATION and value[:7].lower() == b"bearer ":
            given = value[7:].strip()
    return hmac.compare_digest(given, token)


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
