"""What a trial would show, before one is run: a short pilot, and advice from it.

The pilot is a trial in small, with the same arms, traffic and method. Nothing is judged, and its launches are no
part of any trial: whoever has seen them would choose by them.
"""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness import duration, launches, pilot, trial
from harness.progress import Steps
from harness.rig import Rig
from harness.trial_plan import SHORTEST_REVERSAL, Method, TrialPlan
from results import gates, planning
from results.planning import Planning
from results.record import Record, read_record
from results.samples import read_trial

LAUNCHES: Final = 3
SECONDS: Final = 4.0
"""Launches of a pilot, and most measured seconds of each; a reversal takes ``SHORTEST_REVERSAL`` launches.

Where a trial's seconds are ``auto`` the pilot's are, too: pages that the trial would judge have to be met in it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a pilot came to: its record on disk, and the advice."""

    record: Record
    planning: Planning


def run(
    plan: TrialPlan,
    *,
    detect: float,
    command: str,
    served_by: Sequence[str] = (),
    out: Path | None,
    commands: list[str],
    steps: Steps,
) -> Advice:
    """Carry out the pilot of a trial and say what the trial would show.

    Args:
        plan: Of the trial to come; its launches are not used.
        detect: The slowdown that must not be missed, as a fraction.
        command: How the trial is begun.
        served_by: What stands at its end, after ``--``.
        out: Where run records go; ``None`` for the usual place.
        commands: What a person would type to do the same again.
        steps: Shows what is going on.

    Raises:
        ComparisonError: The pilot holds too little to plan by.
        HarnessError, KeyboardInterrupt: As of ``trial.run``.
    """
    plan = pilot_of(plan)
    trial.check(plan)
    with Rig.open(plan, out, commands, steps, is_whole=False) as rig:
        steps.say(f"  pilot of {duration.announcement(plan)}")
        rig.targets.make()
        with rig.cores_awake():
            pilot.look(rig)
            method = launches.carry_out_all(rig)
        return _advise(rig, method, detect, command, f" -- {shlex.join(served_by)}" if served_by else "")


def pilot_of(plan: TrialPlan) -> TrialPlan:
    """The plan of the pilot: few launches, and no longer ones than those of the trial."""
    number = SHORTEST_REVERSAL if plan.method == "reversal" else LAUNCHES
    seconds = "auto" if plan.seconds == "auto" else min(SECONDS, plan.seconds)
    return plan.model_copy(update={"name": f"{plan.name}-pilot", "launches": number, "spare": 0, "seconds": seconds})


def _advise(rig: Rig, method: Method, detect: float, command: str, end: str) -> Advice:
    """Read the pilot's launches and weigh what others would show."""
    design = rig.plan.design()
    samples = read_trial(read_record(rig.directory, allow_incomplete=True), design.before, design.after)
    fit = tuple(launch for launch in samples.launches if gates.inspect(samples, launch).used)
    counting = fit if len(fit) >= 2 else samples.launches
    if len(fit) < len(samples.launches):
        rig.steps.say(
            f"  in {len(samples.launches) - len(fit)} of {len(samples.launches)} launches the generator was not fit"
            + ("" if fit is counting else "; they are used all the same, so expect better on a quiet machine")
        )
    passes = 1 if method == "duet" else len(rig.plan.arms)
    found = planning.plan(
        samples,
        counting,
        design,
        fixed_cost_s=_fixed_cost_s(rig, passes),
        rate=rig.rate,
        seconds=rig.seconds,
        passes=passes,
        detect=detect,
        again=rig.plan.again,
        command=command if method in {"duet", rig.plan.method} else f"{command} --method {method}",
        seed=rig.plan.seed,
    )
    found = replace(found, command=found.command and found.command + end)
    facts: dict[str, Any] = {"planning": found.to_dict()}
    rig.finish(facts)
    return Advice(read_record(rig.directory), found)


def _fixed_cost_s(rig: Rig, passes: int) -> float:
    """What a launch took beside its measured seconds; the first one of a duet, which does more, left out."""
    ordinary = rig.state.took_s[1:] if rig.plan.method in {"auto", "duet"} else rig.state.took_s
    return max(0.0, statistics.median(ordinary) - passes * rig.seconds)
