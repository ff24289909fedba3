"""How the launches of a trial go: by which method, and what becomes of a duet in which the arms hold each other up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from harness import duet, duration, rounds
from harness.rig import Rig
from harness.trial_plan import Method
from results import gates
from results.interference import Interference
from results.record import read_record
from results.samples import read_trial
from results.units import counted, milliseconds

_LAUNCH: Final[Mapping[Method, Callable[[Rig, int], None]]] = {
    "duet": duet.launch,
    "rounds": rounds.launch,
    "reversal": rounds.reverse,
}
"""How one launch goes, by method."""


def carry_out_all(rig: Rig) -> Method:
    """Carry out every launch that is still to be made, and give the method by which."""
    method: Method
    if "method" in rig.facts:  # the trial is gone on with
        method = rig.facts["method"]
    else:
        method, first = begin(rig)
        rig.keep(done=list(range(first)))
        if first:
            rig.show()
    number = 0
    is_told = False
    while number < rig.plan.launches + _spare_due(rig):
        if number not in rig.state.done:
            _LAUNCH[method](rig, number)
            rig.keep(done=[*rig.state.done, number])
            rig.show()
        number += 1
        if not is_told and number < rig.plan.launches and _is_past_help(rig, lost := _lost(rig)):
            is_told = True
            end = "Ctrl-C ends it now" if rig.is_whole else "it ends here"
            rig.steps.say(
                f"  the generator was not fit in {counted(lost, 'launch')}, so this trial can only end invalid; {end}"
            )
            if not rig.is_whole:
                break
    return method


def _spare_due(rig: Rig) -> int:
    """How many of the plan's spare launches are to be made: one for each in which the generator was not fit.

    None further where so many are lost that the trial stays invalid, whatever a spare one brings.
    """
    plan = rig.plan
    made = len(rig.state.done) - plan.launches
    if not plan.spare or made < 0:
        return 0
    lost = _lost(rig)
    if _is_past_help(rig, lost):
        return made
    due = min(plan.spare, lost)
    if due > made:
        rig.steps.say(f"  the generator was not fit in {lost} of {counted(len(rig.state.done), 'launch')}, so one more")
    return due


def _lost(rig: Rig) -> int:
    """In how many launches so far the generator was not fit."""
    design = rig.plan.design()
    return gates.lost(read_trial(read_record(rig.directory, allow_incomplete=True), design.before, design.after))


def _is_past_help(rig: Rig, lost: int) -> bool:
    """Whether the trial ends invalid even if no launch to come is lost."""
    return lost > gates.LEFT_OUT_LIMIT * (rig.plan.launches + min(rig.plan.spare, lost))


def begin(rig: Rig) -> tuple[Method, int]:
    """Settle the method: a duet is tried in the first launch, and given up where the arms hold each other up.

    Returns:
        The method, and the launch it goes on with.
    """
    asked = rig.plan.method
    method: Method = "duet" if asked == "auto" else asked
    rig.facts.update({"method": method, "fallback": None})
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
    rig.facts.update({"method": "rounds", "fallback": f"{told}, so they were loaded in turn."})
    rig.steps.say(
        f"  {told}; from here on they are loaded in turn, {duration.words(duration.rounds(rig.plan, rig.seconds))}"
    )
    return "rounds", 0


def _held_up(one: Interference) -> str:
    """What the arms do to each other, where it shows most."""
    return (
        f"The arms hold each other up: {one.arm} answered {one.cell} in {milliseconds(one.duet_ms)} side by side, "
        f"in {milliseconds(one.alone_ms)} alone"
    )
