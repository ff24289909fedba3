"""A launch as rounds: its arms are loaded one after the other, with the same requests.

``launch`` has all arms up, of which one at a time is loaded. ``reverse`` has one slot, in which the arms take turns.
Either way a round is: settle, log in, bring the cache to its state, warm up, measure, let what is under way end. Each
round has a generator process of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from harness.duet import title
from harness.duration import ROUND_OVERHEAD_S, START_S
from harness.processes import check_interrupted
from harness.progress import Advance
from harness.rig import Rig, after, launch_label
from harness.trial_plan import AFTER, AGAIN, BEFORE
from results.record import launch_directory


def orders(arms: Sequence[str], launches: int, seed: int | str) -> list[tuple[str, ...]]:
    """The order of the rounds of every launch: random, and balanced over the launches.

    ``before`` comes first in half of the launches (of an odd number, one side has one more), so that what changes
    steadily over a launch favours neither arm; ``again`` takes every place equally often.
    """
    draw = random.Random(f"{seed}/orders")
    pair = [BEFORE, AFTER]
    draw.shuffle(pair)
    first = [tuple(pair if number % 2 == 0 else reversed(pair)) for number in range(launches)]
    draw.shuffle(first)
    if AGAIN not in arms:
        return first
    places = [number % 3 for number in range(launches)]
    draw.shuffle(places)
    return [(*order[:place], AGAIN, *order[place:]) for order, place in zip(first, places, strict=True)]


def reversals(launches: int) -> list[tuple[str, str]]:
    """The order of the rounds of every launch of a reversal: before, after, after, before, and so on."""
    return [(BEFORE, AFTER) if number % 2 == 0 else (AFTER, BEFORE) for number in range(launches)]


def launch(rig: Rig, number: int) -> None:
    """Carry out launch ``number`` (from 0): start all arms afresh, then load each alone."""
    plan = rig.plan
    arms = list(plan.arms)
    order = [*orders(arms, plan.launches, plan.seed), *orders(arms, plan.spare, f"{plan.seed}/spare")][number]
    seconds = plan.warmup + rig.seconds
    words = f"{title(rig, number)}, {seconds:g} s each: {', then '.join(order)}"
    with rig.launch(words, len(order) * (plan.settle + ROUND_OVERHEAD_S + seconds) + START_S) as advance:
        rig.expect_load(*_place(rig, number, 0, order[0]))
        rig.start_arms(plan.arms, launch_label(number))
        for position, name in enumerate(order):
            _round(rig, number, position, name, advance)


def reverse(rig: Rig, number: int) -> None:
    """Carry out launch ``number`` (from 0) of a reversal: each round has the slot to itself, started for it."""
    plan = rig.plan
    order = reversals(plan.launches)[number]
    seconds = plan.warmup + rig.seconds
    words = f"launch {number + 1} of {plan.launches}: one slot, {seconds:g} s each: {', then '.join(order)}"
    with rig.launch(words, len(order) * (START_S + plan.settle + ROUND_OVERHEAD_S + seconds)) as advance:
        for position, name in enumerate(order):
            rig.expect_load(*_place(rig, number, position, name))
            rig.start_arms([name], _label(number, position))
            _round(rig, number, position, name, advance)
            rig.stop_arms()


def round_directory(trial: Path, number: int, position: int, arm: str) -> Path:
    """Where the swarm record of a round lies: ``launches/03.1-after`` is the first round of the third launch."""
    folder = launch_directory(trial, number)
    return folder.with_name(f"{folder.name}.{position + 1}-{arm}")


def _round(rig: Rig, number: int, position: int, name: str, advance: Advance) -> None:
    plan = rig.plan
    before = position * (plan.settle + ROUND_OVERHEAD_S + plan.warmup + rig.seconds)
    _settle(plan.settle)
    rig.load([name], number, *_place(rig, number, position, name), advance=after(before, advance))


def _place(rig: Rig, number: int, position: int, name: str) -> tuple[Path, str]:
    """Where the record of a round goes, and what its log is called."""
    folder = round_directory(rig.directory, number, position, name)
    return folder, f"{_label(number, position)}-{name}-swarm"


def _label(number: int, position: int) -> str:
    return f"{launch_label(number)}.{position + 1}"


def _settle(seconds: float) -> None:
    """Let whatever a start or the last round left under way come to its end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check_interrupted()
        time.sleep(min(0.1, left))
