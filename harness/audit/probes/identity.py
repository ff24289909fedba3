"""Whether an address shows its own page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import urlsplit

from harness.audit.client import Client
from harness.audit.model import Finding, Subject
from harness.audit.probes import found
from harness.audit.reply import Reply

_CANONICAL: Final = (
    re.compile(rb"<link(?=[^>]*\brel=[\"']?canonical)[^>]*\bhref=[\"']([^\"']+)", re.IGNORECASE),
    re.compile(rb"<meta(?=[^>]*\bproperty=[\"']?og:url)[^>]*\bcontent=[\"']([^\"']+)", re.IGNORECASE),
)
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def ask(client: Client, subject: Subject, reply: Reply, listed: frozenset[str]) -> Iterator[Finding]:
    """Compare where a page is with where it says that it is.

    Only a page that the site itself lists counts, which says that it is another listed page, and which has the title
    of that page: a page that names another one as its canonical form may be right to do so.
    """
    own = _bare(reply.path)
    named = {
        _bare(unescape(match[1].decode("utf-8", "replace"))) for at in _CANONICAL if (match := at.search(reply.body))
    }
    known = {_bare(path) for path in listed}
    if reply.status != 200 or not named or own in named or own not in known:
        return
    for other in sorted(named & known):
        theirs = client.get(next(path for path in sorted(listed) if _bare(path) == other))
        title, same = _TITLE.search(reply.body), _TITLE.search(theirs.body)
        if title and same and title[1] == same[1]:
            yield found(
                "wrong-page", subject, f"it is the page of {other}, by its canonical address and its title", reply.path
            )
            return


def _bare(address: str) -> str:
    """The path of an address, with or without a slash at its end alike."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (parts.path.rstrip("/") or "/") + (f"?{parts.query}" if parts.query else "")
