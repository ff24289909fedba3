"""Whether a run was the same from its beginning to its end: warm-up, drift, order of rounds, return to a level.

Each is told and none is put right: latencies never decide what is left out. Pairing takes out what both arms met; what
it cannot take out (a session that changed under way, an arm that did not come back to its level) withholds verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from results import statistics
from results.design import Design, may_decide
from results.gate import Gate
from results.samples import AFTER, BEFORE, Cell, Floats, Launch, Samples
from results.units import percent
from results.warmup import mser5

_BLOCKS: Final = 50
"""Medians a launch is cut into: ten batches of five, the least that MSER-5 is of use with."""

_LEAST: Final = 4 * _BLOCKS
"""Requests below which medians of blocks say nothing."""

_HALVES: Final = 6
"""Launches from which a first half can be held against a second."""


def check_trial(samples: Samples, launches: tuple[Launch, ...], design: Design) -> list[Gate]:
    """Notes on the launches of a trial."""
    page = busiest(samples, launches, design)
    if page is None:
        return []
    gates = [_warm_up(samples, launches, design, page)]
    levels = np.array([_median(samples, launch, BEFORE, page) for launch in launches])
    if len(launches) >= _HALVES and np.isfinite(levels).all():
        gates.append(_drift(levels, design, page))
    if all(launch.first is not None for launch in launches):
        ratios = np.array([_median(samples, launch, AFTER, page) for launch in launches]) - levels
        if np.isfinite(ratios).all():
            gates.append(_order(ratios, [launch.first == BEFORE for launch in launches], design, page))
    return gates


def check_session(samples: Samples, launches: tuple[Launch, ...], design: Design) -> list[Gate]:
    """Whether one of two sessions changed while it went on: then their difference is not that of two versions."""
    page = busiest(samples, launches, design)
    if page is None:
        return []
    limit = design.margins.get("p50", 0.03)
    worst, where = 0.0, ""
    for arm, name in ((BEFORE, "before"), (AFTER, "after")):
        latency = [_in_time(samples, launch, arm, page) for launch in launches]
        values = np.log(np.concatenate(latency)) if latency else np.empty(0)
        if values.size < _LEAST:
            continue
        medians = _block_medians(values, 20)
        _, low, high = statistics.welch_interval(medians[10:], medians[:10], design.alpha)
        certain = max(low, -high, 0.0)
        if certain > worst:
            worst, where = certain, name
    share = math.expm1(worst)
    ok = share <= limit
    words = f"Neither session changed its pace under way ({page})."
    if not ok:
        words = f"The session {where} changed its pace by at least {percent(share)} from its first half to its second."
    return [
        Gate(
            "session_drift",
            "Certain change of pace within a session",
            share,
            limit,
            "%",
            ok,
            "not enough data",
            words,
            "" if ok else "Something else than the version changed; run that session again on a quiet machine.",
        )
    ]


def check_return(samples: Samples, launches: tuple[Launch, ...], design: Design) -> list[Gate]:
    """Whether the before arm, put back in its place, came back to its level (reversal designs).

    In A-B-B-A the first round of a cycle and its last are both of the before arm; launches come in pairs, AB and BA.
    """
    page = busiest(samples, launches, design)
    if page is None:
        return []
    by_number = {launch.number: launch for launch in launches}
    back = [
        _median(samples, by_number[number + 1], BEFORE, page) - _median(samples, by_number[number], BEFORE, page)
        for number in sorted(by_number)
        if number % 2 == 1 and number + 1 in by_number
    ]
    back = [value for value in back if math.isfinite(value)]
    limit = design.margins.get("p50", 0.03)
    share = math.expm1(abs(float(np.mean(back)))) if back else None
    ok = share is not None and share <= limit
    words = f"Put back in its place, the before arm came back to its level, on average over cycles ({page} p50)."
    if not ok:
        words = "Put back in its place, the before arm did not come back to its level, so something else changed too."
        if share is None:
            words = "No cycle is whole, so nothing shows that the before arm comes back to its level."
    return [
        Gate(
            "returns",
            "Before arm, end of a cycle against its beginning",
            share,
            limit,
            "%",
            ok,
            "not enough data",
            words,
            "" if ok else "Run more cycles, or longer rounds, on a quieter machine.",
        )
    ]


def busiest(samples: Samples, launches: Sequence[Launch], design: Design) -> Cell | None:
    """The page with most requests of those that may decide; the machine is told best where there are most values."""
    pages = [Cell(*page) for page in samples.pages()]
    able = [cell for cell in pages if may_decide(cell, design)]
    return max(
        able,
        key=lambda cell: sum(samples.count(launch, arm, cell) for launch in launches for arm in (BEFORE, AFTER)),
        default=None,
    )


def _warm_up(samples: Samples, launches: Sequence[Launch], design: Design, page: Cell) -> Gate:
    """Whether response times had settled when the measuring began.

    A single launch is too short and too noisy to tell. So the block medians of all launches are averaged, MSER-5 says
    where the beginning of that series ends, and the launches say whether it really differs from the rest.
    """
    limit = design.margins.get("p50", 0.03)
    certain, looked_at = 0.0, 0
    for arm in (BEFORE, AFTER):
        latency = [_in_time(samples, launch, arm, page) for launch in launches]
        if len(launches) < 2 or min(values.size for values in latency) < _LEAST:
            continue
        looked_at += 1
        series = np.array([_block_medians(np.log(values), _BLOCKS) for values in latency])
        found = mser5(series.mean(axis=0))
        cut = found.cut if found.steady else _BLOCKS // 2
        if cut:
            ahead = series[:, :cut].mean(axis=1) - series[:, cut:].mean(axis=1)
            _, low, high = statistics.mean_interval(ahead, design.alpha)
            certain = max(certain, low, -high)
    share = math.expm1(certain) if looked_at else None
    ok = share is not None and share <= limit
    words, details = "The warm-up was long enough: response times had settled when the measuring began.", ""
    if share is None:
        words = "Whether the warm-up was long enough cannot be told: too few requests in a launch."
    elif not ok:
        words = f"No steady state: response times at the beginning differed by {percent(share)} from later ones."
        details = "Both arms were trimmed alike, so the comparison stands; a longer warm-up would sharpen it."
    return Gate(
        "warm_up",
        "Certain difference between the beginning of launches and the rest",
        share,
        limit,
        "%",
        ok,
        "note",
        words,
        details,
    )


def _drift(levels: Floats, design: Design, page: Cell) -> Gate:
    half = levels.size // 2
    estimate, low, high = statistics.welch_interval(levels[half:], levels[:half], design.alpha)
    limit = design.margins.get("p50", 0.03)
    certain = max(low, -high, 0.0)
    ok = math.expm1(certain) <= limit
    words = f"The machine kept its pace from the first launches to the last ({page} before)."
    if not ok:
        way = "slower" if estimate > 0 else "faster"
        words = f"The machine became {way} by {percent(math.expm1(abs(estimate)))} from the first launches to the last."
    return Gate(
        "drift",
        "Certain change of the before arm, first half of the launches to second",
        math.expm1(certain),
        limit,
        "%",
        ok,
        "note",
        words,
        "" if ok else "Both arms met it, and it cancels in their ratio.",
    )


def _order(ratios: Floats, before_first: list[bool], design: Design, page: Cell) -> Gate:
    limit = design.margins.get("p50", 0.03) / 2
    estimate, low, high = statistics.order_effect(ratios, np.array(before_first), design.alpha)
    measured = math.expm1(abs(estimate)) if low > 0 or high < 0 else 0.0
    is_known = math.isfinite(low)
    ok = is_known and measured <= limit
    words = "Whether it mattered which arm was loaded first cannot be told from so few launches."
    if is_known:
        words = "It did not certainly matter which arm was loaded first."
    if measured > limit:
        words = f"It mattered which arm was loaded first: by {percent(measured)} ({page} p50)."
    return Gate(
        "order",
        "Effect of the order of rounds, where there certainly is one",
        measured if is_known else None,
        limit,
        "%",
        ok,
        "note",
        words,
        ""
        if measured <= limit
        else "Orders are balanced, so it cancels; let the site settle for longer between rounds.",
    )


def _in_time(samples: Samples, launch: Launch, arm: int, page: Cell) -> Floats:
    """Latencies of answered requests in the order they were due, milliseconds."""
    rows = samples.rows(launch, arm, page)
    rows = rows[np.argsort(launch.scheduled[rows], kind="stable")]
    latency = samples.deciding_ms(launch)[rows]
    return latency[np.isfinite(latency) & (latency > 0)]


def _block_medians(values: Floats, blocks: int) -> Floats:
    """Medians of so many blocks in order, of sizes that differ by one at most, the larger ones first."""
    size, larger = divmod(values.size, blocks)
    ahead, rest = np.split(values, [larger * (size + 1)])
    parts = (part.reshape(-1, width) for part, width in ((ahead, size + 1), (rest, size)))
    return np.concatenate([np.median(part, axis=1) for part in parts if part.size])


def _median(samples: Samples, launch: Launch, arm: int, page: Cell) -> float:
    """Log median of a page in one arm of a launch; NaN where there is none."""
    latency = samples.deciding_ms(launch)[samples.rows(launch, arm, page)]
    value = float(np.median(latency)) if latency.size else math.nan
    return math.log(value) if math.isfinite(value) and value > 0 else math.nan
