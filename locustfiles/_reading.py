"""What a response's headers say: the cache class, and the time the server says it spent."""

from __future__ import annotations

import re
from functools import lru_cache
from math import nan

from results.cache_status import RELEVANT, classify
from results.columns import CACHE_CLASSES

_NAMES = frozenset(name.encode() for name in RELEVANT)
_TELLING = (b"cache-status", b"x-cache")
_OTHERS = _NAMES.difference(_TELLING, (b"server-timing", b"age"))
_UNKNOWN = CACHE_CLASSES.index("UNKNOWN")
_REUSED = frozenset(CACHE_CLASSES.index(name) for name in ("HIT", "STALE", "REVALIDATED"))

_REMEMBERED = 8192
_by_own: dict[tuple[bytes | None, bytes | None], int] = {}
_by_headers: dict[tuple[tuple[bytes, bytes], ...], int] = {}
_alone: dict[bytes, bytes] = {}
"""The headers last found to tell of one cache only, so that ``server_timing`` need not look again."""

# No verdict depends on a digit, but for Cache-Status (304) and Age (zero or not): values that differ only in ids,
# counts and durations are remembered as one.
_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_DIGITS = {b"cache-status": None, b"age": bytes.maketrans(b"23456789", b"11111111")}


def cache_code(headers: dict[bytes, bytes]) -> int:
    """The index of the response's class in ``results.columns.CACHE_CLASSES``.

    Args:
        headers: Values by lower-case name, a repeated header joined with commas; not to be changed afterwards.
    """
    global _alone  # noqa: PLW0603
    get = headers.get
    own = get(b"cache-status"), get(b"x-cache")
    code = _by_own.get(own)
    # ``cache`` opens the site's own Server-Timing; the networks' metrics are ``cdn-cache…`` and ``cfCacheStatus``.
    if get(b"server-timing", b"").find(b"ache", 2) >= 0 or not _OTHERS.isdisjoint(headers):
        return _look_up(headers)
    _alone = headers
    if code is None:
        code = _look_up({name: value for name, value in zip(_TELLING, own, strict=True) if value is not None})
        if code == _UNKNOWN:  # what is left may tell: Age, Server-Timing
            return _look_up(headers)
        if len(_by_own) >= _REMEMBERED:
            _by_own.clear()
        _by_own[own] = code
    return code


def _look_up(headers: dict[bytes, bytes]) -> int:
    said = [(name, value) for name, value in headers.items() if name in _NAMES]
    if not said:
        return _UNKNOWN
    key = tuple([(name, value.translate(_DIGITS.get(name, _ANY_DIGIT))) for name, value in said])
    code = _by_headers.get(key)
    if code is None:
        if len(_by_headers) >= _REMEMBERED:
            _by_headers.clear()
        words = {name.decode(): value.decode("latin-1") for name, value in said}
        code = _by_headers[key] = CACHE_CLASSES.index(classify(words))
    return code


_OURS = [
    re.compile(
        rb'cache;desc="%b";dur=[0-9.]++, db;dur=(?:0\.000, db-calls;dur=0'
        rb"|([0-9]{1,9}\.[0-9]{3}), db-calls;dur=([0-9]{1,9}))"
        rb"(?:, render;dur=[0-9.]++)?, app;dur=([0-9]{1,9}\.[0-9]{3})" % name.encode()
    )
    for name in CACHE_CLASSES
]
_TIMING = re.compile(
    rb'(?:^|[\s,])(app|db|db-calls|wp-db-queries)\s*;(?:[^,;]*+;)*?\s*dur\s*=\s*"?([0-9]{1,9}(?:\.[0-9]{1,9})?)(?![\w.])'
)
_DJANGO = re.compile(rb'SQLPanel_sql_time\s*;\s*dur=([0-9]{1,9}(?:\.[0-9]+)?)\s*;\s*desc="SQL ([0-9]{1,9}) quer')


@lru_cache(_REMEMBERED)
def _of_ours(cache: int, value: bytes) -> tuple[float, float, int] | None:
    """What a header of the reference site's own form says. Those of hits repeat: their times are short."""
    ours = _OURS[cache].fullmatch(value)
    if ours is None:
        return None
    db, calls, app = ours.groups()
    return (float(app), 0.0, 0) if db is None else (float(app), float(db), int(calls))


def server_timing(headers: dict[bytes, bytes], cache: int) -> tuple[float, float, int]:
    """Milliseconds of the application and of its database, and database calls; nan, nan, -1 where not told.

    A reused response carries the ``Server-Timing`` of the day it was stored, unless the cache that reused it writes the
    header anew, as the reference site's does. Such a header is known by its form, by naming the class of this very
    response, and by no other cache having left a header; on a reused response nothing else is believed.
    """
    value = headers.get(b"server-timing")
    if value is None:
        return nan, nan, -1
    if ours := _of_ours(cache, value):  # the usual case in one step
        if cache in _REUSED and headers is not _alone and not _OTHERS.isdisjoint(headers):
            return nan, nan, -1
        return ours
    if cache in _REUSED:
        return nan, nan, -1
    found = {name: float(figure) for name, figure in _TIMING.findall(value)}
    if django := _DJANGO.search(value):
        found = {b"db": float(django[1]), b"db-calls": float(django[2])} | found
    calls = found.get(b"db-calls", found.get(b"wp-db-queries", -1.0))
    return found.get(b"app", nan), found.get(b"db", nan), int(calls)
