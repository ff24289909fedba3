"""The rivals within locust: its own clients, used as its documentation shows, with nothing else on.

Locust's own figures are not asked for: this file counts, and prints one line of JSON when ``BENCH_SECONDS`` are over.
"""

import json
import os
import random
import statistics
import time
from typing import Any

import gevent
import locust
from locust import events

_WARMUP_S = 1.0
_times: list[float] = []


class Fast(locust.FastHttpUser):
    """``FastHttpUser``, bare."""

    @locust.task
    def home(self) -> None:
        """Ask for the page."""
        self.client.get("/")


class Plain(locust.HttpUser):
    """``HttpUser``, bare."""

    @locust.task
    def home(self) -> None:
        """Ask for the page."""
        self.client.get("/")


class Paced(locust.FastHttpUser):
    """``FastHttpUser`` at a rate of its own, ``BENCH_RATE`` requests a second each."""

    rate = float(os.environ.get("BENCH_RATE", "1"))
    wait_time = locust.constant_throughput(rate)

    def on_start(self) -> None:
        """Wait for a moment of one's own, or all users would ask at the same one."""
        gevent.sleep(random.random() / self.rate)

    @locust.task
    def home(self) -> None:
        """Ask for the page."""
        self.client.get("/")


@events.spawning_complete.add_listener
def _begin(**_: Any) -> None:
    gevent.spawn(_measure)


def _measure() -> None:
    runner: Any = _environment[0].runner
    gevent.sleep(_WARMUP_S)
    if any(user.__name__ == "Paced" for user in _environment[0].user_classes):
        events.request.add_listener(_keep)
    total = _environment[0].stats.total
    requests, began, cpu = total.num_requests, time.monotonic(), time.process_time()
    gevent.sleep(float(os.environ["BENCH_SECONDS"]))
    found = {
        "requests": total.num_requests - requests,
        "failures": total.num_failures,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
        "p50_ms": statistics.median(_times) if _times else None,
    }
    print("BENCH " + json.dumps(found), flush=True)
    runner.quit()


def _keep(response_time: float, **_: Any) -> None:
    _times.append(response_time)


_environment: list[Any] = []


@events.init.add_listener
def _remember(environment: Any, **_: Any) -> None:
    _environment.append(environment)
