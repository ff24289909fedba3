"""A launch as a duet: all arms started afresh and loaded side by side with the same requests."""

from __future__ import annotations

from typing import Final

from harness.rig import Rig, launch_label
from results.record import launch_directory

OVERHEAD_S: Final = 4.0
"""About what a launch takes beside its load: sites and generator start, members log in, caches are brought to state."""


def launch(rig: Rig, number: int) -> None:
    """Carry out launch ``number`` (from 0)."""
    seconds = rig.plan.warmup + rig.plan.seconds
    with rig.launch(f"{title(rig, number)}, {seconds:g} s of duet", seconds + OVERHEAD_S) as advance:
        rig.start_arms(rig.plan.arms, launch_label(number))
        rig.load(
            list(rig.plan.arms),
            number,
            launch_directory(rig.directory, number),
            f"{launch_label(number)}-swarm",
            advance=advance,
        )


def title(rig: Rig, number: int) -> str:
    """``launch 3 of 8: both arms afresh``."""
    arms = "both" if len(rig.plan.arms) == 2 else "all three"
    return f"launch {number + 1} of {rig.plan.launches}: {arms} arms afresh"
