"""Who is signed in: opaque random session ids in a cookie, kept only as hashes, looked up with one statement."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

from target_app.accounting import recognise_member
from target_app.database import Desk, Library
from target_app.records import MemberRecord

COOKIE = "anp_session"
LIFETIME = 30 * 24 * 3600
"""Seconds a session lasts."""


class Sessions:
    """The sessions of the site. ``clock`` gives Unix seconds."""

    def __init__(self, library: Library, desk: Desk, clock: Callable[[], float] = time.time) -> None:
        self._library = library
        self._desk = desk
        self._clock = clock

    def open(self, member: MemberRecord) -> str:
        """Begin a session and give its id, which is not kept: 256 random bits in URL-safe letters."""
        token = secrets.token_urlsafe(32)
        self._desk.open_session(_hash(token), member.id, int(self._clock()) + LIFETIME)
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
