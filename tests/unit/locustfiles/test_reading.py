"""What response headers say, as the record keeps it."""

from __future__ import annotations

from math import isnan

import pytest

from locustfiles._reading import cache_code, server_timing
from results.columns import CACHE_CLASSES

HIT, MISS, BYPASS = (CACHE_CLASSES.index(name) for name in ("HIT", "MISS", "BYPASS"))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"cache-status": b"anp; hit; ttl=59"}, "HIT"),
        ({b"cache-status": b"anp; fwd=bypass; detail=off", b"x-cache": b"HIT"}, "BYPASS"),
        ({b"cache-status": b"@@@", b"x-cache": b"MISS"}, "MISS"),
        ({b"x-cache": b"MISS, HIT"}, "HIT"),
        ({b"age": b"12"}, "HIT"),
        ({b"content-type": b"text/html"}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
def test_the_cache_class_is_the_headers(headers: dict[bytes, bytes], expected: str) -> None:
    """Cache-Status outranks the rest, a malformed one is passed over, and silence is UNKNOWN; twice the same."""
    assert [CACHE_CLASSES[cache_code(headers)] for _ in range(2)] == [expected, expected]


def test_the_servers_figures_are_read_in_any_order() -> None:
    """Durations and the number of database calls are found whatever stands between them."""
    ours = b'cache;desc="MISS";dur=0.6, db;dur=1.25, db-calls;dur=3, app;dur=2.5'
    assert server_timing({b"server-timing": ours}, MISS) == (2.5, 1.25, 3)
    theirs = b'app;desc="all";dur=7, db-calls;dur=2, edge;dur=1, db;dur=0.5'
    assert server_timing({b"server-timing": theirs}, BYPASS) == (7.0, 0.5, 2)


@pytest.mark.parametrize(
    ("headers", "cache"),
    [({}, MISS), ({b"server-timing": b"db;dur=5, db-calls;dur=9, app;dur=80"}, HIT)],
    ids=["absent", "replayed"],
)
def test_absent_and_replayed_figures_are_no_figures(headers: dict[bytes, bytes], cache: int) -> None:
    """Nothing is made up where the header is missing, or was stored with the page and speaks of another request."""
    app, db, calls = server_timing(headers, cache)
    assert isnan(app)
    assert isnan(db)
    assert calls == -1
