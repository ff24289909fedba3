"""Carries out arrivals at a server, in a process of its own because gevent wants one.

Usage: ``python errands_probe.py URL SITE STEPS``, the latter two JSON. SITE is either ``{"paths": [...]}``, a site of
which only addresses are known, with ``"scenario"`` by the code of a ``SCENARIO`` with kinds, or
``{"articles": [...]}``, paths of articles 0, 1, ... that editors may change, and
whose editions have the digests ``d0``, ``d1`` and so on. Steps are done one after another, as [word, ...]:

* ``VISIT`` path, visitor, visit (0 once, 1 will return, 2 has returned), seat; ``KIND:PATH`` where kinds are known;
* ``PURGE`` path;
* ``EDITED`` article, revision: another worker's edit is finished;
* ``LEAVE`` path, hop: locust takes the user away in the middle of the request.

Prints the rows of all exchanges, the examples of failed checks, and what was given to locust's statistics.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import gevent
import numpy as np
from gevent.event import AsyncResult

from locustfiles._client import Client
from locustfiles._errands import Errands, Side, Visitor
from locustfiles._health import Meter
from locustfiles._journal import Hooks, Journal
from locustfiles._kinds import sort_addresses
from locustfiles._oracle import ANONYMOUS, Judge, Oracle
from locustfiles._origin import Origin
from locustfiles._outsider import Outsider
from locustfiles._pages import Pages, Section, listed_pages
from locustfiles._plan import ONCE, Traffic
from locustfiles._recorder import _DTYPE
from locustfiles._scenario import Persona, Scenario
from locustfiles._site import PurgeMethod
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES
from results.plan import Arm, SwarmPlan


def _articles(paths: list[str]) -> Pages:
    return Pages([Section("article", len(paths), paths.__getitem__, None, range(len(paths)).__getitem__)], np.arange(1))


def _main(url: str, site: dict[str, Any], steps: list[list[Any]]) -> None:
    judge: Judge
    scenario = None
    if "scenario" in site:
        names: dict[str, Any] = {}
        exec(compile(site["scenario"], "mine.py", "exec"), names)
        scenario = names["SCENARIO"]
        table = sort_addresses(None, scenario.kinds, "s")
        pages = listed_pages(table.paths, table.routes, table.weights)
        paths = [f"{pages.route(row)}:{pages.path(row)}" for row in range(len(pages))]
        judge = Outsider(None, scenario.kinds)
    elif "paths" in site:
        paths, judge = site["paths"], Outsider(None)
        pages = listed_pages(paths, ["page"] * len(paths), [1.0] * len(paths))
    else:
        paths, judge = site["articles"], Oracle(lambda article, revision: f"d{revision}", edits=True)
        pages = _articles(paths)
    scenario = scenario or Scenario("s", "s", (Persona("reader", 1.0, {pages.routes[0]: 1.0}),))
    traffic = Traffic(SwarmPlan("s", (Arm("target", url),)), scenario, pages)
    fired: list[Any] = []
    shipped: list[dict[str, Any]] = []
    hooks = Hooks(lambda *what: fired.append(what), shipped.append, lambda reason: None, lambda *edit: None)
    journal = Journal([("target", url)], traffic.routes, 0.0, hooks)
    journal.origin = time.monotonic()
    side = Side("target", Origin(url), judge)
    errands = Errands(traffic, [side], journal, None, None, PurgeMethod())
    seats: dict[int, Visitor] = {}
    for number, (word, *rest) in enumerate(steps):
        now = time.monotonic() - journal.origin
        if word == "EDITED":
            side.edited(rest[0], rest[1], now)
            continue
        row = paths.index(rest[0]) + (pages.first("purge") if word == "PURGE" else 0)
        visitor, visit, seat = rest[1:] if word == "VISIT" else (number, ONCE, 0)
        at = seats.setdefault(seat, Visitor(Client(side.origin), ANONYMOUS))
        work = (now, 0, number, 0, row, -1, visitor, visit)
        done = AsyncResult()
        greenlet = gevent.spawn(errands.do, side, at, work, now)
        greenlet.link(done)
        if word == "LEAVE":
            while at.client._greenlet is None or journal._completed < rest[1]:
                gevent.sleep(0)
            greenlet.kill()
        done.get(timeout=60)
    meter = Meter()
    journal.ship(meter, 0)
    meter.close()
    rows = np.frombuffer(shipped[0]["rows"], _DTYPE)
    words = {"route": traffic.routes, "cache": CACHE_CLASSES, "error": ERROR_CLASSES, "check": CHECKS}
    named = [
        {
            name: words[name][row[name]] if name in words else row[name].item()
            for name in ("request", "status", "hop", "conditional", "bytes", "scheduled", "sent", "end", *words)
        }
        for row in rows
    ]
    print(json.dumps({"rows": named, "examples": shipped[0]["examples"], "fired": fired}))


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]))
