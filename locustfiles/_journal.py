"""What one worker notes of its requests: a row of each, what went wrong, and how the generator itself is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from locustfiles._clock import breathe
from locustfiles._health import Meter
from locustfiles._oracle import Finding
from locustfiles._reading import server_timing
from locustfiles._recorder import Rows, pack
from locustfiles._reply import Reply
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES

DEAD_S = 3.0
"""An arm of which every request failed for this long ends the run."""

_DEAD_REQUESTS = 3  # and at least so many of them
_EXAMPLES = 5  # of each failed check or error class, and second
_SPECIMENS = 3  # answers of each arm and cache class whose headers are kept for the reader of the record

_monotonic = time.monotonic
_ERROR = {name: code for code, name in enumerate(ERROR_CLASSES)}
_CHECK = {name: code for code, name in enumerate(CHECKS)}
_NONE, _STATUS, _ABANDONED = (_ERROR[name] for name in ("none", "status", "abandoned"))

Work = tuple[float, int, int, int, int, int, int, int]
"""An arrival: scheduled (s from the start of the plan), arm, request, persona, url, member (-1 for a reader), visitor,
visit."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """How the worker speaks to the process around it.

    Attributes:
        request: Called for every measured request: method, name, response time in ms, bytes, what failed (or None),
            arm, cache class.
        ship: Called about once a second with rows, seconds, examples, failed requests and specimens.
        dead: Called once when an arm stopped answering, with the reason.
        edited: Called when an edit is finished: arm, article, revision.
    """

    request: Callable[[str, str, float, int, str | None, str, str], None]
    ship: Callable[[dict[str, Any]], None]
    dead: Callable[[str], None]
    edited: Callable[[int, int, int], None]


class Journal:
    """The notes of one worker.

    Args:
        arms: Name and URL of each arm.
        routes: Vocabulary of the route codes.
        warmup_s: Requests scheduled before this moment are not measured.
        hooks: Where notes go.
    """

    def __init__(self, arms: Sequence[tuple[str, str]], routes: Sequence[str], warmup_s: float, hooks: Hooks) -> None:
        self.origin = 0.0  # the moment of time.monotonic that is zero of the plan
        self.offered = self.sent = 0
        self.lags: list[float] = []
        self.start_lags: list[float] = []
        self.is_dead = False
        self._arms = arms
        self._names = [[route if len(arms) == 1 else f"{name} {route}" for route in routes] for name, _ in arms]
        self._warmup_s = warmup_s
        self._hooks = hooks
        self._request = hooks.request
        self._rows = Rows()
        self._completed = self._errors = 0
        self._examples: list[dict[str, Any]] = []
        self._failed: list[dict[str, Any]] = []
        self._specimens: list[dict[str, Any]] = []
        self._kept = [[0] * len(CACHE_CLASSES) for _ in arms]
        self._failures = [0] * len(arms)  # in a row
        self._failing_since = [0.0] * len(arms)

    @property
    def rows(self) -> int:
        """Rows shipped so far."""
        return self._rows.shipped

    def note(
        self,
        work: Work,
        scheduled: float,
        released: float,
        reply: Reply,
        route: int,
        cache: int,
        check: str,
        failure: str | None,
        hop: int,
        conditional: bool,  # noqa: FBT001 - called once a request: keywords would cost
        method: str,
    ) -> None:
        """Note one exchange.

        Args:
            work: The arrival it belongs to.
            scheduled: When it was due, seconds of the plan.
            released: When the generator's clock let it go.
            reply: What came of it.
            route: Code of its route.
            cache: Code of its cache class.
            check: What the oracle found.
            failure: What was wrong with a whole answer, in words; makes it an error of class ``status``.
            hop: Redirects that led to it.
            conditional: Whether it carried a validator.
            method: Of the request.
        """
        origin = self.origin
        error = _ERROR[reply.error]
        if error == _NONE and failure is not None:
            error = _STATUS
        server_ms, db_ms, db_calls = server_timing(reply.headers, cache)
        end = (reply.end if reply.end == reply.end else _monotonic()) - origin
        arm, size = work[1], len(reply.body)
        measured = work[0] >= self._warmup_s
        self._rows.add(
            pack(
                work[2],
                arm,
                measured,
                work[3],
                route,
                cache,
                error,
                _CHECK[check],
                reply.new_connection,
                reply.status,
                work[4],
                work[6],
                db_calls,
                scheduled,
                released,
                reply.sent - origin,
                reply.first_byte - origin,
                end,
                size,
                server_ms,
                db_ms,
                hop,
                conditional,
                reply.retried,
            )
        )
        self._completed += 1
        if error == _NONE:
            self._failures[arm] = 0
            if check not in {"ok", "unchecked"}:
                failure = check
            if self._kept[arm][cache] < _SPECIMENS:
                self._keep_specimen(arm, cache, reply)
        else:
            failure = failure or reply.error
            self._errors += 1
            self._note_failure(arm, error, failure)
            self._keep_failed(work, error, reply.reason or failure)
        if measured:
            name, took = self._names[arm][route], (end - scheduled) * 1e3
            self._request(method, name, took, size, failure, self._arms[arm][0], CACHE_CLASSES[cache])

    def keep_example(self, arm: int, path: str, viewer: str, finding: Finding) -> None:
        """Keep what a failed check found, for the reader of the record."""
        if sum(example["check"] == finding.check for example in self._examples) < _EXAMPLES:
            self._examples.append(
                {
                    "check": finding.check,
                    "arm": self._arms[arm][0],
                    "path": path,
                    "viewer": viewer,
                    "expected": finding.expected,
                    "got": finding.got,
                    "second": round(_monotonic() - self.origin, 3),
                }
            )

    def edited(self, arm: int, article: int, revision: int) -> None:
        """Tell the other workers of a finished edit."""
        self._hooks.edited(arm, article, revision)

    def ship(self, meter: Meter, in_flight: int, *, last: bool = False) -> None:
        """Send off everything noted since the last call; ``last`` says that no request comes after it."""
        row = {
            "second": _monotonic() - self.origin,
            "offered": self.offered,
            "sent": self.sent,
            "completed": self._completed,
            "errors": self._errors,
            "in_flight": in_flight,
            **meter.sample(),
        }
        lags, start_lags = self.lags, self.start_lags
        shipment = {
            **self._rows.ship(),
            "seconds": [row],
            "examples": self._examples,
            "failed": self._failed,
            "specimens": self._specimens,
            "last": last,
        }
        self.offered = self.sent = self._completed = self._errors = 0
        self.lags, self.start_lags, self._examples, self._failed, self._specimens = [], [], [], [], []
        breathe()  # from here on nothing is touched that a request could change meanwhile
        row["lag_p99_ms"] = _percentiles(lags, 0.0)[1]
        breathe()
        row["start_lag_p50_ms"], row["start_lag_p99_ms"] = _percentiles(start_lags, float("nan"))
        breathe()
        self._hooks.ship(shipment)

    def _keep_failed(self, work: Work, error: int, reason: str) -> None:
        name = ERROR_CLASSES[error]
        if sum(failed["error"] == name for failed in self._failed) < _EXAMPLES:
            second = round(_monotonic() - self.origin, 3)
            self._failed.append(
                {
                    "error": name,
                    "arm": self._arms[work[1]][0],
                    "request": work[2],
                    "url": work[4],
                    "reason": reason,
                    "second": second,
                }
            )

    def _keep_specimen(self, arm: int, cache: int, reply: Reply) -> None:
        self._kept[arm][cache] += 1
        self._specimens.append(
            {
                "arm": self._arms[arm][0],
                "cache": CACHE_CLASSES[cache],
                "status": reply.status,
                "headers": {k.decode("latin-1"): v.decode("latin-1") for k, v in reply.headers.items()},
            }
        )

    def _note_failure(self, arm: int, error: int, failure: str) -> None:
        if error == _ABANDONED:
            return
        now = _monotonic()
        if self._failures[arm] == 0:
            self._failing_since[arm] = now
        self._failures[arm] += 1
        if not self.is_dead and self._failures[arm] >= _DEAD_REQUESTS and now - self._failing_since[arm] >= DEAD_S:
            self.is_dead = True
            name, url = self._arms[arm]
            self._hooks.dead(f"every request to arm {name} ({url}) failed for {DEAD_S:g} s, the last by: {failure}")


def _percentiles(seconds: list[float], nothing: float) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds."""
    if not seconds:
        return nothing, nothing
    p50, p99 = np.percentile(seconds, (50, 99)) * 1e3
    return float(p50), float(p99)
