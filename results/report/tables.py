"""The rows that every written report shares: cells with their figures in words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.gate import Gate
from results.measures import Pair

Key = TypeVar("Key", bound=Hashable)

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
        detected: The slowdown that such a run would have called slower, with 95 % power.
        qualifier: Begins with the space or colon that joins it to the word.
        site: What the site reported of itself, e.g. ``db calls 5 → 0``, one item each.
    """

    name: str
    quantile: str
    before: str
    after: str
    ratio: str
    interval: str
    margin: str
    word: str
    qualifier: str
    detected: str
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
        files: Changed by the arm or, of the whole run, differing from the commit when it began.
    """

    commit: str
    branch: str
    files: tuple[str, ...]


def source(comparison: Comparison, arm: str | None = None) -> Source:
    """What the plan knows of the source code of the run or, by name, of one of its arms."""
    plan = comparison.plan
    about = plan.get("source")
    if arm is not None:
        arms = plan.get("arms")
        entries = arms if isinstance(arms, list) else []
        about = next((entry for entry in entries if isinstance(entry, dict) and entry.get("name") == arm), None)
    about = about if isinstance(about, dict) else {}
    files = about.get("dirty" if arm is None else "files") or []
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
        margin=f"±{units.percent(result.margin)}",
        word=result.verdict.word,
        qualifier=(" " if result.verdict.word in {"faster", "slower"} else ": ") + result.verdict.qualifier,
        detected=units.percent(result.convincing - 1) if math.isfinite(result.convincing) else "–",
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
