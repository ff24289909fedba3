"""What came of one request, as the client measured it and as whoever writes steps of their own reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import nan
from typing import Any

from locustfiles._coding import decode


@dataclass(slots=True, eq=False)
class Reply:
    """What became of one request. Times are seconds of ``time.monotonic``; ``nan`` where the moment never came.

    Attributes:
        status: 0 where there was no response.
        headers: By lower-case name; a repeated field is joined with commas, ``Set-Cookie`` is kept apart.
        body: As it came over the wire, not decompressed.
        new_connection: A connection was opened for it, the first one or because the server had closed the old one.
        reason: What went wrong in a few words; empty where nothing did.
        retried: The kept connection was closed as the request left, and the request was sent again on a new one.
    """

    sent: float = nan
    first_byte: float = nan
    end: float = nan
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    set_cookies: list[bytes] = field(default_factory=list)
    body: bytes = b""
    error: str = "none"
    new_connection: bool = False
    reason: str = ""
    retried: bool = False

    @property
    def location(self) -> str:
        """Where the response points to, as the server wrote it; empty where it does not."""
        value = self.headers.get(b"location", b"")
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")

    @property
    def text(self) -> str:
        """The body as text, decompressed and read as UTF-8.

        Raises:
            ValueError: It came in a coding that is not read here, or broken.
        """
        coding = self.headers.get(b"content-encoding", b"")
        body = decode(self.body, coding)
        if body is None:
            raise ValueError(f"a body in content-encoding {coding.decode('latin-1')} that cannot be read")
        return body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.text)

    def header(self, name: str) -> str:
        """A header field by its name in any case; empty where it did not come."""
        return self.headers.get(name.lower().encode(), b"").decode("latin-1")
