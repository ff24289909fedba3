import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.cache_status import RELEVANT, classify
from results.columns import CACHE_CLASSES


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"cache-status": "anp; hit; ttl=12"}, "HIT"),
        ({"cache-status": "anp; hit; ttl=-3"}, "STALE"),
        ({"cache-status": "anp; fwd=uri-miss; stored"}, "MISS"),
        ({"cache-status": "anp; fwd=vary-miss"}, "MISS"),
        ({"cache-status": "anp; fwd=stale; fwd-status=304"}, "REVALIDATED"),
        ({"cache-status": "anp; fwd=stale; fwd-status=200"}, "EXPIRED"),
        ({"cache-status": "anp; fwd=bypass"}, "BYPASS"),
        ({"cache-status": "anp; fwd=request"}, "BYPASS"),
        ({"cache-status": "origin; fwd=uri-miss, edge; hit"}, "HIT"),
        ({"cf-cache-status": "DYNAMIC"}, "BYPASS"),
        ({"cf-cache-status": "HIT"}, "HIT"),
        ({"x-cache-status": "UPDATING"}, "STALE"),
        ({"x-proxy-cache": "EXPIRED"}, "EXPIRED"),
        ({"x-cache": "MISS, HIT"}, "HIT"),
        ({"x-cache": "Hit from cloudfront"}, "HIT"),
        ({"x-varnish": "32770 3"}, "HIT"),
        ({"x-varnish": "32770"}, "MISS"),
        ({"age": "17"}, "HIT"),
        ({"age": "0"}, "UNKNOWN"),
        ({"x-cache": "perhaps"}, "UNKNOWN"),
        ({"cache-status": "no such; thing=("}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
def test_headers_tell_the_class(headers: dict[str, str], expected: str) -> None:
    """What a cache says in its own header decides the class."""
    assert classify(headers) == expected


def test_the_standard_header_speaks_first() -> None:
    """``Cache-Status`` outranks the single-word headers beside it."""
    assert classify({"x-cache": "MISS", "cache-status": "anp; hit"}) == "HIT"


def test_a_header_that_says_nothing_lets_the_next_speak() -> None:
    """An unreadable header does not hide a readable one."""
    assert classify({"cache-status": "((", "x-cache": "HIT"}) == "HIT"


@given(st.dictionaries(st.sampled_from(RELEVANT), st.text(max_size=40)))
def test_any_header_gives_a_class(headers: dict[str, str]) -> None:
    """No header value, however odd, fails to give one of the classes."""
    assert classify(headers) in CACHE_CLASSES
