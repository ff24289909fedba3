"""Before the first launch: do all arms serve and log in who should be, at what rate, and for how long?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from harness import duration, probe
from harness.rig import PILOT, Rig
from harness.trial_plan import ENOUGH_REQUESTS, SECONDS_LIMITS
from results.units import percent

BUSY_SHARE: Final = 0.07
"""With ``rate = auto``, the share of the site's core that article pages may keep busy if every one were rendered."""

RATE_LIMITS: Final = (5.0, 500.0)


def look(rig: Rig) -> None:
    """See that every arm serves and logs in the right member, and settle the rate and the length of a launch.

    With ``rate = auto`` the rate is the one the arms hold together with room to spare, even if every page of each had
    to be rendered. Arms that are loaded one at a time need no room for each other.
    """
    plan = rig.plan
    corpus = plan.corpus.corpus()
    costs: dict[str, float] = {}
    with rig.steps.step("pilot: both arms serve, and a login logs in the right member"):
        for together in [[name] for name in plan.arms] if rig.is_slot else [list(plan.arms)]:
            try:
                rig.start_arms(together, PILOT)
                for one in rig.sites if plan.members else []:
                    probe.verify_login(one.name, one.url)
                costs |= {one.name: probe.page_cost_ms(one.url, corpus) for one in rig.sites}
            finally:
                rig.stop_arms()
    is_side_by_side = plan.method in {"auto", "duet"}
    cost = sum(costs.values()) if is_side_by_side else max(costs.values())
    rig.rate = affordable(cost) if plan.rate == "auto" else plan.rate
    rig.seconds = long_enough(rig.rate) if plan.seconds == "auto" else plan.seconds
    rig.steps.say(_words(rig.rate, {name: costs[name] for name in plan.arms}, cost, is_side_by_side=is_side_by_side))
    if rig.seconds != plan.seconds:
        rig.steps.say(
            f"  {rig.seconds:g} s a launch, so that each arm gets {rig.rate * rig.seconds:.0f} requests in it: "
            f"{duration.words(duration.total(plan, rig.seconds))} in all"
        )


def affordable(cost_ms: float) -> float:
    """Requests a second and arm, to two digits, that keep the site's core busy for ``BUSY_SHARE`` of the time.

    Args:
        cost_ms: What one request to each of the arms that are loaded at once costs the site.
    """
    low, high = RATE_LIMITS
    return float(f"{min(high, max(low, BUSY_SHARE * 1e3 / cost_ms)):.2g}")


def long_enough(rate: float) -> float:
    """Measured seconds of a launch, whole ones, in which so many requests a second come to ``ENOUGH_REQUESTS``."""
    low, high = SECONDS_LIMITS
    return min(high, max(low, math.ceil(ENOUGH_REQUESTS / rate)))


def _words(rate: float, costs: Mapping[str, float], cost_ms: float, *, is_side_by_side: bool) -> str:
    told = ", ".join(f"{cost:.2f} ms {name}" for name, cost in costs.items())
    who = "requests a second and arm" if is_side_by_side else "requests a second to one arm at a time"
    return (
        f"  rendering an article takes {told}: at {rate:g} {who}, "
        f"the site's core is busy {percent(rate * cost_ms / 1e3)} of the time at most"
    )
