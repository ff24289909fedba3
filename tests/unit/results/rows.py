"""Rows of requests for tests that write their records by hand."""

from __future__ import annotations

from typing import Any


def row(number: int, **values: Any) -> dict[str, Any]:
    """One good answer; a hit of 0.5 ms by a reader of an article, unless said otherwise."""
    moment = 1.0 + number * 0.01
    plain = {
        "launch": 0,
        "arm": "target",
        "worker": 0,
        "seq": number,
        "request": number,
        "phase": "measured",
        "scheduled": moment,
        "released": moment,
        "sent": moment,
        "first_byte": moment,
        "end": moment + 0.0005,
        "persona": "reader",
        "route": "article",
        "url": 1,
        "visitor": number,
        "cache": "HIT",
        "status": 200,
        "error": "none",
        "bytes": 100,
        "new_connection": False,
        "server_ms": 0.1,
        "db_ms": 0.0,
        "db_calls": 0,
        "check": "ok",
        "hop": 0,
        "conditional": False,
        "retried": False,
    }
    return plain | values
