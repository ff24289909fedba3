"""The verdict of the whole in sentences: what happened, by how much, why, and what it does not say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from results.baselines import History
from results.caching import ClassShare, HitRatio
from results.cells import STOPS, CellResult
from results.gate import Gate
from results.samples import ALL, Samples
from results.units import counted, growth, milliseconds, percent
from results.verdict import Word

_WEIGHT: Final[tuple[Word, ...]] = ("slower", "faster", "no difference", "not enough data")


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


def conclude(
    cells: tuple[CellResult, ...],
    checked: list[Gate],
    hit_ratios: tuple[HitRatio, ...],
    classes: tuple[ClassShare, ...],
    mixture: Sequence[str],
    history: History | None,
) -> Overall:
    """The verdict of the whole: gates before cells, slower before faster, and the hit ratio in the same breath.

    Args:
        cells: With their verdicts.
        checked: All gates, the weightiest first.
        hit_ratios: Of every persona and of all.
        classes: Shares of the cache classes.
        mixture: What of the change is the hit ratio's, in sentences; none where there is nothing to say.
        history: Of two sessions, what they were weighed with; ``None`` for a trial.
    """
    moved = [hit for hit in hit_ratios if hit.moved]
    primary = [result for result in cells if result.primary]
    word, headline = _verdict_sentence(primary, checked)
    named = _named(primary, word)
    with_it = [hit for hit in moved if named is not None and hit.persona == named.cell.persona]
    headline += "".join(f"; {_moved(hit, start='the')}" for hit in with_it)
    rest = [hit for hit in moved if hit.persona != ALL or len(moved) == 1]
    sentences = [f"{_moved(hit)}." for hit in rest if hit not in with_it]
    if word not in {"invalid", "not comparable"}:
        sentences[:0] = mixture
    if history is not None and history.is_enough and word in {"faster", "slower", "no difference"}:
        sentences.insert(
            0,
            f"This is a difference between sessions, weighed with how far {len(history.sessions)} sessions before the "
            "change differ by themselves.",
        )
    if word not in {"invalid", "not comparable"} and primary:
        counts = Counter(result.verdict.word for result in primary)
        tally = ", ".join(f"{counts[each]} {each}" for each in _WEIGHT if each in counts)
        sentences.insert(0, f"Of {counted(len(primary), 'primary cell')}: {tally}.")
    return Overall(word, f"{headline}.", tuple(sentences + _bypassing(classes, _judged(primary))))


def _verdict_sentence(primary: list[CellResult], checked: list[Gate]) -> tuple[Word, str]:
    """The word of the whole and its sentence, without the full stop: gates first, then the cells by weight."""
    for stop in STOPS:
        for gate in checked:
            if not gate.ok and gate.effect == stop:
                return stop, gate.words.removesuffix(".")
    if not primary:
        return "not enough data", "No page had enough requests in every launch; run longer or at a higher rate"
    words = {result.verdict.word for result in primary}
    if words == {"no difference"}:
        worst = max(result.verdict.ruled_out_slowdown or 0.0 for result in primary)
        return "no difference", f"In every primary cell a slowdown of more than {growth(worst)} is ruled out"
    for word in ("slower", "faster"):
        if (first := _named(primary, word)) is not None:
            return word, (
                f"{_subject(first)} is {word} {first.verdict.qualifier} "
                f"({milliseconds(first.latency_ms.before)} before, {milliseconds(first.latency_ms.after)} after)"
            )
    first = next(result for result in primary if result.verdict.word == "not enough data")
    return "not enough data", f"{_subject(first)} cannot be settled: {first.verdict.qualifier}"


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


def _judged(primary: list[CellResult]) -> set[str]:
    """Personas of primary cells that had enough requests for an interval."""
    return {result.cell.persona for result in primary if math.isfinite(result.ratio.low)}


def _bypassing(classes: tuple[ClassShare, ...], judged: Collection[str]) -> list[str]:
    """What a page cache can do for personas that pass it by; ``judged`` are those with a cell that has a verdict.

    Where nobody was served by one, there is nothing to say about it.
    """
    if not any(share.cache in {"HIT", "STALE"} and sum(share.requests) for share in classes):
        return []
    return [
        f"{share.persona.capitalize()} pages bypass the page cache in both arms: it cannot make them faster, and "
        + (
            "their cells tell whether it made them slower."
            if share.persona in judged
            else "this run held too little of them to tell whether it made them slower."
        )
        for share in classes
        if share.cache == "BYPASS" and min(share.share.before, share.share.after) >= 0.99
    ]


_SCOPE: Final = (
    "The claim is about these two versions on this machine, each started afresh in every launch; "
    "it says nothing about another machine, data set or mix of traffic."
)
_DEPLOYMENTS: Final = (
    "The claim is about these two deployments, which were not started afresh: what one of them happens to be like, the "
    "placement of its memory or its neighbours, is in every launch."
)
_SIDE_BY_SIDE: Final = (
    "Both arms were loaded at once and share the machine, so each may slow the other; "
    "a ratio near one can hide a capacity that differs."
)
_IN_TURN: Final = (
    "The arms were loaded one after the other, so what the machine did between two rounds is in every ratio; "
    "chance decided who came first."
)
_SWITCHED: Final = (
    "One place was switched from before to after and back, so the claim rests on the before arm coming back to its "
    "level each time; it is about these two versions in this place."
)
_SESSIONS: Final = "The two sessions ran at different times; what the machine did meanwhile is part of the difference."
_CLAIMS: Final = {
    "duet": (_SCOPE, _SIDE_BY_SIDE),
    "rounds": (_SCOPE, _IN_TURN),
    "reversal": (_SWITCHED,),
    "sessions": (_SESSIONS,),
}


def caveats(
    samples: Samples, cells: tuple[CellResult, ...], plan: Mapping[str, Any], *, method: str
) -> tuple[str, ...]:
    """What a reader must not conclude from the figures, in sentences; ``method`` is how the arms were loaded."""
    out = list(_CLAIMS[method])
    if plan.get("kind_of_arms") == "url":
        out[0] = _DEPLOYMENTS
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
    if (plan.get("machine") or {}).get("virtual"):
        out.append("The machine is virtual: other guests may have taken time that neither arm could see.")
    return tuple(out)
