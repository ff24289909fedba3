"""One reply, and what its headers let a shared cache do with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from results.cache_status import Reading, read

TARGETED: Final = (
    "cloudflare-cdn-cache-control",
    "vercel-cdn-cache-control",
    "netlify-cdn-cache-control",
    "cdn-cache-control",
    "surrogate-control",
)
"""Fields for caches in front of a site alone (RFC 9213 and its forerunner); they replace ``Cache-Control`` there."""

HEURISTIC: Final = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses that a cache may keep where nothing says for how long (RFC 9110, 15.1)."""

_DIRECTIVE: Final = re.compile(r'([^\s,;="]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,;]*))?')
_REUSED: Final = ("HIT", "STALE")
_DECIDES: Final = frozenset({"max-age", "s-maxage", "no-store", "private", "no-cache"})
_TEXT: Final = re.compile(r"text/|\b(?:json|xml|javascript|ecmascript)\b|\+(?:json|xml)\b")


@dataclass(frozen=True, slots=True)
class Policy:
    """What headers let a shared cache do.

    Attributes:
        shared: Whether it may keep the reply; None where no header says for how long, and each cache guesses.
        seconds: For how long it is fresh.
        grace: Seconds beyond, in which it may be sent while it is made anew.
        why: In words.
    """

    shared: bool | None
    seconds: int
    grace: int
    why: str

    @property
    def invites(self) -> bool:
        """Whether a cache is told to keep the reply for some time."""
        return self.shared is True and self.seconds > 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it came.

    Attributes:
        path: What was asked for.
        headers: Values by lower-case name, a repeated one joined with commas.
        cookies: The lines of ``Set-Cookie``.
        body: Decoded.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def reading(self) -> Reading:
        """What each layer says."""
        return read(self.headers)

    @property
    def reused(self) -> bool:
        """Whether a cache of pages says that it gave the reply from its store."""
        return any(layer.verdict in _REUSED for layer in self.reading.layers if layer.ring != "part")

    @property
    def is_html(self) -> bool:
        """Whether it calls itself HTML."""
        return "html" in self.headers.get("content-type", "")

    @property
    def is_text(self) -> bool:
        """Whether it is of a type that a coding makes smaller."""
        return _TEXT.search(self.headers.get("content-type", "")) is not None

    @property
    def coding(self) -> str:
        """``Content-Encoding``, empty for none."""
        word = self.headers.get("content-encoding", "").strip().lower()
        return "" if word == "identity" else word

    @property
    def vary(self) -> frozenset[str]:
        """The fields of the request that the reply depends on, in lower case."""
        return frozenset(word.strip().lower() for word in self.headers.get("vary", "").split(",") if word.strip())

    @property
    def date(self) -> datetime | None:
        """``Date``."""
        return date_of(self.headers.get("date", ""))

    @property
    def policy(self) -> Policy:
        """What a shared cache may do with it."""
        return _policy(self)

    def holds(self, text: str) -> bool:
        """Whether a text is in the body or in a header."""
        return text.encode() in self.body or any(text in value for value in (*self.headers.values(), *self.cookies))


def directives(value: str) -> dict[str, str]:
    """Directives by lower-case name with their arguments, empty where there is none; of two alike the first counts."""
    found: dict[str, str] = {}
    for name, argument in _DIRECTIVE.findall(value):
        found.setdefault(name.lower(), argument.strip('"'))
    return found


def date_of(value: str) -> datetime | None:
    """A date of HTTP; None for what is none."""
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def seconds_of(argument: str | None) -> int | None:
    """Delta seconds, as large as they may be; None for what is none."""
    return min(int(argument[:12]), 2**31) if argument is not None and re.fullmatch("[0-9]+", argument) else None


def _policy(reply: Reply) -> Policy:
    name = next(
        (name for name in TARGETED if _DECIDES & directives(reply.headers.get(name, "")).keys()), "cache-control"
    )
    said = directives(reply.headers.get(name, ""))
    for word in ("no-store", "private"):
        # A private that names fields alone may be taken for one of the whole, so it counts as one.
        if word in said:
            return Policy(False, 0, 0, f"{title(name)} says {word}")
    if "*" in reply.vary:
        return Policy(False, 0, 0, "Vary: * fits no later request")
    grace = seconds_of(said.get("stale-while-revalidate")) or 0
    if "no-cache" in said:
        return Policy(True, 0, 0, f"{title(name)} says no-cache: to be confirmed each time")
    for word in ("s-maxage", "max-age"):
        if (seconds := seconds_of(said.get(word))) is not None:
            return Policy(True, seconds, grace, f"{title(name)} says {word}={seconds}")
    if "expires" in reply.headers:
        expires, date = date_of(reply.headers["expires"]), reply.date or datetime.now(UTC)
        seconds = max(int((expires - date).total_seconds()), 0) if expires else 0
        return Policy(True, seconds, grace, f"Expires gives {seconds} s")
    if reply.status in HEURISTIC:
        return Policy(None, 0, 0, "no header says for how long")
    return Policy(False, 0, 0, f"status {reply.status} is kept only where a header says for how long")


def title(name: str) -> str:
    """A field's name as people write it."""
    special = {"etag": "ETag", "cdn": "CDN", "netlify": "Netlify"}
    return "-".join(special.get(part, part.capitalize()) for part in name.split("-"))
