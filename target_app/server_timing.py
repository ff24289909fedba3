"""Who may be told in ``Server-Timing`` what a response cost. Importing this is cheap: the command line asks first."""

from __future__ import annotations

from target_app.errors import SettingError

SERVER_TIMING = ("public", "token", "off")
"""Everybody, whoever presents the token, nobody."""


def check_timing(mode: str, token: str | None) -> None:
    """Find out whether a site can tell those whom it is to tell.

    Raises:
        SettingError: Only the bearer of the token is to be told, and there is none.
    """
    if mode == "token" and token is None:
        raise SettingError("--server-timing token needs a token to be presented; name one with --purge-token")
