"""What kind of evidence a run is: history of sessions, noise of the rig, arms that hold each other up, a moving mix."""

from __future__ import annotations

import math
from collections.abc import Sequence

from results.baselines import History
from results.caching import HitRatio
from results.design import Design
from results.gate import Gate
from results.interference import Interference, tolerance
from results.noise import NoiseFloor
from results.units import counted, milliseconds


def history(found: History) -> Gate:
    """Whether how far sessions differ by themselves is known."""
    known = len(found.sessions)
    ok = found.is_enough
    words = f"How far sessions differ by themselves is known from {counted(known, 'session')} before the change."
    details = ""
    if not ok:
        words = "Two sessions were put side by side, and how far sessions differ by themselves is not known."
        details = (
            f"It takes {found.needed} sessions before the change (keep them: anp runs promote), or both versions side "
            "by side: anp trial."
        )
    if found.left_out:
        first = found.left_out[0]
        others = f", and {len(found.left_out) - 1} more" if len(found.left_out) > 1 else ""
        details = f"{details} Left out: {first.name}, {first.why}{others}.".strip()
    return Gate(
        "history",
        "Sessions before the change",
        known,
        found.needed,
        "session",
        ok,
        "not enough data",
        words,
        details,
        "at least",
    )


def noise(floor: NoiseFloor) -> Gate:
    """Whether two copies of one version were told apart: then nothing this run says can be believed."""
    alarms = floor.alarms
    words, details = f"Two copies of {floor.copy_of} were not told apart.", ""
    if alarms:
        words = f"Two copies of {floor.copy_of} were called different: {alarms[0].label} {alarms[0].word}."
        details = "The rig makes differences of its own. Quieten the machine, or run for longer, and try again."
    return Gate(
        "noise",
        "Cells called different between two copies of one version",
        len(alarms),
        0,
        "cell",
        not alarms,
        "invalid",
        words,
        details,
    )


def interference(seen: Sequence[Interference], design: Design) -> Gate:
    """Whether the arms, loaded side by side, hold each other up."""
    worst = max(seen, key=lambda each: each.ratio.estimate)
    confirmed = [each for each in seen if each.is_confirmed]
    words = "Loaded side by side the arms answered as fast as alone, as far as that could be told."
    details = ""
    if confirmed:
        worst = max(confirmed, key=lambda each: each.ratio.estimate)
        words = (
            f"Side by side, {worst.arm} answered {worst.cell} in {milliseconds(worst.duet_ms)}, alone in "
            f"{milliseconds(worst.alone_ms)}."
        )
        details = "Ratios hold for arms that share this machine; to load them in turn: method = rounds."
    return Gate(
        "interference",
        "Slower side by side than alone, worst arm",
        max(0.0, worst.ratio.estimate - 1),
        tolerance(design.margins.get("p50", 0.03), worst.alone_ms),
        "%",
        not confirmed,
        "note",
        words,
        details,
    )


def hit_ratio(found: Sequence[HitRatio]) -> Gate:
    """Whether the cache served another share of the replies: then a page's time is a mixture that moved."""
    moved = [each for each in found if each.moved]
    worst = max(found, key=lambda each: abs(each.difference.estimate), default=None)
    words, details = "The page cache served about the same share of the replies in both arms.", ""
    if moved:
        words = "The page cache served another share of the replies after than before."
        details = "A page is a mixture of hits and misses, which moved; the mixture's part of the change is told apart."
    size = abs(worst.difference.estimate) if worst is not None else math.nan
    return Gate(
        "hit_ratio",
        "Change of the hit ratio",
        size if math.isfinite(size) else None,
        0.01,
        "%",
        not moved,
        "note",
        words,
        details,
    )
