"""The search for the breaking point: the highest rate at which a target keeps its stated limits.

The rate climbs step by step. A step is judged once its seconds are over and a little later, for answers to arrive; its
first two seconds do not count, as queues of the step before may still be draining.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from locustfiles._live import Live
from locustfiles._shape import STEP_S, climb
from results.plan import SwarmPlan, parse_shape

_SETTLING_S = 2.0
_ARRIVING_S = 2.0


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the climb.

    Attributes:
        rate: Requests a second and arm.
        p99_ms: Of response times, of the slower arm.
        errors: Share of requests that failed, of the worse arm.
        holds: Whether both were within their limits.
    """

    rate: float
    requests: int
    p99_ms: float | None
    errors: float
    holds: bool


class Breakpoint:
    """Watches the steps of a plan.

    Args:
        plan: Of shape ``breakpoint``.
        live: What was measured so far.
        p99_ms: Limit of the 99th percentile of response time.
        errors: Limit of the share of failed requests.
    """

    def __init__(self, plan: SwarmPlan, live: Live, p99_ms: float, errors: float) -> None:
        assert plan.rate is not None
        self._rate = plan.rate
        self._factor = parse_shape(plan.shape)[1]
        self._begin = plan.warmup_s
        self._arms = len(plan.arms)
        self._live = live
        self._limits = (p99_ms, errors)
        self.levels: list[Level] = []

    def look(self, now: float, *, arrived: bool = False) -> bool:
        """Judge the steps that are over, up to the first that does not hold; whether there is one.

        Args:
            now: Seconds of the plan.
            arrived: Every answer to what was asked until ``now`` is in.
        """
        broken = bool(self.levels) and not self.levels[-1].holds
        while not broken:
            end = self._begin + (len(self.levels) + 1) * STEP_S
            if end + (0.0 if arrived else _ARRIVING_S) > now:
                return False
            self.levels.append(self._judge(end - STEP_S + _SETTLING_S, end))
            broken = not self.levels[-1].holds
        return True

    def to_dict(self) -> dict[str, Any]:
        """For ``run.json``: limits, steps, the highest rate that held and the first that did not."""
        held = [level.rate for level in self.levels if level.holds]
        broke = [level.rate for level in self.levels if not level.holds]
        return {
            "limit_p99_ms": self._limits[0],
            "limit_errors": self._limits[1],
            "held": max(held, default=None),
            "broke": min(broke, default=None),
            "levels": [asdict(level) for level in self.levels],
        }

    def _judge(self, start: float, end: float) -> Level:
        rate = self._rate * climb(self._rate, self._factor, len(self.levels))
        arms = self._live.overall(start, end)
        requests = sum(arm.requests for arm in arms)
        p99 = max((arm.p99_ms for arm in arms if arm.p99_ms == arm.p99_ms), default=None)
        errors = max((arm.errors / arm.requests for arm in arms), default=1.0)
        is_whole = len(arms) == self._arms  # an arm without any answer is not among them
        holds = is_whole and p99 is not None and p99 <= self._limits[0] and errors <= self._limits[1]
        return Level(rate, requests, p99, errors, holds)
