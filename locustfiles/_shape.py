"""Shapes: how the rate of an open workload goes over the time of a plan.

A shape is a row of steps, each from one moment to another with a rate at its start and one at its end, both as
multiples of the plan's rate. Arrivals of a step follow from the integral, so that a ramp is a true Poisson process of
growing rate and not a staircase.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
import numpy.typing as npt

from results.plan import SwarmPlan, parse_shape

Floats = npt.NDArray[np.float64]

STEP_S: Final = 10.0
"""Length of one step of ``breakpoint``, seconds."""

FASTEST: Final = 250_000.0
"""Requests a second above which ``breakpoint`` climbs no more: far beyond what a generator can send."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time in which the rate goes evenly from ``low`` to ``high`` (multiples of the plan's rate)."""

    start: float
    end: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Mean multiple over the step."""
        return (self.low + self.high) / 2

    def part(self, start: float, end: float) -> Step:
        """The part of this step between two moments inside it."""
        return Step(start, end, self._at(start), self._at(end))

    def place(self, uniform: Floats) -> Floats:
        """Moments in the step for sorted or unsorted uniform numbers, by the inverse of the cumulated rate."""
        length = self.end - self.start
        slope = self.high - self.low
        if abs(slope) < 1e-12:
            return self.start + length * uniform
        total = self.mean
        return np.asarray(self.start + length * (np.sqrt(self.low**2 + 2 * slope * total * uniform) - self.low) / slope)

    def _at(self, moment: float) -> float:
        length = self.end - self.start
        if length in {0.0, inf}:
            return self.low
        return self.low + (self.high - self.low) * (moment - self.start) / length


def steps(plan: SwarmPlan) -> Iterator[Step]:
    """The steps of a plan, from the start of its warm-up to its end; never-ending where the plan is.

    ``steady`` and ``soak``: the rate throughout. ``ramp:F``: from F times the rate up to the rate. ``steps:N``: N equal
    steps up to the rate. ``spike:F``: the rate, and F times the rate in the middle tenth. ``breakpoint:F``: F times
    more every ten seconds, up to ``FASTEST``. The warm-up has the rate at which the measured part begins.
    """
    name, factor = parse_shape(plan.shape)
    begin, end = plan.warmup_s, plan.warmup_s + plan.duration_s
    assert plan.rate is not None
    measured = _measured(name, factor, begin, end, plan.rate)
    first = next(measured)
    if begin:
        yield Step(0.0, begin, first.low, first.low)
    yield first
    yield from measured


def climb(rate: float, factor: float, step: int) -> float:
    """The multiple of the rate at which ``breakpoint`` stands in a step, from 0."""
    return min(factor**step, max(1.0, FASTEST / rate))


def _measured(name: str, factor: float, begin: float, end: float, rate: float) -> Iterator[Step]:
    length = end - begin
    if name == "ramp":
        yield Step(begin, end, factor, 1.0)
    elif name == "steps":
        count = int(factor)
        for step in range(count):
            level = (step + 1) / count
            yield Step(begin + length * step / count, begin + length * (step + 1) / count, level, level)
    elif name == "spike":
        up, down = begin + 0.45 * length, begin + 0.55 * length
        yield Step(begin, up, 1.0, 1.0)
        yield Step(up, down, factor, factor)
        yield Step(down, end, 1.0, 1.0)
    elif name == "breakpoint":
        for step in itertools.count():
            start = begin + step * STEP_S
            if start >= end:
                return
            level = climb(rate, factor, step)
            yield Step(start, min(end, start + STEP_S), level, level)
    else:
        yield Step(begin, end, 1.0, 1.0)
