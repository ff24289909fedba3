"""One complete before/after experiment, from nothing to a verdict.

``run`` is the architecture in ten steps; everything it starts is stopped in reverse order, however it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import results.report
from harness import duet, duration, pilot, rounds, site, swarm
from harness.progress import Steps
from harness.rig import Rig
from harness.trial_plan import Method, TrialPlan
from results.comparison import Comparison, compare_trial
from results.interference import Interference
from results.record import Record, read_record
from results.units import milliseconds

LAUNCH: Final[Mapping[Method, Callable[[Rig, int], None]]] = {
    "duet": duet.launch,
    "rounds": rounds.launch,
    "reversal": rounds.reverse,
}
"""How one launch goes, by method."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to: its record on disk, and the comparison in it."""

    record: Record
    comparison: Comparison


def run(plan: TrialPlan, *, out: Path | None, commands: list[str], steps: Steps) -> Outcome:
    """Carry out a trial.

    Args:
        plan: The resolved plan.
        out: Where run records go; ``None`` for the usual place.
        commands: What a person would type to do the same again.
        steps: Shows what is going on.

    Raises:
        UsageError: The plan cannot be carried out; nothing was loaded.
        TargetError: A site does not start, answer or serve what it should.
        RunFailed: A launch went wrong; the record says why and keeps what there is.
        KeyboardInterrupt: After everything was stopped and the record completed.
    """
    _check(plan)
    with Rig.open(plan, out, commands, steps) as rig:
        steps.say(f"  {duration.announcement(plan)}")
        rig.import_articles()
        with rig.cores_awake():
            pilot.look(rig)
            method, first = _begin(rig)
            for number in range(first, plan.launches):
                LAUNCH[method](rig, number)
        return _conclude(rig)


def _check(plan: TrialPlan) -> None:
    """Refuse what would only come to light after minutes of work."""
    plan.corpus.corpus()
    swarm.check_scenario(plan.scenario)
    for arm in plan.arms.values():
        site.check(arm.assignments())


def _begin(rig: Rig) -> tuple[Method, int]:
    """Settle the method: a duet is tried in the first launch, and given up where the arms hold each other up.

    Returns:
        The method, and the launch it goes on with.
    """
    asked = rig.plan.method
    method: Method = "duet" if asked == "auto" else asked
    rig.facts |= {"method": method, "fallback": None}
    if method != "duet":
        return method, 0
    found = duet.checked_launch(rig)
    rig.facts["interference"] = [asdict(one) for one in found]
    confirmed = [one for one in found if one.is_confirmed]
    if not confirmed:
        return "duet", 1
    told = _held_up(max(confirmed, key=lambda one: one.ratio.estimate))
    if asked == "duet":
        rig.steps.say(f"  {told}; a duet was asked for, so it goes on")
        return "duet", 1
    duet.give_up(rig)
    rig.facts |= {"method": "rounds", "fallback": f"{told}, so they were loaded in turn."}
    rig.steps.say(f"  {told}: from here on they are loaded in turn, {duration.words(duration.rounds(rig.plan))}")
    return "rounds", 0


def _held_up(one: Interference) -> str:
    """What the arms do to each other, where it shows most."""
    return (
        f"The arms hold each other up: {one.arm} answered {one.cell} in {milliseconds(one.duet_ms)} side by side, "
        f"in {milliseconds(one.alone_ms)} alone"
    )


def _conclude(rig: Rig) -> Outcome:
    """Compare, write the report, and complete the record."""
    with rig.steps.step("compared, report written"):
        comparison = compare_trial(read_record(rig.directory, allow_incomplete=True))
        files = results.report.write(comparison, rig.directory)
    rig.finish({"files": sorted(file.name for file in files), "verdict": comparison.to_dict()["overall"]})
    return Outcome(read_record(rig.directory), comparison)
