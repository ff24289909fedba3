"""About how long a trial takes, for whoever waits for it.

What is not load (starts, log-ins, pages asked for once to warm a cache) was timed on a two-core machine; a slower one
takes longer.
"""

from __future__ import annotations

from typing import Final

from harness.trial_plan import SECONDS_LIMITS, TrialPlan

DUET_OVERHEAD_S: Final = 4.0
"""About what a launch takes beside its load: sites and generator start, members log in, caches are brought to state."""

ALONE_S: Final = 3.0
"""Measured seconds of each arm alone, before the first duet."""

ALONE_OVERHEAD_S: Final = 2.5
"""About what loading one arm alone takes beside its load."""

ROUND_OVERHEAD_S: Final = 2.5
"""About what a round takes beside settling and load: a generator starts, members log in, a cache is prepared."""

START_S: Final = 1.5
"""About what a start of the sites takes."""

_PREPARED_S: Final = {"warm": 1.0, "cold": 0.0, "natural": 0.0}
"""About what bringing the cache of one arm to its state takes."""

_IMPORT_S: Final = 1.5
_PILOT_S: Final = 3.0
_TRIED_S: Final = 6.0
_REPORT_S: Final = 2.0


def announcement(plan: TrialPlan) -> str:
    """``8 launches: about 2 min 40 s``; with ``seconds = auto``, what it takes at least."""
    shortest, _ = SECONDS_LIMITS
    measured = shortest if plan.seconds == "auto" else plan.seconds
    launches = f"{plan.launches} launch{'es' if plan.launches > 1 else ''}"
    slow = ", longer on a slow site" if plan.seconds == "auto" else ""
    spare = f"; up to {plan.spare} more where the generator is not fit" if plan.spare else ""
    return f"{launches}: {words(total(plan, measured))}{slow}{spare}"


def total(plan: TrialPlan, seconds: float) -> float:
    """About how many seconds a trial takes from its start to its report, with so many measured ones a launch."""
    outside = _REPORT_S + (
        _PILOT_S + _IMPORT_S * (1 + plan.corpus.count / 1000) if plan.kind == "reference" else _TRIED_S
    )
    if plan.method in {"rounds", "reversal"}:
        return outside + rounds(plan, seconds)
    arms = len(plan.arms)
    one = DUET_OVERHEAD_S + plan.warmup + seconds + arms * _PREPARED_S[plan.prepare]
    alone = ALONE_OVERHEAD_S + plan.warmup + alone_seconds(seconds) + _PREPARED_S[plan.prepare]
    return outside + plan.launches * one + arms * alone


def alone_seconds(seconds: float) -> float:
    """Measured seconds of each arm alone, where a duet has so many: no more than the duet itself."""
    return min(ALONE_S, seconds)


def rounds(plan: TrialPlan, seconds: float) -> float:
    """About how many seconds the launches take of a trial whose arms are loaded in turn, measured ``seconds`` each."""
    one = plan.settle + ROUND_OVERHEAD_S + plan.warmup + seconds + _PREPARED_S[plan.prepare]
    starts = 2 if plan.method == "reversal" else 1
    return plan.launches * (starts * START_S + len(plan.arms) * one)


def words(seconds: float) -> str:
    """``about 50 s``, ``about 2 min 40 s``, ``about 1 h 10 min``: as exact as such a figure can be."""
    rounded = round(seconds / 10) * 10 if seconds > 20 else max(1, round(seconds))
    minutes, rest = divmod(rounded, 60)
    if minutes >= 60:
        hours, minutes = divmod(minutes, 60)
        return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
    if not minutes:
        return f"about {rest} s"
    return f"about {minutes} min {rest} s" if rest else f"about {minutes} min"
