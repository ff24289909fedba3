"""How far a trial has come, kept beside its record so that one that was cut off can go on where it was.

Launches that came to their end are kept; the one that was under way, or whatever else is there unfinished, is put aside
and carried out again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from pydantic import ValidationError

from harness.errors import UsageError
from harness.processes import check_interrupted
from harness.trial_plan import TrialPlan
from results.record import Record, RecordWriter, read_record, utc_now, write_json

STATE: Final = "progress.json"
_PLAN: Final = "plan.json"
ASIDE: Final = "cut-off"
"""Below a trial's record: what was under way each time it was cut off."""

PATIENCE_S: Final = 5.0
"""How long is waited for another process to be done with a record."""

_UNFINISHED: Final = ("launches", "interference", "pilot")
"""Folders with swarm records, of which those that are not finished are put aside."""


@dataclass(slots=True)
class State:
    """How far a trial has come.

    Attributes:
        rate, seconds: Requests a second and arm, and measured seconds of a launch; 0 until the pilot has found them.
        facts: What ``run.json`` says of how the trial was carried out: the method, once it is settled.
        took_s: Seconds that each launch took, stopping its arms included.
        done: Launches that came to their end, from 0.
        resumed: When the trial was gone on with, and what had ended it before.
    """

    rate: float = 0.0
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    resumed: list[dict[str, str]] = field(default_factory=list)

    def history(self) -> dict[str, Any]:
        """What ``run.json`` tells of interruptions; nothing where there was none."""
        return {"resumed": self.resumed} if self.resumed else {}


def write(directory: Path, state: State) -> None:
    """Keep the state of a trial."""
    write_json(directory / STATE, dataclasses.asdict(state))


def forget(directory: Path) -> None:
    """The trial is complete."""
    (directory / STATE).unlink(missing_ok=True)


def plan_of(directory: Path) -> TrialPlan:
    """The plan of a trial that was cut off, as it was resolved then.

    Raises:
        UsageError: It cannot be gone on with: complete, of an older version, or changed since.
        RecordError: There is no record.
    """
    record = _cut_off(directory)
    try:
        plan = TrialPlan.model_validate(record.plan["resolved"])
    except (KeyError, ValidationError):
        raise UsageError(
            f"{directory} was written by another version, and what its plan meant is not known; run the trial anew"
        ) from None
    if plan.hash != record.plan.get("plan_hash"):
        raise UsageError(
            f"{directory / _PLAN} was changed: its plan has hash {plan.hash}, and says {record.plan.get('plan_hash')}; "
            "run the trial anew"
        )
    return plan


def take_up(plan: TrialPlan, directory: Path) -> tuple[RecordWriter, State]:
    """Go on with a record: put aside what was not finished.

    Raises:
        UsageError: The plan is another one than the record was begun with.
    """
    record = _cut_off(directory)
    if (begun := record.plan.get("plan_hash")) != plan.hash:
        raise UsageError(
            f"the plan has hash {plan.hash}, the record {directory} was begun with {begun}; give the plan it was begun "
            "with, or none, or run the trial anew"
        )
    state = State()
    with contextlib.suppress(FileNotFoundError):
        state = State(**json.loads((directory / STATE).read_text(encoding="utf-8")))
    why = str((record.run or {}).get("reason") or "killed")
    state.resumed.append({"at": utc_now(), "after": why})
    _put_aside(directory, state)
    return RecordWriter.reopen(record), state


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[IO[bytes]]:
    """Keep others from carrying out the same record meanwhile.

    Whoever inherits the file keeps them out too. So does the watchdog of a trial that was killed, until it has cleaned
    up; for that there is a moment's patience.

    Raises:
        UsageError: Somebody does.
    """
    deadline = time.monotonic() + PATIENCE_S
    with (directory / _PLAN).open("rb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise UsageError(
                        f"another process is carrying out {directory}, or cleaning up after one that was killed (see "
                        f"{directory / 'logs' / 'watchdog.log'}); wait until it has ended"
                    ) from None
                check_interrupted()
                time.sleep(0.1)
        yield file


def _cut_off(directory: Path) -> Record:
    record = read_record(directory, allow_incomplete=True)
    if record.kind != "trial":
        raise UsageError(f"{directory} is the record of a {record.kind}; trials can be gone on with")
    if (record.run or {}).get("ended_by") == "completed":
        raise UsageError(f"{directory} is complete; to judge it once more: anp compare {directory}")
    return record


def _put_aside(directory: Path, state: State) -> None:
    """Move every swarm record that does not belong to a finished step where it counts no longer."""
    kept = {f"{number + 1:02d}" for number in state.done}
    is_begun = "method" in state.facts
    aside = directory / ASIDE / str(len(state.resumed))
    for name in _UNFINISHED:
        folder = directory / name
        for one in sorted(folder.iterdir()) if folder.is_dir() else []:
            is_kept = (
                one.name.split(".")[0] in kept
                if name == "launches"
                else is_begun or bool(state.rate and name == "pilot")
            )
            if not is_kept:
                (aside / name).mkdir(parents=True, exist_ok=True)
                one.rename(aside / name / one.name)
