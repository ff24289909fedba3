"""The cache's decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_app.page_cache.fields import Headers, accepts_gzip, directives, groups
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
        ("GET", b"", [(b"content-length", b"1")], "body"),
        ("HEAD", b"", [(b"transfer-encoding", b"chunked")], "body"),
        ("GET", b"", [(b"content-length", b"0"), (b"content-length", b"7")], "body"),
        ("GET", b"", [(b"content-length", b"0")], None),
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
    assert request.key == ("http", b"", path, key)
    assert bypass_reason(request) == reason


@pytest.mark.parametrize(
    ("query", "form"),
    [
        (b"utm=1", b""),
        (b"utm", b""),
        (b"utm=1&utm=2", b""),
        (b"a=1&utm=2&b=3", b"a=1&b=3"),
        (b"utm=1&b=2&a=3", b"b=2&a=3"),
        (b"utm=1;a=2", b""),
        (b"a=1;utm=2", b"a=1;utm=2"),
        (b"UTM=1", b"UTM=1"),
        (b"ut%6d=1", b"ut%6d=1"),
        (b"utm=%26a=1", b""),
        (b"a=1&&b", b"a=1&&b"),
    ],
)
def test_parameters_that_no_page_reads_are_left_out_of_the_key(query: bytes, form: bytes) -> None:
    """To the letter, and nothing else with them: neither another spelling nor what hides behind one."""
    request = read_request("GET", b"/", query, [], {}, RFC, ignored=frozenset({b"utm"}))
    assert request.key[3] == form
    on_site = read_request("GET", b"/", query, [], {}, SITE, ignored=frozenset({b"utm"}))
    assert bypass_reason(on_site) == ("query" if form else None)


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


CC = b"cache-control"
VALID = (b"etag", b'"one"')


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, [(CC, b"max-age=60")], 60),
        (200, [(CC, b"max-age=60, s-maxage=30")], 30),
        (200, [(CC, b"s-maxage=0, max-age=60"), VALID], 0),
        (200, [(CC, b'max-age="60"')], 60),
        (200, [(CC, b"MAX-AGE=60")], 60),
        (200, [(CC, b'x="max-age=9", max-age=60')], 60),
        (200, [(CC, b"max-age=60, max-age=9")], 60),
        (200, [(CC, b"max-age=60"), (b"expires", DATE), (b"date", DATE)], 60),
        (200, [(CC, b"max-age=1.5"), VALID], 0),
        (200, [(CC, b"max-age=-1"), VALID], 0),
        (200, [(CC, b"max-age=99999999999999999999")], 2**31),
        (200, [(CC, b"max-age=000060")], 60),
        (200, [(b"expires", b"Sun, 29 Nov 2026 10:02:00 GMT"), (b"date", DATE)], 120),
        (200, [(b"expires", b"Sunday, 29-Nov-26 10:02:00 GMT"), (b"date", DATE)], 120),
        (200, [(b"expires", b"Sun Nov 29 10:02:00 2026"), (b"date", DATE)], 120),
        (200, [(b"expires", b"0"), (b"date", DATE), VALID], 0),
        (200, [(b"expires", b"Sun, 29 Nov 2026 10:02:00 AEST"), (b"date", DATE)], None),
        (200, [VALID], 0),
        (200, [], None),
        (200, [(CC, b"no-cache, max-age=60"), VALID], 0),
        (200, [(CC, b"no-store, max-age=60")], None),
        (200, [(CC, b"no-store, must-understand, max-age=60")], 60),
        (299, [(CC, b"no-store, must-understand, max-age=60")], None),
        (200, [(CC, b'private="x", max-age=60')], None),
        (200, [(CC, b"max-age=60"), (b"set-cookie", b"a=b")], 60),
        (200, [(CC, b"max-age=60"), (b"vary", b"accept, *")], None),
        (206, [(CC, b"max-age=60")], None),
        (304, [(CC, b"max-age=60")], None),
        (299, [(CC, b"max-age=60")], 60),
        (599, [(CC, b"max-age=60")], 60),
        (299, [VALID], None),
        (100, [(CC, b"max-age=60")], None),
        (302, [VALID], None),
        (302, [(CC, b"max-age=60")], 60),
        (302, [(CC, b"public"), VALID], 0),
        (404, [VALID], 0),
        (500, [(CC, b"max-age=60")], 60),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"max-age=5")], 5),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"no-store")], None),
        (200, [(CC, b"no-store"), (b"cdn-cache-control", b"max-age=5")], 5),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"max-age=5,,")], 60),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"")], 60),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"MAX-AGE=5")], 60),
        (200, [(CC, b"max-age=60"), (b"cdn-cache-control", b"x=5")], None),
    ],
)
def test_a_shared_cache_keeps_what_the_standard_lets_it(status: int, headers: Headers, seconds: int | None) -> None:
    """Freshness is explicit or none; what is stale from the start is kept where the origin can be asked about it."""
    assert lifetime(status, headers, RFC, cap=2**31) == seconds


@pytest.mark.parametrize("word", [b"public", b"s-maxage=60", b"must-revalidate"])
def test_a_page_for_somebody_with_credentials_is_kept_only_when_it_says_so(word: bytes) -> None:
    """RFC 9111, section 3.5."""
    asked = [(b"authorization", b"Basic eA==")]
    assert kept(200, [(CC, b"max-age=60")], RFC, asked=asked) is None
    assert kept(200, [(CC, b"max-age=60, " + word)], RFC, asked=asked) is not None


@pytest.mark.parametrize(
    ("headers", "delay", "age"),
    [
        ([], 0.0, 0),
        ([(b"date", DATE)], 0.0, 0),
        ([(b"date", b"Sun, 29 Nov 2026 09:59:00 GMT")], 0.0, 60),
        ([(b"date", b"Sun, 29 Nov 2026 11:00:00 GMT")], 0.0, 0),
        ([(b"date", DATE), (b"age", b"7")], 2.0, 9),
        ([(b"date", b"Sun, 29 Nov 2026 09:59:00 GMT"), (b"age", b"7")], 2.0, 60),
        ([(b"age", b"9" * 30)], 0.0, 2**31),
    ],
)
def test_the_age_on_arrival_is_that_of_date_or_age_field(headers: Headers, delay: float, age: float) -> None:
    """RFC 9111, section 4.2.3."""
    found = kept(200, [(CC, b"max-age=60"), *headers], RFC, delay=delay, now=NOW + 0.9)
    assert found is not None
    assert found.age == age


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,11}", fullmatch=True), st.none() | st.integers(0, 10**6), max_size=6)
)
def test_directives_are_read_back_as_written(wanted: dict[str, int | None]) -> None:
    """Names and arguments survive, in whatever letters and with whatever white space."""
    plain = ", ".join(name if value is None else f"{name}={value}" for name, value in wanted.items())
    quoted = " ,".join(name.upper() if value is None else f'{name}="{value}"' for name, value in wanted.items())
    expected = {name: None if value is None else str(value) for name, value in wanted.items()}
    assert dict(directives(plain.encode())) == dict(directives(quoted.encode())) == expected


@given(st.binary(max_size=60))
def test_no_field_breaks_the_readers(value: bytes) -> None:
    """Whatever bytes come, reading them ends and raises nothing."""
    kept(200, [(CC, value), (b"cdn-cache-control", value), (b"age", value), (b"date", value)], RFC, now=NOW)
    kept(200, [(b"expires", value), (b"date", DATE), (b"vary", value), (b"cache-groups", value)], RFC, now=NOW)
    groups([(b"cache-groups", value)], b"cache-groups")
    bypass_reason(read_request("GET", value, value, [(b"cache-control", value), (b"range", value)], {}, RFC), RFC)


@pytest.mark.parametrize("told", [[b"7, 9"], [b"7", b"9"], [b"0, 0"], [b"-7"], [b"7.5"], [b"seven"], [b"7;a=b"], [b""]])
def test_a_page_of_unknown_age_is_asked_for(told: list[bytes]) -> None:
    """An Age that is no single whole number makes a page stale: to pass it over could keep a page for too long."""
    headers = [(CC, b"max-age=60"), *((b"age", each) for each in told)]
    assert kept(200, headers, RFC) is None
    found = kept(200, [*headers, VALID], RFC)
    assert found is not None
    assert (found.lifetime, found.may_be_stale) == (0, False)


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        (b"Sun, 29 Nov 2026 09:00:00 GMT", 360),
        (b"Sun, 29 Nov 2020 10:00:00 GMT", 86_400),
        (b"Mon, 30 Nov 2026 10:00:00 GMT", 0),
    ],
)
def test_a_shared_cache_guesses_a_tenth_of_the_time_since_the_last_change(changed: bytes, seconds: int) -> None:
    """Only where the response says nothing, for a day at most, and never in the profile of a site."""
    headers = [(b"last-modified", changed)]
    found = kept(200, headers, RFC, cap=2**31, now=NOW)
    assert found is not None
    assert found.lifetime == seconds
    said = kept(200, [*headers, (CC, b"max-age=5")], RFC, now=NOW)
    assert said is not None
    assert said.lifetime == 5
    assert kept(200, headers, SITE, now=NOW) is None
