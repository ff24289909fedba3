"""Cache-poisoned denial of service: an error that a stranger brings about is nobody else's answer.

The three known ways are fields too large for the server, control characters in fields, and methods in fields; with
them stand conditions, parts, odd methods, and whatever else the site answers with an error.
"""

from collections.abc import Callable, Sequence
from contextlib import closing

import apsw
import pytest

from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.wire import FORM, HOST, PUBLIC_ADDRESSES, Wire, message, stored, told

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

OVERSIZE: list[Sequence[tuple[bytes, bytes]]] = [
    *([(b"x-oversize", b"a" * size)] for size in (1_000, 4_096, 8_190, 16_384, 20_480, 60_000)),
    [(b"x-oversize-%d" % number, b"a" * 100) for number in range(500)],
    [(b"cookie", b"; ".join(b"c%d=%d" % (number, number) for number in range(4_000)))],
    [(b"a" * 30_000, b"x")],
]
META: list[Sequence[tuple[bytes, bytes]]] = [
    *([(b"x-meta", b"a%cb" % code)] for code in (*range(0x20), 0x7F, 0x80, 0x85, 0xA0, 0xAD, 0xFF)),
    *([(b"x-meta%c" % code, b"a")] for code in (*range(0x21), 0x22, 0x28, 0x3A, 0x7F, 0x80, 0xFF)),
    [(b"x-meta", b"a\r\nx-injected: b")],
    [(b"x-meta", b"a\r\n folded")],
]
OVERRIDE: list[Sequence[tuple[bytes, bytes]]] = [
    [(name, method)]
    for name in (b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-original-method", b"_method")
    for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"PURGE", b"TRACE", b"CONNECT", b"NONSENSE")
]
CONDITIONS: list[Sequence[tuple[bytes, bytes]]] = [
    [(b"range", b"bytes=9999999-")],
    [(b"range", b"bytes=5-1")],
    [(b"range", b"bytes=-0")],
    [(b"range", b"bytes=" + b"0-," * 1_000)],
    [(b"range", b"bytes=0-" + b"9" * 5_000)],
    [(b"range", b"bytes=0-0"), (b"if-range", b'"no such tag"')],
    [(b"if-match", b'"no such tag"')],
    [(b"if-unmodified-since", b"Thu, 01 Jan 1970 00:00:00 GMT")],
    [(b"if-none-match", b"*")],
    [(b"if-none-match", b'"' * 5_000)],
    [(b"if-modified-since", b"Fri, 31 Dec 9999 23:59:59 GMT")],
    [(b"expect", b"100-continue")],
    [(b"expect", b"nothing")],
    [(b"accept", b"application/x-nothing;q=1, */*;q=0")],
    [(b"accept-encoding", b"identity;q=0, *;q=0")],
    [(b"accept-charset", b"x-nothing")],
    [(b"cache-control", b"only-if-cached")],
    [(b"content-type", b"x")],
    [(b"content-encoding", b"x-nothing")],
    [(b"content-length", b"-1")],
    [(b"content-length", b"1" * 30)],
    [(b"content-length", b"0"), (b"content-length", b"5")],
    [(b"transfer-encoding", b"x-nothing")],
    [(b"transfer-encoding", b"chunked"), (b"content-length", b"5")],
    [(b"upgrade", b"h2c"), (b"connection", b"upgrade, http2-settings"), (b"http2-settings", b"AAMAAABkAAQAAP__")],
    [(b"upgrade", b"websocket"), (b"connection", b"upgrade")],
    [(b"connection", b"close, host, cdn-cache-control")],
    [(b"max-forwards", b"0")],
    [(b"te", b"x-nothing")],
    [(b"authorization", b"x")],
    [(b"origin", b"http://[")],
    [(b"referer", b"http://[")],
    [(b"cookie", b"=; =; ;;; anp_session")],
    [(b"host", b"other.example")],
]
FIELDS = {"oversize": OVERSIZE, "meta": META, "override": OVERRIDE, "conditions": CONDITIONS}
METHODS = [
    b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PURGE", b"PROPFIND", b"LOCK", b"MKCOL", b"MOVE",
    b"SEARCH", b"REPORT", b"M-SEARCH", b"LINK", b"SOURCE", b"QUERY", b"get", b"NONSENSE",
]  # fmt: skip


def test_as_many_ways_are_tried_as_is_told() -> None:
    """The document promises no more ways to bring about an error than are tried."""
    assert sum(map(len, FIELDS.values())) + len(METHODS) >= told("ways to bring about an error")


@pytest.mark.parametrize("kind", FIELDS)
async def test_no_field_leaves_an_error_behind(kind: str, open_copy: Opener) -> None:
    """Whatever the first request is answered with, the plain one after it gets the page that there is."""
    attacked, control = open_copy(), open_copy()
    for page, address in PUBLIC_ADDRESSES.items():
        expected = (await Wire.of(control).ask(address)).lasting
        for fields in FIELDS[kind]:
            attacked.layers.cache.purge_everything()
            await _is_harmless(attacked, message(address, fields=[(b"host", HOST), *fields]), address, expected, page)


@pytest.mark.parametrize("method", METHODS)
async def test_no_method_leaves_an_error_behind(method: bytes, open_copy: Opener) -> None:
    """Methods that pages do not take are refused, with a body as without, and the page is there afterwards."""
    attacked, control = open_copy(), open_copy()
    for page, address in PUBLIC_ADDRESSES.items():
        expected = (await Wire.of(control).ask(address)).lasting
        for fields, body in (([], b""), ([FORM], b"a=b")):
            attacked.layers.cache.purge_everything()
            data = message(address, method=method, fields=[(b"host", HOST), *fields], body=body)
            status = await _is_harmless(attacked, data, address, expected, page)
            assert status in {400, 404, 405, 415, 422}, page  # programs may post articles, as JSON


async def _is_harmless(attacked: Opened, data: bytes, address: bytes, expected: object, page: str) -> int:
    tried = await Wire.of(attacked).put(data)
    assert tried.status != 500, (page, data[:200])
    assert {entry.representation.status for entry in stored(attacked)} <= {200, 301, 404}
    if tried.status not in {200, 206, 304, 404, 416}:
        assert list(stored(attacked)) == [], (page, data[:200])
    assert (await Wire.of(attacked).ask(address)).lasting == expected, (page, data[:200])
    return tried.status


async def test_a_page_that_is_kept_survives_every_error(open_copy: Opener) -> None:
    """Errors neither take the place of a page in the cache nor put it out."""
    opened = open_copy()
    site = Wire.of(opened)
    address = PUBLIC_ADDRESSES["article"]
    expected = (await site.ask(address)).lasting
    for fields in (fields for kind in FIELDS.values() for fields in kind):
        await site.put(message(address, fields=[(b"host", HOST), *fields]))
        again = await site.ask(address)
        assert (again.lasting, again.field(b"x-cache")) == (expected, b"HIT"), fields


async def test_a_failure_is_over_when_its_cause_is(open_copy: Opener) -> None:
    """An error of the database is not kept: when the database is back, so are the pages."""
    opened = open_copy()
    site = Wire.of(opened)
    addresses = [PUBLIC_ADDRESSES[route] for route in ("home", "listing", "article", "feed", "sitemap", "search")]
    with closing(apsw.Connection(str(opened.site.path))) as other:
        other.execute("ALTER TABLE article RENAME TO hidden")
        broken = [(await site.ask(address)).status for address in addresses]
        other.execute("ALTER TABLE hidden RENAME TO article")
    assert broken == [503] * len(addresses)
    assert list(stored(opened)) == []
    assert [(await site.ask(address)).status for address in addresses] == [200] * len(addresses)
