"""One reason for doubt: what was looked at, what was found, what it was held against, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal["invalid", "not comparable", "not enough data", "class verdicts withheld", "launch left out", "note"]
"""What follows where a gate does not stand, the weightiest first; after a note every verdict stands."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One reason for doubt.

    Attributes:
        code: Stable name.
        title: What was looked at.
        measured: What was found, in ``unit``; ``None`` where it could not be measured, which never counts as fine.
        limit: What it was held against.
        unit: ``%`` values are fractions; a noun stands in the singular.
        ok: Whether it stands.
        effect: What follows where it does not.
        words: What it means, in one sentence that can stand as a headline.
        details: Examples and the next step, in further sentences; may be empty.
        bound: Which side of the limit is fine.
    """

    code: str
    title: str
    measured: float | None
    limit: float
    unit: str
    ok: bool
    effect: Effect
    words: str
    details: str = ""
    bound: Literal["at most", "at least"] = "at most"
