"""Experiments by the thousand: log ratios of launches under each kind of noise, all cells at once.

A kind maps a generator, the shape (experiments, launches, cells) and a true log change, one or one
for each cell, to log ratios of that shape.
Kinds of launches draw the ratios themselves. Kinds of requests draw sample quantiles of each arm, of at least as many
requests as the sample floor asks for; not by drawing the requests but, in distribution the same, by drawing the two
order statistics that a type-7 quantile lies between.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

Floats = np.ndarray
Shape = tuple[int, int, int]
Rng = np.random.Generator
Change = float | Floats
Kind = Callable[[Rng, Shape, Change], Floats]

SPREAD = 0.03
"""Standard deviation of the log ratio over launches, where a kind draws it."""

P50, P95 = 0.50, 0.95


def _quantiles(cells: int) -> Floats:
    """Cells take turns: a median, a p95."""
    return np.where(np.arange(cells) % 2 == 0, P50, P95)


def uniform_order_statistics(rng: Rng, n: Floats, p: Floats) -> tuple[Floats, Floats, Floats]:
    """The two neighbours of a type-7 quantile among ``n`` uniform values, and the weight of the upper one."""
    rank = (n - 1) * p
    low = np.floor(rank)
    below = rng.beta(low + 1, n - low)
    above = below + (1 - below) * rng.beta(1, np.maximum(n - low - 1, 1))
    return below, above, rank - low


def sample_quantiles(rng: Rng, n: Floats, p: Floats, of: Callable[[Floats], Floats]) -> Floats:
    """Sample quantiles of ``n`` values each, whose distribution has the quantile function ``of``."""
    below, above, part = uniform_order_statistics(rng, n, p)
    low, high = of(below), of(above)
    return low + part * (high - low)


def _both_arms(
    rng: Rng, shape: Shape, change: Change, of: Callable[[Floats, Floats], Floats], sizes: tuple[Floats, Floats]
) -> Floats:
    """Log ratios of two arms' sample quantiles; ``of(u, factor)`` are the times at probability ``u``.

    Each process is 1 % faster or slower than the next for as long as it lives, in all its cells alike.
    """
    p = np.broadcast_to(_quantiles(shape[2]), shape)
    logs = []
    for arm, n in enumerate(sizes):
        luck = np.exp(0.01 * rng.normal(size=(*shape[:2], 1)) + change * arm)
        logs.append(np.log(sample_quantiles(rng, np.broadcast_to(n, shape), p, lambda u, luck=luck: of(u, luck))))
    return logs[1] - logs[0]


def normal(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Independent cells, normal ratios."""
    return change + SPREAD * rng.normal(size=shape)


def wild(rng: Rng, shape: Shape, change: Change) -> Floats:
    """One launch in ten is six times as wild as the others, in all its cells."""
    return change + SPREAD * rng.normal(size=shape) * np.where(rng.random((*shape[:2], 1)) < 0.1, 6, 1)


def heavy(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Ratios with the tails of Student's t with four degrees of freedom."""
    return change + SPREAD * rng.standard_t(4, size=shape) / math.sqrt(2)


def together(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Cells that move together: most of a launch's noise is common to all of them."""
    return change + SPREAD * (0.95 * rng.normal(size=(*shape[:2], 1)) + 0.31 * rng.normal(size=shape))


def skewed(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Requests with a long tail (lognormal, sigma 1), 200 in each arm and launch."""
    n = np.full((1, 1, 1), 200.0)
    return _both_arms(rng, shape, change, lambda u, factor: factor * np.exp(special.ndtri(u)), (n, n))


def _hits_and_misses(u: Floats, factor: Floats, hits: float) -> Floats:
    hit = 0.2 * np.exp(0.3 * special.ndtri(np.minimum(u / hits, 1 - 1e-12)))
    miss = 4.0 * np.exp(0.4 * special.ndtri(np.clip((u - hits) / (1 - hits), 1e-12, 1 - 1e-12)))
    return factor * np.where(u < hits, hit, miss)


def bimodal(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Hits of 0.2 ms and misses of 4 ms in one cell, 85 hits in 100: the median is a hit, p95 a miss; 400 requests."""
    n = np.full((1, 1, 1), 400.0)
    return _both_arms(rng, shape, change, lambda u, factor: _hits_and_misses(u, factor, 0.85), (n, n))


def in_the_gap(rng: Rng, shape: Shape, change: Change) -> Floats:
    """As before with 95 hits in 100, so that p95 falls between hits and misses and jumps."""
    n = np.full((1, 1, 1), 400.0)
    return _both_arms(rng, shape, change, lambda u, factor: _hits_and_misses(u, factor, 0.95), (n, n))


def quantised(rng: Rng, shape: Shape, change: Change) -> Floats:
    """A clock of whole milliseconds: pages of 20 to 60 ms, 200 requests, times rounded up."""
    level = np.linspace(20, 60, shape[2]) if shape[2] > 1 else np.array([40.0])
    n = np.full((1, 1, 1), 200.0)
    return _both_arms(
        rng, shape, change, lambda u, factor: np.ceil(factor * level * np.exp(0.3 * special.ndtri(u))), (n, n)
    )


def unequal(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Between 200 and 400 requests in the before arm, by launch and cell, and twice as many in the after arm."""
    n = rng.integers(200, 401, size=shape).astype(np.float64)
    return _both_arms(rng, shape, change, lambda u, factor: factor * np.exp(0.5 * special.ndtri(u)), (n, 2 * n))


def _in_turn(rng: Rng, shape: Shape, level: Floats, change: Change) -> Floats:
    """One arm after the other in every launch, in a random order that is balanced over the launches.

    Args:
        rng: Draws the order and a noise of 1 % for each cell and round.
        shape: Of the ratios.
        level: Log level of the machine, shape (experiments, rounds), two rounds a launch.
        change: True log change.
    """
    experiments, launches, _ = shape
    first = np.tile(np.arange(launches) % 2 == 0, (experiments, 1))
    sign = np.where(rng.permuted(first, axis=1), 1, -1)  # +1: before first, after second
    drift = sign * (level[:, 1::2] - level[:, 0::2])
    return change + drift[:, :, None] + 0.01 * math.sqrt(2) * rng.normal(size=shape)


def slow_waves(rng: Rng, experiments: int, rounds: int) -> Floats:
    """A machine that is 5 % faster or slower for a while: autoregressive, 0.9 from round to round."""
    shocks = rng.normal(size=(experiments, rounds))
    level = np.empty_like(shocks)
    level[:, 0] = shocks[:, 0]
    for step in range(1, rounds):
        level[:, step] = 0.9 * level[:, step - 1] + math.sqrt(1 - 0.81) * shocks[:, step]
    return 0.05 * level


def one_step(rng: Rng, experiments: int, rounds: int) -> Floats:
    """A machine that becomes 8 % slower at some moment and stays so."""
    return np.where(np.arange(rounds) >= rng.integers(1, rounds, size=(experiments, 1)), math.log(1.08), 0.0)


def drift(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Arms in turn on a machine with slow waves of 5 %."""
    return _in_turn(rng, shape, slow_waves(rng, shape[0], 2 * shape[1]), change)


def step(rng: Rng, shape: Shape, change: Change) -> Floats:
    """Arms in turn on a machine that becomes 8 % slower once."""
    return _in_turn(rng, shape, one_step(rng, shape[0], 2 * shape[1]), change)


KINDS: dict[str, Kind] = {
    "normal": normal,
    "one launch in ten wild": wild,
    "heavy tails": heavy,
    "cells that move together": together,
    "slow waves, arms in turn": drift,
    "one step, arms in turn": step,
    "skewed requests": skewed,
    "hits and misses": bimodal,
    "whole milliseconds": quantised,
    "unequal numbers of requests": unequal,
}
"""The grid's kinds of noise by the names of the report."""

ROUNDED = frozenset({"whole milliseconds"})
"""Kinds in which a change does more than move all log ratios by it."""
