"""From a pilot to a plan: how many launches, how long each, and what change they would show.

The log ratio of a cell varies over launches for two reasons. Processes differ for as long as they live, which only more
launches average out; and a launch holds so many requests and no more, which longer launches help, too:

    variance(T) = between + within * T0 / T          T0: seconds of a pilot launch, T: of a planned one

``results.spread`` tells the two apart. A few launches know their own variance badly, so advice is given with an upper
confidence bound of it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from results import statistics
from results.design import FLOOR_MS, QUANTILES, Design, Question, choose
from results.errors import ComparisonError
from results.measures import Pair
from results.modes import in_density_gap
from results.samples import AFTER, BEFORE, Cell, Floats, Launch, Samples
from results.spread import CONFIDENCE, Spread, control_of, spread, within
from results.units import counted, percent
from results.verdict import margin

LAUNCHES: Final = (6, 8, 10, 12, 16, 24)
"""Numbers of launches that are weighed against each other."""

LENGTHS: Final = (0.5, 1.0, 2.0, 4.0)
"""Lengths of a launch that are weighed, as multiples of the pilot's; the best one of the formula comes on top."""

_SHORTEST: Final = 0.5
"""Seconds below which no trial measures."""

_MOST_LENGTHS: Final = 20.0
"""The best length of the formula is not followed beyond this multiple of the pilot's."""


@dataclass(frozen=True, slots=True)
class PilotCell:
    """What the pilot says of one primary cell.

    Attributes:
        requests: In the smallest launch and arm.
        latency_ms: Geometric means over launches of the launch quantiles.
        margin: Relative change that does not matter.
        spread: ``None`` where there is none; ``why_not`` says why.
        best_seconds: Length of a launch that gives the most precision for the time (Kalibera & Jones 2013); infinite
            where launches do not differ by themselves, NaN without a spread.
    """

    cell: Cell
    quantile: str
    requests: int
    latency_ms: Pair
    margin: float
    spread: Spread | None
    best_seconds: float
    why_not: str

    @property
    def label(self) -> str:
        """The cell and its quantile in words."""
        return f"{self.cell} {self.quantile}"

    @property
    def decides(self) -> bool:
        """Whether the recommendation waits for it: every p50 and p95 does."""
        return self.quantile in {"p50", "p95"}


@dataclass(frozen=True, slots=True)
class Change:
    """What an option would show in one cell with 95 % power, as fractions; infinite where it can show nothing.

    Attributes:
        slower: Smallest true slowdown that is called *slower*, with the upper bound of the spread.
        slower_likely: The same with the pilot's own spread.
        no_difference: Smallest margin within which two equal arms are called *no difference*, with the upper bound.
        no_difference_likely: The same with the pilot's own spread.
    """

    slower: float
    slower_likely: float
    no_difference: float
    no_difference_likely: float


@dataclass(frozen=True, slots=True)
class Option:
    """One way to spend the time; ``changes`` are in the order of the plan's cells."""

    launches: int
    seconds: float
    minutes: float
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Planning:
    """Advice from a pilot.

    Attributes:
        pilot_launches, pilot_seconds, rate: What the pilot was; the rate is of each arm, requests a second.
        fixed_cost_s: Seconds that a launch costs beside its measured ones.
        passes: Measured stretches of a launch: 1 side by side, 2 where the arms take turns.
        detect: The change that is to be found, as a fraction.
        alpha: Family-wise error rate of the primary cells.
        confidence: Of the upper bound of the spread.
        cells: The primary cells.
        options: By launches, then by length.
        recommended: The cheapest option that finds ``detect`` in every cell that decides; ``None`` if none does.
        likely: The one that would be, were the pilot's own spread the true one.
        why: Why that one, or why none, in sentences.
        command: What to type; empty without a recommendation.
    """

    pilot_launches: int
    pilot_seconds: float
    rate: float
    fixed_cost_s: float
    passes: int
    detect: float
    alpha: float
    confidence: float
    cells: tuple[PilotCell, ...]
    options: tuple[Option, ...]
    recommended: Option | None
    likely: Option | None
    why: str
    command: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; a figure that is not finite is ``null``."""
        data: dict[str, Any] = _plain(dataclasses.asdict(self))
        return data


def plan(
    samples: Samples,
    launches: tuple[Launch, ...],
    design: Design,
    *,
    fixed_cost_s: float,
    rate: float,
    seconds: float,
    passes: int = 1,
    detect: float = 0.10,
    again: bool = False,
    command: str = "anp trial",
    seed: int = 0,
) -> Planning:
    """What trials of so many launches of such a length would show, and which one to run.

    Args:
        samples: Vocabulary and workload of the pilot.
        launches: Its launches, those that count; three are a sensible pilot.
        design: Margins, error rate, control and primary family of the trial to come.
        fixed_cost_s: Seconds that a launch costs beside its measured ones: starts, warming, warm-up, stops.
        rate: Requests a second and arm, in the pilot and in the trial to come.
        seconds: Measured seconds of a pilot launch.
        passes: 1 where both arms are loaded at once, 2 where one is loaded after the other.
        detect: The smallest slowdown that must not be missed, as a fraction.
        again: Whether the trial measures its noise floor, of which nothing is known beforehand.
        command: How the trial is begun; ``--launches``, ``--seconds`` and ``--rate`` are put behind it.
        seed: Of the resampling.

    Raises:
        ComparisonError: The pilot has fewer than two launches or no primary cell, or a value is out of range.
    """
    for name, value in (("seconds", seconds), ("rate", rate), ("detect", detect)):
        if not (value > 0 and math.isfinite(value)):
            raise ComparisonError(f"{name} is {value!r}; it must be above zero")
    if not (fixed_cost_s >= 0 and math.isfinite(fixed_cost_s)):
        raise ComparisonError(f"fixed_cost_s is {fixed_cost_s!r}; it must not be negative")
    if len(launches) < 2:
        raise ComparisonError(
            f"a pilot of {counted(len(launches), 'launch')} cannot say how launches differ; run one of three"
        )
    questions = choose(samples, launches, design).primary
    if not questions:
        raise ComparisonError(
            "no page had enough requests in every launch of the pilot; run it longer or at a higher rate"
        )
    ratios, latencies, gaps = _levels(samples, launches, design, questions)
    requests_sd = within(samples, launches, design, questions, seed)
    cells = tuple(
        _pilot_cell(
            question,
            min(samples.count(launch, arm, question.cell) for launch in launches for arm in (BEFORE, AFTER)),
            latencies[index],
            ratios[index],
            float(requests_sd[index]),
            design,
            in_gap=bool(gaps[index]),
            fixed_cost_s=fixed_cost_s,
            seconds=seconds,
            passes=passes,
        )
        for index, question in enumerate(questions)
    )
    options = tuple(
        weigh(cells, k, length, design.alpha, fixed_cost_s, seconds, passes)
        for k in LAUNCHES
        for length in _lengths(cells, seconds)
    )
    recommended = _cheapest(cells, options, detect)
    likely = _cheapest(cells, options, detect, high=False)
    why = _why(cells, options, recommended, likely, detect, len(launches), seconds)
    if again:
        why += (
            " What the second copy of before will show is not counted in: nothing within it is called slower or faster."
        )
    typed = "" if recommended is None else _typed(command, recommended, rate)
    return Planning(
        pilot_launches=len(launches),
        pilot_seconds=float(seconds),
        rate=float(rate),
        fixed_cost_s=float(fixed_cost_s),
        passes=passes,
        detect=float(detect),
        alpha=design.alpha,
        confidence=CONFIDENCE,
        cells=cells,
        options=options,
        recommended=recommended,
        likely=likely,
        why=why,
        command=typed,
    )


def _levels(
    samples: Samples, launches: tuple[Launch, ...], design: Design, questions: tuple[Question, ...]
) -> tuple[Floats, list[Pair], npt.NDArray[np.bool_]]:
    """Log ratios (questions, launches), latencies, and whether a quantile falls between modes in most launches."""
    asked = list(dict.fromkeys([*questions, *control_of(samples, launches, design, questions).values()]))
    levels = np.full((len(asked), len(launches), 2), np.nan)
    gaps = np.zeros((len(asked), 2))
    for number, launch in enumerate(launches):
        latency = samples.deciding_ms(launch)
        for index, question in enumerate(asked):
            for arm in (BEFORE, AFTER):
                ordered = np.sort(latency[samples.rows(launch, arm, question.cell)])
                levels[index, number, arm] = statistics.quantile(ordered, QUANTILES[question.quantile])
                gaps[index, arm] += in_density_gap(ordered, QUANTILES[question.quantile])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(levels)
        ratios = logs[:, :, AFTER] - logs[:, :, BEFORE]
        latencies = np.exp(logs.mean(axis=1))
    controls = control_of(samples, launches, design, questions)
    net = [
        ratios[index] - (ratios[asked.index(controls[question])] if question in controls else 0.0)
        for index, question in enumerate(questions)
    ]
    pairs = [Pair(float(before), float(after)) for before, after in latencies[: len(questions)]]
    return np.array(net), pairs, np.asarray((2 * gaps > len(launches)).any(axis=1))


def _pilot_cell(
    question: Question,
    requests: int,
    latency: Pair,
    ratios: Floats,
    requests_sd: float,
    design: Design,
    *,
    in_gap: bool,
    fixed_cost_s: float,
    seconds: float,
    passes: int,
) -> PilotCell:
    floor_ms = FLOOR_MS if design.floor_ms is None else design.floor_ms
    relative, found, best, why_not = design.margins[question.quantile], None, math.nan, ""
    if not np.isfinite(ratios).all() or math.isnan(requests_sd):
        why_not = "failed requests reach it"
    elif in_gap:
        why_not = "it falls between fast and slow replies; judge the cache classes, or another quantile"
    else:
        relative = margin(relative, floor_ms, latency.before, latency.after)
        found = spread(ratios, requests_sd)
        # The formula's requests are seconds here: what a second of load tells and costs.
        best = statistics.rounds_or_length(found.between**2, found.within**2 * seconds, fixed_cost_s, float(passes))
    return PilotCell(question.cell, question.quantile, requests, latency, relative, found, best, why_not)


def _lengths(cells: tuple[PilotCell, ...], seconds: float) -> list[float]:
    """Lengths to weigh: multiples of the pilot's, and the best of the cell that is the hardest to settle."""
    lengths = {max(multiple * seconds, _SHORTEST) for multiple in LENGTHS}
    known = [(one.spread.total_high, one.best_seconds) for one in cells if one.decides and one.spread is not None]
    if known:
        best = min(max(max(known)[1], LENGTHS[0] * seconds, _SHORTEST), _MOST_LENGTHS * seconds)
        lengths.add(float(f"{best:.2g}"))
    return sorted(lengths)


def weigh(
    cells: tuple[PilotCell, ...],
    k: int,
    length: float,
    alpha: float,
    fixed_cost_s: float,
    seconds: float,
    passes: int,
) -> Option:
    """What ``k`` launches of ``length`` seconds would show, where pilot launches were ``seconds`` long.

    The critical value is Bonferroni's, which the comparison's own never exceeds.
    """
    m = sum(one.spread is not None for one in cells)
    critical = statistics.t_critical(k, alpha, max(m, 1))
    changes = []
    for one in cells:
        enough_requests = one.requests * length / seconds >= statistics.floor(QUANTILES[one.quantile])
        if one.spread is None or not enough_requests:
            changes.append(Change(math.inf, math.inf, math.inf, math.inf))
            continue
        figures = []
        for high in (True, False):
            sd = one.spread.at(length / seconds, high=high)
            slower = statistics.detectable(sd, k, critical, math.log1p(one.margin))
            equal = statistics.equivalent(sd, k, critical)
            figures += [math.expm1(slower), math.expm1(equal)]
        changes.append(Change(figures[0], figures[2], figures[1], figures[3]))
    return Option(k, length, k * (fixed_cost_s + passes * length) / 60, tuple(changes))


def worst(cells: tuple[PilotCell, ...], option: Option, *, high: bool = True) -> tuple[float, PilotCell | None]:
    """The largest of the smallest slowdowns that an option finds in cells that decide, and whose it is."""
    found = [
        (change.slower if high else change.slower_likely, -place)
        for place, (one, change) in enumerate(zip(cells, option.changes, strict=True))
        if one.decides
    ]
    if not found:
        return math.inf, None
    largest, place = max(found)
    return largest, cells[-place]


def _cheapest(
    cells: tuple[PilotCell, ...], options: tuple[Option, ...], detect: float, *, high: bool = True
) -> Option | None:
    able = [option for option in options if worst(cells, option, high=high)[0] <= detect]
    return min(able, key=lambda option: (option.minutes, -option.launches), default=None)


def _why(
    cells: tuple[PilotCell, ...],
    options: tuple[Option, ...],
    recommended: Option | None,
    likely: Option | None,
    detect: float,
    pilot: int,
    seconds: float,
) -> str:
    wanted = f"a slowdown of {percent(detect)}"
    hope = ""
    if likely is not None and likely != recommended:
        hope = f" Were the pilot's own spread the true one, {words(likely)} would do."
    if recommended is not None:
        return (
            f"The cheapest that calls {wanted} slower in each p50 and p95 cell, 19 times in 20. "
            f"The spread of {counted(pilot, 'pilot launch')} is itself uncertain, and this allows for it.{hope}"
        )
    deciding = [one for one in cells if one.decides]
    if not deciding:
        return "No p50 or p95 is a primary cell, so nothing is recommended; see the table for p99."
    for one in deciding:
        if one.why_not:
            return f"None is recommended: nothing can be planned for {one.label}, {one.why_not}."
    widest = max(deciding, key=lambda one: one.margin)
    if widest.margin >= detect:
        return (
            f"None is recommended: the margin of {widest.label} is {percent(widest.margin)}, so {wanted} does not "
            "count there, however many launches there are. Ask for a larger change, or set a smaller margin."
        )
    best = min(options, key=lambda option: worst(cells, option)[0])
    smallest, hardest = worst(cells, best)
    if hardest is None or hardest.spread is None or math.isinf(smallest):
        return "None is recommended: no option holds enough requests in every cell; run at a higher rate."
    found = hardest.spread
    remedy = (
        "Launches differ there by themselves, which longer ones do not help; a pilot of more launches may show that "
        "they differ less than this one could rule out."
        if found.between_high > found.within / math.sqrt(best.seconds / seconds)
        else "Its requests are too few or too unlike each other; a higher rate or longer launches help."
    )
    return (
        f"None is recommended: even {words(best)} are only sure to call {percent(smallest)} slower in {hardest.label}, "
        f"not {percent(detect)}. {remedy}{hope}"
    )


def words(option: Option) -> str:
    """``8 launches of 10 s``."""
    return f"{counted(option.launches, 'launch')} of {option.seconds:g} s"


def _typed(command: str, option: Option, rate: float) -> str:
    return f"{command} --launches {option.launches} --seconds {option.seconds:g} --rate {rate:g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
