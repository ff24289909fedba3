"""The cache's decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_app.page_cache.fields import Headers, accepts_gzip, groups
from target_app.page_cache.policy import RFC, SITE, Profile, Terms, bypass_reason, read_request, terms

OK = [(b"cdn-cache-control", b"max-age=300")]
DATE = b"Sun, 29 Nov 2026 10:00:00 GMT"
NOW = 1795946400.0


def kept(
    status: int,
    headers: Headers,
    profile: Profile = SITE,
    *,
    asked: Headers | None = None,
    cap: int = 1000,
    **when: float,
) -> Terms | None:
    """The terms on which a response to a plain GET is kept."""
    request = read_request("GET", b"/", b"", asked or [], {}, profile)
    return terms(status, headers, request, profile, cap=cap, **when)


def lifetime(status: int, headers: Headers, profile: Profile = SITE, **rest: int) -> int | None:
    """Seconds of freshness, None where a response is not kept."""
    found = kept(status, headers, profile, **rest)
    return None if found is None else found.lifetime


@pytest.mark.parametrize(
    ("method", "query", "headers", "reason"),
    [
        ("GET", b"", [], None),
        ("HEAD", b"", [], None),
        ("GET", b"", [(b"cookie", b"theme=dark")], None),
        ("POST", b"", [], "method"),
        ("M-SEARCH", b"", [], "method"),
        ("GET", b"", [(b"cookie", b"a=b; anp_session=x")], "session"),
        ("GET", b"", [(b"cookie", b"a=b"), (b"cookie", b"anp_session=x")], "session"),
        ("GET", b"", [(b"cookie", b"anp_session=")], "session"),
        ("GET", b"", [(b"authorization", b"Basic eA==")], "auth"),
        ("GET", b"utm=1", [], "query"),
    ],
)
def test_who_is_not_looked_up(
    method: str, query: bytes, headers: list[tuple[bytes, bytes]], reason: str | None
) -> None:
    """Anything but a plain anonymous read of a known address is bypassed, for a named reason."""
    assert bypass_reason(read_request(method, b"/", query, headers, {})) == reason


@pytest.mark.parametrize(
    ("path", "query", "key", "reason"),
    [
        (b"/search", b"Q=1", b"q=1", None),
        (b"/search", b"q=1", b"q=1", None),
        (b"/search", b"", b"", None),
        (b"/search", b"other", b"", "query"),
        (b"/sear%63h", b"q=1", b"", "query"),
        (b"/search/", b"q=1", b"", "query"),
        (b"/", b"q=1", b"", "query"),
    ],
)
def test_a_query_is_keyed_by_its_one_form(path: bytes, query: bytes, key: bytes, reason: str | None) -> None:
    """Equal forms are one key; what has no form, or comes to a path that reads no query, is bypassed."""
    queries = {b"/search": lambda query: query.lower() if query.lower().startswith(b"q=") else None}
    request = read_request("GET", path, query, [], queries)
    assert request.key == (b"", path, key)
    assert bypass_reason(request) == reason


def test_host_case_makes_no_other_page() -> None:
    """Host names are compared in lower case, paths as they are."""
    one = read_request("GET", b"/A", b"", [(b"host", b"Site.Example")], {})
    two = read_request("HEAD", b"/A", b"", [(b"host", b"site.example")], {})
    other = read_request("GET", b"/a", b"", [(b"host", b"site.example")], {})
    assert one.key == two.key
    assert one.key != other.key


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, OK, 300),
        (301, OK, 300),
        (404, [(b"cdn-cache-control", b"max-age=30")], 30),
        (200, [], None),
        (200, [(b"cache-control", b"max-age=300")], None),
        (500, OK, None),
        (503, OK, None),
        (206, OK, None),
        (400, OK, None),
        (405, OK, None),
        (200, [*OK, (b"set-cookie", b"a=b")], None),
        (200, [*OK, (b"cache-control", b"Private, max-age=5")], None),
        (200, [*OK, (b"cache-control", b"no-store")], None),
        (200, [*OK, (b"vary", b"*")], None),
        (200, [(b"cdn-cache-control", b"max-age=0")], None),
        (200, [(b"cdn-cache-control", b"max-age=9999")], 1000),
    ],
)
def test_what_is_kept_and_how_long(status: int, headers: list[tuple[bytes, bytes]], seconds: int | None) -> None:
    """Only what explicitly may be kept is kept, capped, and never what is private or sets a cookie."""
    assert lifetime(status, headers) == seconds


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"max-age=60", 60),
        (b"max-age=60, stale-while-revalidate=5", 60),
        (b"no-store, max-age=60", None),
        (b"private, max-age=60", None),
        (b"max-age=-5", None),
        (b"max-age=1.5", None),
        (b'max-age="60"', None),
        (b"max-age", None),
        (b"max-age=60,,", None),
        (b"", None),
    ],
)
def test_the_word_to_shared_caches_is_read_as_a_structured_field(field: bytes, seconds: int | None) -> None:
    """A field that does not parse, or does not give whole seconds, allows nothing."""
    assert lifetime(200, [(b"cdn-cache-control", field)]) == seconds


@given(st.lists(st.text("abcdefghij-:0123456789", min_size=1, max_size=32), max_size=32))
def test_groups_are_read_back_as_written(names: list[str]) -> None:
    """Any list of group names survives the header."""
    field = ", ".join(f'"{group}"' for group in names).encode()
    assert groups([(b"cache-groups", field)], b"cache-groups") == frozenset(names)


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        (b"gzip", True),
        (b"gzip, deflate, br", True),
        (b"GZIP;q=0.5", True),
        (b"br, *;q=0.1", True),
        (b"", False),
        (b"identity", False),
        (b"gzip;q=0", False),
        (b"*, gzip;q=0", False),
        (b"gzip;q=x", False),
        (b"*;q=0", False),
    ],
)
def test_gzip_is_sent_only_to_who_takes_it(field: bytes, accepted: bool) -> None:
    """Weights count, and the name counts more than the star."""
    assert accepts_gzip(field) is accepted
