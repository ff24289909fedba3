"""What a visitor remembers of pages it has seen, to ask "has it changed?" instead of for the page.

The body itself is not kept: a load generator shows it to nobody.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SHARED = 16_384


class Response(Protocol):
    """What is read of a response; ``Reply`` is one. Header names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    error: str


@dataclass(frozen=True, slots=True)
class Validator:
    """By what a server tells whether a page has changed.

    Attributes:
        etag: The ``ETag`` as it came, empty where there was none.
        last_modified: The ``Last-Modified`` date as it came, empty where there was none.
        mark: What the caller wants to know again when the page has not changed, such as its content mark.
        header: The lines of a request that ask for the page only if it has changed.
    """

    etag: bytes
    last_modified: bytes
    mark: str
    header: bytes


class Validators:
    """The validators of one visitor, by the number of the URL; the one not used for longest goes first.

    Args:
        limit: How many pages are remembered at most.
    """

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._known: OrderedDict[int, Validator] = OrderedDict()

    def __len__(self) -> int:
        """How many pages are remembered."""
        return len(self._known)

    def get(self, url: int) -> Validator | None:
        """What to send with a request of ``url``; ``None`` where nothing is known."""
        found = self._known.get(url)
        if found is not None:
            self._known.move_to_end(url)
        return found

    def keep(self, url: int, response: Response, mark: str) -> None:
        """Remember, refresh or forget ``url`` as a response to it says.

        A 200 replaces what was known, with nothing where it must not be stored or has no validator. A 304 brings what
        is known up to date and leaves its mark. Errors and other statuses change nothing.
        """
        if response.error != "none" or response.status not in {200, 304}:
            return
        known = self._known.get(url)
        headers = response.headers
        etag, last_modified = headers.get(b"etag", b""), headers.get(b"last-modified", b"")
        if response.status == 304:
            if known is None:
                return
            mark = known.mark
            etag, last_modified = etag or known.etag, last_modified or known.last_modified
        if not (etag or last_modified) or _must_not_be_stored(headers):
            self._known.pop(url, None)
            return
        self._known[url] = _validator(etag, last_modified, mark)
        self._known.move_to_end(url)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)


@lru_cache(_SHARED)
def _validator(etag: bytes, last_modified: bytes, mark: str) -> Validator:
    """One object for all visitors that saw the same page."""
    lines = b""
    if etag:
        lines += b"If-None-Match: " + etag + b"\r\n"
    if last_modified:
        lines += b"If-Modified-Since: " + last_modified + b"\r\n"
    return Validator(etag, last_modified, mark, lines)


def _must_not_be_stored(headers: dict[bytes, bytes]) -> bool:
    return b"no-store" in _tokens(headers.get(b"cache-control", b"")) or b"*" in _tokens(headers.get(b"vary", b""))


def _tokens(value: bytes) -> list[bytes]:
    """The members of a list header in lower case, without what stands in quotes."""
    return [token.strip().lower() for token in _QUOTED.sub(b"", value).split(b",")] if value else []
