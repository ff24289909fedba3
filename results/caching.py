"""What the page cache did in both arms: hit ratios, classes, and what became of each request.

The cache class of a reply is an outcome, not a condition of the experiment: nothing here is a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from results import statistics
from results.columns import CACHE_CLASSES
from results.design import Design
from results.measures import Interval, Pair
from results.samples import AFTER, ALL, BEFORE, Cell, Launch, Samples

SERVED: Final = tuple(CACHE_CLASSES.index(name) for name in ("HIT", "STALE"))

HIT_RATIO_MOVED: Final = 0.01
"""Differences up to one point do not make two mixtures of a page."""


@dataclass(frozen=True, slots=True)
class HitRatio:
    """Share of replies out of the page cache (HIT or STALE), of one persona or of all.

    Attributes:
        difference: Mean over launches of after minus before, as a fraction, with its t interval.
        moved: Whether that interval leaves zero out and the difference is above ``HIT_RATIO_MOVED``.
    """

    persona: str
    share: Pair
    difference: Interval
    moved: bool


@dataclass(frozen=True, slots=True)
class ClassShare:
    """How a persona's replies are spread over the cache classes."""

    persona: str
    cache: str
    requests: tuple[int, int]
    share: Pair


@dataclass(frozen=True, slots=True)
class Transition:
    """The same request in both arms: its class before, its class after."""

    persona: str
    before: str
    after: str
    requests: int
    share: float
    median_ms: Pair


@dataclass(frozen=True, slots=True)
class OneSided:
    """A cache class of a page that one arm alone has: shown, never judged."""

    cell: Cell
    requests: tuple[int, int]
    median_ms: Pair


def hit_ratios(samples: Samples, launches: tuple[Launch, ...], design: Design, *, paired: bool) -> tuple[HitRatio, ...]:
    """Of every persona and, where there are several, of all together; intervals only where launches are pairs."""
    out = []
    personas: list[tuple[str, int | None]] = [(name, code) for code, name in enumerate(samples.personas)]
    if len(personas) > 1:
        personas.append((ALL, None))
    for name, code in personas:
        shares = np.array([_served(launches, arm, code) for arm in (BEFORE, AFTER)])
        mean = [float(np.nanmean(side)) if np.isfinite(side).any() else math.nan for side in shares]
        differences = shares[1] - shares[0]
        if paired and np.isfinite(differences).all():
            estimate, low, high = statistics.mean_interval(differences, design.alpha)
            if math.isfinite(low):
                low, high = max(low, -1.0), min(high, 1.0)  # no share changes by more
        else:
            estimate, low, high = mean[1] - mean[0], -math.inf, math.inf
        moved = (low > 0 or high < 0) and abs(estimate) > HIT_RATIO_MOVED
        out.append(HitRatio(name, Pair(*mean), Interval(estimate, low, high), moved))
    return tuple(out)


def class_shares(samples: Samples, launches: tuple[Launch, ...]) -> tuple[ClassShare, ...]:
    """Every cache class that a persona met in either arm."""
    size = len(CACHE_CLASSES)
    counts = np.zeros((2, len(samples.personas), size), np.int64)
    for launch in launches:
        for arm in (BEFORE, AFTER):
            rows = launch.arm_rows(arm)
            key = launch.persona[rows].astype(np.intp) * size + launch.cache[rows]
            counts[arm] += np.bincount(key, minlength=counts[arm].size).reshape(counts[arm].shape)
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=2, keepdims=True)
    return tuple(
        ClassShare(
            persona,
            cache,
            (int(counts[0, p, c]), int(counts[1, p, c])),
            Pair(float(shares[0, p, c]), float(shares[1, p, c])),
        )
        for p, persona in enumerate(samples.personas)
        for c, cache in enumerate(CACHE_CLASSES)
        if counts[:, p, c].any()
    )


def transitions(samples: Samples, launches: tuple[Launch, ...]) -> tuple[Transition, ...]:
    """Requests matched one to one between the arms, counted by persona and both classes."""
    size = len(CACHE_CLASSES)
    keys, before, after = [], [], []
    for launch in launches:
        arms = [launch.arm_rows(arm) for arm in (BEFORE, AFTER)]
        _, first, second = np.intersect1d(launch.request[arms[0]], launch.request[arms[1]], return_indices=True)
        one, other = arms[0][first], arms[1][second]
        keys.append((launch.persona[one].astype(np.intp) * size + launch.cache[one]) * size + launch.cache[other])
        latency = samples.deciding_ms(launch)
        before.append(latency[one])
        after.append(latency[other])
    key, one_ms, other_ms = np.concatenate(keys), np.concatenate(before), np.concatenate(after)
    found, counts = np.unique(key, return_counts=True)
    of_persona = np.bincount(found // size**2, weights=counts, minlength=len(samples.personas))
    return tuple(
        Transition(
            samples.personas[int(value) // size**2],
            CACHE_CLASSES[int(value) // size % size],
            CACHE_CLASSES[int(value) % size],
            int(count),
            float(count / of_persona[int(value) // size**2]),
            Pair(*(statistics.finite_median(values[key == value]) for values in (one_ms, other_ms))),
        )
        for value, count in zip(found, counts, strict=True)
    )


def one_sided(samples: Samples, launches: tuple[Launch, ...], cell: Cell) -> OneSided:
    """What there is to show of a class that one arm alone holds."""
    sides = [
        np.concatenate([samples.deciding_ms(launch)[samples.rows(launch, arm, cell)] for launch in launches])
        for arm in (BEFORE, AFTER)
    ]
    return OneSided(
        cell, (sides[0].size, sides[1].size), Pair(*(statistics.quantile(np.sort(side), 0.5) for side in sides))
    )


def _served(launches: Iterable[Launch], arm: int, persona: int | None) -> list[float]:
    """Share served from the cache in each launch, of the replies that came."""
    shares = []
    for launch in launches:
        rows = launch.arm_rows(arm)
        rows = rows[~launch.failed[rows]]
        if persona is not None:
            rows = rows[launch.persona[rows] == persona]
        shares.append(float(np.isin(launch.cache[rows], SERVED).mean()) if rows.size else math.nan)
    return shares
