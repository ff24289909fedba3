"""The cells of a comparison: quantiles of every launch, ratios, intervals and verdicts, and what withholds them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from results import statistics
from results.caching import SERVED
from results.design import FLOOR_MS, QUANTILES, Design, Family, Question, enough
from results.gate import Gate
from results.measures import Interval, Pair
from results.modes import in_density_gap
from results.samples import AFTER, ALL, BEFORE, Cell, Floats, Launch, Samples
from results.units import counted, percent
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
    "times": "answers are said to have taken no time",
    "copies": "the times of a launch stand more than once",
    "traffic": "the arms were not asked the same",
    "errors": "too many requests failed",
    "errors_differ": "the arms fail by different shares",
    "launches": "too few launches count",
    "retried": "requests had to be sent again",
    "noise": "two copies of one version were called different",
    "environment": "not all was made on the same things",
    "pages": "the arms answered with different pages",
    "session_drift": "a session changed its pace under way",
    "ended": "a session did not run to its end",
    "returns": "the before arm did not come back to its level",
    "control": "the control was touched by the change",
}


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What other methods say of the same launches; never the verdict, but they can call it fragile.

    Attributes:
        hodges_lehmann: Robust estimate of the ratio.
        signed_rank: Its interval by Wilcoxon's signed ranks, for this cell alone.
        sign_flip_p: Exact p of no change at all.
        leave_one_out: Ratios without each launch in turn: the smallest and the largest.
    """

    hodges_lehmann: float
    signed_rank: tuple[float, float]
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
        levels: The quantile of both arms in each launch, in their order, milliseconds; infinite where failures reach
            it. Of two sessions: one before each session that counts, and last both of those compared.
        launches: The ratio of each launch, in their order; what happened to the control is taken off.
        spread: Standard deviation of the log ratio over launches.
        detectable: Smallest change, as a ratio above one, that so many launches tell from none with 95 % power.
        convincing: The same for being called slower, beyond the margin.
        p_adjusted: Exploratory cells: Benjamini-Hochberg adjusted p of no change; NaN in primary ones.
        sensitivity: Other methods' view; ``None`` without an interval.
        tags: ``fragile``, where another method or leaving out a launch would change the word; ``gap``, where the
            quantile falls between two modes.
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
    levels: tuple[Pair, ...]
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
    samples: Samples,
    launches: tuple[Launch, ...],
    design: Design,
    family: Family,
    *,
    paired: bool,
    floors: Mapping[Question, float] | None = None,
) -> tuple[tuple[CellResult, ...], float]:
    """Results of all questions, primary ones first, and the critical value of the primary family.

    Args:
        samples: What the launches are of.
        launches: Those that count.
        design: Margins, error rate and control.
        family: The questions.
        paired: Whether a launch holds both arms.
        floors: What the A/A' arm cannot rule out in a cell, milliseconds; stands in for the design's default floor.
    """
    questions = family.primary + family.exploratory
    quantiles, gaps = _quantiles(samples, launches, questions)
    missing = ""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.log(quantiles[0, :, 1]) - np.log(quantiles[0, :, 0])  # (questions, launches)
        if design.control is not None:
            if enough(samples, launches, design.control, "p50"):
                ratios -= _control(samples, launches, design.control, questions)
            else:
                missing = f"the control {design.control} has too few requests in a launch"
                ratios = np.full_like(ratios, np.nan)
    finite = np.isfinite(ratios).all(axis=1) if ratios.size else np.zeros(len(questions), bool)
    primary = finite & (np.arange(len(questions)) < len(family.primary))
    m = max(len(family.primary), 1)
    # A cell that failures have left without an interval still counts: others must not gain by its loss.
    alpha = design.alpha * max(int(primary.sum()), 1) / m
    critical = statistics.max_t_critical(ratios[primary].T, alpha) if paired and primary.any() else math.inf
    single = statistics.t_critical(len(launches), design.alpha) if paired else math.inf
    exploratory = [index for index in range(len(family.primary), len(questions)) if finite[index]]
    # Launches of two sessions are no replicates of the difference between them.
    p_values = [statistics.t_p_value(ratios[index]) if paired else math.nan for index in exploratory]
    adjusted = dict(zip(exploratory, statistics.benjamini_hochberg(p_values) if paired else p_values, strict=True))
    without = iter(_without_each(ratios[primary], alpha) if paired else [])
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
                floor_ms=floor_ms(question, design, floors),
                is_floor_measured=design.floor_ms is None and question in (floors or {}),
                why_not=missing,
                in_gap=bool(gaps[index]),
                critical=critical if decides else single,
                m=m if decides else 1,
                primary=decides,
                p_adjusted=adjusted.get(index, math.nan),
                leave_one_out=next(without) if paired and primary[index] else None,
            )
        )
    results += [_too_few(samples, launches, design, question, requests) for question, requests in family.too_few]
    return tuple(results), critical


def withhold(cells: tuple[CellResult, ...], checked: list[Gate]) -> tuple[CellResult, ...]:
    """Replace verdicts that a failed gate does not allow."""
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


def floor_ms(question: Question, design: Design, floors: Mapping[Question, float] | None) -> float:
    """The absolute change that does not matter in a cell: as designed, else as measured, else the default."""
    if design.floor_ms is not None:
        return design.floor_ms
    return (floors or {}).get(question, FLOOR_MS)


def _quantiles(
    samples: Samples, launches: tuple[Launch, ...], questions: tuple[Question, ...]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Quantiles, and whether they fall between two modes; a cell is sorted once for all of its quantiles.

    Returns:
        Milliseconds of shape (deciding or service, questions, arms, launches); for every question whether in one arm
        the quantile lies in a gap in more than half of the launches.
    """
    out = np.full((2, len(questions), 2, len(launches)), np.nan)
    gaps = np.zeros((len(questions), 2), np.int64)
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
                        gaps[index, arm] += kind == 0 and in_density_gap(ordered, p)
    in_gap: npt.NDArray[np.bool_] = np.asarray((2 * gaps > len(launches)).any(axis=1))
    return out, in_gap


def _control(samples: Samples, launches: tuple[Launch, ...], control: Cell, questions: tuple[Question, ...]) -> Floats:
    """Log ratio of the control in each launch, shape (questions, launches): at each question's quantile.

    Where the control has too few requests for a quantile its median stands in: what a page that nobody touched tells
    is the machine, and the machine is told best where there are most values.
    """
    asked = tuple(
        Question(control, question.quantile if enough(samples, launches, control, question.quantile) else "p50")
        for question in questions
    )
    quantiles, _ = _quantiles(samples, launches, asked)
    ratios: Floats = np.log(quantiles[0, :, 1]) - np.log(quantiles[0, :, 0])
    return ratios


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
    floor_ms: float,
    is_floor_measured: bool,
    why_not: str,
    in_gap: bool,
    critical: float,
    m: int,
    primary: bool,
    p_adjusted: float,
    leave_one_out: list[tuple[float, float, float]] | None,
) -> CellResult:
    k = len(launches)
    latency = Pair(*(_geometric_mean(quantiles[0, arm]) for arm in (BEFORE, AFTER)))
    service = Pair(*(_geometric_mean(quantiles[1, arm]) for arm in (BEFORE, AFTER)))
    relative = margin(design.margins[question.quantile], floor_ms, latency.before, latency.after)
    sensitivity, tags = None, ["gap"] if in_gap else []
    if not np.isfinite(ratios).all():
        estimate, low, high, spread = math.nan, -math.inf, math.inf, math.nan
        verdict = undecided(why_not or _without_ratio(quantiles[0]))
    else:
        estimate = float(ratios.mean())
        low, high = statistics.interval(ratios, critical)
        spread = float(ratios.std(ddof=1)) if k > 1 else math.nan
        if math.isfinite(low):
            verdict = judge(
                low,
                high,
                relative,
                estimate=estimate,
                spread=spread,
                alpha=design.alpha,
                m=m,
                least=max(k + 1, design.minimum_launches),
            )
            if leave_one_out:
                around = (min(view[0] for view in leave_one_out), max(view[0] for view in leave_one_out))
                low_rank, high_rank = statistics.signed_rank_interval(ratios, design.alpha)
                sensitivity = Sensitivity(
                    math.exp(statistics.hodges_lehmann(ratios)),
                    (_exp(low_rank), _exp(high_rank)),
                    statistics.sign_flip_p(ratios),
                    (math.exp(around[0]), math.exp(around[1])),
                )
                if _is_fragile(verdict.word, sensitivity, leave_one_out, math.log1p(relative), design.alpha):
                    tags.append("fragile")
            if is_floor_measured:
                usual = margin(design.margins[question.quantile], FLOOR_MS, latency.before, latency.after)
                verdict = _above_noise(verdict, low, high, relative, usual)
            if spread <= statistics.NO_SPREAD * max(1.0, abs(estimate)):
                verdict = undecided("all launches agree to the last digit, so how far launches differ is not known")
            if in_gap:
                verdict = undecided(
                    f"the {question.quantile} falls between fast and slow replies and jumps from the ones to the "
                    "others; judge the cache classes, or another quantile"
                )
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
        levels=tuple(Pair(float(one), float(other)) for one, other in quantiles[0].T),
        launches=tuple(float(value) for value in np.exp(ratios)) if not math.isinf(critical) else (),
        spread=spread,
        detectable=_exp(statistics.detectable(spread, k, critical)),
        convincing=_exp(statistics.detectable(spread, k, critical, math.log1p(relative))),
        p_adjusted=p_adjusted,
        sensitivity=sensitivity,
        tags=tuple(tags),
        **_reported(launches, rows),
    )


def _above_noise(verdict: Verdict, low: float, high: float, relative: float, usual: float) -> Verdict:
    """What two copies of one version differ by must not pass for a change, nor for *no difference*.

    Args:
        verdict: By the margin that the measured noise floor gave.
        low: Lower end of the interval of the mean log ratio.
        high: Its upper end.
        relative: That margin; infinite where the copies could not be compared.
        usual: The margin without any measured floor.
    """
    if math.isinf(relative):
        return undecided("two copies of one version could not be compared in this cell, so its noise is unknown")
    if verdict.word == "no difference" and decide(low, high, math.log1p(usual)) != "no difference":
        return undecided(
            f"two copies of one version differ by up to {percent(relative)} here, too much to rule out less; "
            "quieten the machine, or run for longer"
        )
    return verdict


def _without_ratio(quantiles: Floats) -> str:
    """Why some launch has no ratio; quantiles of shape (arms, launches), milliseconds."""
    k = counted(quantiles.shape[1], "launch")
    if failed := int(np.isinf(quantiles).any(axis=0).sum()):
        return f"failed requests reach this quantile in {failed} of {k}"
    if zero := int((quantiles == 0).any(axis=0).sum()):
        return f"a time of zero stands at this quantile in {zero} of {k}; no clock of the swarm reads that"
    if empty := int(np.isnan(quantiles).any(axis=0).sum()):
        return f"no request of this cell in {empty} of {k}"
    return "failed requests reach this quantile of the control"


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
        levels=(),
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
