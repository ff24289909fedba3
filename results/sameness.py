"""Whether both arms were the same in everything but the change: requests, pages, machine, instrument."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from results import statistics
from results.caching import SERVED
from results.columns import CACHE_CLASSES, CHECKS
from results.design import Design
from results.environment import Environment, of_arms
from results.errors import PlanError
from results.gate import Gate
from results.plan import SwarmPlan
from results.record import Record, ran_to_the_end
from results.samples import AFTER, BEFORE, Cell, Floats, Launch, Samples
from results.units import counted, percent

ALONE_LIMIT: Final = 0.01
LENGTH_LIMIT: Final = 0.01
"""Share of addresses that may answer with pages of another length."""

CONTROL_MOVED: Final = 0.05
"""Share of the control's replies by which its hit ratio may move; it must also be apart in every launch."""

LENGTH_DIFFERENCE: Final = 0.1
"""Relative difference of two lengths that clocks, tokens and counters on a page do not explain."""

_OK: Final = CHECKS.index("ok")
_UNKNOWN: Final = CACHE_CLASSES.index("UNKNOWN")

_FREE: Final = frozenset({"format", "kind", "started", "launch", "seed"})
"""Plan keys in which launches may differ; archived sessions must agree in launch and seed too, by ``traffic_key``."""


_NAMES: Final = {"arms": "arms in a launch", "locustfile": "scenario of the locustfile"}
"""What plan keys are called where their values alone would not be understood."""


def traffic(launches: tuple[Launch, ...], workload: str, *, paired: bool) -> Gate:
    """Whether both arms, and all launches, were asked the same thing."""
    problems: list[str] = []
    whole = [launch for launch in launches if ran_to_the_end(launch.records)]
    plans = [_traffic(record, paired=paired) for launch in launches for record in launch.records]
    for plan in plans[1:]:
        problems += [
            f"{_NAMES.get(key, key)} {_short(plans[0].get(key))} and {_short(plan.get(key))}"
            for key in _differing(plans[0], plan)
        ]
    problems = list(dict.fromkeys(problems))
    if paired:
        unlike = sum(launch.unlike for launch in launches)
        if unlike:
            verb = "differs" if unlike == 1 else "differ"
            problems.append(f"{counted(unlike, 'request')} {verb} in URL or persona")
        # Visitors of a closed workload get as far as the replies let them; arrivals of an open one are fixed.
        alone, rows = sum(launch.alone for launch in whole), sum(launch.rows for launch in whole)
        if workload == "open" and alone > ALONE_LIMIT * rows:
            problems.append(f"{counted(alone, 'request')} reached one arm alone")
    elif not problems:
        for launch in launches:
            keys = {key for record in launch.records if (key := _traffic_key(record)) is not None}
            if len(launch.records) == 2 and len(keys) > 1:
                problems.append(f"the traffic of launch {launch.number} differs")
            if workload == "open" and len({record.table("urls").num_rows for record in launch.records}) > 1:
                problems.append(f"launch {launch.number} knows another number of URLs")
    ok = not problems
    words, details = "Both arms were sent the same requests.", ""
    if problems:
        words = f"The arms were not asked the same: {'; '.join(problems[:4])}."
        details = "Run both with one plan."
    return Gate(
        "traffic", "Sameness of the traffic", len(problems), 0, "difference", ok, "not comparable", words, details
    )


def _traffic(record: Record, *, paired: bool) -> dict[str, Any]:
    """What of a plan has to agree between launches; the addresses of the arms need not."""
    plan = {key: value for key, value in record.asked.items() if key not in _FREE}
    arms = plan.get("arms", [])
    side_by_side = paired and len(arms) > 1
    if isinstance(urls := plan.get("urls"), Mapping):  # what the addresses are, not the port they were read from
        plan["urls"] = {name: urls[name] for name in ("digest", "login") if name in urls}
    plan["arms"] = sorted(str(arm.get("name")) for arm in arms) if side_by_side else len(arms)
    plan["locustfile"] = (plan.get("locustfile") or {}).get("digest")  # what it asks for, not how it is written
    return plan


def _traffic_key(record: Record) -> str | None:
    try:
        return SwarmPlan.from_dict(record.asked).traffic_key
    except (PlanError, TypeError):
        return None


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _short(value: object) -> str:
    return json.dumps(value, default=str)[:60]


def pages(launches: tuple[Launch, ...], design: Design) -> Gate:
    """Whether the arms answered with the same pages, where nobody could check what is on them.

    Pages of the reference site say which article they show; those of other sites can only be told by their length.
    Replies without a body (304) and failed ones say nothing.
    """
    differing = looked_at = checked = 0
    for launch in launches:
        # Of a site of which only addresses are known, a check says whose page it was, not what was on it.
        is_known = all(record.asked.get("urls") is None for record in launch.records)
        rows = [launch.arm_rows(arm) for arm in (BEFORE, AFTER)]
        _, first, second = np.intersect1d(launch.request[rows[0]], launch.request[rows[1]], return_indices=True)
        one, other = rows[0][first], rows[1][second]
        both = ~launch.failed[one] & ~launch.failed[other] & (launch.size[one] > 0) & (launch.size[other] > 0)
        sure = is_known & (launch.check[one] == _OK) & (launch.check[other] == _OK)
        checked += int(np.count_nonzero(both & sure))
        one, other = one[both & ~sure], other[both & ~sure]
        looked_at += one.size
        sizes = launch.size[one].astype(np.float64), launch.size[other].astype(np.float64)
        differing += int(np.count_nonzero(np.abs(sizes[0] - sizes[1]) > LENGTH_DIFFERENCE * np.maximum(*sizes)))
    share = differing / looked_at if looked_at else 0.0
    ok = share <= LENGTH_LIMIT or design.pages_may_differ
    words, details = "Both arms answered the same requests with pages of the same length.", ""
    if checked and not looked_at:
        words = "Every page was checked for the article it shows, so its length may differ."
    elif not checked and not looked_at:
        words = "No request was answered with a page by both arms, so there is no page to compare."
    elif share > LENGTH_LIMIT:
        words = f"{percent(share)} of the requests were answered with pages of different length."
        details = (
            "The plan permits it (pages_may_differ)."
            if ok
            else "Other pages have other times. Serve the same content in both arms or, where another length is the "
            "change itself, say so in the plan: pages_may_differ = true."
        )
    return Gate("pages", "Pages of different length", share, LENGTH_LIMIT, "%", ok, "not comparable", words, details)


def control(samples: Samples, launches: tuple[Launch, ...], cell: Cell) -> Gate:
    """Whether the site made the pages of the control in the same way in both arms, by what it says of them itself.

    Their time may differ: what changes it without touching them is what a control is for.
    """
    served: list[list[float]] = [[], []]
    calls: list[list[Floats]] = [[], []]
    for launch in launches:
        for arm in (BEFORE, AFTER):
            rows = samples.rows(launch, arm, cell)
            rows = rows[~launch.failed[rows]]
            calls[arm].append(launch.db_calls[rows])
            told = launch.cache[rows][launch.cache[rows] != _UNKNOWN]
            if told.size:
                served[arm].append(float(np.isin(told, SERVED).mean()))
    signs, is_told = [], all(served)
    if is_told:
        one, other = (float(np.mean(shares)) for shares in served)
        apart = min(served[AFTER]) > max(served[BEFORE]) or min(served[BEFORE]) > max(served[AFTER])
        if apart and abs(other - one) > CONTROL_MOVED:
            signs.append(f"the page cache served {percent(one)} of its replies before, {percent(other)} after")
    one, other = (statistics.finite_median(np.concatenate(parts)) for parts in calls)
    if math.isfinite(one) and math.isfinite(other):
        is_told = True
        if one != other:
            signs.append(f"its median reply cost {counted(one, 'database call')} before, {other:g} after")
    words, details = "By what the site says, it made the control in the same way in both arms.", ""
    if not is_told:
        words = (
            "The site does not say how it made the control, so that the change left it alone is the plan's word only."
        )
    if signs:
        words = f"The change touched the control, {cell}: {'; '.join(signs)}."
        details = "What is taken off every change is then a change itself. Name a page that it cannot have touched."
    return Gate(
        "control",
        "Signs that the change touched the control",
        len(signs) if is_told else None,
        0,
        "sign",
        is_told and not signs,
        "not comparable" if is_told else "note",
        words,
        details,
    )


def circumstances(launches: tuple[Launch, ...]) -> Gate:
    """Whether all launches of a trial were made on one machine, of the same articles, with the same instrument.

    An arm must also have had the same settings in every launch; those of one arm and the other are the change.
    """
    told: Environment | None = None
    arms: dict[str, Environment] = {}
    unlike: list[str] = []
    for launch in launches:
        for record in launch.records:
            for name, here in of_arms(record).items():
                told, first = told or here, arms.setdefault(name, here)
                differing = (*told.unlike(here), *(f"setting {name}.{each}" for each in first.settings_unlike(here)))
                unlike += [f"{each} (launch {launch.number})" for each in differing]
    unlike = list(dict.fromkeys(unlike))
    words, details = "All launches were made on the same machine, of the same articles, with the same instrument.", ""
    if unlike:
        words = f"Launches were made on different things: {'; '.join(unlike[:4])}."
        details = "What differs besides the version may be the whole difference. Run the trial again on one machine."
    return Gate(
        "environment",
        "Sameness of machine, articles, instrument and an arm's settings",
        float(len(unlike)),
        0,
        "difference",
        not unlike,
        "not comparable",
        words,
        details,
    )


def environment(before: Environment, after: Environment) -> Gate:
    """Whether two sessions were made on the same machine, of the same articles, with the same instrument."""
    unlike = before.unlike(after)
    told = bool(before.machine and after.machine)
    ok = told and not unlike
    words, details = "Both sessions were made on the same machine, of the same articles, with the same instrument.", ""
    if not told:
        words = "A record does not say on which machine it was made."
        details = "Run it again with this version."
    elif unlike:
        words = f"The sessions were made on different things: {'; '.join(unlike[:4])}."
        details = "What differs besides the version may be the whole difference. Run both on one machine, or a trial."
    return Gate(
        "environment",
        "Sameness of machine, articles and instrument",
        float(len(unlike)) if told else None,
        0,
        "difference",
        ok,
        "not comparable",
        words,
        details,
    )
