"""A cache that is asked for ever new addresses, in a process of its own; prints a JSON line at each milestone.

``python endless.py MAX_BYTES COUNT...``
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import MutableMapping
from typing import Any

import psutil
from starlette.types import Receive, Scope, Send

from target_app.page_cache import EXCHANGE, SITE, Exchange, Options, PageCache
from target_app.page_cache.store import Store

FIELDS = [
    (b"cdn-cache-control", b"max-age=3600, stale-while-revalidate=60"),
    (b"cache-control", b"max-age=0, must-revalidate"),
    (b"content-type", b"text/html; charset=utf-8"),
    (b"last-modified", b"Sun, 29 Nov 2026 10:00:00 GMT"),
    (b"content-security-policy", b"default-src 'self'"),
    (b"referrer-policy", b"same-origin"),
]
BEFORE = 1_000
"""Pages after which all that is made once is made."""


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Pages of 0.1 to 6 KB, each with a tag of its own and one that others have."""
    number = int(scope["raw_path"].rpartition(b"-")[2])
    body = bytes(100 + number * 7_919 % 5_900)
    tags = b'"post-%d", "list-%d"' % (number, number % 500)
    await send({"type": "http.response.start", "status": 200, "headers": [*FIELDS, (b"cache-groups", tags)]})
    await send({"type": "http.response.body", "body": body})


async def discard(message: MutableMapping[str, Any]) -> None:
    """A reader who does not look."""


async def nothing() -> MutableMapping[str, Any]:
    """A request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


def held(store: Store) -> dict[str, int]:
    """Pages in the store, the bytes of their bodies, and what the store counts for all."""
    entries = [entry for variants in store._by_key.values() for entry in variants]
    bodies = sum(len(entry.representation.plain.body) for entry in entries)
    return {"pages": len(entries), "bodies": bodies, "counted": store.bytes}


async def main(max_bytes: int, milestones: list[int]) -> None:
    """Ask for one page after the other, each once."""
    cache = PageCache(pages, Options(profile=SITE, max_bytes=max_bytes, compression="off"))
    process = psutil.Process()
    for number in range(milestones[-1] + 1):
        if number in {BEFORE, *milestones}:
            gc.collect()
            told = {"urls": number, "rss": process.memory_info().rss, **held(cache.store)}
            print(json.dumps(told), flush=True)
        scope = {"type": "http", "method": "GET", "raw_path": b"/articles/one-of-many-%d" % number, "query_string": b""}
        asked = [(b"host", b"site.example"), (b"accept", b"text/html")]
        await cache({**scope, "headers": asked, EXCHANGE: Exchange()}, nothing, discard)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), [int(word) for word in sys.argv[2:]]))
