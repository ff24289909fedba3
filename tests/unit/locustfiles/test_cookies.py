"""A visitor's cookies: kept, sent back where they belong, dropped when they expire."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._cookies import Jar


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://[::1]", "http://localhost"])
def test_a_cookie_comes_back_whatever_the_host_looks_like(origin: str) -> None:
    """Names, IPv4 and IPv6 addresses, with and without a port."""
    jar = Jar(origin)
    assert jar.is_empty
    jar.store("/login", [b"session=abc; Path=/; HttpOnly"])
    assert not jar.is_empty
    assert jar.header("/me") == "session=abc"


def test_a_cookie_goes_to_its_path_only() -> None:
    """A path is a folder, not a beginning of a name."""
    jar = Jar("http://127.0.0.1")
    jar.store("/", [b"a=1; Path=/shop"])
    assert [jar.header(path) for path in ("/shop", "/shop/x?y", "/shopping", "/")] == ["a=1", "a=1", "", ""]


def test_a_secure_cookie_is_not_sent_in_clear() -> None:
    """It comes back over https only."""
    found = []
    for origin in ("http://127.0.0.1", "https://127.0.0.1"):
        jar = Jar(origin)
        jar.store("/", [b"a=1; Path=/; Secure"])
        found.append(jar.header("/"))
    assert found == ["", "a=1"]


def test_a_cookie_is_sent_until_it_expires() -> None:
    """One that lives for a second is there, and then is not."""
    jar = Jar("http://127.0.0.1")
    jar.store("/", [b"brief=1; Path=/; Max-Age=1", b"long=2; Path=/; Max-Age=1000"])
    assert "long=2" in jar.header("/")
    until = time.monotonic() + 30
    while jar.header("/") != "long=2":
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_cookie_is_replaced_and_dropped() -> None:
    """A new value takes the place of the old one, and an age of nothing ends it."""
    jar = Jar("http://127.0.0.1")
    jar.store("/", [b"a=1; Path=/"])
    jar.store("/", [b"a=2; Path=/"])
    assert jar.header("/") == "a=2"
    jar.store("/", [b"a=; Path=/; Max-Age=0"])
    assert jar.header("/") == ""
    assert jar.is_empty


def test_what_is_remembered_of_paths_is_bounded_and_stays_right() -> None:
    """Thousands of paths neither fill the memory nor mix up what belongs to which."""
    jar = Jar("http://127.0.0.1")
    jar.store("/", [b"a=1; Path=/x"])
    for number in range(5000):
        assert jar.header(f"/x/{number}") == "a=1"
        assert jar.header(f"/y/{number}") == ""
    assert len(jar._headers) <= 1000


PIECE = st.sampled_from(
    [b"a=1", b";", b" Path=", b"/", b" Domain=", b" Expires=", b" Max-Age=", b" Secure", b"=", b'"']
)
VALUE = (
    st.lists(PIECE | st.binary(max_size=9))
    .map(b"".join)
    .map(
        lambda value: bytes(byte for byte in value if byte == 9 or 32 <= byte != 127)  # what the parser lets pass
    )
)


@given(st.lists(VALUE, max_size=3))
def test_no_cookie_a_server_could_send_raises_or_spoils_a_request(values: list[bytes]) -> None:
    """Whatever was stored, the header is one line that can be sent."""
    jar = Jar("http://127.0.0.1")
    jar.store("/a/b", values)
    header = jar.header("/a/b")
    assert not set(header.encode("latin-1")) & set(b"\r\n\0")
