"""What must be seen of a truth: functions that make judges of comparisons.

Each judge is pure. It looks at words where a verdict is asked for, and at intervals where a claim of direction is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tests.calibration.rig.case import Expectation, Outcome
from tests.calibration.rig.reading import (
    JUDGED,
    Comparison,
    Seen,
    cells,
    failed_gates,
    primary,
    text,
    words_of,
)

GENERATOR_GATES: Final = frozenset({"saturated", "lag", "cpu", "achieved"})
_CLAIMS: Final = ("faster", "slower")
SLOWEST_STALL_MS: Final = 500.0
_SERVICE_FACTOR: Final = 2.0


def alarms(comparison: Comparison) -> list[str]:
    """Primary cells whose interval leaves out no change at all, with the way it points."""
    return [f"{cell.label} {cell.alarm}" for cell in primary(comparison) if cell.alarm != "none"]


def no_alarm() -> Expectation:
    """No primary interval leaves out a ratio of one: the strictest reading of *nothing differs*."""

    def judge(comparison: Comparison) -> Outcome:
        raised = alarms(comparison)
        named = words_of(primary(comparison), *_CLAIMS)
        why = f"alarm: {', '.join(raised)}" if raised else "no interval leaves out no change"
        return Outcome(not raised and not named, why, {"alarms": len(raised)})

    return judge


def no_claim() -> Expectation:
    """No primary cell is called faster or slower; intervals that point somewhere inside the margin are counted."""

    def judge(comparison: Comparison) -> Outcome:
        named = words_of(primary(comparison), *_CLAIMS)
        why = f"called faster or slower: {', '.join(named)}" if named else "nothing called faster or slower"
        return Outcome(not named, why, {"alarms": len(alarms(comparison))})

    return judge


def slower_only(
    label: str, *, may_follow: Sequence[str] = (), injected_ms: float | None = None, must_hold: bool = False
) -> Expectation:
    """One cell is called slower, and no other primary cell is called anything but undecided or unchanged.

    Args:
        label: Of the cell.
        may_follow: Labels of cells that the same delay reaches, which may be called slower too.
        injected_ms: What was injected; whether the interval of the change holds it is noted.
        must_hold: Whether it has to hold it.
    """

    def judge(comparison: Comparison) -> Outcome:
        seen = primary(comparison)
        cell = _one(seen, label)
        if cell is None:
            return Outcome(False, f"{label} is not among the primary cells")
        others = [other.label for other in seen if other.label != label and other.word in _CLAIMS]
        wrong = [name for name in others if name not in may_follow or _one(seen, name).word == "faster"]  # type: ignore[union-attr]
        facts: dict[str, Any] = {"change_ms": _figures(cell)}
        if injected_ms is not None:
            before, after = cell.server_ms
            facts |= {"injected_ms": injected_ms, "covered": cell.change_ms.holds(injected_ms)}
            facts |= {"site_ms": after - before}
        why = f"{label} is {cell.word}"
        if wrong:
            why += f"; called faster or slower without cause: {', '.join(wrong)}"
        missed = must_hold and not facts["covered"]
        if missed:
            why += f"; {injected_ms:g} ms were injected and the interval of the change leaves them out"
        return Outcome(cell.word == "slower" and not wrong and not missed, why, facts)

    return judge


def stall_in_response_time_only(label: str) -> Expectation:
    """A stall shows in the cell's response time, at its full size, and not in its service time.

    Service time alone would be what a generator that waits for replies reports: coordinated omission.
    """

    def judge(comparison: Comparison) -> Outcome:
        cell = _one(primary(comparison), label)
        if cell is None:
            return Outcome(False, f"{label} is not among the primary cells")
        before, after = cell.service_ms
        shows = cell.word == "slower" and cell.change_ms.estimate >= SLOWEST_STALL_MS
        hides = after <= _SERVICE_FACTOR * before
        facts = {"change_ms": _figures(cell), "service_ms": [before, after]}
        why = (
            f"{label} is {cell.word}, by {cell.change_ms.estimate:.0f} ms; "
            f"its service time goes from {before:.2f} to {after:.2f} ms"
        )
        return Outcome(shows and hides, why, facts)

    return judge


def mix_alone(*labels: str) -> Expectation:
    """Cells of single cache classes are not called faster or slower, and the verdict tells of the hit ratio."""

    def judge(comparison: Comparison) -> Outcome:
        seen = primary(comparison)
        missing = [label for label in labels if _one(seen, label) is None]
        if missing:
            return Outcome(False, f"not among the primary cells: {', '.join(missing)}")
        single = [cell for cell in cells(comparison) if cell.cache != "all"]
        named = words_of((cell for cell in single if cell.primary), *_CLAIMS)
        tells = "hit ratio" in text(comparison)
        why = f"called faster or slower: {', '.join(named)}" if named else "hits and misses called neither"
        why += "; the hit ratio is told of" if tells else "; the hit ratio is not mentioned"
        undecided = len([cell for cell in single if cell.primary and cell.word not in JUDGED])
        return Outcome(not named and tells, why, {"undecided": undecided})

    return judge


def cold_arm(label: str) -> Expectation:
    """The page as a whole is slower, no single class is judged, and the verdict tells of the hit ratio."""

    def judge(comparison: Comparison) -> Outcome:
        cell = _one(primary(comparison), label)
        if cell is None:
            return Outcome(False, f"{label} is not among the primary cells")
        single = [one.label for one in cells(comparison) if one.cache != "all" and one.word in JUDGED]
        tells = "hit ratio" in text(comparison)
        why = f"{label} is {cell.word}"
        why += f"; single classes judged: {', '.join(single)}" if single else ""
        why += "" if tells else "; the hit ratio is not mentioned"
        return Outcome(cell.word == "slower" and not single and tells, why, {"change_ms": _figures(cell)})

    return judge


def not_comparable() -> Expectation:
    """Errors forbid a comparison: no cell gets a verdict, least of all *faster*."""

    def judge(comparison: Comparison) -> Outcome:
        word = comparison["overall"]["word"]
        named = words_of(cells(comparison), *JUDGED)
        broken = failed_gates(comparison)
        why = f"the whole is {word}"
        why += f"; judged all the same: {', '.join(named)}" if named else ""
        return Outcome(word == "not comparable" and "errors" in broken and not named, why, {"gates": broken})

    return judge


def invalid_by_generator() -> Expectation:
    """A generator without a processor makes the whole invalid, and a gate of the generator says so."""

    def judge(comparison: Comparison) -> Outcome:
        word = comparison["overall"]["word"]
        broken = failed_gates(comparison)
        named = words_of(cells(comparison), *JUDGED)
        why = f"the whole is {word}, by {', '.join(broken) or 'no gate'}"
        passed = word == "invalid" and not GENERATOR_GATES.isdisjoint(broken) and not named
        return Outcome(passed, why, {"gates": broken})

    return judge


def classes_withheld() -> Expectation:
    """Where an arm does not say what its cache did, no single class is judged and no page is faster or slower."""

    def judge(comparison: Comparison) -> Outcome:
        single = words_of((cell for cell in cells(comparison) if cell.cache != "all"), *JUDGED)
        named = words_of(primary(comparison), *_CLAIMS)
        broken = failed_gates(comparison)
        told = "cache_class" in broken
        why = "the gate cache_class failed" if told else "the gate cache_class did not notice"
        why += f"; single classes judged: {', '.join(single)}" if single else ""
        why += f"; called faster or slower: {', '.join(named)}" if named else ""
        return Outcome(told and not single and not named, why, {"gates": broken})

    return judge


def _one(seen: Sequence[Seen], label: str) -> Seen | None:
    return next((cell for cell in seen if cell.label == label), None)


def _figures(cell: Seen) -> list[float]:
    return [cell.change_ms.estimate, cell.change_ms.low, cell.change_ms.high]
