"""A launch as a duet: all arms started afresh and loaded side by side with the same requests.

Arms that share a core wait for each other. The rate is low enough for that to be rare; before the duet of the first
launch each arm is also loaded alone for a moment, which shows whether it is.
"""

from __future__ import annotations

from pathlib import Path

from harness.duration import ALONE_OVERHEAD_S, DUET_OVERHEAD_S, alone_seconds
from harness.progress import Advance
from harness.rig import Rig, after, launch_label
from results import interference
from results.interference import Interference
from results.record import Record, launch_directory


def launch(rig: Rig, number: int) -> None:
    """Carry out launch ``number`` (from 0)."""
    seconds = rig.plan.warmup + rig.seconds
    with rig.launch(f"{title(rig, number)}, {seconds:g} s of duet", seconds + DUET_OVERHEAD_S) as advance:
        rig.expect_load(*_place(rig, number))
        rig.start_arms(rig.plan.arms, launch_label(number))
        _duet(rig, number, advance)


def checked_launch(rig: Rig) -> tuple[Interference, ...]:
    """Carry out the first launch, with each arm alone before the duet, on the same processes and with the same traffic.

    An arm that seems to be held up is loaded alone once more after the duet: what only the machine did in the meantime
    is seldom there twice.

    Returns:
        How each arm fared in the duet, against alone.
    """
    plan = rig.plan
    names = list(plan.arms)
    seconds = alone_seconds(rig.seconds)
    alone_s, duet_s = plan.warmup + seconds, plan.warmup + rig.seconds
    words = f"{title(rig, 0)}, {alone_s:g} s each alone, {duet_s:g} s of duet"
    before = len(names) * (alone_s + ALONE_OVERHEAD_S)
    places = {name: (interference.directory(rig.directory, name), f"interference-{name}") for name in names}
    with rig.launch(words, before + duet_s + DUET_OVERHEAD_S) as advance:
        rig.expect_load(*places[names[0]])
        rig.start_arms(names, launch_label(0))
        alone = {
            name: rig.load(
                [name],
                0,
                *places[name],
                seconds=seconds,
                advance=after(place * (alone_s + ALONE_OVERHEAD_S), advance),
            )
            for place, name in enumerate(names)
        }
        if plan.prepare == "natural":  # what was asked for so far must not be in the caches of this launch alone
            rig.targets.forget_traffic(launch_label(0))
        duet = _duet(rig, 0, after(before, advance))
        found = interference.check(alone, duet, plan.margins.p50)
        if suspects := {one.arm for one in found if one.is_confirmed}:
            repeated = {
                name: rig.load(
                    [name],
                    0,
                    interference.directory(rig.directory, name, repeated=True),
                    f"interference-{name}-repeated",
                    seconds=seconds,
                )
                for name in names
                if name in suspects
            }
            found = interference.check(alone, duet, plan.margins.p50, repeated)
    return found


def give_up(rig: Rig) -> None:
    """Put the duet of the first launch beside the arms that were loaded alone, where it counts no longer."""
    launch_directory(rig.directory, 0).rename(interference.directory(rig.directory, interference.GIVEN_UP))


def _duet(rig: Rig, number: int, advance: Advance) -> Record:
    return rig.load(list(rig.plan.arms), number, *_place(rig, number), advance=advance)


def _place(rig: Rig, number: int) -> tuple[Path, str]:
    """Where the record of a duet goes, and what its log is called."""
    return launch_directory(rig.directory, number), f"{launch_label(number)}-swarm"


def title(rig: Rig, number: int) -> str:
    """``launch 3 of 8: both arms afresh``, or ``spare launch 1 of 2: …``."""
    plan = rig.plan
    arms = "both" if len(plan.arms) == 2 else "all three"
    which = f"launch {number + 1} of {plan.launches}"
    if number >= plan.launches:
        which = f"spare launch {number - plan.launches + 1} of {plan.spare}"
    return f"{which}: {arms} arms afresh"
