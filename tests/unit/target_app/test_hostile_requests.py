"""Any bytes at all: every request is answered in a way that is documented, and none of it is kept or sent back."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synth import people
from target_app.app import build_app
from target_app.settings import parse_settings
from target_app.site import open_site
from tests.unit.target_app.conftest import BASE, CORPUS, Opened
from tests.unit.target_app.wire import (
    ADDRESSES,
    FORM,
    HOST,
    JSON,
    PUBLIC_ADDRESSES,
    Answer,
    Wire,
    as_json,
    message,
    stored,
    stored_bytes,
)

DOCUMENTED = frozenset({200, 201, 204, 206, 301, 303, 304, 400, 403, 404, 405, 409, 412, 413, 415, 416, 422, 428, 429})
"""What the site answers. 504 is for who asks for a page only if it is kept."""
LEFTOVERS = (b"Traceback", b'File "', b"Exception", b"Error:", b"sqlite", b"apsw", b"target_app", b"site-packages")
"""What would tell of the inside."""

PIECES = [
    b"/", b"//", b"/..", b"/.", b"%2e%2e", b"%2f", b"%00", b"%0d%0a", b"%ff", b"%c0%af", b"%", b"%zz", b"%25", b";",
    b"&", b"=", b"?", b"#", b"\\", b"'", b'"', b"<script>", b"{{7*7}}", b"${x}", b"[", b"]", b"*", b"~", b":", b"@",
    b"|", b"\x00", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9", b" ", b"\t", b"page", b"tags", b"articles", b"0", b"-1",
    b"9" * 30, b"x" * 3_000,
]  # fmt: skip
NAMES = [
    b"accept", b"accept-encoding", b"authorization", b"cache-control", b"connection", b"content-encoding",
    b"content-length", b"content-type", b"cookie", b"expect", b"forwarded", b"host", b"if-match",
    b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since", b"origin", b"pragma", b"range",
    b"referer", b"sec-fetch-site", b"te", b"transfer-encoding", b"upgrade", b"user-agent", b"x-anp-token",
    b"x-forwarded-for", b"x-forwarded-host", b"x-http-method-override", b"x-original-url", b"x-real-ip",
]  # fmt: skip
VALUES = [
    b"", b"*", b"null", b"http://[", b"http://\xbc", b"https://evil.example", b"http://site.example", b"same-origin",
    b"cross-site", b"0", b"-1", b"1" * 30, b"bytes=0-", b"bytes=-0", b"bytes=0-0,1-1", b"gzip;q=nan", b"gzip;q=1e999",
    b"anp_session=x", b'anp_session="\\303\\251\\777"', b"anp_session=\xff", b"__Host-anp_session=x; ;=;", b"chunked",
    b"application/json; charset=\xff", b"application/json", b"multipart/form-data", b"Basic \xff", b"for=[::1",
    b"::1", b"Thu, 99 Foo 0000 99:99:99 GMT", b"no-cache, max-age=\xff", b"only-if-cached", b"W/", b'"', b'W/"x", ',
    b"a" * 5_000,
]  # fmt: skip

_ANY = st.binary(max_size=40)
_TARGETS = st.builds(
    lambda first, rest: first + b"".join(rest),
    st.sampled_from(ADDRESSES)
    | _ANY.map(lambda data: b"/" + data)
    | st.sampled_from([b"*", b"http://site.example/me", b""]),
    st.lists(st.sampled_from(PIECES) | _ANY | _ANY.map(lambda data: quote_from_bytes(data).encode()), max_size=4),
)
_FIELDS = st.lists(st.tuples(st.sampled_from(NAMES) | _ANY, st.sampled_from(VALUES) | _ANY), max_size=6)
_METHODS = st.sampled_from([b"GET"] * 4 + [b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PURGE"]) | _ANY
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["article", "path", "all"]) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_FORMS = st.lists(
    st.tuples(
        st.sampled_from([b"login", b"password", b"next", b"csrf", b"text", b"keep"]) | _ANY,
        _ANY | st.sampled_from(PIECES),
    ),
    max_size=4,
).map(lambda pairs: b"&".join(b"%b=%b" % pair for pair in pairs))


_TEXTS = st.fixed_dictionaries(
    {"title": st.text(max_size=20), "intro": st.text(max_size=20)},
    optional={
        "slug": st.text(max_size=10),
        "tags": st.lists(st.text(max_size=6), max_size=3),
        "categories": st.lists(st.text(max_size=6), max_size=3),
        "checklist": st.lists(st.text(max_size=6), max_size=3),
        "meta": _JSON,
        "status": st.sampled_from(["published", "draft"]),
    },
)
_WRITTEN = [
    (b"POST", b"/anp/purge"), (b"POST", b"/anp/edit"), (b"POST", b"/api/v1/purge"), (b"POST", b"/api/v1/articles"),
    (b"PUT", b"/api/v1/articles/11731"), (b"PATCH", b"/api/v1/articles/11731"), (b"DELETE", b"/api/v1/articles/11732"),
]  # fmt: skip
"""What programs may change, by method and address."""


@pytest.fixture(scope="module")
def site(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """One site for all of it: what one request leaves behind, the next ones meet."""
    path = tmp_path_factory.mktemp("hostile") / "site.db"
    shutil.copy(imported, path)
    with closing(open_site(path, parse_settings(()), base_url=BASE)) as opened:
        yield Opened(opened, build_app(opened))


def _put(site: Opened, data: bytes) -> Answer:
    return asyncio.run(Wire.of(site).put(data))


def _check(site: Opened, answer: Answer, data: bytes) -> None:
    """What holds for every answer, and for what the cache holds after it."""
    asked_for_kept_only = b"only-if-cached" in answer.field(b"cache-status")
    assert answer.status in DOCUMENTED or (answer.status == 504 and asked_for_kept_only), (answer, data)
    assert not answer.failed, data
    for name, value in answer.headers:
        assert not {0, 10, 13} & {*name, *value}, (name, value, data)
    if answer.status >= 400:
        assert not any(word in answer.body for word in LEFTOVERS), (answer, data)
        assert (
            answer.status == 404
            or b"no-store" in answer.field(b"cache-control")
            or not answer.reached
            or asked_for_kept_only
        ), answer
    assert {entry.representation.status for entry in stored(site)} <= {200, 301, 404}


@settings(max_examples=400)
@given(method=_METHODS, target=_TARGETS, fields=_FIELDS, host=st.just(HOST) | _ANY, body=_ANY)
@example(b"GET", b"/tags/x", [], b"[::::]", b"")
@example(b"POST", b"/login", [FORM, (b"origin", b"http://[")], HOST, b"login=a")
@example(b"GET", b"/search?q=%ff%00%ud800", [(b"accept-encoding", b"gzip;q=nan")], HOST, b"")
def test_no_request_breaks_the_site(
    site: Opened, method: bytes, target: bytes, fields: list[tuple[bytes, bytes]], host: bytes, body: bytes
) -> None:
    """Random methods, addresses, fields, hosts and bodies are pages, or are refused."""
    data = message(target, method=method, fields=[(b"host", host), *fields], body=body)
    _check(site, _put(site, data), data)


@settings(max_examples=150)
@given(at=st.sampled_from(_WRITTEN), value=_JSON | _TEXTS, kind=st.sampled_from([JSON, FORM]))
@example((b"POST", b"/anp/purge"), {"\ud800": 1}, JSON)
@example((b"POST", b"/anp/purge"), {"path": "/\ud800"}, JSON)
@example((b"POST", b"/anp/edit"), {"article": float("nan")}, JSON)
@example((b"POST", b"/api/v1/articles"), {"title": "\ud800\x00\r\nx: y", "intro": "x", "tags": ["\r\n"]}, JSON)
def test_no_json_breaks_the_site(
    site: Opened, at: tuple[bytes, bytes], value: object, kind: tuple[bytes, bytes]
) -> None:
    """Random values where the operator's are expected are refused by name, or are such values."""
    fields = [(b"host", HOST), kind, (b"if-match", b"*")]
    data = message(at[1], method=at[0], fields=fields, body=as_json(value))
    _check(site, _put(site, data), data)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"article": ' + b"9" * 5_000 + b"}", b'{"article": 1e999}',
        b'{"path": "/' + b"a" * 5_000 + b'"}', b"{" + b'"a":' * 9_000, b"\xff\xfe", b'{"article": 1\x00}',
        b'{"all": true, "all": false}', b'"\\ud800"',
        b'{"\\ud800": 1}', b"nul", b"\xef\xbb\xbf{}", b"1", b"a" * (2**20 + 1),
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
@pytest.mark.parametrize("path", [b"/anp/purge", b"/anp/edit"])
def test_odd_json_is_refused(site: Opened, path: bytes, body: bytes) -> None:
    """Too deep, too long, no text or no JSON: a problem with a reason, and nothing is done."""
    data = message(path, method=b"POST", fields=[(b"host", HOST), JSON], body=body)
    answer = _put(site, data)
    _check(site, answer, data[:200])
    assert answer.status in {400, 413, 422}
    assert answer.field(b"content-type") == b"application/problem+json"


@settings(max_examples=150)
@given(form=_FORMS, kind=st.just(FORM[1]) | _ANY, fields=_FIELDS)
@example(b"login=%00&password=%ff", FORM[1], [])
@example(b"login=" + b"%f0%9f%98%80" * 200 + b"&password=x&next=//evil.example", FORM[1], [])
def test_no_form_breaks_the_site(site: Opened, form: bytes, kind: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """Random sign-ins are refused: as forms, as credentials, or in the end as too many."""
    data = message(b"/login", method=b"POST", fields=[(b"host", HOST), (b"content-type", kind), *fields], body=form)
    answer = _put(site, data)
    _check(site, answer, data)
    assert answer.status in {400, 403, 413, 415, 429}


@settings(max_examples=150)
@given(cookies=st.lists(_ANY | st.sampled_from(VALUES), max_size=4), path=st.sampled_from(ADDRESSES))
def test_no_cookie_is_anybodys(site: Opened, cookies: list[bytes], path: bytes) -> None:
    """Random cookies beside and around the name of the session's are nobody's session, and leave nothing behind."""
    jar = b"; ".join([b"anp_session=" + b"; anp_session=".join(cookies), *cookies])
    data = message(path, fields=[(b"host", HOST), (b"cookie", jar)])
    answer = _put(site, data)
    _check(site, answer, data)
    person = people.member(0, seed=CORPUS.seed)
    assert not answer.holds(person.name.encode())
    assert b"viewer=m" not in stored_bytes(site)


def test_after_all_of_it_every_page_is_there(site: Opened) -> None:
    """What the attempts have left behind is no error."""
    for route, address in PUBLIC_ADDRESSES.items():
        answer = _put(site, message(address, fields=[(b"host", HOST)]))
        assert answer.status == (404 if route == "error" else 200)
