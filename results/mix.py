"""Mix against speed: how much of a change is other cache classes, how much the same classes answering otherwise.

A stratum is the requests of one persona to one route in one cache class. An arm is its strata's weights *w* (shares of
the requests) and their speeds *F* (distributions of latency). With ``T(w, F)`` the mean or a quantile of the mixture,
the change from A to B is split evenly over the two orders in which weights and speeds can be exchanged:

    mix    = 1/2 {T(wB, FA) - T(wA, FA) + T(wB, FB) - T(wA, FB)}
    within = 1/2 {T(wA, FB) - T(wA, FA) + T(wB, FB) - T(wB, FA)}

Their sum is the total, always. For the mean this is the decomposition of Kitagawa (1955); for quantiles it is the
reweighting of DiNardo, Fortin & Lemieux (1996) with the Shapley value over both orders. What is asked of each route is
fixed by the schedule, so the mix is what the page cache did. A class is an outcome and not a treatment: which requests
are in it differs between arms, and ``results.matching`` says what is left when addresses are compared with themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from results import statistics
from results.caching import HitRatio
from results.columns import CACHE_CLASSES
from results.design import QUANTILES, Design
from results.matching import NOUNS, Matched, match, warning
from results.measures import Interval, Pair
from results.samples import AFTER, ALL, BEFORE, Floats, Launch, Samples
from results.units import counted, milliseconds, percent

MEAN: Final = "mean"
STATISTICS: Final = (MEAN, *QUANTILES)

FLOOR: Final = statistics.floor(0.5)
"""Requests that can stand for any share of the other arm's: those that a median needs."""

_FLOORS: Final = {MEAN: FLOOR} | {name: statistics.floor(level) for name, level in QUANTILES.items()}

_NEARLY_ALL: Final = 0.10
"""A part whose whole interval lies within this share of the total needs no figure of its own."""

_AA, _AB, _BA, _BB = range(4)
"""Places of T(wA, FA), T(wA, FB), T(wB, FA) and T(wB, FB)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One statistic of one scope, its change split in two.

    Attributes:
        scope: A persona, or ``all``.
        statistic: ``mean`` (of the answered requests), ``p50``, ``p95`` or ``p99`` (a failed request is infinitely
            slow).
        before_after: Milliseconds; arithmetic means over launches, so that parts and total add up.
        total, mix, within: Milliseconds, means over launches with their t intervals; ``mix + within = total``.
        compared: Share of each arm's requests in strata that both arms hold enough of; only those can have become
            faster or slower, all else is mix.
        classes: The cache classes of those strata.
        why_not: Why there are no figures; empty where there are.
    """

    scope: str
    statistic: str
    before_after: Pair
    total: Interval
    mix: Interval
    within: Interval
    compared: Pair
    classes: tuple[str, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class MixReport:
    """Every split, every matched class, and what a reader has to be warned of."""

    parts: tuple[Part, ...]
    matched: tuple[Matched, ...]
    warnings: tuple[str, ...]

    def part(self, scope: str, statistic: str) -> Part | None:
        """The split of one statistic, if that scope has one."""
        return next((part for part in self.parts if (part.scope, part.statistic) == (scope, statistic)), None)


def decompose(samples: Samples, launches: tuple[Launch, ...], design: Design, *, paired: bool) -> MixReport:
    """Split the change of every persona and, where there are several, of all together; match addresses.

    A stratum that one arm alone holds has no speed in the other. Where that is asked for, with the weight of the arm
    that holds it, it keeps its own. So such a class is mix and nothing else: there is nothing that could have become
    faster or slower. A stratum of which an arm holds a handful, fewer than ``FLOOR`` requests in a launch and less than
    half of the other arm's share, is treated alike: three requests do not stand for three hundred.

    Args:
        samples: Vocabulary and workload of the launches.
        launches: Those that count.
        design: Its ``alpha`` is that of each interval by itself.
        paired: Whether launches are replicates. Where they are not, or where there is one, intervals are infinite;
            addresses are matched only within a paired launch.
    """
    scopes: list[tuple[str, int | None]] = [(name, code) for code, name in enumerate(samples.personas)]
    if len(scopes) > 1:
        scopes.append((ALL, None))
    strata = [_Strata(samples, launch) for launch in launches]
    parts = tuple(
        part
        for name, persona in scopes
        for part in _parts(samples, name, persona, strata, design.alpha if paired else None)
    )
    matched = match(samples, launches, design) if paired else ()
    return MixReport(parts, matched, tuple(warning(each) for each in matched if each.is_selected))


class _Strata:
    """One launch, sorted by latency once; ``group`` counts persona, route and class as ``Launch.bounds`` does."""

    def __init__(self, samples: Samples, launch: Launch) -> None:
        self.groups = (launch.bounds.size - 1) // 2
        self.counts = np.diff(launch.bounds).reshape(2, self.groups)
        code = np.repeat(np.arange(2 * self.groups), self.counts.ravel())
        by_group = samples.deciding_ms(launch)[launch.order]
        rank = np.argsort(by_group)
        self.ordered: Floats = by_group[rank]
        self.code = code[rank]
        answered = np.isfinite(by_group)
        self.answered = np.bincount(code[answered], minlength=2 * self.groups).reshape(2, self.groups)
        sums = np.bincount(code[answered], weights=by_group[answered], minlength=2 * self.groups)
        with np.errstate(invalid="ignore"):
            self.means: Floats = sums.reshape(2, self.groups) / self.answered

    def views(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """The four values of every statistic over the chosen groups, shape (statistics, 4); NaN below a floor."""
        out = np.full((len(STATISTICS), 4), np.nan)
        answered = np.where(chosen, self.answered, 0)
        if answered.sum(axis=1).min() >= FLOOR:
            means = np.nan_to_num(self.means)
            for place, weigh, speed in _VIEWS:
                source = _source(answered, weigh, speed)
                share = answered[weigh] / answered[weigh].sum()
                out[0, place] = share @ means[source, np.arange(self.groups)]
        counts = np.where(chosen, self.counts, 0)
        able = [name for name in QUANTILES if counts.sum(axis=1).min() >= _FLOORS[name]]
        if able:
            levels = [QUANTILES[name] for name in able]
            rows = [STATISTICS.index(name) for name in able]
            out[rows] = self._quantiles(counts, np.array(levels))
        return out

    def _quantiles(self, counts: npt.NDArray[np.int64], levels: Floats) -> Floats:
        """Shape (levels, 4)."""
        out = np.empty((levels.size, 4))
        groups = np.arange(self.groups)
        for place, weigh, speed in _VIEWS:
            source = _source(counts, weigh, speed)
            weighed = np.flatnonzero(counts[weigh])
            if weigh != speed and (source == weigh)[weighed].all():  # nothing to exchange
                out[:, place] = out[:, _AA if weigh == BEFORE else _BB]
                continue
            weight = np.zeros((2, self.groups))
            weight[source[weighed], weighed] = (counts[weigh] / np.maximum(counts[source, groups], 1))[weighed]
            row = np.flatnonzero((weight > 0).ravel().take(self.code))
            ordered = self.ordered.take(row)
            if weigh == speed:
                out[:, place] = [statistics.quantile(ordered, level) for level in levels]
            else:
                out[:, place] = weighted_quantiles(ordered, weight.ravel().take(self.code.take(row)), levels)
        return out


_VIEWS: Final = ((_AA, BEFORE, BEFORE), (_BB, AFTER, AFTER), (_AB, BEFORE, AFTER), (_BA, AFTER, BEFORE))
"""Place of a view, whose weights it takes and whose speeds: the arms as they are come first."""


def _source(counts: npt.NDArray[np.int64], weigh: int, speed: int) -> npt.NDArray[np.intp]:
    """The arm whose requests stand for each group: that of the speeds, or the weights' own where it has too few."""
    return np.where(_stands(counts, weigh, speed), speed, weigh)


def _stands(counts: npt.NDArray[np.int64], weigh: int, speed: int) -> npt.NDArray[np.bool_]:
    """Whether the requests of one arm can stand for the other's share of each group: enough, or half of that share.

    Args:
        counts: Shape (arms, groups).
        weigh: The arm whose share it is.
        speed: The arm whose requests are asked for.
    """
    held, share = counts[speed], counts[weigh] / max(int(counts[weigh].sum()), 1)
    is_half = (held > 0) & (2 * held >= share * int(counts[speed].sum()))
    return np.asarray((held >= FLOOR) | is_half)


def weighted_quantiles(ordered: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of weighted values, as type 7 (Hyndman & Fan 1996) has them where all weights are one.

    Value ``k`` of ``n`` stands at ``S_k / S_n``, where ``S_k = (k - 1) w_k + (n - 1) (w_1 + ... + w_{k-1})``; between
    two values the quantile is interpolated, and next to an infinite one it is infinite.

    Args:
        ordered: Values in ascending order, at least one.
        weights: Above zero, of any sum.
        levels: Probabilities.
    """
    n = ordered.size
    place = np.cumsum(weights)
    place -= weights
    place *= n - 1
    place += np.arange(n) * weights
    wanted = levels * place[-1]
    # A weight summed up by another path may put a value a rounding error beyond its place.
    above = np.searchsorted(place, wanted - 1e-12 * place[-1])
    below = np.maximum(above - 1, 0)
    out = np.empty(levels.size)
    for index, (low, high) in enumerate(zip(below, above, strict=True)):
        gap = place[high] - place[low]
        part = min((wanted[index] - place[low]) / gap, 1.0) if gap > 0 else 1.0
        first, second = float(ordered[low]), float(ordered[high])
        if abs(part - 1) < 1e-9 or math.isinf(second):
            out[index] = second
        else:
            out[index] = first + part * (second - first)
    return out


def _parts(samples: Samples, scope: str, persona: int | None, strata: list[_Strata], alpha: float | None) -> list[Part]:
    """The splits of one scope; none where no launch holds a request of it."""
    size = len(samples.routes) * len(CACHE_CLASSES)
    chosen = np.ones(len(samples.personas) * size, bool)
    if persona is not None:
        chosen[:] = False
        chosen[persona * size : (persona + 1) * size] = True
    counts = np.array([np.where(chosen, launch.counts, 0) for launch in strata])  # (launches, arms, groups)
    if not counts.any():
        return []
    both = np.array([_stands(each, BEFORE, AFTER) & _stands(each, AFTER, BEFORE) for each in counts])
    inside = np.where(both[:, None], counts, 0).sum(axis=(0, 2))
    with np.errstate(invalid="ignore"):
        compared = Pair(*(float(share) for share in inside / counts.sum(axis=(0, 2))))
    codes = sorted({int(group) % len(CACHE_CLASSES) for group in np.flatnonzero(both.any(axis=0))})
    classes = tuple(CACHE_CLASSES[code] for code in codes)
    views = np.array([launch.views(chosen) for launch in strata])  # (launches, statistics, 4)
    smallest = int(counts.sum(axis=2).min())
    out = []
    for index, name in enumerate(STATISTICS):
        values = views[:, index]
        why_not = _why_not(name, values, smallest)
        if why_not:
            nothing, unknown = Pair(math.nan, math.nan), Interval(math.nan, -math.inf, math.inf)
            out.append(Part(scope, name, nothing, unknown, unknown, unknown, compared, classes, why_not))
            continue
        aa, ab, ba, bb = values.T
        out.append(
            Part(
                scope,
                name,
                Pair(float(aa.mean()), float(bb.mean())),
                _over_launches(bb - aa, alpha),
                _over_launches(((ba - aa) + (bb - ab)) / 2, alpha),
                _over_launches(((ab - aa) + (bb - ba)) / 2, alpha),
                compared,
                classes,
                "",
            )
        )
    return out


def _why_not(statistic: str, values: Floats, smallest: int) -> str:
    needed = _FLOORS[statistic]
    if smallest < needed:
        return f"{counted(smallest, 'request')} in the smallest launch, {needed} needed"
    if np.isnan(values).any():
        return f"fewer than {needed} requests were answered in some launch"
    reached = int(np.isinf(values).any(axis=1).sum())
    return f"failed requests reach it in {reached} of {counted(len(values), 'launch')}" if reached else ""


def _over_launches(values: Floats, alpha: float | None) -> Interval:
    if alpha is None:
        return Interval(float(values.mean()), -math.inf, math.inf)
    return Interval(*statistics.mean_interval(values, alpha))


def sentence(report: MixReport, hit_ratios: tuple[HitRatio, ...]) -> str | None:
    """What became of p95 (else of p50, else of the mean) and why, as a clause without a full stop.

    ``p95 of reader replies −14.3 ms: −18.2 ms because the hit ratio rose from 80 % to 88 %, +3.9 ms because hits and
    misses themselves got slower``. Simpler where the interval of one part lies within 10 % of the total; a part that is
    not told from zero is called open, with its interval, and not nothing.

    Args:
        report: Of ``decompose``.
        hit_ratios: Of ``caching.hit_ratios``; where one persona's alone moved the sentence is of that persona, where
            several did, of all replies.

    Returns:
        ``None`` where no hit ratio moved, or nothing of its scope has figures.
    """
    moved = [hit for hit in hit_ratios if hit.moved]
    named = [hit for hit in moved if hit.persona != ALL]
    hit = named[0] if len(named) == 1 else next((each for each in moved if each.persona == ALL), None)
    if hit is None:
        hit = max(named, key=lambda each: abs(each.difference.estimate), default=None)
    if hit is None:
        return None
    parts = [report.part(hit.persona, name) for name in ("p95", "p50", MEAN)]
    part = next((each for each in parts if each is not None and not each.why_not), None)
    if part is None:
        return None
    verb = "rose" if hit.difference.estimate > 0 else "fell"
    ratio = f"the hit ratio {verb} from {percent(hit.share.before)} to {percent(hit.share.after)}"
    whose = "all" if hit.persona == ALL else hit.persona
    what = f"{'mean latency' if part.statistic == MEAN else part.statistic} of {whose} replies"
    head = f"{what} {_signed(part.total.estimate)}"
    same = f"{_listed(part.classes)} themselves"
    got = f"because {same} got {'slower' if part.within.estimate > 0 else 'faster'}"
    if _is_small(part.within, part.total) and _is_certain(part.mix):
        amount = "all" if part.within.estimate == 0 else "nearly all"
        return f"{head}, {amount} of it because {ratio}"
    if _is_small(part.mix, part.total) and _is_certain(part.within):
        return f"{head}, nearly all of it {got}; {ratio}, which hardly shows in it"
    if _is_certain(part.mix) and _is_certain(part.within):
        return f"{head}: {_signed(part.mix.estimate)} because {ratio}, {_signed(part.within.estimate)} {got}"
    if _is_certain(part.mix):
        return (
            f"{head}: {_signed(part.mix.estimate)} because {ratio}; how {same} changed is open ({_range(part.within)})"
        )
    if _is_certain(part.within):
        return (
            f"{head}: {_signed(part.within.estimate)} {got}; {ratio}, and what that does is open ({_range(part.mix)})"
        )
    return f"{ratio}; what that does to the {what} is open ({_range(part.mix)})"


def _is_small(part: Interval, total: Interval) -> bool:
    """Shown to be small, not merely not shown to be large."""
    return max(abs(part.low), abs(part.high)) <= _NEARLY_ALL * abs(total.estimate)


def _is_certain(part: Interval) -> bool:
    return part.low > 0 or part.high < 0


def _range(part: Interval) -> str:
    return f"{_signed(part.low)} to {_signed(part.high)}"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "±") + milliseconds(abs(value))


def _listed(classes: tuple[str, ...]) -> str:
    """``hits``, ``hits and misses``; beyond three kinds they are not told one by one."""
    words = [NOUNS[name] for name in classes]
    if not words or len(words) > 3:
        return "replies of one class"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
