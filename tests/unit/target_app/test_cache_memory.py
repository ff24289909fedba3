"""What the store counts for a page is what Python really allocates for it, whatever the page is made of."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable

import pytest
from starlette.types import Receive, Scope, Send

from target_app.page_cache import EXCHANGE, RFC, SITE, Exchange, Options, PageCache
from target_app.page_cache import fields as fields_module
from target_app.page_cache.fields import Headers
from target_app.page_cache.representation import Representation

PAGES = 300
LASTING = (b"cdn-cache-control", b"max-age=300")


def _fields(number: int) -> Headers:
    return [(b"x-field-%d" % place, b"what the field says, %d of page %d" % (place, number)) for place in range(30)]


def _own_tags(number: int) -> Headers:
    return [(b"cache-groups", b", ".join(b'"tag-%d-of-page-%d"' % (place, number) for place in range(30)))]


def _shared_tags(number: int) -> Headers:
    return [(b"cache-groups", b", ".join(b'"tag-%d"' % ((number + place) % 40) for place in range(20)))]


def _text(number: int) -> Headers:
    return [(b"content-type", b"text/html"), (b"etag", b'"%d"' % number)]


SHAPES: dict[str, tuple[Callable[[int], Headers], int, bytes]] = {
    "nothing": (lambda number: [], 0, b"/%d"),
    "a page": (_text, 10_000, b"/articles/a-title-of-some-length-%d/"),
    "many fields": (_fields, 100, b"/%d"),
    "tags of its own": (_own_tags, 100, b"/%d"),
    "tags of many": (_shared_tags, 100, b"/%d"),
    "a long address": (lambda number: [], 100, b"/" + b"x" * 3000 + b"%d"),
    "variants": (lambda number: [(b"vary", b"accept-language")], 100, b"/%d"),
}


def _send_all_forms(representation: Representation) -> None:
    """Have made what is made of a page when it is sent for the first time."""
    for form in (representation.plain, representation.gzip):
        if form is not None:
            assert form.headers.wire
            assert form.headers_304.wire


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "profile", [pytest.param(RFC, id="rfc", marks=pytest.mark.deep), pytest.param(SITE, id="site")]
)
def test_what_is_counted_is_what_is_allocated(shape: str, profile: object) -> None:
    """Nearly: tags that many pages share count for more than they take, and nothing for much less."""
    fields, size, path = SHAPES[shape]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        number = int(scope["raw_path"].rstrip(b"/").split(b"-")[-1].lstrip(b"/x"))
        await send({"type": "http.response.start", "status": 200, "headers": [LASTING, *fields(number)]})
        await send({"type": "http.response.body", "body": b"%09d " % number * (size // 10)})

    async def discard(message: object) -> None:
        pass

    cache = PageCache(app, Options(profile=profile, max_bytes=2**40))  # type: ignore[arg-type]

    async def read(numbers: range) -> None:
        for number in numbers:
            for language in (b"en", b"de", b"fr") if shape == "variants" else (b"en",):
                # A server makes every request of new strings.
                asked = [(b"host", b"site.example"), (b"accept-language", language)]
                scope = {
                    "type": "http",
                    "scheme": "http",
                    "method": "GET",
                    "raw_path": path % number,
                    "query_string": b"",
                }
                await cache({**scope, "headers": asked, EXCHANGE: Exchange()}, None, discard)  # type: ignore[arg-type]
            for entry in cache.store.get(("http", b"site.example", path % number, b"")):
                _send_all_forms(entry.representation)

    with asyncio.Runner() as runner:
        runner.run(read(range(10_000, 10_100)))  # what is made once is made
        gc.collect()
        tracemalloc.start()
        try:
            before, counted = tracemalloc.get_traced_memory()[0], cache.store.bytes
            runner.run(read(range(20_000, 20_000 + PAGES)))
            fields_module._strings.cache_clear()  # remembers a bounded number of fields, whatever is stored
            gc.collect()
            real = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    assert 0.85 < (cache.store.bytes - counted) / real < 1.4
