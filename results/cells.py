"""The cells of a comparison: quantiles of every launch, ratios, intervals and verdicts, and what withholds them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from results import statistics
from results.caching import SERVED
from results.design import QUANTILES, Design, Family, Question
from results.gates import Gate
from results.measures import Interval, Pair
from results.samples import AFTER, ALL, BEFORE, Cell, Floats, Launch, Samples
from results.units import change, counted
from results.verdict import Verdict, Word, decide, judge, margin, undecided

STOPS: Final[tuple[Literal["invalid", "not comparable", "not enough data"], ...]] = (
    "invalid",
    "not comparable",
    "not enough data",
)
"""Words that a gate puts in the place of a verdict, the weightiest first."""


_SHORT: Final = {
    "checks": "wrong pages were served",
    "ledger": "the record has gaps",
    "traffic": "the arms were not asked the same",
    "errors": "errors differ or are too many",
    "launches": "too few launches count",
}


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What other methods say of the same launches; never the verdict, but they can call it fragile.

    Attributes:
        hodges_lehmann: Robust estimate of the ratio.
        sign_flip_p: Exact p of no change at all.
        leave_one_out: Ratios without each launch in turn: the smallest and the largest.
    """

    hodges_lehmann: float
    sign_flip_p: float
    leave_one_out: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CellResult:
    """One cell at one quantile.

    Attributes:
        cell, quantile: What was asked.
        primary: Whether it takes part in the verdict.
        requests: Measured requests of each arm over all launches.
        latency_ms: Geometric mean over launches of the launch quantiles; decides.
        service_ms: The same of service times.
        ratio: After over before; the interval holds for all primary cells together, for one alone where exploratory.
        change_ms: The interval in milliseconds, taken at the level of the before arm.
        margin: The relative change that does not matter.
        verdict: The word and its qualifier.
        launches: The ratio of each launch, in their order.
        spread: Standard deviation of the log ratio over launches.
        detectable: Smallest change, as a ratio above one, that so many launches tell from none with 95 % power.
        convincing: The same for being called slower, beyond the margin.
        p_adjusted: Exploratory cells: Benjamini-Hochberg adjusted p of no change; NaN in primary ones.
        sensitivity: Other methods' view; ``None`` without an interval.
        tags: ``fragile``, where another method or leaving out a launch would change the word.
        server_ms, db_calls: Medians of what the site itself reported.
        served_from_cache: Share of replies that came out of the page cache.
    """

    cell: Cell
    quantile: str
    primary: bool
    requests: tuple[int, int]
    latency_ms: Pair
    service_ms: Pair
    ratio: Interval
    change_ms: Interval
    margin: float
    verdict: Verdict
    launches: tuple[float, ...]
    spread: float
    detectable: float
    convincing: float
    p_adjusted: float
    sensitivity: Sensitivity | None
    tags: tuple[str, ...]
    server_ms: Pair
    db_calls: Pair
    served_from_cache: Pair

    @property
    def label(self) -> str:
        """The cell and its quantile in words."""
        return f"{self.cell} {self.quantile}"


def judge_cells(
    samples: Samples, launches: tuple[Launch, ...], design: Design, family: Family, *, paired: bool
) -> tuple[tuple[CellResult, ...], float]:
    """Results of all questions, primary ones first, and the critical value of the primary family."""
    questions = family.primary + family.exploratory
    quantiles = _quantiles(samples, launches, questions)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.log(quantiles[0, :, 1]) - np.log(quantiles[0, :, 0])  # (questions, launches)
    finite = np.isfinite(ratios).all(axis=1) if ratios.size else np.zeros(len(questions), bool)
    primary = finite & (np.arange(len(questions)) < len(family.primary))
    m = max(int(primary.sum()), 1)
    critical = statistics.max_t_critical(ratios[primary].T, design.alpha) if paired and primary.any() else math.inf
    single = statistics.t_critical(len(launches), design.alpha) if paired else math.inf
    exploratory = [index for index in range(len(family.primary), len(questions)) if finite[index]]
    p_values = [statistics.t_p_value(ratios[index]) for index in exploratory]
    adjusted = dict(zip(exploratory, statistics.benjamini_hochberg(p_values), strict=True))
    without = iter(_without_each(ratios[primary], design.alpha) if paired else [])
    results: list[CellResult] = []
    for index, question in enumerate(questions):
        decides = index < len(family.primary)
        results.append(
            _cell(
                samples,
                launches,
                design,
                question,
                quantiles[:, index],
                ratios[index],
                critical=critical if decides else single,
                m=m if decides else 1,
                primary=decides,
                p_adjusted=adjusted.get(index, math.nan),
                leave_one_out=next(without) if paired and primary[index] else None,
            )
        )
    results += [_too_few(samples, launches, design, question, requests) for question, requests in family.too_few]
    return tuple(results), critical


def withhold(cells: tuple[CellResult, ...], checked: list[Gate], *, paired: bool) -> tuple[CellResult, ...]:
    """Replace verdicts that a failed gate, or the grade of the evidence, does not allow."""
    failed = {gate.effect: gate for gate in reversed(checked) if not gate.ok}
    by_class = failed.get("class verdicts withheld")
    stop = next((word for word in STOPS if word in failed), None)
    code = failed[stop].code if stop is not None else ""
    reason = _generator_fault(checked) if code == "saturated" else _SHORT.get(code, "")
    out = []
    for result in cells:
        verdict = result.verdict
        if stop is not None and (stop != "not enough data" or verdict.word != "not enough data"):
            verdict = Verdict(stop, reason)
        elif not paired and math.isfinite(result.ratio.estimate):
            verdict = undecided(f"session difference {change(result.ratio.estimate)}; no history to weigh it with")
        elif by_class is not None and result.cell.cache != ALL and verdict.word != "not enough data":
            verdict = undecided("too many replies of unknown cache class")
        out.append(result if verdict is result.verdict else dataclasses.replace(result, verdict=verdict, tags=()))
    return tuple(out)


def _generator_fault(checked: list[Gate]) -> str:
    """Why launches were left out, in words that can stand in a cell: late is not saturated."""
    broken = {gate.code for gate in checked if not gate.ok and gate.measured is not None}
    if broken & {"cpu", "achieved"}:
        return "the generator was saturated"
    return "the generator was late" if "lag" in broken else "the generator was not fit"


def _quantiles(samples: Samples, launches: tuple[Launch, ...], questions: tuple[Question, ...]) -> Floats:
    """Shape (deciding or service, questions, arms, launches), milliseconds; a cell is sorted once for its quantiles."""
    out = np.full((2, len(questions), 2, len(launches)), np.nan)
    cells: dict[Cell, list[int]] = {}
    for index, question in enumerate(questions):
        cells.setdefault(question.cell, []).append(index)
    for number, launch in enumerate(launches):
        for kind, latency in enumerate((samples.deciding_ms(launch), launch.service_ms)):
            for cell, indices in cells.items():
                for arm in (BEFORE, AFTER):
                    ordered = np.sort(latency[samples.rows(launch, arm, cell)])
                    for index in indices:
                        p = QUANTILES[questions[index].quantile]
                        out[kind, index, arm, number] = statistics.quantile(ordered, p)
    return out


def _without_each(ratios: Floats, alpha: float) -> list[list[tuple[float, float, float]]]:
    """For every primary cell: estimate and simultaneous interval without each launch in turn."""
    cells, k = ratios.shape
    views: list[list[tuple[float, float, float]]] = [[] for _ in range(cells)]
    for left_out in range(k if k > 2 else 0):
        rest = np.delete(ratios, left_out, axis=1)
        critical = statistics.max_t_critical(rest.T, alpha)
        for cell in range(cells):
            views[cell].append((float(rest[cell].mean()), *statistics.interval(rest[cell], critical)))
    return views


def _cell(
    samples: Samples,
    launches: tuple[Launch, ...],
    design: Design,
    question: Question,
    quantiles: Floats,
    ratios: Floats,
    *,
    critical: float,
    m: int,
    primary: bool,
    p_adjusted: float,
    leave_one_out: list[tuple[float, float, float]] | None,
) -> CellResult:
    k = len(launches)
    latency = Pair(*(_geometric_mean(quantiles[0, arm]) for arm in (BEFORE, AFTER)))
    service = Pair(*(_geometric_mean(quantiles[1, arm]) for arm in (BEFORE, AFTER)))
    relative = margin(design.margins[question.quantile], design.floor_ms, latency.before, latency.after)
    sensitivity, tags = None, []
    if not np.isfinite(ratios).all():
        estimate, low, high, spread = math.nan, -math.inf, math.inf, math.nan
        where = np.isinf(quantiles[0]).any(axis=0).sum()
        verdict = undecided(f"failed requests reach this quantile in {where} of {counted(k, 'launch')}")
    else:
        estimate = math.log(latency.after / latency.before) if math.isinf(critical) else float(ratios.mean())
        low, high = statistics.interval(ratios, critical)
        spread = float(ratios.std(ddof=1)) if k > 1 else math.nan
        if math.isfinite(low):
            verdict = judge(low, high, relative, estimate=estimate, spread=spread, alpha=design.alpha, m=m)
            if leave_one_out:
                around = (min(view[0] for view in leave_one_out), max(view[0] for view in leave_one_out))
                sensitivity = Sensitivity(
                    math.exp(statistics.hodges_lehmann(ratios)),
                    statistics.sign_flip_p(ratios),
                    (math.exp(around[0]), math.exp(around[1])),
                )
                if _is_fragile(verdict.word, sensitivity, leave_one_out, math.log1p(relative), design.alpha):
                    tags.append("fragile")
        else:
            verdict = undecided("one launch cannot say how launches differ")
    rows = [[samples.rows(launch, arm, question.cell) for launch in launches] for arm in (BEFORE, AFTER)]
    return CellResult(
        cell=question.cell,
        quantile=question.quantile,
        primary=primary,
        requests=(sum(part.size for part in rows[0]), sum(part.size for part in rows[1])),
        latency_ms=latency,
        service_ms=service,
        ratio=Interval(_exp(estimate), _exp(low), _exp(high)),
        change_ms=Interval(*(latency.before * (_exp(value) - 1) for value in (estimate, low, high))),
        margin=relative,
        verdict=verdict,
        launches=tuple(float(value) for value in np.exp(ratios)) if not math.isinf(critical) else (),
        spread=spread,
        detectable=_exp(statistics.detectable(spread, k, critical)),
        convincing=_exp(statistics.detectable(spread, k, critical, math.log1p(relative))),
        p_adjusted=p_adjusted,
        sensitivity=sensitivity,
        tags=tuple(tags),
        **_reported(launches, rows),
    )


def _is_fragile(
    word: Word, sensitivity: Sensitivity, views: list[tuple[float, float, float]], log_margin: float, alpha: float
) -> bool:
    """Whether another method, or the absence of one launch, would take a word back."""
    if word == "not enough data":
        return False
    robust = math.log(sensitivity.hodges_lehmann)
    if decide(robust, robust, log_margin) != word:
        return True
    if word != "no difference" and sensitivity.sign_flip_p > alpha:
        return True
    return any(decide(low, high, log_margin) != word for _, low, high in views)


def _too_few(
    samples: Samples, launches: tuple[Launch, ...], design: Design, question: Question, requests: int
) -> CellResult:
    needed = statistics.floor(QUANTILES[question.quantile])
    rows = [[samples.rows(launch, arm, question.cell) for launch in launches] for arm in (BEFORE, AFTER)]
    nothing = Pair(math.nan, math.nan)
    unknown = Interval(math.nan, -math.inf, math.inf)
    declared = design.primary is not None and question in design.primary
    return CellResult(
        cell=question.cell,
        quantile=question.quantile,
        primary=declared,
        requests=(sum(part.size for part in rows[0]), sum(part.size for part in rows[1])),
        latency_ms=nothing,
        service_ms=nothing,
        ratio=unknown,
        change_ms=unknown,
        margin=design.margins[question.quantile],
        verdict=undecided(f"{counted(requests, 'request')} in the smallest launch, {needed} needed"),
        launches=(),
        spread=math.nan,
        detectable=math.inf,
        convincing=math.inf,
        p_adjusted=math.nan,
        sensitivity=None,
        tags=(),
        **_reported(launches, rows),
    )


def _reported(launches: tuple[Launch, ...], rows: list[list[Any]]) -> dict[str, Pair]:
    """What the site said of itself in a cell: medians by arm, and the share served from the cache."""
    figures: dict[str, list[float]] = {"server_ms": [], "db_calls": [], "served_from_cache": []}
    for arm in (BEFORE, AFTER):
        parts = list(zip(launches, rows[arm], strict=True))
        for name in ("server_ms", "db_calls"):
            values = np.concatenate([getattr(launch, name)[part] for launch, part in parts])
            figures[name].append(statistics.finite_median(values))
        served = np.concatenate([np.isin(launch.cache[part], SERVED) for launch, part in parts])
        figures["served_from_cache"].append(float(served.mean()) if served.size else math.nan)
    return {name: Pair(*values) for name, values in figures.items()}


def _geometric_mean(values: Floats) -> float:
    """Over the launches that have a value; infinite where a failure reaches one."""
    present = values[~np.isnan(values)]
    if not present.size or (present <= 0).any():
        return math.nan
    return float(np.exp(np.log(present).mean()))


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
