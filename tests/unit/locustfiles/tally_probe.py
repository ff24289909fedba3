"""Logs requests with locust's own statistics and with the tally, in a process of its own because locust patches.

Usage: ``python tally_probe.py REQUESTS``, the latter JSON, a list of [method, name, milliseconds or null, bytes, error
or null]. A null request adds up what came so far. Prints what both sets of statistics then say, and what locust's say
of one more request after the tally has ended.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from locust.stats import RequestStats, StatsEntry

from locustfiles._tally import Tally


def said(entry: StatsEntry) -> dict[str, Any]:
    """What an entry says that does not depend on the clock."""
    return {
        "requests": entry.num_requests,
        "without_time": entry.num_none_requests,
        "failures": entry.num_failures,
        "total_ms": round(float(entry.total_response_time), 6),
        "range_ms": [entry.min_response_time, entry.max_response_time],
        "times": sorted(entry.response_times.items()),
        "bytes": entry.total_content_length,
        "seconds": sum(entry.num_reqs_per_sec.values()),
        "failed_seconds": sum(entry.num_fail_per_sec.values()),
    }


def all_said(stats: RequestStats) -> dict[str, Any]:
    """What statistics say of each name, of all, and of errors."""
    found = {f"{method} {name}": said(entry) for (name, method), entry in sorted(stats.entries.items())}
    errors = sorted((error.method, error.name, str(error.error), error.occurrences) for error in stats.errors.values())
    return {"entries": found, "total": said(stats.total), "errors": errors}


def main() -> None:
    """Log the requests twice."""
    theirs, ours = RequestStats(), RequestStats()
    tally = Tally(ours)
    tally.begin()
    for request in json.loads(sys.argv[1]):
        if request is None:
            tally.add_up()
            continue
        method, name, time_ms, size, error = request
        for stats in (theirs, ours):
            stats.log_request(method, name, time_ms, size)
            if error:
                stats.log_error(method, name, error)
    tally.end()
    pair = [all_said(theirs), all_said(ours)]
    ours.log_request("GET", "after", 1, 1)
    print(json.dumps({"theirs": pair[0], "ours": pair[1], "after": said(ours.get("after", "GET"))}))


if __name__ == "__main__":
    main()
