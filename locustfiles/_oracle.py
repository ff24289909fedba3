"""The oracle: is the page that came the page that was asked for, made for whom it was made for?

Every HTML page of the reference site carries a mark in its first kilobyte, such as ``page=article id=11730 revision=0
digest=<24 hex> viewer=anonymous``. The oracle computes the mark it expects from the synthesizer. Bytes that were found
right before are not decompressed again.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

ANONYMOUS = "anonymous"

_HEAD = 1024
_KNOWN = 65_536  # right answers remembered before the memory starts afresh
_MARK = re.compile(rb'<meta name="anp-mark" content="([^"]*)"')
_REUSED = {"HIT", "STALE", "REVALIDATED"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed: its class, what was expected and what was found."""

    check: str
    expected: str
    got: str


def head(body: bytes, coding: bytes) -> bytes | None:
    """The first kilobyte of a body before its coding; None for a coding that is not read here or broken data."""
    if coding in {b"", b"identity"}:
        return body[:_HEAD]
    if coding in {b"gzip", b"x-gzip", b"deflate"}:
        try:
            return zlib.decompressobj(wbits=47).decompress(body, _HEAD)
        except zlib.error:
            return None
    return None


def mark(page: bytes) -> str | None:
    """The content mark in the head of a page."""
    found = _MARK.search(page)
    return found.group(1).decode("ascii", "replace") if found else None


def expected_mark(route: str, viewer: str, article: tuple[int, int, str] | None = None) -> str:
    """The mark a page must carry; ``article`` is (id, revision, digest)."""
    about = "" if article is None else " id={} revision={} digest={}".format(*article)
    return f"page={route}{about} viewer={viewer}"


def judge(expected: str, got: str | None) -> str:
    """Compare two marks; the gravest difference wins: a leak before a wrong page before a wrong edition."""
    if got == expected:
        return "ok"
    if got is None:
        return "no_mark"
    want, have = _fields(expected), _fields(got)
    if have.get("viewer") != want["viewer"] and have.get("viewer") not in {None, ANONYMOUS}:
        return "leak"
    if have.get("page") != want["page"]:
        return "wrong_page"
    if have.get("id") != want.get("id"):
        return "wrong_article"
    if have.get("revision") != want.get("revision"):
        return "wrong_revision"
    if have.get("digest") != want.get("digest"):
        return "wrong_article"  # the right number on other content
    if have.get("viewer") != want["viewer"]:
        return "wrong_viewer"
    return "no_mark"  # the same fields in words of another form: not a mark we know


def _fields(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in text.split())}


class Oracle:
    """Checks responses of one corpus.

    Args:
        article: Article id to (id, revision, digest) as the site must show it now.
    """

    def __init__(self, article: Callable[[int], tuple[int, int, str]]) -> None:
        self._article = article
        self._editions: dict[int, tuple[int, int, str]] = {}
        self._right: set[tuple[str, int] | None] = set()

    def learn(self, id: int) -> None:
        """Compute an article's edition ahead of the requests for it."""
        if id not in self._editions:
            self._editions[id] = self._article(id)

    def expect(self, route: str, viewer: str, article: int | None) -> str:
        """The mark of a page of ``route``, made for ``viewer``."""
        if article is None:
            return expected_mark(route, viewer)
        self.learn(article)
        return expected_mark(route, viewer, self._editions[article])

    def check(
        self, expected: str, body: bytes, coding: bytes = b"", *, cache: str = "UNKNOWN", sets_cookie: bool = False
    ) -> Finding | None:
        """Check a whole 200 response; None where all is well.

        Args:
            expected: What ``expect`` says of the page.
            body: As it came over the wire.
            coding: Its ``Content-Encoding``.
            cache: Its cache class.
            sets_cookie: Whether it carries ``Set-Cookie``.

        Returns:
            A finding of class ``unchecked`` where the coding cannot be read.
        """
        if (finding := self._check_mark(expected, body, coding)) is not None:
            return finding
        if sets_cookie and cache in _REUSED:
            return Finding("set_cookie_on_hit", "no Set-Cookie on a stored response", f"Set-Cookie on a {cache}")
        return None

    def _check_mark(self, expected: str, body: bytes, coding: bytes) -> Finding | None:
        # Plain text is looked at anew each time, which is cheaper than to hash all of it.
        key = (expected, hash(body)) if coding else None
        if key in self._right:
            return None
        page = head(body, coding)
        if page is None:
            return Finding("unchecked", expected, f"content-encoding {coding.decode('latin-1')}")
        got = mark(page)
        verdict = judge(expected, got)
        if verdict != "ok":
            return Finding(verdict, expected, got or "no mark in the first kilobyte")
        if key is not None:
            if len(self._right) >= _KNOWN:
                self._right.clear()
            self._right.add(key)
        return None
