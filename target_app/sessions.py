"""Who is signed in: opaque random session ids in a cookie, kept only as hashes, looked up with one statement."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from target_app.accounting import recognise_member
from target_app.database import Desk, Library
from target_app.records import MemberRecord

COOKIE = "anp_session"
LIFETIME = 30 * 24 * 3600
"""Seconds a session lasts."""


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie that carries a session id: out of reach of scripts, and not sent with what other sites post.

    Attributes:
        encrypted: Whether the site is reached over https. Then the name begins with ``__Host-``, for which browsers
            see to it that only this very host can have set the cookie.
    """

    encrypted: bool

    @property
    def name(self) -> str:
        """What the cookie is called."""
        return f"__Host-{COOKIE}" if self.encrypted else COOKIE

    def read(self, request: Request) -> str | None:
        """The session id that a request brings."""
        return request.cookies.get(self.name)

    def give(self, response: Response, token: str) -> None:
        """Send a session id."""
        response.set_cookie(
            self.name, token, max_age=LIFETIME, path="/", httponly=True, samesite="lax", secure=self.encrypted
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget the session id. It listens only where the flags are those it was given with."""
        response.delete_cookie(self.name, path="/", httponly=True, samesite="lax", secure=self.encrypted)


class Sessions:
    """The sessions of the site.

    Attributes:
        cookie: What carries their ids.
    """

    def __init__(
        self, library: Library, desk: Desk, *, encrypted: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        """Use the sessions of a database.

        Args:
            library: Where they are read.
            desk: Where they are written.
            encrypted: Whether the site is reached over https.
            clock: Unix seconds.
        """
        self.cookie = SessionCookie(encrypted)
        self._library = library
        self._desk = desk
        self._clock = clock

    def open(self, member: MemberRecord) -> str:
        """Begin a session and give its id, which is not kept: 256 random bits in URL-safe letters.

        Some of those that have expired are deleted first.
        """
        token = secrets.token_urlsafe(32)
        now = int(self._clock())
        self._desk.forget_sessions(expired_at=now)
        self._desk.open_session(_hash(token), member.id, now + LIFETIME)
        return token

    def member(self, token: str | None) -> MemberRecord | None:
        """Whose session this is, if it is one and has not expired."""
        member = self._library.session_member(_hash(token), int(self._clock())) if token else None
        if member is not None:
            recognise_member()
        return member

    def close(self, token: str | None) -> None:
        """End a session."""
        if token:
            self._desk.close_session(_hash(token))


def _hash(token: str) -> bytes:
    # A fast hash is enough: the id has 256 random bits, there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()
