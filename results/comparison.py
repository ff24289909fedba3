"""Two arms put side by side: from records to a comparison that every report is made of.

A ``Comparison`` is plain data and holds all that a reader is told, so that a report can be made again from its JSON.
The unit of replication is the launch: both arms started afresh, loaded side by side, one log ratio per cell.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from results import gates, statistics
from results.columns import CACHE_CLASSES
from results.design import QUANTILES, Design, Family, Question, choose
from results.errors import ComparisonError
from results.gates import Gate, LaunchReport
from results.record import Record
from results.samples import AFTER, ALL, BEFORE, Cell, Floats, Launch, Samples, read_archived, read_trial
from results.units import change, milliseconds, percent
from results.verdict import Verdict, Word, decide, exit_code, judge, margin, undecided

FORMAT: Final = 1
"""Of ``compare.json``. History: 1 (2026-11) first."""

_SERVED: Final = tuple(CACHE_CLASSES.index(name) for name in ("HIT", "STALE"))
_TIMELINE_POINTS: Final = 600
_CURVES: Final = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of both arms; NaN where an arm has none."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval; infinite ends say that nothing is ruled out."""

    estimate: float
    low: float
    high: float


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


@dataclass(frozen=True, slots=True)
class OneSided:
    """A cache class of a page that one arm alone has: shown, never judged."""

    cell: Cell
    requests: tuple[int, int]
    median_ms: Pair


@dataclass(frozen=True, slots=True)
class HitRatio:
    """Share of replies out of the page cache (HIT or STALE), of one persona or of all.

    Attributes:
        difference: Mean over launches of after minus before, as a fraction, with its t interval.
        moved: Whether that interval leaves zero out and the difference is above one point.
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
class ArmReport:
    """One arm as a whole."""

    name: str
    settings: Mapping[str, Any]
    requests: int
    failed: int
    error_rate: float
    server_ms: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Latency over percentile of one cell, all launches together, for drawing."""

    cell: Cell
    before_p: tuple[float, ...]
    before_ms: tuple[float, ...]
    after_p: tuple[float, ...]
    after_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """The generator in a stretch of time of one launch; rates a second, both arms."""

    launch: int
    second: float
    offered: float
    completed: float
    errors: float
    cpu: float
    lag_p99_ms: float


@dataclass(frozen=True, slots=True)
class FamilyReport:
    """How the simultaneous intervals were made."""

    primary: int
    launches: int
    alpha: float
    method: str
    critical: float


@dataclass(frozen=True, slots=True)
class Overall:
    """The verdict of the whole.

    Attributes:
        word: Of the gates, where one fails; else of the primary cells.
        headline: One sentence.
        sentences: What else has to be said with it.
    """

    word: Word
    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a report says, as plain data."""

    format: int
    kind: Literal["trial", "archived"]
    grade: Literal["A", "C"]
    name: str
    reason: str
    workload: Literal["open", "closed"]
    overall: Overall
    design: Design
    family: FamilyReport
    arms: tuple[ArmReport, ArmReport]
    gates: tuple[Gate, ...]
    launches: tuple[LaunchReport, ...]
    cells: tuple[CellResult, ...]
    one_sided: tuple[OneSided, ...]
    hit_ratios: tuple[HitRatio, ...]
    classes: tuple[ClassShare, ...]
    transitions: tuple[Transition, ...]
    curves: tuple[Curve, ...]
    timeline: tuple[Moment, ...]
    caveats: tuple[str, ...]
    plan: Mapping[str, Any]

    @property
    def primary(self) -> tuple[CellResult, ...]:
        """The cells that decide."""
        return tuple(result for result in self.cells if result.primary)

    @property
    def changed_settings(self) -> tuple[tuple[str, Any, Any], ...]:
        """Name, value before and value after of every setting in which the arms differ; ``None`` is its default."""
        before, after = (arm.settings for arm in self.arms)
        return tuple(
            (name, before.get(name), after.get(name))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        )

    def exit_code(self, fail_on: Collection[str] = ("slower", "invalid")) -> int:
        """The exit code this comparison asks for; see ``verdict.exit_code``."""
        return exit_code([result.verdict.word for result in self.primary], self.overall.word, fail_on)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; a figure that is not finite is ``null``."""
        data: dict[str, Any] = _plain({field.name: getattr(self, field.name) for field in dataclasses.fields(self)})
        data["design"] = self.design.to_dict()
        data["exit_code"] = self.exit_code()
        return data


def compare_trial(record: Record, design: Design | None = None) -> Comparison:
    """Compare the two arms of a trial.

    Args:
        record: Of kind trial, or a swarm record of two arms (then one launch, which is never enough for a verdict).
        design: ``None`` takes the one of the trial's plan.

    Raises:
        ComparisonError: The record cannot be read as two arms at all.
    """
    if design is None:
        design = Design.from_dict(record.plan.get("design") or {})
    arms = _arms(record)
    for name in (design.before, design.after):
        if name not in arms:
            raise ComparisonError(
                f"record {record.name} has no arm {name!r}; its arms are {', '.join(arms) or 'none'}. "
                "Name two of them in the design"
            )
    samples = read_trial(record, design.before, design.after)
    settings = (arms[design.before], arms[design.after])
    return _compare(samples, design, record.plan, (design.before, design.after), settings, record.name, kind="trial")


def compare_archived(before: Record, after: Record, design: Design | None = None) -> Comparison:
    """Put two sessions side by side, each giving its only arm (or, of two, the one that the design names).

    Two sessions differ by what the machine did in between, too. Without the spread of many baseline sessions nothing
    can tell the one from the other, so figures are shown and the verdict is *not enough data*.

    Raises:
        ComparisonError: The records are not one workload, or an arm is missing.
    """
    design = design or Design()
    names, settings = [], []
    for record, wanted in ((before, design.before), (after, design.after)):
        arms = _arms(record)
        name = next(iter(arms)) if len(arms) == 1 else wanted
        if name not in arms:
            raise ComparisonError(
                f"record {record.name} has the arms {', '.join(arms) or 'none'}; name one of them in the design"
            )
        names.append(name)
        settings.append(arms[name])
    samples = read_archived(before, names[0], after, names[1])
    plan = {**after.plan, "sessions": {"before": before.name, "after": after.name}}
    title = f"{before.name} and {after.name}"
    return _compare(
        samples, design, plan, (before.name, after.name), (settings[0], settings[1]), title, kind="archived"
    )


def _arms(record: Record) -> dict[str, Mapping[str, Any]]:
    return {str(arm["name"]): dict(arm.get("settings") or {}) for arm in record.plan.get("arms", []) if "name" in arm}


def _compare(
    samples: Samples,
    design: Design,
    plan: Mapping[str, Any],
    names: tuple[str, str],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    title: str,
    *,
    kind: Literal["trial", "archived"],
) -> Comparison:
    paired = kind == "trial"
    reports = tuple(gates.inspect(samples, launch) for launch in samples.launches)
    planned = max(int(plan.get("launches") or 0), len(reports))
    checked = gates.check(samples, reports, design, planned, paired=paired)
    # Launches that do not count are looked at only where no other is left; a failed gate then withholds every verdict.
    used = tuple(launch for launch, report in zip(samples.launches, reports, strict=True) if report.used)
    shown = used or samples.launches
    family = choose(samples, shown, design)
    cells, critical = _cells(samples, shown, design, family, paired=paired)
    cells = _withhold(cells, checked, paired=paired)
    hit_ratios = _hit_ratios(samples, shown, design, paired=paired)
    classes = _classes(samples, shown)
    overall = _overall(cells, checked, hit_ratios, classes, paired=paired)
    arms = [
        ArmReport(
            name,
            chosen,
            requests := sum(launch.arm_rows(arm).size for launch in shown),
            failed := sum(int(launch.failed[launch.arm_rows(arm)].sum()) for launch in shown),
            failed / requests if requests else math.nan,
            statistics.finite_median(np.concatenate([launch.server_ms[launch.arm_rows(arm)] for launch in shown])),
        )
        for arm, name, chosen in zip((BEFORE, AFTER), names, settings, strict=True)
    ]
    return Comparison(
        format=FORMAT,
        kind=kind,
        grade="A" if paired else "C",
        name=str(plan.get("name") or title),
        reason=str(plan.get("reason") or ""),
        workload=samples.workload,
        overall=overall,
        design=design,
        family=FamilyReport(
            len(family.primary),
            len(used),
            design.alpha,
            "largest t over joint sign flips of launches" if len(family.primary) > 1 else "Student's t over launches",
            critical,
        ),
        arms=(arms[0], arms[1]),
        gates=tuple(checked),
        launches=reports,
        cells=cells,
        one_sided=tuple(_one_sided(samples, shown, cell) for cell in family.one_sided),
        hit_ratios=hit_ratios,
        classes=classes,
        transitions=_transitions(samples, shown) if paired else (),
        curves=_curves(samples, shown, cells),
        timeline=_timeline(samples.launches),
        caveats=_caveats(samples, cells, plan, paired=paired),
        plan=plan,
    )


def _cells(
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
        verdict = undecided(f"failed requests reach this quantile in {where} of {k} launches")
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
        verdict=undecided(f"{requests} requests in the smallest launch, {needed} needed"),
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
        served = np.concatenate([np.isin(launch.cache[part], _SERVED) for launch, part in parts])
        figures["served_from_cache"].append(float(served.mean()) if served.size else math.nan)
    return {name: Pair(*values) for name, values in figures.items()}


def _withhold(cells: tuple[CellResult, ...], checked: list[Gate], *, paired: bool) -> tuple[CellResult, ...]:
    """Replace verdicts that a failed gate, or the grade of the evidence, does not allow."""
    failed = {gate.effect: gate for gate in reversed(checked) if not gate.ok}
    by_class = failed.get("class verdicts withheld")
    stop = next((word for word in _STOPS if word in failed), None)
    out = []
    for result in cells:
        verdict = result.verdict
        if stop is not None and (stop != "not enough data" or verdict.word != "not enough data"):
            verdict = Verdict(stop, _SHORT[failed[stop].code])
        elif not paired and math.isfinite(result.ratio.estimate):
            verdict = undecided(f"session difference {change(result.ratio.estimate)}; no history to weigh it with")
        elif by_class is not None and result.cell.cache != ALL and verdict.word != "not enough data":
            verdict = undecided("too many replies of unknown cache class")
        out.append(result if verdict is result.verdict else dataclasses.replace(result, verdict=verdict, tags=()))
    return tuple(out)


_STOPS: Final[tuple[Literal["invalid", "not comparable", "not enough data"], ...]] = (
    "invalid",
    "not comparable",
    "not enough data",
)
"""Words that a gate puts in the place of a verdict, the weightiest first."""

_SHORT: Final = {
    "checks": "wrong pages were served",
    "ledger": "the record has gaps",
    "saturated": "the generator was saturated",
    "traffic": "the arms were not asked the same",
    "errors": "errors differ or are too many",
    "launches": "too few launches count",
}


def _overall(
    cells: tuple[CellResult, ...],
    checked: list[Gate],
    hit_ratios: tuple[HitRatio, ...],
    classes: tuple[ClassShare, ...],
    *,
    paired: bool,
) -> Overall:
    moved = [hit for hit in hit_ratios if hit.moved]
    primary = [result for result in cells if result.primary]
    word, headline = _verdict_sentence(primary, checked, paired=paired)
    named = _named(primary, word)
    with_it = [hit for hit in moved if named is not None and hit.persona == named.cell.persona]
    headline += "".join(f"; {_moved(hit, start='the')}" for hit in with_it)
    rest = [hit for hit in moved if hit.persona != ALL or len(moved) == 1]
    sentences = [f"{_moved(hit)}." for hit in rest if hit not in with_it]
    if word not in {"invalid", "not comparable"} and primary:
        counts = Counter(result.verdict.word for result in primary)
        tally = ", ".join(f"{counts[each]} {each}" for each in _WEIGHT if each in counts)
        sentences.insert(0, f"Of {len(primary)} primary {'cell' if len(primary) == 1 else 'cells'}: {tally}.")
    return Overall(word, f"{headline}.", tuple(sentences + _bypassing(classes)))


def _verdict_sentence(primary: list[CellResult], checked: list[Gate], *, paired: bool) -> tuple[Word, str]:
    """The word of the whole and its sentence, without the full stop: gates first, then the cells by weight."""
    for stop in _STOPS:
        if not paired and stop == "not enough data":
            return stop, "Two sessions were put side by side, and how far sessions differ by themselves is not known"
        for gate in checked:
            if not gate.ok and gate.effect == stop:
                return stop, gate.words.removesuffix(".")
    if not primary:
        return "not enough data", "No page had enough requests in every launch; run longer or at a higher rate"
    words = {result.verdict.word for result in primary}
    if words == {"no difference"}:
        worst = max(result.verdict.ruled_out_slowdown or 0.0 for result in primary)
        return "no difference", f"In every primary cell a slowdown of more than {percent(worst)} is ruled out"
    for word in ("slower", "faster"):
        if (first := _named(primary, word)) is not None:
            return word, (
                f"{_subject(first)} is {word} {first.verdict.qualifier} "
                f"({milliseconds(first.latency_ms.before)} before, {milliseconds(first.latency_ms.after)} after)"
            )
    first = next(result for result in primary if result.verdict.word == "not enough data")
    return "not enough data", f"{_subject(first)} cannot be settled: {first.verdict.qualifier}"


_WEIGHT: Final[tuple[Word, ...]] = ("slower", "faster", "no difference", "not enough data")


def _named(primary: list[CellResult], word: Word) -> CellResult | None:
    """The cell that the headline names: of those with the word of the whole, the first in the order of the family."""
    if word not in {"slower", "faster"}:
        return None
    return next((result for result in primary if result.verdict.word == word), None)


def _subject(result: CellResult) -> str:
    what = {"p50": "The median", "p95": "The 95th percentile", "p99": "The 99th percentile"}[result.quantile]
    return f"{what} of {result.cell} pages"


def _moved(hit: HitRatio, start: str = "The") -> str:
    whose = "of all replies" if hit.persona == ALL else f"of {hit.persona} replies"
    verb = "rose" if hit.difference.estimate > 0 else "fell"
    return f"{start} hit ratio {whose} {verb} from {percent(hit.share.before)} to {percent(hit.share.after)}"


def _bypassing(classes: tuple[ClassShare, ...]) -> list[str]:
    return [
        f"{share.persona.capitalize()} pages bypass the page cache in both arms: it cannot make them faster, "
        "and their cells tell whether it made them slower."
        for share in classes
        if share.cache == "BYPASS" and min(share.share.before, share.share.after) >= 0.99
    ]


def _served(launches: Iterable[Launch], arm: int, persona: int | None) -> list[float]:
    """Share served from the cache in each launch, of the replies that came."""
    shares = []
    for launch in launches:
        rows = launch.arm_rows(arm)
        rows = rows[~launch.failed[rows]]
        if persona is not None:
            rows = rows[launch.persona[rows] == persona]
        shares.append(float(np.isin(launch.cache[rows], _SERVED).mean()) if rows.size else math.nan)
    return shares


def _hit_ratios(
    samples: Samples, launches: tuple[Launch, ...], design: Design, *, paired: bool
) -> tuple[HitRatio, ...]:
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
        else:
            estimate, low, high = mean[1] - mean[0], -math.inf, math.inf
        moved = (low > 0 or high < 0) and abs(estimate) > 0.01
        out.append(HitRatio(name, Pair(*mean), Interval(estimate, low, high), moved))
    return tuple(out)


def _classes(samples: Samples, launches: tuple[Launch, ...]) -> tuple[ClassShare, ...]:
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


def _transitions(samples: Samples, launches: tuple[Launch, ...]) -> tuple[Transition, ...]:
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


def _one_sided(samples: Samples, launches: tuple[Launch, ...], cell: Cell) -> OneSided:
    sides = [
        np.concatenate([samples.deciding_ms(launch)[samples.rows(launch, arm, cell)] for launch in launches])
        for arm in (BEFORE, AFTER)
    ]
    return OneSided(
        cell, (sides[0].size, sides[1].size), Pair(*(statistics.quantile(np.sort(side), 0.5) for side in sides))
    )


def _curves(samples: Samples, launches: tuple[Launch, ...], cells: tuple[CellResult, ...]) -> tuple[Curve, ...]:
    chosen = list(dict.fromkeys(result.cell for result in cells if result.primary))[:_CURVES]
    out = []
    for cell in chosen:
        sides: list[tuple[float, ...]] = []
        for arm in (BEFORE, AFTER):
            values = [samples.deciding_ms(launch)[samples.rows(launch, arm, cell)] for launch in launches]
            p, latency = statistics.percentile_curve(np.sort(np.concatenate(values)))
            finite = np.isfinite(latency)
            sides += [tuple(map(float, p[finite])), tuple(map(float, latency[finite]))]
        out.append(Curve(cell, *sides))
    return tuple(out)


def _timeline(launches: tuple[Launch, ...]) -> tuple[Moment, ...]:
    """The per-second series of all launches, thinned to a few hundred stretches."""
    seconds = sum(launch.health.second.size for launch in launches)
    width = max(1, math.ceil(seconds / _TIMELINE_POINTS))
    out = []
    for launch in launches:
        health = launch.health
        for start in range(0, health.second.size, width):
            part = slice(start, start + width)
            length = health.second[part].size
            out.append(
                Moment(
                    launch.number,
                    float(health.second[part][-1]),
                    float(health.offered[part].sum()) / length,
                    float(health.completed[part].sum()) / length,
                    float(health.errors[part].sum()) / length,
                    float(health.cpu[part].max()),
                    float(health.lag_p99_ms[part].max()),
                )
            )
    return tuple(out)


def _caveats(
    samples: Samples, cells: tuple[CellResult, ...], plan: Mapping[str, Any], *, paired: bool
) -> tuple[str, ...]:
    out = []
    if paired:
        out.append(
            "The claim is about these two versions on this machine, each started afresh in every launch; "
            "it says nothing about another machine, data set or mix of traffic."
        )
        out.append(
            "Both arms were loaded at once and share the machine, so each may slow the other; "
            "a ratio near one can hide a capacity that differs."
        )
    else:
        out.append("The two sessions ran at different times; what the machine did meanwhile is part of the difference.")
    if samples.workload == "closed":
        out.append("Closed workload: visitors wait for replies, so slow replies thin out the load that would show it.")
    if any("fragile" in result.tags for result in cells):
        out.append("A cell tagged fragile would lose its word if one launch were left out or another method were used.")
    gap = [
        result
        for result in cells
        if result.primary and result.latency_ms.after > 1.5 * result.service_ms.after > 0 and result.quantile == "p50"
    ]
    if samples.workload == "open" and gap:
        out.append(
            f"Replies to {gap[0].cell} waited before they were sent: response time is well above service time, "
            "so the site was queueing at this rate."
        )
    if plan.get("machine", {}).get("virtual"):
        out.append("The machine is virtual: other guests may have taken time that neither arm could see.")
    return tuple(out)


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


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
