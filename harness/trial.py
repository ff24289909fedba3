"""One complete before/after experiment, from nothing to a verdict.

``run`` is the architecture in ten steps; everything it starts is stopped in reverse order, however it ends.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import results.report
from harness import duration, launches, own_site, pilot, site
from harness.errors import RunFailed
from harness.progress import Steps
from harness.rig import Rig
from harness.scenarios import check_scenario, scenario_of
from harness.trial_plan import TrialPlan
from results.comparison import Comparison, compare_trial
from results.errors import ResultsError
from results.record import Record, read_record
from results.units import percent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to: its record on disk, the comparison in it, and what went wrong after the last launch."""

    record: Record
    comparison: Comparison
    problem: str = ""


def run(
    plan: TrialPlan,
    *,
    out: Path | None,
    commands: list[str],
    steps: Steps,
    resume: Path | None = None,
    is_whole: bool = True,
) -> Outcome:
    """Carry out a trial.

    Args:
        plan: The resolved plan.
        out: Where run records go; ``None`` for the usual place.
        commands: What a person would type to do the same again.
        steps: Shows what is going on.
        resume: The record of a trial of this plan that was cut off, to go on with.
        is_whole: It is no step of something larger; such a step ends as soon as it can only end invalid.

    Raises:
        UsageError: The plan cannot be carried out; nothing was loaded.
        TargetError: A site does not start, answer or serve what it should.
        RunFailed: A launch went wrong, or a site after load had begun; the record says why and keeps what there is.
        KeyboardInterrupt: After everything was stopped and the record completed.
    """
    began = time.monotonic()
    check(plan)
    with Rig.open(plan, out, commands, steps, resume=resume, is_whole=is_whole) as rig:
        steps.say(f"  {duration.announcement(plan)}")
        if plan.arms_are_alike:
            steps.say("  both arms are the same: whatever differs will be noise")
        if plan.launches < (least := plan.design().minimum_launches):
            steps.say(f"  too few for a verdict, which takes at least {least} launches; figures alone will be shown")
        rig.targets.make()
        with rig.cores_awake():
            pilot.look(rig)
            launches.carry_out_all(rig)
        problem = rig.roll_back()
        return _conclude(rig, began, problem)


def check(plan: TrialPlan) -> None:
    """Refuse what would only come to light after minutes of work."""
    if plan.locustfile is None:
        check_scenario(plan.scenario)
    else:
        scenario_of(plan.locustfile)
    if plan.kind != "reference":
        own_site.check_files(plan)
        return
    plan.corpus.corpus()
    for arm in plan.arms.values():
        site.check(arm.assignments())


def _conclude(rig: Rig, began: float, problem: str) -> Outcome:
    """Compare, write the report, and complete the record.

    Args:
        rig: With all launches made.
        began: When the trial did, on the monotonic clock.
        problem: What went wrong with rolling back; empty where nothing did.
    """
    with rig.steps.step("compared, report written"):
        comparison = compare_trial(read_record(rig.directory, allow_incomplete=True))
        try:
            files = results.report.write(comparison, rig.directory)
        except ResultsError as error:
            raise RunFailed(
                f"all launches are kept, but {str(error).partition('. Choose')[0]}; make room, and have them judged: "
                f"anp trial --resume {rig.directory}"
            ) from error
    whole_s = time.monotonic() - began
    if rig.measured_s:  # nothing, where all but the comparison was there when the trial was gone on with
        share = percent((whole_s - rig.warmed_up_s) / rig.measured_s - 1)
        rig.steps.say(
            f"  {rig.measured_s:.0f} s were measured; starting, preparing, stopping and comparing took {share} of that"
        )
    spent = {"whole_s": round(whole_s, 3), "warmed_up_s": rig.warmed_up_s, "measured_s": rig.measured_s}
    told = {"files": sorted(file.name for file in files), "verdict": comparison.to_dict()["overall"], "spent": spent}
    rig.finish(told)
    return Outcome(read_record(rig.directory), comparison, problem)
