"""The request columns and the per-second series: the one description of what is kept.

Both are Arrow schemas. Words (arm, persona, route, cache class, error class, check) are dictionary-encoded, so a file
explains itself to any Arrow reader and a row still costs a byte a word. Times are seconds on the generator's
monotonic clock, counted from the start of the plan; *service time* is ``end - sent``, *response time* is
``end - scheduled``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


_WORD: Final = pa.dictionary(pa.int8(), pa.string())

_REQUESTS: Final[Mapping[str, tuple[pa.DataType, str]]] = {
    "launch": (pa.int16(), "number of the launch, from 0"),
    "arm": (_WORD, "`before`, `after` or `again`; `target` alone"),
    "worker": (pa.int16(), "generator process"),
    "seq": (pa.int64(), "the row's number in its worker: from 0, without a gap"),
    "request": (
        pa.int64(),
        "index in the traffic plan: rows of both arms that share it, and `hop`, are the same request",
    ),
    "phase": (_WORD, "`warmup` or `measured`"),
    "scheduled": (pa.float64(), "when it was due"),
    "released": (pa.float64(), "when the generator's clock let it go: later than due by the generator's own lateness"),
    "sent": (pa.float64(), "when it was sent; NaN where it never was"),
    "first_byte": (pa.float64(), "when the first byte of an answer came; NaN where none came"),
    "end": (pa.float64(), "when the answer was whole, or the request had failed"),
    "persona": (_WORD, "who asked; with `visitor` one browser"),
    "route": (_WORD, "what kind of page was asked for; `redirect` for a reply that was followed elsewhere"),
    "url": (pa.int32(), "row of `urls.arrows`; of an `edit` the article's address"),
    "visitor": (pa.int32(), "which of the persona's visitors"),
    "cache": (_WORD, "cache class, from the reply's own headers"),
    "status": (pa.int16(), "HTTP status; 0 where there was no reply"),
    "error": (_WORD, "why there is no usable reply; `none` where there is one"),
    "bytes": (pa.int64(), "of the body, as it came over the wire"),
    "new_connection": (pa.bool_(), "whether a connection was opened for it"),
    "server_ms": (pa.float32(), "`Server-Timing` `app;dur`; NaN where absent or replayed from a cache"),
    "db_ms": (pa.float32(), "`Server-Timing` `db;dur`; NaN where absent or replayed"),
    "db_calls": (pa.int32(), "`Server-Timing` `db-calls`; −1 where absent or replayed"),
    "check": (_WORD, "what the check of the page found: `ok`, `unchecked`, or what was wrong"),
    "hop": (pa.int8(), "0 for what was planned; 1, 2, … for where redirects led from there"),
    "conditional": (
        pa.bool_(),
        "whether it carried a validator of an earlier reply; a 304 is then a good reply, and its body empty",
    ),
    "retried": (
        pa.bool_(),
        "whether it was sent again because the server closed the kept connection; the times hold both attempts",
    ),
}

_URLS: Final[Mapping[str, tuple[pa.DataType, str]]] = {
    "url": (pa.int32(), "the number that requests name it by"),
    "route": (pa.string(), "what kind of page it is"),
    "path": (pa.string(), "path with query"),
}

_SECONDS: Final[Mapping[str, tuple[pa.DataType, str]]] = {
    "launch": (pa.int16(), "number of the launch, from 0"),
    "worker": (pa.int16(), "generator process"),
    "second": (pa.float64(), "end of the interval, on the clock of the requests"),
    "interval": (pa.float64(), "its length in seconds"),
    "offered": (pa.int64(), "requests due in it, all arms"),
    "sent": (pa.int64(), "requests sent in it"),
    "completed": (pa.int64(), "requests answered in it"),
    "errors": (pa.int64(), "requests that failed in it"),
    "in_flight": (pa.int64(), "under way at its end"),
    "cpu": (pa.float64(), "of the generator process; 1.0 is one core"),
    "lag_p99_ms": (pa.float64(), "lateness (released − scheduled), 99th percentile"),
    "gc_ms": (pa.float64(), "garbage collection"),
    "steal": (pa.float64(), "time the machine lost to others, fraction of all cores"),
    "rss_bytes": (pa.int64(), "memory of the generator process"),
    "loop_lag_ms": (pa.float64(), "longest time that the event loop was held up"),
    "start_lag_p50_ms": (pa.float64(), "sent − scheduled of requests that found a free visitor, median"),
    "start_lag_p99_ms": (pa.float64(), "the same, 99th percentile"),
}


def _schema(columns: Mapping[str, tuple[pa.DataType, str]]) -> pa.Schema:
    return pa.schema([(name, kind) for name, (kind, _) in columns.items()])


REQUESTS: Final = _schema(_REQUESTS)
"""One row a request."""

URLS: Final = _schema(_URLS)
"""The URL table of a record."""

SECONDS: Final = _schema(_SECONDS)
"""One row a second and worker: the generator's own health."""

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    file: {name: meaning for name, (_, meaning) in columns.items()}
    for file, columns in (("requests", _REQUESTS), ("urls", _URLS), ("seconds", _SECONDS))
}
"""What each column of each file holds, in the words of the documents."""

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
