"""What a case is: a truth, a plan, a disturbance, and what has to be seen."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.calibration.rig.reading import Comparison

LAUNCH_S = 4.0
"""About what a launch takes beside its load."""

AROUND_S = 30.0
"""About what a trial takes beside its launches: articles, pilot, each arm alone, comparison, report."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a trial saw what was there.

    Attributes:
        why: What was seen, in a few words.
        facts: Figures to keep, by name.
    """

    passed: bool
    why: str
    facts: dict[str, Any] = field(default_factory=dict)


Expectation = Callable[[Comparison], Outcome]

Disturbance = Callable[[Path, int, float], AbstractContextManager[None]]
"""Runs beside a trial: the folder its record appears in, its launches, the longest it may take in seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """Trials of one truth.

    Attributes:
        name: On the command line and in the data.
        truth: What is true, in a sentence.
        seen: What must be seen, in a sentence.
        plan: The trial's plan (TOML), without name and seed.
        expect: Judges a comparison.
        wanted: How many trials.
        failures: How many of them may fail.
        verdict: Word of the whole that is not a refusal here, though it is elsewhere.
        refusal: What a refusal means here, in a sentence, where it means something.
        disturb: What goes on beside a trial.
    """

    name: str
    truth: str
    seen: str
    plan: str
    expect: Expectation
    wanted: int
    failures: int = 0
    verdict: str | None = None
    refusal: str = ""
    disturb: Disturbance | None = None

    @property
    def key(self) -> str:
        """Eight hex digits of the plan; trials of another plan are trials of another case."""
        return hashlib.blake2b(self.plan.encode(), digest_size=4).hexdigest()

    def settings(self, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
        """The plan as data."""
        return tomllib.loads(self.plan) | (overrides or {})

    def seconds(self, overrides: dict[str, Any] | None = None) -> float:
        """About how long a trial takes."""
        plan = self.settings(overrides)
        launch: float = plan["seconds"] + plan.get("warmup", 1.0) + LAUNCH_S
        return AROUND_S + launch * int(plan["launches"])
