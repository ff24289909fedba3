"""Before the first launch: do all arms serve and log in who should be, at what rate, and for how long?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness import duration
from harness.errors import TargetError
from harness.rig import PILOT, Rig
from harness.trial_plan import ENOUGH_REQUESTS, SECONDS_LIMITS
from results import tryout
from results.record import Record
from results.units import percent

BUSY_SHARE: Final = 0.07
"""With ``rate = auto``, the share of the site's core that article pages may keep busy if every one were rendered."""

_TRIED_S: Final = 2.0
_TRIED_RATE: Final = 10.0
"""Seconds, and requests a second, by which an arm of the user's own is tried out."""

RATE_LIMITS: Final = (5.0, 500.0)


def look(rig: Rig) -> None:
    """See that every arm serves and logs in the right member, and settle the rate and the length of a launch.

    With ``rate = auto`` the rate is the one the arms hold together with room to spare, even if every page of each had
    to be rendered. Arms that are loaded one at a time need no room for each other.

    Raises:
        TargetError: An arm does not answer, or the arms answer as different sites do.
    """
    plan = rig.plan
    if rig.rate:  # the trial is gone on with
        return
    costs: dict[str, float] = {}
    tried: dict[str, Record] = {}
    words = "a login logs in the right member" if plan.kind == "reference" else "they answer alike"
    with rig.steps.step(f"pilot: both arms serve, and {words}"):
        for together in [[name] for name in plan.arms] if rig.is_slot else [list(plan.arms)]:
            try:
                if plan.kind != "reference":
                    rig.expect_load(*_place(rig, together))
                rig.start_arms(together, PILOT)
                if plan.kind == "reference":
                    costs |= rig.targets.look(PILOT)
                else:
                    tried |= dict.fromkeys(together, _try_out(rig, together))
            finally:
                rig.stop_arms()
        if tried:
            _see_one_site(tried, pages_may_differ=plan.pages_may_differ)
            costs = {name: tryout.page_cost_ms(record, name) for name, record in tried.items()}
    is_side_by_side = plan.method in {"auto", "duet"}
    cost = sum(costs.values()) if is_side_by_side else max(costs.values())
    rate = affordable(cost) if plan.rate == "auto" else plan.rate
    rig.keep(rate=rate, seconds=long_enough(rate) if plan.seconds == "auto" else plan.seconds)
    page = "rendering an article" if plan.kind == "reference" else "a page"
    rig.steps.say(
        _words(page, rig.rate, {name: costs[name] for name in plan.arms}, cost, is_side_by_side=is_side_by_side)
    )
    if rig.seconds != plan.seconds:
        rig.steps.say(
            f"  {rig.seconds:g} s a launch, so that each arm gets {rig.rate * rig.seconds:.0f} requests in it: "
            f"{duration.words(duration.total(plan, rig.seconds))} in all"
        )


def _try_out(rig: Rig, names: Sequence[str]) -> Record:
    """Load arms for a moment: addresses are read, members log in, and what a page costs shows."""
    rate = _TRIED_RATE if rig.plan.rate == "auto" else min(_TRIED_RATE, rig.plan.rate)
    return rig.load(names, 0, *_place(rig, names), seconds=_TRIED_S, rate=rate, prepare="natural")


def _place(rig: Rig, names: Sequence[str]) -> tuple[Path, str]:
    """Where the record of the arms that are tried out goes, and what its log is called."""
    label = "-".join(names)
    return rig.directory / "pilot" / label, f"{PILOT}-{label}-swarm"


def _see_one_site(tried: Mapping[str, Record], *, pages_may_differ: bool) -> None:
    """Refuse arms of which one answers nothing or wrongly, or which answer the same addresses otherwise.

    Raises:
        TargetError: With an address and what each arm said.
    """
    if (found := tryout.unlike(tried)) is not None:
        (one, first), (other, second) = found.statuses.items()
        raise TargetError(
            f"the arms are not one site: {one} answers {found.path} with status {first}, {other} with {second}, and "
            f"{percent(found.share)} of the addresses differ so; give both arms the same content"
        )
    if (unlike := tryout.unlike_pages(tried)) is not None and not pages_may_differ:
        (one, first), (other, second) = unlike.lengths.items()
        raise TargetError(
            f"the arms serve different pages: {unlike.path} has {first:,} bytes in {one}, {second:,} in {other}, and "
            f"{percent(unlike.share)} of the addresses differ so; give both arms the same content or, where another "
            "length is the change itself, say so: pages_may_differ = true"
        )
    for name, record in tried.items():
        for wrong in (record.run or {}).get("failed_checks") or []:
            raise TargetError(
                f"arm {wrong['arm']} serves a wrong page at {wrong['path']} ({wrong['check']}): expected "
                f"{wrong['expected']}, got {wrong['got']}; correct the site, or what is asked of its pages"
            )
        if math.isnan(tryout.page_cost_ms(record, name)):
            kept: list[dict[str, Any]] = (record.run or {}).get("failed_requests") or []
            failed = next((one for one in kept if one["arm"] == name), {})
            raise TargetError(
                f"arm {name} answered no address with a page ({failed.get('path', 'no request')}: "
                f"{failed.get('reason') or failed.get('error')}, status {failed.get('status')}); see {record.path}"
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


def _words(page: str, rate: float, costs: Mapping[str, float], cost_ms: float, *, is_side_by_side: bool) -> str:
    told = ", ".join(f"{cost:.2f} ms {name}" for name, cost in costs.items())
    who = "requests a second and arm" if is_side_by_side else "requests a second to one arm at a time"
    return (
        f"  {page} takes {told}: at {rate:g} {who}, "
        f"the site's core is busy {percent(rate * cost_ms / 1e3)} of the time at most"
    )
