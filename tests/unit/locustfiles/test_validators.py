"""What a visitor remembers of pages, and what a conditional request then says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._validators import Validator, Validators

DATE = b"Sat, 21 Nov 2026 10:00:00 GMT"
LATER = b"Sun, 22 Nov 2026 10:00:00 GMT"


@dataclass
class Seen:
    """A response as far as validators care."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    status: int = 200
    error: str = "none"


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        ({b"etag": b'"a"'}, b'If-None-Match: "a"\r\n'),
        ({b"etag": b'W/"a"'}, b'If-None-Match: W/"a"\r\n'),
        ({b"last-modified": DATE}, b"If-Modified-Since: " + DATE + b"\r\n"),
        ({b"etag": b'"a"', b"last-modified": DATE}, b'If-None-Match: "a"\r\nIf-Modified-Since: ' + DATE + b"\r\n"),
        ({b"etag": b'"a"', b"cache-control": b"no-cache, private"}, b'If-None-Match: "a"\r\n'),
        ({b"etag": b'"a"', b"cache-control": b'private="x, no-store"'}, b'If-None-Match: "a"\r\n'),
        ({b"etag": b'"a"', b"vary": b"Accept-Encoding, Cookie"}, b'If-None-Match: "a"\r\n'),
    ],
)
def test_a_page_with_a_validator_is_asked_for_conditionally(headers: dict[bytes, bytes], lines: bytes) -> None:
    """Every validator that came goes back, as it came, in its own header."""
    validators = Validators()
    validators.keep(7, Seen(headers), "page=home")
    expected = Validator(headers.get(b"etag", b""), headers.get(b"last-modified", b""), "page=home", lines)
    assert validators.get(7) == expected
    assert validators.get(8) is None


@pytest.mark.parametrize(
    "seen",
    [
        Seen({}),
        Seen({b"etag": b""}),
        Seen({b"etag": b'"a"', b"cache-control": b"no-store"}),
        Seen({b"etag": b'"a"', b"cache-control": b"private , No-Store, max-age=0"}),
        Seen({b"etag": b'"a"', b"vary": b"*"}),
        Seen({b"etag": b'"a"', b"vary": b"Cookie, *"}),
    ],
)
def test_a_page_that_may_not_be_kept_replaces_the_one_that_was(seen: Seen) -> None:
    """Nothing is kept of it, nor of what it replaces."""
    validators = Validators()
    validators.keep(1, Seen({b"etag": b'"old"'}), "")
    validators.keep(1, seen, "")
    assert validators.get(1) is None
    assert len(validators) == 0


@pytest.mark.parametrize(
    "seen",
    [
        Seen({b"etag": b'"b"'}, status=404),
        Seen({b"etag": b'"b"'}, status=500),
        Seen({b"etag": b'"b"'}, status=206),
        Seen({b"etag": b'"b"'}, status=200, error="closed"),
        Seen({}, status=0, error="connect"),
    ],
)
def test_errors_and_other_statuses_change_nothing(seen: Seen) -> None:
    """A page that could not be had is neither kept nor forgotten."""
    validators = Validators()
    validators.keep(1, Seen({b"etag": b'"a"'}), "mark")
    known = validators.get(1)
    validators.keep(1, seen, "other")
    assert validators.get(1) == known
    validators.keep(2, seen, "other")
    assert validators.get(2) is None


def test_a_304_refreshes_what_it_names_and_leaves_the_mark() -> None:
    """A new date is taken over, the tag and the mark stay; a page nobody knows is not made up."""
    validators = Validators()
    validators.keep(1, Seen({b"etag": b'"a"', b"last-modified": DATE}), "revision=3")
    validators.keep(1, Seen({b"last-modified": LATER}, status=304), "")
    found = validators.get(1)
    assert found is not None
    assert (found.etag, found.last_modified, found.mark) == (b'"a"', LATER, "revision=3")
    validators.keep(2, Seen({b"etag": b'"a"'}, status=304), "")
    assert validators.get(2) is None


def test_a_304_that_forbids_storing_makes_forget() -> None:
    """The next request asks for the whole page."""
    validators = Validators()
    validators.keep(1, Seen({b"etag": b'"a"'}), "")
    validators.keep(1, Seen({b"cache-control": b"no-store"}, status=304), "")
    assert validators.get(1) is None


def test_visitors_who_saw_the_same_page_share_one_validator() -> None:
    """A thousand visitors cost a thousand references, not a thousand copies."""
    one, other = Validators(), Validators()
    for validators in (one, other):
        validators.keep(1, Seen({b"etag": b'"shared"'}), "mark")
    assert one.get(1) is other.get(1)


@given(st.lists(st.tuples(st.sampled_from("gk"), st.integers(0, 9))), st.integers(1, 5))
def test_the_pages_used_last_are_the_ones_remembered(steps: list[tuple[str, int]], limit: int) -> None:
    """After any use, exactly the most recently used pages are known, at most as many as the limit."""
    validators = Validators(limit)
    recent: list[int] = []
    for step, url in steps:
        if step == "k":
            validators.keep(url, Seen({b"etag": b'"%d"' % url}), "")
        else:
            assert (validators.get(url) is not None) == (url in recent)
        if step == "k" or url in recent:
            recent = [*(other for other in recent if other != url), url][-limit:]
    assert len(validators) == len(recent) <= limit
    assert all(validators.get(url) is not None for url in recent)
