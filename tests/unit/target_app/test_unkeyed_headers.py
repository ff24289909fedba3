"""Cache poisoning: nothing that is no part of a page's address changes what others are given at that address.

For each header field a stranger asks for cold pages with it; whoever asks next must be given, byte for byte, what a
site gives that nobody attacked.
"""

from collections.abc import Callable, Sequence

import pytest

from target_app.page_cache.representation import http_date
from target_app.worker import Worker
from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.wire import ADDRESSES, FORM, HOST, JSON, PUBLIC_ADDRESSES, Answer, Wire, on_the_spot, told

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

CANARY = b"kanari-7f3a9.example"
_AT = b"http://" + CANARY
_MOVED = PUBLIC_ADDRESSES["article"].rstrip(b"/")
PAGES = {**PUBLIC_ADDRESSES, "moved": _MOVED}

_NAMED = [  # whatever a server could take for its own name, scheme, port, path or client
    "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme",
    "X-Forwarded-Ssl", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri",
    "X-Forwarded-For", "X-Forwarded", "X-Original-Host", "X-Original-URL", "X-Original-URI", "X-Original-Method",
    "X-Rewrite-URL", "X-Rewrite-Host", "X-Override-URL", "X-Http-Destinationurl", "X-Http-Host-Override", "X-Host",
    "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Method", "X-Proxy-Url", "X-Proxy-Host",
    "Proxy-Host", "X-Scheme", "X-Url-Scheme", "X-Url", "X-Uri", "X-Path", "X-Port", "X-Base-Url", "X-Script-Name",
    "Front-End-Https", "Forwarded", "Forwarded-For", "Via", "X-Real-Ip", "X-Client-Ip", "Client-Ip", "True-Client-Ip",
    "X-Cluster-Client-Ip", "X-Remote-Addr", "X-Remote-Ip", "X-Originating-Ip", "X-Azure-Clientip", "X-Azure-Fdid",
    "X-Azure-Ref", "CF-Connecting-Ip", "CF-Ipcountry", "CF-Visitor", "CF-Worker", "CDN-Loop", "Fastly-Client-Ip",
    "Fastly-FF", "Fastly-SSL", "X-Varnish", "X-Amz-Cf-Id", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Country",
    "CloudFront-Is-Mobile-Viewer", "Akamai-Origin-Hop", "X-Akamai-Edgescape", "X-Edge-Location", "X-Country-Code",
    "X-Forwarded-User", "X-Remote-User", "X-Authenticated-User", "X-WP-Nonce", "X-Requested-With", "X-Csrf-Token",
    "X-Debug", "X-Correlation-Id", "X-Request-Id", "Traceparent", "Tracestate", "Baggage", "X-B3-Traceid",
    "X-Middleware-Prefetch", "X-Middleware-Subrequest", "Purpose", "Sec-Purpose", "X-Moz", "X-Pjax", "Hx-Request",
    "RSC", "Next-Router-State-Tree", "Origin", "Referer", "From", "User-Agent", "Device-Memory", "Dpr",
    "Viewport-Width", "Width", "Save-Data", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Fetch-Site", "Sec-Fetch-Dest",
    "Sec-Fetch-Mode", "Dnt", "Sec-Gpc", "Upgrade-Insecure-Requests", "Early-Data", "Priority", "Max-Forwards",
    "Trailer", "Te", "Pragma", "Accept", "Accept-Charset", "Accept-Datetime", "Accept-Language", "Accept-Version",
    "A-Im", "Prefer", "Content-Language", "Content-Location", "Content-Encoding", "Cookie", "Set-Cookie", "X-Anp-Token",
    "Cache-Groups", "Cache-Group-Invalidation", "CDN-Cache-Control", "Cache-Status", "X-Cache", "Server-Timing",
    "Surrogate-Control", "Surrogate-Key", "Surrogate-Capability", "Age", "Date", "Expires", "Etag", "Last-Modified",
    "Vary", "Location",
]  # fmt: skip
_VALUED: dict[str, Sequence[bytes]] = {
    # What is more than a name: conditions, parts, codings, wishes of the cache, and who is asking.
    "Accept-Encoding": (b"gzip", b"gzip;q=0", b"*", b"br, zstd, kanari", b"identity;q=0, *;q=0", b"gzip;q=nan"),
    "Range": (b"bytes=0-0", b"bytes=999999999-", b"bytes=-1", b"bytes=0-0,2-2", b"kanari=0-1"),
    "If-Range": (b'"kanari"', http_date(0)),
    "If-None-Match": (b"*", b'"kanari"', b"W/"),
    "If-Modified-Since": (http_date(), http_date(0), b"kanari"),
    "If-Match": (b'"kanari"', b"*"),
    "If-Unmodified-Since": (http_date(0), b"kanari"),
    "Cache-Control": (b"no-store", b"no-cache", b"max-age=0", b"only-if-cached", b"max-stale", b"private"),
    "Authorization": (b"Basic Y2FuYXJ5OmNhbmFyeQ==", b"Bearer kanari"),
    "Proxy-Authorization": (b"Basic Y2FuYXJ5OmNhbmFyeQ==",),
    "Cookie": (b"anp_session=kanari", b"__Host-anp_session=kanari", b"lang=kanari; theme=kanari", b"anp_session"),
    "Connection": (b"cdn-cache-control, cache-control", b"upgrade", b"close"),
    "Upgrade": (b"h2c", b"websocket"),
    "Expect": (b"100-continue", b"kanari"),
    "X-Forwarded-Proto": (b"https", b"http", b"nothttps"),
    "X-Forwarded-Port": (b"443", b"1"),
    "X-Forwarded-Prefix": (b"/kanari", b"//kanari"),
    "X-HTTP-Method-Override": (b"POST", b"DELETE", b"PURGE", b"HEAD"),
    "X-Original-URL": (b"/kanari", b"/me", b"/logout"),
    "X-Rewrite-URL": (b"/kanari", b"/me", b"/logout"),
    "Forwarded": (b'for=kanari;host="kanari.example";proto=https',),
    "Content-Type": (b"application/x-www-form-urlencoded", b"kanari/kanari"),
    "Transfer-Encoding": (b"kanari",),
    "Sec-Fetch-Site": (b"cross-site",),
    "Origin": (b"null", b"http://["),
}
HEADERS = sorted({*_NAMED, *_VALUED}, key=str.lower)


def _attempts(header: str) -> list[list[tuple[bytes, bytes]]]:
    """Every way to send a header field: with a canary, with what it takes, and twice, the second time an address."""
    name = header.lower().encode()
    values = [CANARY, *_VALUED.get(header, ())]
    return [*([(name, value)] for value in values), [(name, values[-1]), (name, _AT)]]


def test_as_many_fields_are_tried_as_is_told() -> None:
    """The document promises no more header fields than are tried."""
    assert len({header.lower() for header in HEADERS}) == len(HEADERS) >= max(100, told("header fields"))


_SHARES = 4


@pytest.mark.parametrize("share", range(_SHARES))
async def test_no_header_field_changes_what_others_are_given(
    share: int, open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was asked for with the field first is, for all others, the page of a site that nobody attacked."""
    attacked, control = open_copy("compression=per_request"), open_copy("compression=per_request")
    monkeypatch.setattr(Worker, "run", on_the_spot)
    site = Wire.of(attacked)
    expected = {page: (await Wire.of(control).ask(address)).lasting for page, address in PAGES.items()}
    for header in HEADERS[share::_SHARES]:
        for attempt in _attempts(header):
            attacked.layers.cache.purge_everything()
            for page, address in PAGES.items():
                poison = await site.ask(address, *attempt)
                assert not poison.holds(CANARY), (page, attempt)
                assert poison.status < 500 or b"only-if-cached" in poison.field(b"cache-status"), (page, attempt)
                clean = await site.ask(address)
                assert clean.lasting == expected[page], (page, attempt)


@pytest.mark.parametrize(
    "query",
    [
        b"utm_source=kanari", b"utm_content=x;q=kanari", b"q=the&q=kanari", b"q=the;q=kanari", b"q=the&page=2;q=kanari",
        b"q=the&_method=POST", b"q=the&callback=kanari", b"q[]=kanari", b"Q=kanari", b"q=the%00", b"q=the%26q=kanari",
        b"q=the&page=kanari", b"%71=the&q=kanari", b"q=the&&&", b"&q=the&x", b"q=the&page=1&page=2", b"q=%ff",
        b"?q=the",        b"q=the#kanari", b"q=the%23kanari", b"q=the%0d%0aset-cookie:kanari", b"a" * 5_000,
    ],
)  # fmt: skip
async def test_no_query_changes_what_another_query_is_given(query: bytes, open_copy: Opener) -> None:
    """Parameters that are not read, hidden, doubled or cut off otherwise than the cache cuts share no page."""
    attacked, control = open_copy(), open_copy()
    for path in (b"/", b"/search", PUBLIC_ADDRESSES["article"], b"/feed.xml"):
        await Wire.of(attacked).ask(path + b"?" + query)
    for address in (*PAGES.values(), b"/search", b"/search?q=the", b"/search?q=the&page=2"):
        clean = await Wire.of(attacked).ask(address)
        assert clean.lasting == (await Wire.of(control).ask(address)).lasting, address
        assert not clean.holds(b"kanari")


@pytest.mark.parametrize("kind", [FORM, JSON, (b"content-type", b"multipart/form-data; boundary=x")])
@pytest.mark.parametrize("body", [b"q=kanari", b'{"q": "kanari", "all": true}', b"--x--", b"a" * 20_000])
async def test_the_body_of_a_get_counts_for_nothing(kind: tuple[bytes, bytes], body: bytes, open_copy: Opener) -> None:
    """A fat GET makes the same page, for itself and for all others."""
    attacked, control = open_copy(), open_copy()
    for page, address in PAGES.items():
        fat = await Wire.of(attacked).ask(address, kind, body=body)
        clean = await Wire.of(attacked).ask(address)
        expected = (await Wire.of(control).ask(address)).lasting
        assert fat.lasting == clean.lasting == expected, page


@pytest.mark.parametrize(
    ("hosts", "is_ours"),
    [
        ([b"SITE.example"], True),
        ([b"site.example:80"], True),
        ([b"site.example:65535"], True),
        ([b"site.example."], True),
        ([b"site.example.:8080"], True),
        ([b"site.example:65536"], False),
        ([b"site.example:"], False),
        ([b"site.example:80:80"], False),
        ([b"site.example:x"], False),
        ([b"site.example/kanari"], False),
        ([b"site.example?kanari"], False),
        ([b"site.example#kanari"], False),
        ([b"kanari@site.example"], False),
        ([b"site.example kanari"], False),
        ([b"site.example,kanari"], False),
        ([b"site.example", b"kanari.example"], False),
        ([b"kanari.example", b"site.example"], False),
        ([b"site.example", b"site.example"], False),
        ([b"kanari.example"], False),
        ([b"kanari.site.example"], False),
        ([b"site.example.kanari.example"], False),
        ([b"sit\xc3\xa9.example"], False),
        ([b"[::1]"], False),
        ([b"[::1"], False),
        ([b"[:::::]"], False),
        ([b""], False),
        ([], False),
    ],
)
async def test_a_host_is_ours_or_is_refused(hosts: list[bytes], is_ours: bool, open_copy: Opener) -> None:
    """Port, case and the dot of the root make no other site; any other name is refused, and changes nothing."""
    attacked, control = open_copy(hosts=("site.example",)), open_copy(hosts=("site.example",))
    for page, address in PAGES.items():
        expected = (await Wire.of(control).ask(address)).lasting
        tried = await Wire.of(attacked).ask(address, *((b"host", host) for host in hosts), host=None)
        assert (tried.lasting == expected) if is_ours else (tried.status == 400), page
        assert (await Wire.of(attacked).ask(address)).lasting == expected, page


@pytest.mark.parametrize("host", [b"[:::::]", b"[1.2.3.4]", b"[::1]:99999", b"[v1.x]", b"[]", b"x:99999"])
async def test_what_is_no_host_is_refused_where_any_name_is_answered(host: bytes, open_copy: Opener) -> None:
    """A site on every address takes any name, but not what only looks like one."""
    site = Wire.of(open_copy())
    for address in PAGES.values():
        assert (await site.ask(address, host=host)).status == 400


async def test_no_address_leads_to_the_host_that_was_named(open_copy: Opener) -> None:
    """Where a site answers to any name, no redirect and no page repeats the one it was asked under."""
    site = Wire.of(open_copy())
    for address in ADDRESSES:
        path = address.partition(b"?")[0]
        for spelling in (path, path.rstrip(b"/"), path + b"/", path + b"//", b"/" + path):
            for method in (b"GET", b"POST"):
                answer = await site.ask(spelling or b"/", FORM, method=method, host=CANARY)
                assert not answer.holds(CANARY), spelling
                assert not answer.field(b"location") or answer.field(b"location").startswith(b"/"), spelling


@pytest.mark.parametrize(
    "target", [b"http://kanari.example%b", b"HTTP://kanari.example:81%b", b"https://site.example%b"]
)
async def test_a_whole_url_as_target_is_its_path(target: bytes, open_copy: Opener) -> None:
    """The name in it goes nowhere: not into the page, and not into the address under which it is kept."""
    attacked, control = open_copy(hosts=("site.example",)), open_copy(hosts=("site.example",))
    for page, address in PAGES.items():
        tried = await Wire.of(attacked).ask(target % address)
        clean = await Wire.of(attacked).ask(address)
        expected = (await Wire.of(control).ask(address)).lasting
        assert tried.lasting == clean.lasting == expected, page


async def test_the_same_field_twice_is_not_two_answers(open_copy: Opener) -> None:
    """Fields that decide, sent twice and contrary, make a page that is right for all others."""
    attacked, control = open_copy(), open_copy()
    site = Wire.of(attacked)
    expected = {page: (await Wire.of(control).ask(address)).lasting for page, address in PAGES.items()}
    for first, second in (
        ((b"range", b"bytes=0-0"), (b"range", b"bytes=1-")),
        ((b"cookie", b"a=b"), (b"cookie", b"anp_session=x")),
        ((b"accept-encoding", b"gzip;q=0"), (b"accept-encoding", b"gzip")),
        ((b"if-none-match", b"*"), (b"if-none-match", b'"x"')),
        ((b"content-type", b"text/html"), (b"content-type", b"kanari")),
        ((b"cache-control", b"no-cache"), (b"cache-control", b"only-if-cached")),
    ):
        attacked.layers.cache.purge_everything()
        for page, address in PAGES.items():
            await site.ask(address, first, second)
            assert (await site.ask(address)).lasting == expected[page], (page, first)


def test_the_canary_would_be_found() -> None:
    """The check for a reflected canary sees it in body and fields."""
    assert Answer(200, ((b"location", _AT),)).holds(CANARY)
    assert Answer(200, (), b"<a href=" + _AT).holds(CANARY)
    assert not Answer(200, ((b"location", HOST),)).holds(CANARY)
