"""Whole distributions for drawing: percentile curves, what changed at every percentile, and the tails of each class.

Everything is thinned to what an eye can tell apart. Nothing here decides anything; the verdict is made in ``cells``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from results import statistics
from results.columns import CACHE_CLASSES
from results.design import QUANTILES
from results.samples import AFTER, BEFORE, Cell, Floats, Launch, Samples

MOST_PAGES: Final = 4
"""Pages that are drawn: the first of the primary ones."""

_CURVE_POINTS: Final = 60
_SHIFT_POINTS: Final = 24
_TAIL_POINTS: Final = 160
_BEYOND: Final = 10
"""Requests that have to lie beyond a percentile that is drawn."""

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Where a quantile lies by the spread of its launches: pointwise intervals, the lower and the upper ends."""

    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class Side:
    """Latency over percentile of one arm.

    Attributes:
        p: Probabilities, even in ``log 1/(1-p)``, as far as ten requests of all launches lie beyond.
        ms: Quantiles of all launches together.
        ribbon: For the first percentiles only, as far as every launch has ten requests beyond; empty with one launch.
    """

    p: Numbers
    ms: Numbers
    ribbon: Ribbon


@dataclass(frozen=True, slots=True)
class Curve:
    """Latency over percentile of one page, for drawing."""

    cell: Cell
    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Shift:
    """What changed at every percentile of one page: the shift function of Doksum (1974), over launches.

    Attributes:
        p: Probabilities at which every launch and arm has ten requests on either side.
        before_ms: Geometric mean over launches of the before arm's quantile.
        ratio: Geometric mean over launches of after over before.
        pointwise: Interval of each ratio by itself; empty with one launch.
        joint: Intervals that hold for all percentiles of the page together; empty with one launch.
    """

    cell: Cell
    p: Numbers
    before_ms: Numbers
    ratio: Numbers
    pointwise: Ribbon
    joint: Ribbon


@dataclass(frozen=True, slots=True)
class Tail:
    """The distribution of one cache class of a page in one arm, all launches together.

    Attributes:
        requests: How many there are, failed ones included.
        failed: Share of them that failed; their latency has no end.
        p: Share of the requests that took at most ``ms``: dense in both tails.
        ms: Ascending latencies.
    """

    cell: Cell
    arm: str
    requests: int
    failed: float
    p: Numbers
    ms: Numbers


def pages(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The first few pages of these cells, whole: every cache class of them."""
    return tuple(dict.fromkeys(Cell(cell.persona, cell.route) for cell in cells))[:MOST_PAGES]


def curves(samples: Samples, launches: Sequence[Launch], cells: Sequence[Cell], alpha: float) -> tuple[Curve, ...]:
    """Latency over percentile of both arms of every cell.

    Args:
        samples: Vocabulary and workload of the launches.
        launches: Those that the figures are over.
        cells: What to draw.
        alpha: One less the level of the ribbons.
    """
    out = []
    for cell in cells:
        sides = [_side(_ordered(samples, launches, arm, cell), alpha) for arm in (BEFORE, AFTER)]
        out.append(Curve(cell, *sides))
    return tuple(out)


def shifts(samples: Samples, launches: Sequence[Launch], cells: Sequence[Cell], alpha: float) -> tuple[Shift, ...]:
    """The shift function of every cell that has enough requests, launches being pairs.

    Pointwise intervals are Student's t over the launches' log ratios; joint ones take the critical value of
    ``statistics.max_t_critical`` over the whole grid of percentiles.

    Args:
        samples: Vocabulary and workload of the launches.
        launches: Those that the figures are over.
        cells: What to draw.
        alpha: One less the level of both bands.
    """
    out = []
    for cell in cells:
        sides = [_ordered(samples, launches, arm, cell) for arm in (BEFORE, AFTER)]
        grid = _shift_grid(min(values.size for side in sides for values in side))
        levels = np.array([_quantiles(side, grid) for side in sides]).reshape(2, len(launches), grid.size)
        logs = np.log(np.where(levels > 0, levels, np.nan))
        known = np.isfinite(logs).all(axis=(0, 1))
        kept = int(known.argmin()) if not known.all() else known.size  # a failed request reaches all that is beyond
        if not kept:
            continue
        ratios = logs[1, :, :kept] - logs[0, :, :kept]  # (launches, grid)
        joint = statistics.max_t_critical(ratios, alpha)
        single = statistics.t_critical(len(launches), alpha)
        out.append(
            Shift(
                cell,
                _rounded(grid[:kept], 7),
                _rounded(np.exp(logs[0, :, :kept].mean(axis=0))),
                _rounded(np.exp(ratios.mean(axis=0))),
                _ribbon(ratios, single),
                _ribbon(ratios, joint),
            )
        )
    return tuple(out)


def tails(samples: Samples, launches: Sequence[Launch], cells: Sequence[Cell]) -> tuple[Tail, ...]:
    """The distribution of every cache class that either arm of these pages has, failed requests included."""
    out = []
    for cell in cells:
        for cache in CACHE_CLASSES:
            part = Cell(cell.persona, cell.route, cache)
            for arm, name in ((BEFORE, "before"), (AFTER, "after")):
                ordered = np.sort(np.concatenate(_latencies(samples, launches, arm, part)))
                if not ordered.size:
                    continue
                finite = int(np.isfinite(ordered).sum())
                rank = _tail_ranks(ordered.size)
                rank = rank[rank < finite]
                out.append(
                    Tail(
                        part,
                        name,
                        int(ordered.size),
                        float(1 - finite / ordered.size),
                        _rounded((rank + 1) / ordered.size, 7),
                        _rounded(ordered[rank]),
                    )
                )
    return tuple(out)


def _side(launches: list[Floats], alpha: float) -> Side:
    p, ms = statistics.percentile_curve(np.sort(np.concatenate(launches)), _CURVE_POINTS)
    finite = np.isfinite(ms)
    p, ms = p[finite], ms[finite]
    smallest = min(values.size for values in launches)
    deep = p[(1 - p) * smallest >= _BEYOND - 1e-9]
    ribbon = Ribbon((), ())
    if len(launches) > 1 and deep.size:
        levels = _quantiles(launches, deep)
        logs = np.log(np.where(levels > 0, levels, np.nan))
        known = np.isfinite(logs).all(axis=0)
        kept = int(known.argmin()) if not known.all() else known.size
        ribbon = _ribbon(logs[:, :kept], statistics.t_critical(len(launches), alpha))
    return Side(_rounded(p, 7), _rounded(ms), ribbon)


def _ordered(samples: Samples, launches: Sequence[Launch], arm: int, cell: Cell) -> list[Floats]:
    return [np.sort(values) for values in _latencies(samples, launches, arm, cell)]


def _latencies(samples: Samples, launches: Sequence[Launch], arm: int, cell: Cell) -> list[Floats]:
    return [samples.deciding_ms(launch)[samples.rows(launch, arm, cell)] for launch in launches]


def _quantiles(launches: list[Floats], p: Floats) -> Floats:
    """Shape (launches, probabilities)."""
    return np.array([[statistics.quantile(ordered, float(value)) for value in p] for ordered in launches])


def _shift_grid(n: int) -> Floats:
    """Probabilities even in ``log 1/(1-p)`` with ten of ``n`` values on either side, and the quantiles that decide."""
    first, last = _BEYOND / max(n, 1), 1 - _BEYOND / max(n, 1)
    if first > last:
        return np.empty(0)
    even = 1 - 10 ** -np.linspace(-math.log10(1 - first), -math.log10(1 - last), _SHIFT_POINTS)
    deciding = [p for p in QUANTILES.values() if first <= p <= last]
    return np.unique(np.round(np.concatenate([even, deciding]), 9))


def _tail_ranks(n: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Ranks from 0 to draw of ``n`` ordered values: evenly many in the middle and in each decade of both tails."""
    even = np.linspace(0, n - 1, _TAIL_POINTS // 2)
    far = 10 ** np.linspace(0, math.log10(max(n, 2)), _TAIL_POINTS // 4)
    ranks = np.concatenate([even, far - 1, n - far])
    return np.unique(np.clip(np.round(ranks), 0, n - 1).astype(np.intp))


def _ribbon(logs: Floats, critical: float) -> Ribbon:
    """Ends of ``exp(mean +- critical * standard error)`` over the first axis; empty where there is no such thing."""
    k = logs.shape[0]
    if k < 2 or math.isinf(critical):
        return Ribbon((), ())
    mean, half = logs.mean(axis=0), critical * logs.std(axis=0, ddof=1) / math.sqrt(k)
    return Ribbon(_rounded(np.exp(mean - half)), _rounded(np.exp(mean + half)))


def _rounded(values: Floats, digits: int = 5) -> Numbers:
    """To so many significant digits: more than any drawing shows."""
    return tuple(float(f"{value:.{digits}g}") for value in values)
