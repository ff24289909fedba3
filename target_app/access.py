"""Who may change things from a program: the holder of the token, or, where there is none, this machine."""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import Request

from target_app.forms import refuse_cross_site
from target_app.problems import ProblemError


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
        if self._token is not None:
            if not hmac.compare_digest(_presented(request).encode(), self._token.encode()):
                raise ProblemError(
                    403, "X-Anp-Token is missing or wrong", expected="the token that the site was started with"
                )
            return
        try:
            local = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
        except ValueError:
            local = False
        if not local:
            raise ProblemError(
                403,
                "the request comes from another machine",
                expected="one from this machine, or a site started with a purge token, which allows others",
            )


def _presented(request: Request) -> str:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.headers.get("x-anp-token", "")
