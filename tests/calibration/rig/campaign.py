"""Trials one after the other until each case has its number, within a budget; it can be cut off and gone on with."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.calibration.rig import ledger, quiet, trial
from tests.calibration.rig.case import Case
from tests.calibration.rig.ledger import Line, Tally

PATIENCE_S: Final = 900.0
"""How long a machine is given to become quiet."""

_REMEMBERED: Final = 5


def refusals_allowed(wanted: int) -> int:
    """How many refused trials of a case are repeated before it is given up."""
    return wanted // 2 + 2


@dataclass(frozen=True, slots=True)
class Work:
    """A case and what is left of it."""

    case: Case
    left: int
    seconds: float

    @property
    def cost(self) -> float:
        """Seconds that all of the rest takes."""
        return self.left * self.seconds


def expected_seconds(case: Case, tally: Tally, overrides: dict[str, Any]) -> float:
    """How long the next trial of a case takes: as long as its last ones, or by its plan."""
    last = [line.seconds for line in tally.lines if line.overrides == overrides][-_REMEMBERED:]
    return max(last) + quiet.LOOK_S if last else case.seconds(overrides)


def remaining(cases: Sequence[Case], lines: Sequence[Line], overrides: dict[str, Any] | None = None) -> list[Work]:
    """The cases that lack trials, the one soonest complete first; without those that were refused too often."""
    out = []
    for case in cases:
        tally = Tally.of(lines, case)
        left = case.wanted - tally.finished
        if left > 0 and tally.count("refused") < refusals_allowed(case.wanted):
            out.append(Work(case, left, expected_seconds(case, tally, overrides or {})))
    return sorted(out, key=lambda work: work.cost)


@dataclass(slots=True)
class Campaign:
    """A series of trials.

    Attributes:
        data: Where lines are read and added.
        minutes: No trial begins that would not end within so long; None for no limit.
        overrides: Plan keys instead of the plans'.
        noisy: Whether to go on on a machine that is busy with something else.
        keep: Where records of trials go that did not pass.
        run: Carries out one trial.
        wait: Waits for a quiet machine.
        clock: Seconds, monotonic.
        say: Tells what is going on.
    """

    data: Path
    minutes: float | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    noisy: bool = False
    keep: Path | None = None
    run: Callable[..., Line] = trial.run
    wait: Callable[[float], float | None] = quiet.wait_until_quiet
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)
    _begun: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """The budget runs from here on."""
        self._begun = self.clock()

    def complete(self, cases: Sequence[Case]) -> bool:
        """Run trials until every case has as many as it wants.

        Returns:
            Whether they have; otherwise time, patience or allowed refusals were used up.
        """
        broken: set[str] = set()
        while work := [one for one in self._remaining(cases) if one.case.name not in broken]:
            fitting = [one for one in work if self._fits(one.seconds)]
            if not fitting:
                self.say("no trial fits into the rest of the time")
                return False
            try:
                if self._one(fitting[0].case) is None:
                    return False
            except trial.TrialError as error:
                self.say(f"{fitting[0].case.name}: {error}; left for now")
                broken.add(fitting[0].case.name)
        missing = [case.name for case in cases if Tally.of(self._lines(), case).finished < case.wanted]
        if missing:
            self.say(f"given up for now: {', '.join(missing)}")
        return not missing

    def some(self, case: Case, trials: int) -> bool:
        """Run so many trials of a case, refused ones not counted.

        Raises:
            TrialError: The command ended without a comparison.
        """
        done = refused = 0
        while done < trials and refused < refusals_allowed(trials):
            tally = Tally.of(self._lines(), case)
            if not self._fits(expected_seconds(case, tally, self.overrides)):
                self.say("no trial fits into the rest of the time")
                return False
            line = self._one(case)
            if line is None:
                return False
            done += line.result != "refused"
            refused += line.result == "refused"
        return done == trials

    def _one(self, case: Case) -> Line | None:
        """One trial, added to the data; None where the machine did not become quiet."""
        load = self.wait(0.0 if self.noisy else PATIENCE_S)
        if load is None and not self.noisy:
            self.say(f"the machine was busy with something else for {PATIENCE_S / 60:.0f} minutes; try again later")
            return None
        number = ledger.next_number(self._lines(), case)
        line = self.run(case, number, overrides=self.overrides, load=load, keep=self.keep)
        ledger.append(self.data, line)
        mirror = "" if not line.swap else f"; exchanged arms: {'; '.join(line.swap)}"
        self.say(f"{case.name} {number}: {line.result} ({line.seconds:.0f} s): {line.why}{mirror}")
        return line

    def _fits(self, seconds: float) -> bool:
        return self.minutes is None or self.clock() - self._begun + seconds <= self.minutes * 60

    def _remaining(self, cases: Sequence[Case]) -> list[Work]:
        return remaining(cases, self._lines(), self.overrides)

    def _lines(self) -> list[Line]:
        return ledger.read(self.data)
