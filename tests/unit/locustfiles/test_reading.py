"""What response headers say, as the record keeps it."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles import _reading
from locustfiles._reading import cache_code, server_timing
from results.cache_status import RELEVANT, classify
from results.columns import CACHE_CLASSES

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "cache_headers"
SPOKEN = [
    {name.encode(): value.encode() for name, value in case["headers"].items()}
    for path in sorted(FIXTURES.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
]
HIT, STALE, REVALIDATED, MISS, BYPASS = (
    CACHE_CLASSES.index(name) for name in ("HIT", "STALE", "REVALIDATED", "MISS", "BYPASS")
)
OURS = b'cache;desc="%b";dur=0.6, db;dur=1.250, db-calls;dur=3, render;dur=0.750, app;dur=2.500'
OURS_BEFORE = OURS.replace(b" render;dur=0.750,", b"")
"""As the site sent it before it told the time in templates."""


def expected_code(headers: dict[bytes, bytes]) -> int:
    """What the classifier says, without anything remembered."""
    words = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    return CACHE_CLASSES.index(classify(words))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"cache-status": b"anp; hit; ttl=59", b"x-cache": b"HIT"}, "HIT"),
        ({b"cache-status": b"anp; fwd=uri-miss", b"x-cache": b"MISS", b"x-cache-status": b"HIT"}, "HIT"),
        ({b"cache-status": b"anp; fwd=uri-miss", b"x-cache": b"MISS, HIT"}, "HIT"),
        ({b"cache-status": b"anp; hit", b"server-timing": b'cache;desc="HIT", cdn-cache; desc=MISS'}, "MISS"),
        ({b"cache-status": b"@@@", b"x-cache": b"MISS"}, "MISS"),
        ({b"x-cache": b"MISS, HIT"}, "HIT"),
        ({b"age": b"12"}, "HIT"),
        ({b"age": b"0"}, "UNKNOWN"),
        ({b"content-type": b"text/html"}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
def test_the_cache_class_is_the_headers(headers: dict[bytes, bytes], expected: str) -> None:
    """The outermost layer gives the class, silence is UNKNOWN, and the second time gives the same."""
    assert [CACHE_CLASSES[cache_code(headers)] for _ in range(2)] == [expected, expected]


names = st.sampled_from([name.encode() for name in RELEVANT] + [b"content-type", b"vary"])
likely = st.sampled_from([value for headers in SPOKEN for value in headers.values()])


@given(
    st.lists(st.dictionaries(names, likely | st.binary(max_size=40), max_size=5) | st.sampled_from(SPOKEN), max_size=8)
)
def test_what_is_remembered_changes_nothing(several: list[dict[bytes, bytes]]) -> None:
    """Whatever was read before, a response's code is the classifier's."""
    for headers in several:
        assert cache_code(headers) == expected_code(headers)


def test_a_class_that_rests_on_the_age_is_not_remembered_without_it() -> None:
    """The same silent cache with another age is another class."""
    silent = {b"cache-status": b"cache.example.org"}
    ages = [CACHE_CLASSES[cache_code(silent | {b"age": age})] for age in (b"5", b"0", b"7")]
    assert ages == ["HIT", "UNKNOWN", "HIT"]


@given(st.sampled_from(SPOKEN), st.data())
def test_digits_do_not_lead_astray(headers: dict[bytes, bytes], data: st.DataObject) -> None:
    """Responses that differ in numbers only are remembered as one only where the numbers mean nothing."""
    digits = {b"%d" % digit: data.draw(st.sampled_from([b"0", b"1", b"7"])) for digit in range(10)}
    other = {
        name: b"".join(digits.get(value[i : i + 1], value[i : i + 1]) for i in range(len(value)))
        for name, value in headers.items()
    }
    assert [cache_code(headers), cache_code(other)] == [expected_code(headers), expected_code(other)]


def test_ever_new_values_do_not_fill_the_memory() -> None:
    """Ids, ages and lifetimes that never repeat leave no more behind than the bound."""
    for number in range(12_000):
        cache_code({b"cache-status": b"anp; hit; ttl=%d" % number, b"x-cache": b"HIT"})
        cache_code({b"x-varnish": b"%d %d" % (number, number * 7), b"age": b"%d" % number})
        cache_code({b"x-cache": b"id%d" % number, b"cache-status": b'c; fwd=miss; key="%d"' % number, b"x-ac": b"a"})
        server_timing({b"server-timing": OURS.replace(b"2.500", b"%d.250" % number) % b"HIT"}, HIT)
    assert 0 < len(_reading._by_own) <= _reading._REMEMBERED
    assert 0 < len(_reading._by_headers) <= _reading._REMEMBERED


def test_the_servers_figures_are_read_in_any_order() -> None:
    """Durations and the number of database calls are found whatever stands between them."""
    for form in (OURS, OURS_BEFORE):
        assert server_timing({b"server-timing": form % b"MISS"}, MISS) == (2.5, 1.25, 3)
    theirs = b'app;desc="all";dur=7, db-calls; dur=2, edge;dur=1, db;dur=0.5'
    assert server_timing({b"server-timing": theirs}, BYPASS) == (7.0, 0.5, 2)


def test_database_calls_of_other_software_are_read() -> None:
    """WordPress tells a number of queries, Django's debug toolbar tells it in words."""
    wordpress = b"wp-before-template;dur=30.5, wp-db-queries;dur=24, wp-total;dur=80.1"
    assert server_timing({b"server-timing": wordpress}, MISS)[2] == 24
    django = b'TimerPanel_total;dur=12.5;desc="Elapsed time", SQLPanel_sql_time;dur=3.25;desc="SQL 7 queries"'
    assert server_timing({b"server-timing": django}, MISS)[1:] == (3.25, 7)


@pytest.mark.parametrize("cache", [HIT, STALE, REVALIDATED])
@pytest.mark.parametrize(
    "headers",
    [
        {b"server-timing": b"db;dur=5, db-calls;dur=9, app;dur=80"},
        {b"server-timing": b"wp-db-queries;dur=24"},
        {b"server-timing": OURS % b"MISS", b"x-cache-status": b"HIT"},
        {b"server-timing": OURS % b"HIT", b"x-varnish": b"32770 3"},
        {b"server-timing": OURS % b"HIT" + b", cdn-cache; desc=HIT, edge; dur=1"},
    ],
    ids=["app", "wordpress", "filled by a miss", "filled by a hit", "network"],
)
def test_replayed_figures_are_no_figures(headers: dict[bytes, bytes], cache: int) -> None:
    """What was stored with the page speaks of another request, and is passed over."""
    for _ in range(2):
        app, db, calls = server_timing(headers, cache)
        assert isnan(app)
        assert isnan(db)
        assert calls == -1
        cache_code(headers)


@pytest.mark.parametrize("form", [OURS, OURS_BEFORE], ids=["now", "before"])
def test_a_header_made_for_this_hit_is_believed(form: bytes) -> None:
    """The reference site writes the header outside its cache, for each response."""
    headers = {b"cache-status": b"anp; hit; ttl=5", b"x-cache": b"HIT", b"server-timing": form % b"HIT"}
    assert server_timing(headers, cache_code(headers)) == (2.5, 1.25, 3)
    without = form.replace(b"1.250", b"0.000").replace(b"=3", b"=0") % b"HIT"
    assert server_timing(headers | {b"server-timing": without}, HIT) == (2.5, 0.0, 0)


@given(st.binary(max_size=80) | likely, st.integers(0, len(CACHE_CLASSES) - 1))
def test_any_header_gives_figures_that_fit_the_record(value: bytes, cache: int) -> None:
    """No value of the header raises, and the count fits its column."""
    app, db, calls = server_timing({b"server-timing": value}, cache)
    assert all(isnan(figure) or figure >= 0 for figure in (app, db))
    assert -1 <= calls < 2**31


@pytest.mark.parametrize("value", [b"db-calls;dur=99999999999", b"db-calls;dur=1.2.3", b"app;dur=-4", b"db;dur=1e999"])
def test_figures_that_cannot_be_are_no_figures(value: bytes) -> None:
    """A figure beyond all measure, or no number at all, is not made into one."""
    app, db, calls = server_timing({b"server-timing": value}, MISS)
    assert isnan(app)
    assert isnan(db)
    assert calls == -1
