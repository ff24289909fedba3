"""The cells of a comparison of another tool's sessions: figures, what the instruments can tell apart, a word or none.

With five or more sessions of one version, one session is one observation:

    d   = mean(ln Q after) - mean(ln Q before)
    se  = s sqrt(1 / n after + 1 / n before),  s over the sessions of one side, Student's t with its n - 1 degrees

over the primary cells together by Bonferroni. What the instrument rounds lies on top of both ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from results import statistics
from results.design import FLOOR_MS, QUANTILES, Design
from results.foreign.checks import Sessions
from results.foreign.model import Figure
from results.measures import Interval
from results.units import counted, growth, milliseconds, percent
from results.verdict import Direction, Verdict, decide, margin, undecided

ENOUGH: Final = 5
"""Sessions of one version from which their spread is taken."""

MEAN: Final = "mean"
ALONE: Final = "one session a side: how far sessions differ by themselves is unknown"
_FINE: Final = 0.25
"""Part of the margin: in steps below it, sessions that are each their own do not all read the same. In coarser steps
they may, and what is rounded then stands for their spread."""
_UNUSUAL: Final = 0.01  # level of the F test that a small side is no more scattered than the one the spread is from
_UNKNOWN: Final = Interval(math.nan, -math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a cell: geometric means over its sessions, in milliseconds.

    Attributes:
        value_ms: Of the quantiles; NaN where a session has none.
        low_ms, high_ms: Of the ends of what the instrument may have rounded.
        sessions: The quantile of each session.
        requests, failed: Over all sessions; ``None`` where a file does not say.
    """

    value_ms: float
    low_ms: float
    high_ms: float
    sessions: tuple[float, ...]
    requests: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class ForeignCell:
    """One route at one quantile.

    Attributes:
        series: Name of the route.
        quantile: ``p50``, ``p95``, ``p99``; or ``mean``, which is never judged.
        primary: Whether it takes part in the verdict.
        before, after: The sides.
        ratio: After over before with its interval, the instrument's part included; infinite ends without a spread.
        instrument: The range of the ratio that the instruments cannot tell apart, without any spread of sessions.
        margin: The relative change that does not matter.
        spread: Standard deviation of the log quantile between sessions; NaN where unknown.
        verdict: The word and its qualifier.
    """

    series: str
    quantile: str
    primary: bool
    before: Side
    after: Side
    ratio: Interval
    instrument: Interval
    margin: float
    spread: float
    verdict: Verdict

    @property
    def label(self) -> str:
        """The route and the quantile."""
        return f"{self.series} {self.quantile}"


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far sessions differ by themselves at one cell.

    Attributes:
        half: Critical value times standard deviation; infinite where it is not known.
        deviation: The standard deviation.
        reason: Why it is not known; empty where it is.
    """

    half: float
    deviation: float
    reason: str = ""


def _figures(side: Sessions, name: str, quantile: str) -> list[Figure]:
    """The figure of every session; NaN where one has none."""
    out = []
    for session in side:
        series = session.find(name)
        figure = None
        if series is not None and quantile == MEAN:
            figure = Figure(series.mean_ms, series.mean_ms, series.mean_ms)
        elif series is not None:
            figure = series.figure(QUANTILES[quantile])
        out.append(figure or Figure(math.nan, math.nan, math.nan))
    return out


def _side(sessions: Sessions, name: str, figures: Sequence[Figure]) -> Side:
    found = [series for session in sessions if (series := session.find(name)) is not None]
    known = [series.requests for series in found]
    return Side(
        value_ms=math.exp(_mean_log([figure.value for figure in figures])),
        low_ms=math.exp(_mean_log([figure.low for figure in figures])),
        high_ms=math.exp(_mean_log([figure.high for figure in figures])),
        sessions=tuple(figure.value for figure in figures),
        requests=None if None in known else sum(number or 0 for number in known),
        failed=sum(series.failed for series in found) if all(s.failures_known for s in sessions) else None,
    )


def judge_cell(
    before: Sessions,
    after: Sessions,
    baselines: Sessions,
    name: str,
    quantile: str,
    design: Design,
    *,
    m: int,
    primary: bool,
) -> ForeignCell:
    """One route at one quantile: figures and verdict, whatever the checks say of the whole.

    Args:
        before: Sessions of one side.
        after: Of the other.
        baselines: Further ones, for the spread alone.
        name: The route.
        quantile: ``p50``, ``p95``, ``p99`` or ``MEAN``.
        design: Margins, floor and alpha.
        m: Size of the primary family.
        primary: Whether the cell is of it.
    """
    figures = [_figures(side, name, quantile) for side in (before, after, baselines)]
    sides = (_side(before, name, figures[0]), _side(after, name, figures[1]))
    shown = [side.value_ms if math.isfinite(side.value_ms) else 0.0 for side in sides]
    allowed = design.margins.get(quantile, max(design.margins.values()))
    relative = margin(allowed, FLOOR_MS if design.floor_ms is None else design.floor_ms, shown[0], shown[1])
    estimate = _difference(sides[1].value_ms, sides[0].value_ms)
    instrument = (_difference(sides[1].low_ms, sides[0].high_ms), _difference(sides[1].high_ms, sides[0].low_ms))
    spread = _Spread(math.inf, math.nan, "")
    low, high = -math.inf, math.inf
    reason = _no_question((*before, *after, *baselines), name, quantile) or _no_figure(sides)
    if not reason:
        spread = _spread(figures, design.alpha, m if primary else 1, relative)
        half = spread.half * math.sqrt(1 / len(before) + 1 / len(after))
        low, high = instrument[0] - half, instrument[1] + half
    verdict = (
        undecided(reason)
        if reason
        else _judge(sides, estimate, instrument, (low, high), spread, relative, design.alpha, m if primary else 1)
    )
    return ForeignCell(
        series=name,
        quantile=quantile,
        primary=primary,
        before=sides[0],
        after=sides[1],
        ratio=Interval(_exp(estimate), _exp(low), _exp(high)),
        instrument=Interval(_exp(estimate), *map(_exp, instrument)) if math.isfinite(estimate) else _UNKNOWN,
        margin=relative,
        spread=spread.deviation,
        verdict=verdict,
    )


def _no_question(sessions: Sessions, name: str, quantile: str) -> str:
    """Why the quantile of a route cannot be judged in some session; empty where it can."""
    if quantile == MEAN:
        return "a mean is shown and never judged"
    reasons = [
        series.why_not(QUANTILES[quantile]) for session in sessions if (series := session.find(name)) is not None
    ]
    return next((reason for reason in reasons if reason), "")


def _no_figure(sides: Sequence[Side]) -> str:
    """Why there is no ratio."""
    values = [value for side in sides for value in side.sessions]
    if any(math.isnan(value) for value in values):
        return "a session has no such figure"
    if any(math.isinf(value) for value in values):
        return "failed requests reach this quantile"
    if any(value <= 0 for value in values):
        return "instrument resolution: a session reads zero"
    return ""


def _spread(figures: Sequence[Sequence[Figure]], alpha: float, m: int, relative: float) -> _Spread:
    """The spread between sessions, from the sides that have enough of them; the larger, where several have.

    A rounded figure may be off by up to half a step, so a step adds its variance as of an even distribution (half
    width squared over three; JCGM 100:2008, 4.3.7) to the variance seen.
    """
    largest = max(len(side) for side in figures)
    if largest < ENOUGH:
        few = ALONE if largest == 1 else f"{counted(largest, 'session')} at most of one version, {ENOUGH} needed"
        return _Spread(math.inf, math.nan, few)
    found = []
    for side in figures:
        if len(side) >= ENOUGH:
            deviation = _deviation(side)
            found.append((statistics.t_critical(len(side), alpha, m) * deviation, deviation, len(side)))
    for side in figures:
        if len(side) >= ENOUGH and _agree(side, _FINE * relative):
            same = f"{counted(len(side), 'session')} agree to the last digit, so their spread is unknown"
            return _Spread(math.inf, 0.0, same)
    half, deviation, sessions = max(found)
    for word, side in zip(("before", "after"), figures[:2], strict=True):
        if 1 < len(side) < ENOUGH:
            ratio = (_deviation(side) / deviation) ** 2
            if float(special.fdtrc(len(side) - 1, sessions - 1, ratio)) < _UNUSUAL:
                return _Spread(
                    math.inf, deviation, f"the sessions {word} differ more among themselves than they should"
                )
    return _Spread(half, deviation)


def _agree(side: Sequence[Figure], step: float) -> bool:
    """Whether all figures of a side are one, though written in steps that are no larger than that part of it."""
    value = side[0].value
    return all(figure.value == value and figure.high - figure.low <= step * value for figure in side)


def _deviation(side: Sequence[Figure]) -> float:
    logs = np.log([figure.value for figure in side])
    with np.errstate(divide="ignore"):
        half = (np.log([figure.high for figure in side]) - np.log([figure.low for figure in side])) / 2
    return float(math.sqrt(float(logs.var(ddof=1)) + float(np.mean(half**2)) / 3))


def _judge(
    sides: tuple[Side, Side],
    estimate: float,
    instrument: tuple[float, float],
    interval: tuple[float, float],
    spread: _Spread,
    relative: float,
    alpha: float,
    m: int,
) -> Verdict:
    """The verdict of a cell that has figures."""
    low, high = interval
    log_margin = math.log1p(relative)
    word = decide(low, high, log_margin)
    slowdown = math.expm1(high) if high > 0 else 0.0
    speedup = -math.expm1(low) if low < 0 else 0.0
    match word:
        case "slower":
            return Verdict(word, f"by at least {growth(math.expm1(low))}", "slower", math.expm1(low))
        case "faster":
            return Verdict(word, f"by at least {percent(-math.expm1(high))}", "faster", -math.expm1(high), 0.0)
        case "no difference":
            direction: Direction = "slower" if low > 0 else "faster" if high < 0 else "none"
            said = f"a slowdown of more than {growth(slowdown)} is ruled out"
            return Verdict(word, said, direction, None, slowdown, speedup)
    is_wide = instrument[1] > instrument[0]
    if is_wide and instrument[0] <= 0 <= instrument[1] and decide(*instrument, log_margin) != "no difference":
        return undecided(_resolution(sides, instrument))
    if spread.reason:
        return undecided(spread.reason)
    part = (instrument[1] - instrument[0]) / 2
    without = decide(low + part, high - part, log_margin)
    if is_wide and without != "not enough data":
        return undecided(f"instrument resolution: without what it rounds, the word would be {without}")
    more = min(len(side.sessions) for side in sides) + 1
    needed = statistics.launches_needed(estimate, spread.deviation * math.sqrt(2), log_margin, alpha, m, more)
    leans: Direction = "slower" if low > 0 else "faster" if high < 0 else "none"
    parts = [f"leans {leans}"] if leans != "none" else []
    parts.append(f"about {counted(needed, 'session')} a side needed" if needed else "more sessions would not settle it")
    return Verdict("not enough data", "; ".join(parts), leans, None, slowdown, speedup, needed)


def _resolution(sides: tuple[Side, Side], instrument: tuple[float, float]) -> str:
    if not all(map(math.isfinite, instrument)) and any(side.failed for side in sides):
        return "failed requests are among the latencies and may hide any difference"
    told = [
        f"{milliseconds(side.value_ms)} stands for {milliseconds(side.low_ms)} to {milliseconds(side.high_ms)}"
        for side in sides
    ]
    why = "instrument resolution" + (" and failed requests" if any(side.failed for side in sides) else "")
    return f"{why}: {told[0]}" + (f", {told[1]}" if told[1] != told[0] else " on both sides")


def _difference(after_ms: float, before_ms: float) -> float:
    """The log ratio of two latencies, with zeros and infinities at the end they stand for."""
    if math.isnan(after_ms) or math.isnan(before_ms):
        return math.nan
    if (math.isinf(after_ms) and math.isinf(before_ms)) or (after_ms == 0 and before_ms == 0):
        return math.nan
    if math.isinf(after_ms) or before_ms == 0:
        return math.inf
    if math.isinf(before_ms) or after_ms == 0:
        return -math.inf
    return math.log(after_ms / before_ms)


def _mean_log(values: Sequence[float]) -> float:
    logs = [-math.inf if value == 0 else math.log(value) if value > 0 else math.nan for value in values]
    if any(map(math.isnan, logs)) or {-math.inf, math.inf} <= set(logs):
        return math.nan
    return sum(logs) / len(logs)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
