"""Makes requests with the precise client, in a process of its own because gevent wants one.

Usage: ``python client_probe.py URL STEPS`` where STEPS is JSON, a list of [method, path] pairs made one after another
by one visitor; ``["SLEEP", seconds]`` waits. Prints one JSON list with what became of each request.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import gevent

from locustfiles._client import Client, Origin, Reply, Timeouts


def _plain(reply: Reply) -> dict[str, Any]:
    return {
        "error": reply.error,
        "status": reply.status,
        "body": reply.body.decode("latin-1"),
        "new_connection": reply.new_connection,
        "headers": {name.decode(): value.decode() for name, value in reply.headers.items()},
        "has_first_byte": reply.first_byte == reply.first_byte,
        "in_order": not (reply.first_byte < reply.sent or reply.end < reply.sent or reply.end < reply.first_byte),
        "seconds": reply.end - reply.sent,
    }


def _main(url: str, steps: list[list[Any]]) -> None:
    client = Client(Origin(url), Timeouts(connect=0.5, first_byte=0.3, total=0.6))
    results = []
    for method, target in steps:
        if method == "SLEEP":
            gevent.sleep(target)
        elif method == "GET":
            results.append(_plain(client.get(target)))
        elif method == "HEAD":
            results.append(_plain(client.head(target)))
        elif method == "ABANDON":
            gevent.spawn_later(0.05, client.abandon)
            results.append(_plain(client.get(target)))
        else:
            results.append(_plain(client.post_form(target, {"name": "value"})))
    client.close()
    print(json.dumps(results))


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]))
