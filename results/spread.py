"""How far log ratios vary over launches, and how much of it the requests of a launch explain.

The within part is taken from the requests of each launch, by resampling stretches of time in both arms at once, so that
what disturbed both does not count. What is left of the variance over launches is the between part: processes differ for
as long as they live. A few launches know their own variance badly, hence the upper confidence bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from results.design import QUANTILES, Design, Question, enough
from results.samples import AFTER, BEFORE, Floats, Launch, Samples

CONFIDENCE: Final = 0.80
"""Of the upper bound of the spread: a plan made with it is short of launches in one pilot of five."""

PROCESS_SD: Final = 0.005
"""Two processes of one program differ by about this standard deviation of log latency, however quiet a pilot was."""

_BETWEEN_FLOOR: Final = 2 * PROCESS_SD**2

_BLOCKS: Final = 20
"""Stretches of time that are resampled: long against the waves of load, and enough to tell a variance from."""

_REPLICATES: Final = 200
_GRID: Final = 2000
"""Ranks at which resampled distributions are evaluated; between them a quantile is interpolated."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of a cell's log ratio, at the length of a pilot launch.

    Attributes:
        total: Over the pilot launches.
        total_high: Its upper confidence bound, never below the parts that are known.
        between: Of launches by themselves, however many requests they hold; at least that of two processes.
        between_high: The same with the upper bound.
        within: Of the requests that a launch holds.
    """

    total: float
    total_high: float
    between: float
    between_high: float
    within: float

    def at(self, lengths: float, *, high: bool) -> float:
        """The standard deviation that a launch of so many times the pilot's length is expected to have."""
        between = self.between_high if high else self.between
        return math.hypot(between, self.within / math.sqrt(lengths))


def spread(ratios: Floats, within: float) -> Spread:
    """Split the variance of pilot log ratios into what launches and what requests add.

    Args:
        ratios: One log ratio per launch, at least two.
        within: Standard deviation of one of them that its requests explain.
    """
    k = ratios.size
    total = float(ratios.var(ddof=1))
    # A sample variance lies below this share of the true one with probability 1 - CONFIDENCE.
    high = total * (k - 1) / float(special.chdtri(k - 1, CONFIDENCE))
    between, between_high = (max(value - within**2, _BETWEEN_FLOOR) for value in (total, high))
    return Spread(
        math.sqrt(total),
        math.sqrt(between_high + within**2),
        math.sqrt(between),
        math.sqrt(between_high),
        within,
    )


def within(
    samples: Samples, launches: tuple[Launch, ...], design: Design, questions: tuple[Question, ...], seed: int
) -> Floats:
    """Standard deviation of each question's log ratio that the requests of one launch explain; NaN where unknown."""
    controls = control_of(samples, launches, design, questions)
    variances = np.full((len(questions), len(launches)), np.nan)
    for number, launch in enumerate(launches):
        drawn = np.random.default_rng([seed, number])
        blocks = time_blocks(launch.scheduled)
        times = drawn.multinomial(_BLOCKS, np.full(_BLOCKS, 1 / _BLOCKS), size=_REPLICATES).T.astype(np.float64)
        latency = samples.deciding_ms(launch)
        found: dict[Question, Floats] = {}
        for question in dict.fromkeys([*questions, *controls.values()]):
            sides = [samples.rows(launch, arm, question.cell) for arm in (BEFORE, AFTER)]
            before, after = (
                resampled_log_quantiles(latency[rows], blocks[rows], times, QUANTILES[question.quantile])
                for rows in sides
            )
            with np.errstate(invalid="ignore"):
                found[question] = after - before
        for index, question in enumerate(questions):
            with np.errstate(invalid="ignore"):
                net = found[question] - (found[controls[question]] if question in controls else 0.0)
            finite = net[np.isfinite(net)]
            if finite.size >= 0.9 * net.size:  # a resample of blocks is narrower than the sample it stands for
                variances[index, number] = finite.var(ddof=1) * _BLOCKS / (_BLOCKS - 1)
    sd: Floats = np.sqrt(variances.mean(axis=1))
    return sd


def time_blocks(scheduled: Floats) -> npt.NDArray[np.intp]:
    """The stretch of time that each request belongs to, from 0; all stretches are equally long."""
    if not scheduled.size:
        return np.empty(0, np.intp)
    start, length = float(scheduled.min()), float(np.ptp(scheduled)) or 1.0
    return np.minimum(((scheduled - start) / length * _BLOCKS).astype(np.intp), _BLOCKS - 1)


def resampled_log_quantiles(values: Floats, blocks: npt.NDArray[np.intp], times: Floats, p: float) -> Floats:
    """Logarithm of a quantile in every replicate of a bootstrap over blocks.

    Args:
        values: At least one, above zero; infinite ones stand for failures.
        blocks: Of each value, from 0 to the number of blocks less one.
        times: How often each replicate holds each block, shape (blocks, replicates).
        p: Of the quantile.

    Returns:
        Shape (replicates,); NaN where a replicate holds no value.
    """
    order = np.argsort(values)
    ordered = values[order]
    grid = np.unique(np.linspace(0, values.size - 1, min(values.size, _GRID)).round().astype(np.intp))
    step = np.searchsorted(grid, np.arange(values.size))
    counts = np.bincount(step * times.shape[0] + blocks[order], minlength=grid.size * times.shape[0])
    held = np.cumsum(counts.reshape(grid.size, -1), axis=0) @ times  # (grid, replicates), values up to each grid point
    whole = held[-1]
    above = np.argmax(held >= p * whole * (1 - 1e-12), axis=0)
    replicate = np.arange(whole.size)
    upper = held[above, replicate]
    lower = np.where(above > 0, held[np.maximum(above - 1, 0), replicate], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(ordered[grid])
        part = np.where(upper > lower, (p * whole - lower) / (upper - lower), 1.0)
        low, high = logs[np.maximum(above - 1, 0)], logs[above]
        # Without a grid the quantile is the value itself; interpolating then would only blur it.
        between = low + part * (high - low) if grid.size < values.size else high
    return np.where(whole > 0, np.where(np.isfinite(high), between, high), np.nan)


def control_of(
    samples: Samples, launches: tuple[Launch, ...], design: Design, questions: tuple[Question, ...]
) -> Mapping[Question, Question]:
    """What is taken off each question, as the comparison does: the control at the same quantile, else its median."""
    if design.control is None:
        return {}
    return {
        question: Question(
            design.control,
            question.quantile if enough(samples, launches, design.control, question.quantile) else "p50",
        )
        for question in questions
    }
