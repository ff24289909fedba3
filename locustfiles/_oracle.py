"""The oracle: is the page that came the page that was asked for, made for whom it was made for?

Every HTML page of the reference site carries a mark in its first kilobyte, such as ``page=article id=11730 revision=0
digest=<24 hex> viewer=anonymous``. The oracle computes the mark it expects from the synthesizer. Bytes that were found
right before are not decompressed again.

Articles change under editors' hands. From the moment an edit is known to be finished, and its allowance is over, no
older edition may be shown; while it is under way, either is right.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

ANONYMOUS = "anonymous"

_HEAD = 1024
_UNDER_WAY_S = 60.0  # no request is under way for longer
_KNOWN = 65_536  # right answers remembered before the memory starts afresh
_MARK_START = b'<meta name="anp-mark" content="'
_MARK = re.compile(_MARK_START + rb'([^"]*)"')
_TYPES = {
    "static": "text/css",
    "image": "image/svg+xml",
    "feed": "application/rss+xml",
    "sitemap": "application/xml",
    "robots": "text/plain",
}  # of what carries no mark
_UNMARKED = "content-type "


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed: its class, what was expected and what was found."""

    check: str
    expected: str
    got: str


class Judge(Protocol):
    """Whoever checks the responses of one arm."""

    def expect(self, route: str, viewer: str, article: int | None, path: str) -> str:
        """What a page of ``route`` at ``path``, made for ``viewer``, must say of itself."""

    def check(
        self, expected: str, body: bytes, coding: bytes = b"", media: bytes = b"", sent: float = 0.0
    ) -> Finding | None:
        """Check a whole 200 response; None where all is well.

        Args:
            expected: What ``expect`` says of the page.
            body: As it came over the wire.
            coding: Its ``Content-Encoding``.
            media: Its ``Content-Type``.
            sent: When it was asked for, seconds of the plan.

        Returns:
            A finding of class ``unchecked`` where there is nothing to check by.
        """

    def shown(self, expected: str, body: bytes, coding: bytes) -> str:
        """What a page that was found right says of itself: while editors are at work, perhaps of another edition."""

    def check_held(self, expected: str, held: str, sent: float) -> Finding | None:
        """Check a 304: is the page that the visitor was told to go on using, ``shown`` as ``held``, still right?"""

    def edited(self, article: int, revision: int, since: float) -> None:
        """An edit is finished: from ``since`` (seconds of the plan) on, ``revision`` must be shown, or a later one."""


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


@lru_cache(_KNOWN)
def _meta(mark: str) -> bytes:
    """The element that carries a mark."""
    return _MARK_START + mark.encode() + b'"'


def expected_mark(route: str, viewer: str, article: tuple[int, int, str] | None = None) -> str:
    """The mark a page must carry; ``article`` is (id, revision, digest)."""
    about = "" if article is None else " id={} revision={} digest={}".format(*article)
    return f"page={route}{about} viewer={viewer}"


def query_hash(path: str) -> str:
    """Twelve hex digits of a search address's query, as the site's mark has them."""
    query = parse_qs(urlsplit(path).query).get("q", [""])[0]
    return hashlib.sha256(query.encode()).hexdigest()[:12]


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
        # A member who is shown the way in has lost the session.
        return "not_logged_in" if have.get("page") == "login" and want["viewer"] != ANONYMOUS else "wrong_page"
    if have.get("query") != want.get("query"):
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


@dataclass(slots=True)
class _Editions:
    """What is known of one article's revisions."""

    latest: int
    base: int
    finished: deque[tuple[float, int]] = field(default_factory=deque)

    def finish(self, revision: int, since: float, allowance: float) -> None:
        """Note a finished edit, and forget those that bind every request still under way."""
        self.finished.append((since, revision))
        self.latest = max(self.latest, revision)
        while self.finished[0][0] + allowance + _UNDER_WAY_S < since:
            self.base = max(self.base, self.finished.popleft()[1])

    def oldest_allowed(self, sent: float, allowance: float) -> int:
        """The revision that a request sent at ``sent`` must at least be shown."""
        return max([self.base, *(revision for since, revision in self.finished if since + allowance <= sent)])


class Oracle:
    """Checks the responses of one arm of the reference site.

    Args:
        digest: Article id and revision to the digest of that edition.
        revisions: Revisions of the articles that the site shows in another than revision 0 at the start.
        allowance: Seconds after a finished edit in which an older edition is still right.
        edits: Whether editors are at work; if not, an edition nobody told of is wrong.
    """

    def __init__(
        self,
        digest: Callable[[int, int], str],
        revisions: Mapping[int, int] | None = None,
        allowance: float = 0.0,
        *,
        edits: bool = False,
    ) -> None:
        self._digest = digest
        self._editions = {article: _Editions(revision, revision) for article, revision in (revisions or {}).items()}
        self._allowance = allowance
        self._edits = edits
        self._marks: dict[int, tuple[int, int, str]] = {}
        self._right: set[tuple[str, int] | None] = set()

    def learn(self, id: int) -> tuple[int, int, str]:
        """Compute the mark of an article's present edition; best ahead of the requests for it."""
        edition = self._marks.get(id)
        if edition is None:
            editions = self._editions.get(id)
            revision = 0 if editions is None else editions.latest
            edition = self._marks[id] = (id, revision, self._digest(id, revision))
        return edition

    def edited(self, article: int, revision: int, since: float) -> None:
        """See ``Judge``."""
        self._editions.setdefault(article, _Editions(0, 0)).finish(revision, since, self._allowance)
        self._marks.pop(article, None)

    def expect(self, route: str, viewer: str, article: int | None, path: str) -> str:
        """What a page of ``route`` at ``path``, made for ``viewer``, must say of itself."""
        if (media := _TYPES.get(route)) is not None:
            return _UNMARKED + (_TYPES["image"] if path.endswith(".svg") else media)
        if route == "search":
            return f"page=search query={query_hash(path)} viewer={viewer}"
        return expected_mark(route, viewer, None if article is None else self.learn(article))

    def check(
        self, expected: str, body: bytes, coding: bytes = b"", media: bytes = b"", sent: float = 0.0
    ) -> Finding | None:
        """See ``Judge``; ``unchecked`` is what comes in a coding that cannot be read."""
        if expected.startswith(_UNMARKED):
            got = _UNMARKED + media.partition(b";")[0].decode("latin-1").strip().lower()
            return None if got == expected else Finding("wrong_page", expected, got)
        key = None
        if coding:
            key = (expected, hash(body))
            if key in self._right:
                return None
        elif 0 <= body.find(_MARK_START, 0, _HEAD) == body.find(_meta(expected), 0, _HEAD):
            return None  # plain text is looked at anew each time, which is cheaper than to hash all of it
        page = head(body, coding)
        if page is None:
            return Finding("unchecked", expected, f"content-encoding {coding.decode('latin-1')}")
        found = mark(page)
        if found != expected:
            verdict = self._compare(expected, found, sent)
            return None if verdict == "ok" else Finding(verdict, expected, found or "no mark in the first kilobyte")
        if key is not None:
            if len(self._right) >= _KNOWN:
                self._right.clear()
            self._right.add(key)
        return None

    def shown(self, expected: str, body: bytes, coding: bytes) -> str:
        """See ``Judge``."""
        if expected.startswith(_UNMARKED) or (coding and (expected, hash(body)) in self._right):
            return expected
        return mark(head(body, coding) or b"") or expected

    def check_held(self, expected: str, held: str, sent: float) -> Finding | None:
        """See ``Judge``."""
        verdict = "ok" if held == expected else self._compare(expected, held, sent)
        return None if verdict == "ok" else Finding(verdict, expected, f"304 for {held}")

    def _compare(self, expected: str, got: str | None, sent: float) -> str:
        verdict = judge(expected, got)
        if verdict != "wrong_revision" or got is None:
            return verdict
        fields = _fields(got)
        try:
            article, revision = int(fields["id"]), int(fields["revision"])
            is_genuine = fields.get("digest") == self._digest(article, revision)
        except (KeyError, ValueError):  # no number, or one that no article has
            return verdict
        editions = self._editions.get(article)
        if revision > (0 if editions is None else editions.latest):
            if not (self._edits and is_genuine):
                return verdict
        elif not is_genuine or editions is None:
            return "wrong_article"
        elif revision < editions.oldest_allowed(sent, self._allowance):
            return "stale"
        return "ok" if fields.get("viewer") == _fields(expected)["viewer"] else "wrong_viewer"
