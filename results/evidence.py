"""What kind of evidence a run is: history of sessions, noise of the rig, arms that hold each other up, a moving mix."""

from __future__ import annotations

import math
from collections.abc import Sequence

from results.baselines import History
from results.caching import HIT_RATIO_MOVED, HitRatio
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
    """Whether two copies of one version were told apart: then nothing this run says can be believed.

    Where they could not be compared nothing was measured; the margins say what that means for each cell.
    """
    alarms = floor.alarms
    words, details = f"Two copies of {floor.copy_of} were not told apart.", ""
    if floor.why_not:
        words = f"Two copies of {floor.copy_of} could not be compared: {floor.why_not}."
    elif alarms:
        words = f"Two copies of {floor.copy_of} were called different: {alarms[0].label} {alarms[0].word}."
        details = "The rig makes differences of its own. Quieten the machine, or run for longer, and try again."
    return Gate(
        "noise",
        "Cells called different between two copies of one version",
        None if floor.why_not else len(alarms),
        0,
        "cell",
        not alarms and not floor.why_not,
        "note" if floor.why_not else "invalid",
        words,
        details,
    )


def interference(seen: Sequence[Interference], design: Design, *, in_turn: bool) -> Gate:
    """Whether the arms, loaded side by side, hold each other up, and whether they were loaded in turn for it."""
    worst = max(seen, key=lambda each: (each.is_confirmed, each.certain))
    words = "Loaded side by side the arms answered as fast as alone, as far as that could be told."
    details = ""
    if worst.is_confirmed:
        words = (
            f"Side by side, the arm {worst.arm} answered {worst.cell} in {milliseconds(worst.duet_ms)}, alone in "
            f"{milliseconds(worst.alone_ms)}."
        )
        details = "Ratios hold for arms that share this machine; to load them in turn: method = rounds."
        if in_turn:
            details = "That is why the arms were loaded in turn."
    return Gate(
        "interference",
        "Certainly slower side by side than alone, worst arm",
        worst.certain,
        tolerance(design.margins.get("p50", 0.03), worst.alone_ms),
        "%",
        not worst.is_confirmed,
        "note",
        words,
        details,
    )


def hit_ratio(found: Sequence[HitRatio]) -> Gate:
    """Whether the cache served another share of the replies: then a page's time is a mixture that moved."""
    mixture = "A page is a mixture of hits and misses, which moved; the mixture's part of the change is told apart."
    sizes = {each: abs(each.difference.estimate) for each in found if math.isfinite(each.difference.estimate)}
    moved = [size for each, size in sizes.items() if each.moved]
    unsure = [size for each, size in sizes.items() if size > HIT_RATIO_MOVED and math.isinf(each.difference.low)]
    measured: float | None = max(moved, default=0.0)
    words, details = "The page cache served about the same share of the replies in both arms.", ""
    if moved:
        words, details = "The page cache served another share of the replies after than before.", mixture
    elif unsure:
        measured = max(unsure)
        words = "The page cache served another share of the replies after than before, as far as these sessions tell."
        details = mixture
    elif not sizes:
        measured, words = None, "What share of the replies the page cache served cannot be told."
    return Gate(
        "hit_ratio",
        "Change of the hit ratio, where there certainly is one",
        measured,
        HIT_RATIO_MOVED,
        "%",
        measured is not None and measured <= HIT_RATIO_MOVED,
        "note",
        words,
        details,
    )
