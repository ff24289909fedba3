"""Who may change things from a program: the holder of the token, or, where there is none, this machine."""

from __future__ import annotations

import hmac

from fastapi import Request

from target_app.callers import is_local, network
from target_app.forms import refuse_cross_site
from target_app.problems import ProblemError
from target_app.throttle import Throttle


class Gate:
    """The check before every purge, edit and change."""

    def __init__(self, base_url: str, token: str | None, wrong: Throttle) -> None:
        """Set up.

        Args:
            base_url: Of the site, whose own pages may send requests.
            token: What must be presented; None: requests must come from this machine.
            wrong: Counts the wrong tokens of each network.
        """
        self._base_url = base_url
        self._token = token
        self._wrong = wrong

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            ProblemError: 403, or 429 where too many wrong tokens came before it.
            HTTPException: 403, where another site made a browser send it.
        """
        refuse_cross_site(request, self._base_url)
        if self._token is not None:
            caller, presented = network(request), _presented(request)
            if wait := self._wrong.wait(caller):
                raise ProblemError(
                    429,
                    "too many wrong tokens came from this network; for now not even the right one is read",
                    expected=f"another try in {wait} s",
                    headers={"retry-after": str(wait)},
                )
            if not hmac.compare_digest((presented or "").encode(), self._token.encode()):
                if presented is not None:
                    self._wrong.fail(caller)
                raise ProblemError(
                    403, "X-Anp-Token is missing or wrong", expected="the token that the site was started with"
                )
            return
        if not is_local(request, self._base_url):
            raise ProblemError(
                403,
                "the request comes from another machine",
                expected="one from this machine, or a site started with a purge token, which allows others",
            )


def _presented(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.headers.get("x-anp-token")
