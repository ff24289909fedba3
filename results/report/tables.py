"""The rows that every written report shares: cells with their figures in words."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.gate import Gate
from results.measures import Interval, Pair
from results.noise import NoiseCell

Key = TypeVar("Key", bound=Hashable)

_HUNDREDFOLD: Final = 100.0

_METHODS: Final = {
    "duet": "both arms side by side, started afresh in every launch",
    "rounds": "both arms in every launch, one at a time in an order left to chance",
    "reversal": "one place, switched from before to after and back",
    "sessions": "two sessions at different times",
}
"""What the evidence rests on, for each way in which arms can be loaded."""

_LABELS: Final = {
    "cpu": "processor",
    "usable_cores": "usable cores",
    "memory_bytes": "memory",
    "site_core": "core of the sites",
    "generator_core": "core of the generator",
    "first_id": "first article",
    "count": "number",
}
"""What a reader calls the keys of a plan; any other stands for itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell as text.

    Attributes:
        name: Persona, route and, where it is not all of them, cache class.
        interval: Simultaneous interval of the ratio; empty where there is none.
        change: The ratio as a signed percentage, with its interval: ``−76.2 % [−76.9 %, −75.4 %]``; of a large one
            ``about 971 times [950, 990]``.
        detected: The slowdown that such a run would have called slower, with 95 % power.
        chance: Benjamini-Hochberg adjusted p of no change, of a cell that does not decide; a dash without one.
        qualifier: Begins with the space or colon that joins it to the word.
        site: What the site reported of itself, e.g. ``db calls 5 → 0``, one item each.
    """

    name: str
    quantile: str
    before: str
    after: str
    ratio: str
    interval: str
    change: str
    margin: str
    word: str
    qualifier: str
    detected: str
    chance: str
    site: tuple[str, ...]
    calls: str
    requests: str
    service: str
    primary: bool
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Which state of the source code something was run from.

    Attributes:
        commit, branch: Empty where git knew none.
        files: Those that differed from the commit when it began.
    """

    commit: str
    branch: str
    files: tuple[str, ...]


def source(comparison: Comparison, side: Literal["before", "after"] | None = None) -> Source:
    """What is known of the source code that a trial was run from, or one of two sessions."""
    about = comparison.plan.get("source")
    if side is not None:
        about = (comparison.plan.get("sources") or {}).get(side)
    about = about if isinstance(about, dict) else {}
    files = about.get("dirty") or []
    return Source(
        str(about.get("commit") or ""),
        str(about.get("branch") or ""),
        tuple(map(str, files)) if isinstance(files, list) else (),
    )


def row(result: CellResult) -> Row:
    """The text of one cell."""
    return Row(
        name=str(result.cell),
        quantile=result.quantile,
        before=units.milliseconds(result.latency_ms.before),
        after=units.milliseconds(result.latency_ms.after),
        ratio=units.ratio(result.ratio.estimate),
        interval=units.interval(result.ratio.low, result.ratio.high),
        change=_change(result.ratio),
        margin=f"±{units.percent(result.margin)}" if math.isfinite(result.margin) else "–",
        word=result.verdict.word,
        qualifier=result.verdict.tail,
        detected=units.percent(result.convincing - 1) if math.isfinite(result.convincing) else "–",
        chance=f"{result.p_adjusted:.2g}" if math.isfinite(result.p_adjusted) else "–",
        site=site(result),
        calls=calls(result),
        requests=f"{result.requests[0]:,}"
        if result.requests[0] == result.requests[1]
        else f"{result.requests[0]:,} / {result.requests[1]:,}",
        service=f"{units.milliseconds(result.service_ms.before)} → {units.milliseconds(result.service_ms.after)}",
        primary=result.primary,
        tags=result.tags,
    )


def site(result: CellResult) -> tuple[str, ...]:
    """What the site reported of itself in this cell."""
    parts = [] if _is_empty(result.db_calls) else [f"db calls {calls(result)}"]
    shares = result.served_from_cache
    if shares.before > 0 or shares.after > 0:
        parts.append(f"from cache {units.percent(shares.before)} → {units.percent(shares.after)}")
    return tuple(parts)


def calls(result: CellResult) -> str:
    """Median database calls of a page, before and after: ``5 → 0``."""
    if _is_empty(result.db_calls):
        return "–"
    return f"{units.count(result.db_calls.before)} → {units.count(result.db_calls.after)}"


def gate_figures(gate: Gate) -> tuple[str, str]:
    """What a gate measured and its limit, as text with units: ``5 launches`` and ``at least 6 launches``."""
    return _figure(gate.measured, gate.unit), f"{gate.bound} {_figure(gate.limit, gate.unit)}"


def gate_state(gate: Gate) -> str:
    """What became of a gate in one word: after a note every verdict stands."""
    return "passed" if gate.ok else "noted" if gate.effect == "note" else "failed"


def gate_text(gate: Gate, headline: str) -> str:
    """What a gate says, less what the headline has said already."""
    if gate.details and gate.words == headline:
        return gate.details
    return f"{gate.words} {gate.details}".rstrip()


def over(comparison: Comparison) -> str:
    """The launches that the figures are over: those that count or, where none does, all of them."""
    total = len(comparison.launches)
    counting = sum(launch.used for launch in comparison.launches)
    if counting == total:
        return units.counted(total, "launch")
    if counting:
        return f"the {counting} of {units.counted(total, 'launch')} that {'counts' if counting == 1 else 'count'}"
    return f"all {total} launches, none of which counts" if total > 1 else "the only launch, which does not count"


def evidence(comparison: Comparison) -> str:
    """Grade of the evidence, what it rests on, and over how many launches."""
    method = _METHODS[comparison.method]
    if comparison.plan.get("kind_of_arms") == "url":
        method = method.replace("started afresh in every launch", "running on from launch to launch")
    return f"Evidence grade {comparison.grade}: {method}, over {over(comparison)}."


def family(comparison: Comparison) -> str:
    """How many cells decide, and what is claimed of their intervals together."""
    made = comparison.family
    if not comparison.primary:
        return "No page had enough requests to decide anything."
    cells = units.counted(made.primary, "primary cell")
    if not any(math.isfinite(result.ratio.high) for result in comparison.primary):
        return f"{cells}, without intervals."
    together = "its interval holds" if made.primary == 1 else "their intervals hold together"
    return f"{cells}; {together} at {100 * (1 - made.alpha):g} %. {control(comparison)}".rstrip()


def control(comparison: Comparison) -> str:
    """What became of the control, in a sentence; empty without one."""
    found = comparison.design.control
    return "" if found is None else f"What happened to the control, {found}, is taken off every change."


def gate_count(comparison: Comparison) -> str:
    """How many gates passed, failed or left a note: ``13 of 15 gates passed, 2 notes``."""
    states = Counter(gate_state(gate) for gate in comparison.gates)
    parts = [f"{states['passed']} of {len(comparison.gates)} gates passed"]
    parts += [f"{states['failed']} failed"] if states["failed"] else []
    parts += [units.counted(states["noted"], "note")] if states["noted"] else []
    return ", ".join(parts)


def detected(comparison: Comparison, most: int = 12) -> str:
    """The slowdowns that such a run would have called slower, in a sentence; empty where nothing was judged."""
    rows = [(result, text) for result in comparison.primary if (text := row(result).detected) != "–"]
    if not rows or not comparison.is_judged:
        return ""
    more = f", and {len(rows) - most} more" if len(rows) > most else ""
    return f"Slowdowns that this run would have called slower, with 95 % power: {_by_cell(rows[:most])}{more}."


def noise(comparison: Comparison, most: int = 12) -> str:
    """The noise floor in a sentence: what two copies of one version can differ by; empty where it was not measured."""
    floor = comparison.noise
    if floor is None:
        return ""
    if floor.why_not:
        return f"The noise floor was not found: {floor.why_not}."
    parts = [
        f"{cell.label} {units.percent(_farther_end(cell))} ({units.milliseconds(cell.floor_ms)})"
        for cell in floor.measured
    ]
    more = f", and {len(parts) - most} more" if len(parts) > most else ""
    return (
        f"Noise floor, from two copies of {floor.copy_of} over {units.counted(floor.launches, 'launch')}: "
        f"a change below this the rig could have made by itself: {', '.join(parts[:most])}{more}."
    )


def _farther_end(cell: NoiseCell) -> float:
    return max(abs(cell.ratio.low - 1), abs(cell.ratio.high - 1))


def _by_cell(rows: Sequence[tuple[CellResult, str]]) -> str:
    """Figures of quantiles, each cell named once: ``reader article p50 11 %, p95 13 %; reader home p50 9.1 %``."""
    groups: dict[str, list[str]] = {}
    for result, figure in rows:
        groups.setdefault(str(result.cell), []).append(f"{result.quantile} {figure}")
    return "; ".join(f"{cell} {', '.join(figures)}" for cell, figures in groups.items())


def history(comparison: Comparison) -> str:
    """What two sessions were weighed with, in a sentence; empty for a trial."""
    found = comparison.history
    if found is None:
        return ""
    counting = units.counted(len(found.sessions), "session")
    line = f"History: {counting} before the change, {found.needed} needed ({', '.join(found.sessions)})."
    if found.left_out:
        line += " Left out: " + "; ".join(f"{each.name}, {each.why}" for each in found.left_out) + "."
    return line


def hit_ratio_lines(comparison: Comparison) -> list[str]:
    """One sentence a persona: share of replies out of the cache, before and after, and the difference."""
    lines = []
    for hit in comparison.hit_ratios:
        who = "all requests" if hit.persona == "all" else hit.persona
        line = f"{who}: {units.percent(hit.share.before)} before, {units.percent(hit.share.after)} after"
        if math.isfinite(hit.difference.low):
            estimate, low, high = map(_points, (hit.difference.estimate, hit.difference.low, hit.difference.high))
            level = f"{100 * (1 - comparison.design.alpha):g} %"
            line += f" ({estimate} points" + (f", {level} interval {low} to {high})" if low != high else ")")
        lines.append(line)
    return lines


def distinct(names: Mapping[Key, str]) -> dict[Key, str]:
    """The same names, with ``#2``, ``#3`` and so on behind those that were given before."""
    taken: set[str] = set()
    out = {}
    for key, name in names.items():
        candidates = itertools.chain([name], (f"{name}#{number}" for number in itertools.count(2)))
        out[key] = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(out[key])
    return out


def setting(value: object) -> str:
    """A setting's value; one that an arm does not set is at its default."""
    return "default" if value is None else str(value)


def moment(text: str) -> str:
    """A time stamp for readers: ``2026-11-21 01:32 UTC``; what is none is left as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return text


def facts(comparison: Comparison) -> list[tuple[str, dict[str, str]]]:
    """What the plan knows of machine, versions and articles, in the words of a reader."""
    plan = comparison.plan
    known = [
        (title, plan[key])
        for title, key in (("Machine", "machine"), ("Versions", "versions"), ("Articles", "corpus"))
        if isinstance(plan.get(key), dict)
    ]
    return [
        (title, {_LABELS.get(key, key): _fact(key, value) for key, value in pairs.items()}) for title, pairs in known
    ]


def _fact(key: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "memory_bytes" and isinstance(value, int):
        return f"{value / 2**30:.1f} GiB"
    return f"{value:,}" if key == "count" and isinstance(value, int) else str(value)


def _change(ratio: Interval) -> str:
    """All three figures with the digits of the largest, so that the ends can be held against the middle.

    From a hundredfold on a percentage says no more, and takes more room than a column has.
    """
    if not math.isfinite(ratio.estimate):
        return "–"
    if ratio.estimate >= _HUNDREDFOLD:
        is_closed = math.isfinite(ratio.low) and math.isfinite(ratio.high)
        return units.change(ratio.estimate) + (f" [{ratio.low:,.0f}, {ratio.high:,.0f}]" if is_closed else "")
    shown = [ratio.estimate, ratio.low, ratio.high]
    if not (math.isfinite(ratio.low) and math.isfinite(ratio.high)):
        shown = [ratio.estimate]
    digits = 0 if max(shown) >= 11 else 1
    middle, *ends = (f"{100 * (value - 1):+.{digits}f} %".replace("-", "−") for value in shown)
    return f"{middle} [{', '.join(ends)}]" if ends else middle


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _figure(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "not measured"
    if unit == "%":
        return units.percent(value)
    return f"{value:.3g} ms" if unit == "ms" else units.counted(value, unit)


def _is_empty(pair: Pair) -> bool:
    return math.isnan(pair.before) and math.isnan(pair.after)
