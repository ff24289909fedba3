"""The client of an audit: what it sends, and what it makes of what comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.audit.client import Client, Trust, token, unasked
from harness.errors import TargetError
from tests.origin import Origin, told_origin

PATHS = [
    "/me%2fx.css",
    "/me;x.css",
    "/me%00x.css",
    "/me%0ax.css",
    "/static/..%2fme?x.css",
    "//other.example/x",
    "/a/../b",
]


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A site that answers everything."""
    with told_origin() as site:
        yield site


def test_addresses_are_sent_as_they_are_written(origin: Origin) -> None:
    """Nothing is decoded or tidied up, but for steps up, and no address leads to another host."""
    with Client(f"http://127.0.0.1:{origin.port}", Trust()) as client:
        for path in PATHS:
            client.get(path)

    assert [seen.target for seen in origin.seen] == [*PATHS[:-1], "/b"]
    assert {seen.headers["host"] for seen in origin.seen} == {f"127.0.0.1:{origin.port}"}
    assert client.sent == len(PATHS)


def test_an_address_of_its_own_is_another_each_time() -> None:
    """With and without a query."""
    words = {token() for _ in range(100)}

    assert len(words) == 100
    assert all(word.isalpha() for word in words)
    assert (unasked("/a", "x"), unasked("/a?b=1", "x")) == ("/a?anp-audit=x", "/a?b=1&anp-audit=x")


def test_a_site_that_asks_to_be_left_alone_is(origin: Origin) -> None:
    """The audit stops at the first 429."""
    origin.reply = lambda seen: (429, [("Retry-After", "7")], b"")

    with (
        Client(f"http://127.0.0.1:{origin.port}", Trust()) as client,
        pytest.raises(TargetError, match=r"429, too many requests: the audit stopped\. Begin again in 7 s"),
    ):
        client.get("/")
    assert len(origin.seen) == 1


def test_a_question_without_an_answer_is_no_end(origin: Origin) -> None:
    """Servers hang up on odd questions; three in a row are the end, and so is the first of all, whatever it was."""
    origin.reply = lambda seen: None if "odd" in seen.target else (200, [], b"")
    with Client(f"http://127.0.0.1:{origin.port}", Trust()) as client:
        with pytest.raises(TargetError, match=rf"^http://127\.0\.0\.1:{origin.port} does not answer \("):
            client.get("/odd")
        statuses = [client.get(path).status for path in ("/", "/odd", "/odd", "/", "/odd", "/odd")]
        assert statuses == [200, 0, 0, 200, 0, 0]
        with pytest.raises(TargetError, match="does not answer GET /odd"):
            client.get("/odd")


def test_a_reader_sends_no_cookie_back_and_a_member_does(origin: Origin) -> None:
    """A reader is a stranger at each request."""
    origin.reply = lambda seen: (200, [("Set-Cookie", "visitor=1; Path=/")], b"")
    for keeps in (False, True):
        with Client(f"http://127.0.0.1:{origin.port}", Trust(), keeps_cookies=keeps) as client:
            client.get("/")
            client.get("/")

    assert ["cookie" in seen.headers for seen in origin.seen] == [False, False, False, True]
