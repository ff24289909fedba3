"""What a response's headers say: the cache class, and the time the server says it spent."""

from __future__ import annotations

import re
from math import nan

from results.cache_status import RELEVANT, classify
from results.columns import CACHE_CLASSES

_NAMES = tuple(name.encode() for name in RELEVANT)
_REMEMBERED = 8192
_TIMING = re.compile(rb"(?:^|[\s,])(app|db|db-calls);dur=([0-9]+(?:\.[0-9]+)?)")
_REUSED = {CACHE_CLASSES.index(name) for name in ("HIT", "STALE", "REVALIDATED")}
_UNKNOWN = CACHE_CLASSES.index("UNKNOWN")

_memory: dict[tuple[bytes | None, ...], int] = {}


def cache_code(headers: dict[bytes, bytes]) -> int:
    """The index of the response's class in ``results.columns.CACHE_CLASSES``."""
    key = tuple([headers.get(name) for name in _NAMES])
    code = _memory.get(key)
    if code is None:
        if len(_memory) >= _REMEMBERED:
            _memory.clear()
        said = {name: value.decode("latin-1") for name, value in zip(RELEVANT, key, strict=True) if value is not None}
        code = _memory[key] = CACHE_CLASSES.index(classify(said)) if said else _UNKNOWN
    return code


def server_timing(headers: dict[bytes, bytes], cache: int) -> tuple[float, float, int]:
    """Milliseconds of the application and of its database, and database calls; nan, nan, -1 where not told.

    A stored response may carry the ``Server-Timing`` of the day it was made. On a reused response the figures are
    believed only when the header itself speaks of the cache, as the reference site's does.
    """
    value = headers.get(b"server-timing")
    if value is None or (cache in _REUSED and b"cache;desc=" not in value):
        return nan, nan, -1
    app = db = nan
    calls = -1
    for name, figure in _TIMING.findall(value):
        if name == b"app":
            app = float(figure)
        elif name == b"db":
            db = float(figure)
        else:
            calls = int(float(figure))
    return app, db, calls
