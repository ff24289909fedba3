"""Keeps a journal, in a process of its own because gevent wants one.

Usage: ``python journal_probe.py DEAD_S EVENTS``, the latter JSON, a list of [word, value]:

* ``NOTE`` an exchange: any of arm, request, url, reason, scheduled, released, sent, end, status, error, failure, check,
  cache, method, headers, body, hop, conditional, retried; times in seconds of the plan;
* ``EXAMPLE`` a check that failed;
* ``OFFER`` lags of arrivals, seconds;
* ``SHIP`` the number of requests in flight.

Arms are ``before`` and ``after``, routes ``article`` and ``home``, the first 5 s are warm-up. Prints the shipments with
their rows decoded, what was given to locust's statistics, and the reasons for which an arm was called dead.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from locustfiles import _journal
from locustfiles._client import Reply
from locustfiles._health import Meter
from locustfiles._journal import Hooks, Journal
from locustfiles._oracle import Finding
from locustfiles._recorder import _DTYPE
from results.columns import CACHE_CLASSES, ERROR_CLASSES


def _note(journal: Journal, given: dict[str, Any]) -> None:
    scheduled = given.get("scheduled", 6.0)
    sent = given.get("sent", scheduled)
    end = given.get("end", sent + 0.001)
    headers = {name.encode(): value.encode() for name, value in given.get("headers", {}).items()}
    reply = Reply(
        sent=journal.origin + sent,
        first_byte=journal.origin + end,
        end=journal.origin + end,
        status=given.get("status", 200),
        headers=headers,
        body=given.get("body", "").encode(),
        error=given.get("error", "none"),
        reason=given.get("reason", ""),
        retried=given.get("retried", False),
    )
    arm = given.get("arm", 0)
    work = (given.get("planned", scheduled), arm, given.get("request", 0), 0, given.get("url", 0), -1, 0, 0)
    journal.note(
        work,
        scheduled,
        given.get("released", scheduled),
        reply,
        given.get("route", 0),
        CACHE_CLASSES.index(given.get("cache", "HIT")),
        given.get("check", "ok"),
        given.get("failure"),
        given.get("hop", 0),
        given.get("conditional", False),
        given.get("method", "GET"),
    )


def _main(dead_s: float, events: list[list[Any]]) -> None:
    _journal.DEAD_S = dead_s
    fired: list[Any] = []
    shipped: list[dict[str, Any]] = []
    dead: list[str] = []
    hooks = Hooks(lambda *what: fired.append(what), shipped.append, dead.append, lambda *edit: None)
    arms = [("before", "http://127.0.0.1:1"), ("after", "http://127.0.0.1:2")]
    journal = Journal(arms, ("article", "home"), 5.0, hooks)
    journal.origin = time.monotonic()
    meter = Meter()
    for word, value in events:
        if word == "NOTE":
            _note(journal, value)
        elif word == "EXAMPLE":
            journal.keep_example(1, "/articles/x/", "anonymous", Finding(value, "this", "that"))
        elif word == "OFFER":
            journal.offered += len(value)
            journal.sent += len(value)
            journal.lags += value
            journal.start_lags += value
        else:
            journal.ship(meter, value)
    meter.close()
    for shipment in shipped:
        rows = np.frombuffer(shipment["rows"], _DTYPE)
        shipment["rows"] = [
            {name: row[name].item() for name in _DTYPE.names or ()} | {"error": ERROR_CLASSES[row["error"]]}
            for row in rows
        ]
    print(json.dumps({"shipped": shipped, "fired": fired, "dead": dead, "rows": journal.rows}))


if __name__ == "__main__":
    _main(float(sys.argv[1]), json.loads(sys.argv[2]))
