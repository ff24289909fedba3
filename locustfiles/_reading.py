"""What a response's headers say: the cache class, and the time the server says it spent."""

from __future__ import annotations

import re
from math import nan

from results.cache_status import RELEVANT, classify
from results.columns import CACHE_CLASSES

_NAMES = tuple(name.encode() for name in RELEVANT)
_REMEMBERED = 8192
_OURS = re.compile(rb"db;dur=([0-9.]+), db-calls;dur=([0-9]+), app;dur=([0-9.]+)")
_TIMING = re.compile(rb"(?:^|[\s,])(app|db|db-calls);(?:[^,]*;)?dur=([0-9]+(?:\.[0-9]+)?)")
_REUSED = {CACHE_CLASSES.index(name) for name in ("HIT", "STALE", "REVALIDATED")}
_UNKNOWN = CACHE_CLASSES.index("UNKNOWN")

_standard: dict[bytes, int] = {}


def cache_code(headers: dict[bytes, bytes]) -> int:
    """The index of the response's class in ``results.columns.CACHE_CLASSES``.

    ``Cache-Status`` outranks every other header, and few values of it occur: what they mean is remembered.
    """
    value = headers.get(b"cache-status")
    if value is None:
        return _read(headers)
    code = _standard.get(value)
    if code is None:
        if len(_standard) >= _REMEMBERED:
            _standard.clear()
        code = _read({b"cache-status": value})
        if code == _UNKNOWN:  # not well formed: another header may tell
            return _read(headers)
        _standard[value] = code
    return code


def _read(headers: dict[bytes, bytes]) -> int:
    said = {name.decode(): headers[name].decode("latin-1") for name in _NAMES if name in headers}
    return CACHE_CLASSES.index(classify(said)) if said else _UNKNOWN


def server_timing(headers: dict[bytes, bytes], cache: int) -> tuple[float, float, int]:
    """Milliseconds of the application and of its database, and database calls; nan, nan, -1 where not told.

    A stored response may carry the ``Server-Timing`` of the day it was made. On a reused response the figures are
    believed only when the header itself speaks of the cache, as the reference site's does.
    """
    value = headers.get(b"server-timing")
    if value is None or (cache in _REUSED and b"cache;desc=" not in value):
        return nan, nan, -1
    if ours := _OURS.search(value):  # the usual case in one step
        db, calls, app = ours.groups()
        return float(app), float(db), int(calls)
    found = {name: float(figure) for name, figure in _TIMING.findall(value)}
    return found.get(b"app", nan), found.get(b"db", nan), int(found.get(b"db-calls", -1))
