"""About how long a trial takes, for whoever waits for it.

What is not load (starts, log-ins, pages asked for once to warm a cache) was timed on a two-core machine; a slower one
takes longer.
"""

from __future__ import annotations

from typing import Final

from harness import duet
from harness import rounds as in_turn
from harness.trial_plan import TrialPlan

_PREPARED_S: Final = {"warm": 1.0, "cold": 0.0, "natural": 0.0}
"""About what bringing the cache of one arm to its state takes."""

_IMPORT_S: Final = 1.5
_PILOT_S: Final = 3.0
_REPORT_S: Final = 2.0


def announcement(plan: TrialPlan) -> str:
    """``8 launches: about 2 min 40 s``."""
    return f"{plan.launches} launch{'es' if plan.launches > 1 else ''}: {words(seconds(plan))}"


def seconds(plan: TrialPlan) -> float:
    """About how long a trial takes from its start to its report."""
    outside = _PILOT_S + _REPORT_S + _IMPORT_S * (1 + plan.corpus.count / 1000)
    if plan.method in {"rounds", "reversal"}:
        return outside + rounds(plan)
    arms = len(plan.arms)
    one = duet.OVERHEAD_S + plan.warmup + plan.seconds + arms * _PREPARED_S[plan.prepare]
    alone = duet.ALONE_OVERHEAD_S + plan.warmup + duet.alone_seconds(plan.seconds) + _PREPARED_S[plan.prepare]
    return outside + plan.launches * one + arms * alone


def rounds(plan: TrialPlan) -> float:
    """About how long the launches of a trial take whose arms are loaded in turn."""
    one = plan.settle + in_turn.OVERHEAD_S + plan.warmup + plan.seconds + _PREPARED_S[plan.prepare]
    starts = 2 if plan.method == "reversal" else 1
    return plan.launches * (starts * in_turn.START_S + len(plan.arms) * one)


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
