"""Makes requests with the precise client, in a process of its own because gevent wants one.

Usage: ``python client_probe.py URL VISITORS SETTINGS``, the latter two JSON. VISITORS is a list with one list of steps
for each visitor; visitors work at the same time, each does its steps one after another. Steps, as [word, argument]:

* ``GET``, ``HEAD``, ``POST`` a path; ``READ`` a path, asking only for what has changed since the last time;
* ``UPLOAD`` a path: POST five megabytes;
* ``ABANDON`` a path: GET it, and give up before the answer;
* ``TIMEOUTS`` changes them; ``UNTIL_CLOSED`` waits until the kept connection has ended;
* ``STARVE`` leaves the process no descriptor for another connection.

SETTINGS may hold ``timeouts`` (connect, first byte, total), ``origin`` (arguments of ``Origin``), ``addresses`` (list
of [host, port] instead of those of the URL) and ``locust`` (import it first, as in a swarm). Prints a list with one
list of replies for each visitor.
"""

from __future__ import annotations

import importlib
import json
import resource
import socket
import sys
from typing import Any

if __name__ == "__main__" and json.loads(sys.argv[3]).get("locust"):
    importlib.import_module("locust")

import gevent

from locustfiles._client import Client, Origin, Reply, Timeouts
from locustfiles._validators import Validators

UPLOAD = b"x" * 5_000_000


class Visitor:
    """A client with a memory."""

    def __init__(self, origin: Origin, timeouts: Timeouts) -> None:
        self._origin = origin
        self._client = Client(origin, timeouts)
        self._validators = Validators()
        self._urls: dict[str, int] = {}

    def work(self, steps: list[list[Any]]) -> list[dict[str, Any]]:
        """Do the steps, and say what became of the requests among them."""
        results = []
        for word, argument in steps:
            if word == "TIMEOUTS":
                self._client._timeouts = Timeouts(*argument)
            elif word == "UNTIL_CLOSED":
                with gevent.Timeout(60):
                    while self._client._connection is not None:
                        gevent.sleep(0.01)
            elif word == "STARVE":
                resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            else:
                results.append(self._plain(argument, self._request(word, argument)))
        self._client.close()
        return results

    def _request(self, word: str, path: str) -> Reply:
        client = self._client
        if word == "HEAD":
            return client.head(path)
        if word == "POST":
            return client.post_form(path, {"name": "value"})
        if word == "UPLOAD":
            return client.post(path, UPLOAD, "application/octet-stream")
        if word == "READ":
            url = self._urls.setdefault(path, len(self._urls))
            reply = client.get(path, self._validators.get(url))
            self._validators.keep(url, reply, path)
            return reply
        if word == "ABANDON":
            gevent.spawn_later(0.05, client.abandon)
        return client.get(path)

    def _plain(self, path: str, reply: Reply) -> dict[str, Any]:
        return {
            "error": reply.error,
            "reason": reply.reason,
            "status": reply.status,
            "body": reply.body[:1000].decode("latin-1"),
            "size": len(reply.body),
            "new_connection": reply.new_connection,
            "retried": reply.retried,
            "headers": {name.decode(): value.decode("latin-1") for name, value in reply.headers.items()},
            "leads_to": self._origin.resolve(path, reply.location),
            "has_first_byte": reply.first_byte == reply.first_byte,
            "in_order": not (reply.first_byte < reply.sent or reply.end < reply.sent or reply.end < reply.first_byte),
        }


def _main(url: str, visitors: list[list[list[Any]]], settings: dict[str, Any]) -> None:
    origin = Origin(url, **settings.get("origin", {}))
    if "addresses" in settings:
        origin.addresses = tuple((socket.AF_INET, tuple(address)) for address in settings["addresses"])
    timeouts = Timeouts(*settings.get("timeouts", ()))
    work = [gevent.spawn(Visitor(origin, timeouts).work, steps) for steps in visitors]
    gevent.joinall(work, raise_error=True)
    print(json.dumps([greenlet.value for greenlet in work]))


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]))
