"""The request columns and the per-second series: the one description of what is kept.

Both are Arrow schemas. Words (arm, persona, route, cache class, error class, check) are dictionary-encoded, so a file
explains itself to any Arrow reader and a row still costs a byte a word. Times are seconds on the generator's
monotonic clock, counted from the start of the plan; *service time* is ``end - sent``, *response time* is
``end - scheduled``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

CACHE_CLASSES: Final = ("HIT", "STALE", "REVALIDATED", "EXPIRED", "MISS", "BYPASS", "ERROR", "UNKNOWN")
"""What the response's own headers say the cache did; never guessed from timing."""

ERROR_CLASSES: Final = (
    "none",
    "connect",  # refused, unreachable, name not resolved
    "connect_timeout",
    "first_byte_timeout",
    "total_timeout",
    "closed",  # the connection ended before the response was whole
    "protocol",  # what came was not HTTP, or contradicted itself
    "status",  # a whole response with a status the plan did not expect
    "abandoned",  # still under way when the time to drain was over, or never sent
    "tls",  # the handshake failed, or the certificate is not to be trusted
)
"""Why a request has no usable response; ``none`` where it has one."""

CHECKS: Final = (
    "ok",
    "unchecked",  # nothing to check against: an error, a foreign site, a 304 of a known validator
    "no_mark",
    "wrong_page",
    "wrong_article",
    "wrong_revision",
    "wrong_viewer",
    "leak",  # a page made for a member reached somebody else
    "set_cookie_on_hit",
    "stale",  # an edition older than the last finished edit, beyond the allowance
    "not_logged_in",  # a member's page that was made for nobody
)
"""What the oracle found when it compared the page with what the corpus says it must be."""

PHASES: Final = ("warmup", "measured")


def _word() -> pa.DataType:
    return pa.dictionary(pa.int8(), pa.string())


REQUESTS: Final = pa.schema(
    [
        pa.field("launch", pa.int16()),
        pa.field("arm", _word()),
        pa.field("worker", pa.int16()),
        pa.field("seq", pa.int64()),  # per worker, from 0, without a gap
        pa.field("request", pa.int64()),  # index in the traffic plan; equal in both arms
        pa.field("phase", _word()),
        pa.field("scheduled", pa.float64()),
        pa.field(
            "released", pa.float64()
        ),  # when the generator's clock let it go: released - scheduled is its own lateness
        pa.field("sent", pa.float64()),
        pa.field("first_byte", pa.float64()),  # NaN where none came
        pa.field("end", pa.float64()),
        pa.field("persona", _word()),
        pa.field("route", _word()),
        pa.field("url", pa.int32()),  # row of urls.arrows
        pa.field("visitor", pa.int32()),
        pa.field("cache", _word()),
        pa.field("status", pa.int16()),  # 0 where there was no response
        pa.field("error", _word()),
        pa.field("bytes", pa.int64()),  # of the body, as it came over the wire
        pa.field("new_connection", pa.bool_()),
        pa.field("server_ms", pa.float32()),  # Server-Timing app;dur, NaN where absent or replayed
        pa.field("db_ms", pa.float32()),
        pa.field("db_calls", pa.int32()),  # -1 where absent or replayed
        pa.field("check", _word()),
        pa.field("hop", pa.int8()),  # 0: as planned; 1, 2, ...: where redirects led from there
        pa.field("conditional", pa.bool_()),  # whether it carried a validator of an earlier answer
        pa.field("retried", pa.bool_()),  # whether it was sent again, because a kept connection was closed under it
    ]
)
"""One row a request."""

URLS: Final = pa.schema([pa.field("url", pa.int32()), pa.field("route", pa.string()), pa.field("path", pa.string())])
"""The URL table of a record: row number, route name, path with query."""

SECONDS: Final = pa.schema(
    [
        pa.field("launch", pa.int16()),
        pa.field("worker", pa.int16()),
        pa.field("second", pa.float64()),  # end of the interval, on the clock of the requests
        pa.field("interval", pa.float64()),  # its length in seconds
        pa.field("offered", pa.int64()),  # arrivals due in the interval, both arms
        pa.field("sent", pa.int64()),
        pa.field("completed", pa.int64()),
        pa.field("errors", pa.int64()),
        pa.field("in_flight", pa.int64()),
        pa.field("cpu", pa.float64()),  # of the generator process, 1.0 is one core
        pa.field("lag_p99_ms", pa.float64()),  # released - scheduled, 99th percentile of the interval
        pa.field("gc_ms", pa.float64()),
        pa.field("steal", pa.float64()),  # of the machine, fraction of all cores
        pa.field("rss_bytes", pa.int64()),
        pa.field("loop_lag_ms", pa.float64()),  # longest time in the interval that the event loop was held up
        pa.field("start_lag_p50_ms", pa.float64()),  # sent - scheduled of requests that found a free visitor
        pa.field("start_lag_p99_ms", pa.float64()),
    ]
)
"""One row a second and worker: the generator's own health."""

ABSENT: Final = {
    "hop": 0,
    "conditional": False,
    "retried": False,
    "loop_lag_ms": float("nan"),
    "start_lag_p50_ms": float("nan"),
    "start_lag_p99_ms": float("nan"),
}
"""What a column holds that the format of an older record did not have."""

FIXED_WORDS: Final = {"phase": PHASES, "cache": CACHE_CLASSES, "error": ERROR_CLASSES, "check": CHECKS}
"""Vocabularies that are the same in every record; arms, personas and routes come from the plan."""


def words(codes: object, vocabulary: Sequence[str]) -> pa.DictionaryArray:
    """Turn small integer codes (any int8 buffer Arrow accepts) into a dictionary-encoded column."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(list(vocabulary), pa.string()))
