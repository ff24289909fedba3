"""Locust's own statistics, added up once a second.

Locust counts every request twice as it comes, under its name and under all, which is a sixteenth of what a request
costs here. While a swarm is under way the same sums are made of all requests of a second at once.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from locust import stats as locust_stats
from locust.stats import RequestStats, StatsEntry


class Tally:
    """Takes the place of what locust's listener of the request event calls for every request.

    Args:
        stats: What is brought up to date.
    """

    def __init__(self, stats: RequestStats) -> None:
        self._stats = stats
        self._waiting: dict[tuple[str, str], tuple[list[float], list[int]]] = {}
        self._errors: list[tuple[str, str, Exception | str | None]] = []

    def begin(self) -> None:
        """Collect requests from now on."""
        self._stats.log_request = self._collect  # type: ignore[method-assign]
        self._stats.log_error = self._collect_error  # type: ignore[method-assign]

    def end(self) -> None:
        """Add up what is left, and leave the rest to locust again."""
        self.add_up()
        del self._stats.log_request, self._stats.log_error

    def add_up(self) -> None:
        """Bring the statistics up to date."""
        stats, waiting, errors, now = self._stats, self._waiting, self._errors, time.time()
        self._waiting, self._errors = {}, []
        for (name, method), (times, sizes) in waiting.items():
            part: Any = StatsEntry(stats, name, method)  # which calls times of floats ints
            part.num_requests = part.num_reqs_per_sec[int(now)] = len(times)
            part.total_response_time = sum(times)
            part.min_response_time, part.max_response_time = min(times), max(times)
            part.response_times.update(Counter(map(locust_stats.bucket_response_time, times)))
            part.total_content_length = sum(sizes)
            part.last_request_timestamp = now
            stats.get(name, method).extend(part)
            stats.total.extend(part)
        for error in errors:
            RequestStats.log_error(stats, *error)

    def _collect(self, method: str, name: str, response_time: float | None, content_length: int) -> None:
        if response_time is None:  # somebody else's event
            RequestStats.log_request(self._stats, method, name, response_time, content_length)  # type: ignore[arg-type]
            return
        waiting = self._waiting.get((name, method))
        if waiting is None:
            waiting = self._waiting[name, method] = ([], [])
        waiting[0].append(response_time)
        waiting[1].append(content_length)

    def _collect_error(self, method: str, name: str, error: Exception | str | None) -> None:
        self._errors.append((method, name, error))
