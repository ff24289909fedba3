"""Every trial compared once more with its arms exchanged: whatever was said must turn round, and nothing else."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

from results.comparison import compare_trial
from results.design import Design
from results.record import Record
from tests.calibration.rig.reading import Comparison, Seen, primary

_OTHER: Final = {"faster": "slower", "slower": "faster"}


def compare_swapped(record: Record) -> dict[str, Any]:
    """The comparison of a trial's record with before and after exchanged, as plain data."""
    design = Design.from_dict(record.plan.get("design") or {})
    swapped = dataclasses.replace(design, before=design.after, after=design.before)
    return compare_trial(record, swapped).to_dict()


def differences(straight: Comparison, swapped: Comparison) -> list[str]:
    """Where two comparisons are not mirror images; empty is as it should be."""
    found = []
    one, other = primary(straight), {cell.label: cell for cell in primary(swapped)}
    if {cell.label for cell in one} != set(other):
        return [f"primary cells are {', '.join(cell.label for cell in one)} and {', '.join(other)}"]
    for cell in one:
        found += _cell(cell, other[cell.label])
    words = {cell.word for cell in one}
    word, mirrored = straight["overall"]["word"], swapped["overall"]["word"]
    expected = word if {"faster", "slower"} <= words else _OTHER.get(word, word)
    if mirrored != expected:
        found.append(f"the whole is {word} and {mirrored}")
    return found


def _cell(one: Seen, other: Seen) -> list[str]:
    found = []
    if other.word != _OTHER.get(one.word, one.word):
        found.append(f"{one.label} is {one.word} and {other.word}")
    if other.alarm != _OTHER.get(one.alarm, one.alarm):
        found.append(f"{one.label} points to {one.alarm} and {other.alarm}")
    ends = ((one.ratio.low, other.ratio.high), (one.ratio.high, other.ratio.low))
    if any(_is_ratio(x) and _is_ratio(y) and not math.isclose(x * y, 1.0, rel_tol=1e-6) for x, y in ends):
        found.append(f"{one.label} has the ratios {one.ratio} and {other.ratio}")
    return found


def _is_ratio(value: float) -> bool:
    return math.isfinite(value) and value > 0
