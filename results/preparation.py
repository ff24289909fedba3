"""Whether the page cache was in the state it was meant to be in when load began, by what the replies themselves say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from results.columns import CACHE_CLASSES
from results.gate import Effect, Gate
from results.record import Record
from results.samples import cache_code, coded, numbers, recode

LIMIT: Final = 0.05
"""Share of the pages that may have been in another state; one that varies by more than its address may well be."""

_HITS: Final = [CACHE_CLASSES.index(word) for word in ("HIT", "STALE")]
_MISS: Final = CACHE_CLASSES.index("MISS")


@dataclass(frozen=True, slots=True)
class _Found:
    """Pages of an arm in a launch: how many could be told, and how many of them were in another state than meant."""

    arm: str
    pages: int
    wrong: int

    @property
    def share(self) -> float:
        return self.wrong / self.pages if self.pages else 0.0


def check(records: Iterable[Record]) -> list[Gate]:
    """The gate on the first reply to each page that a reader asked for; none where caches were left as they were.

    In a *cold* cache no first reply is a hit. In a *warm* one the first reply to a page is a hit too, if any later
    reply to it is; pages that are never kept say nothing.
    """
    chosen = list(records)
    states = {str(record.asked.get("prepare")) for record in chosen}
    if states not in ({"cold"}, {"warm"}):
        return []
    state = states.pop()
    found = [each for record in chosen for each in _look(record, state)]
    if not found:
        return []
    worst = max(found, key=lambda each: each.share)
    ok = worst.share <= LIMIT
    told = sum(each.pages for each in found)
    words = f"The caches were {state} when load began, as far as the replies tell."
    details = ""
    if not told:
        words = f"Whether the caches were {state} when load began cannot be told: no reply came out of one."
    elif not ok and state == "cold":
        words = f"The cache of {worst.arm} was not cold: it answered pages that nobody had asked for yet."
        details = "Empty every cache before the site (purge in [hooks]), and run again."
    elif not ok:
        words = f"The cache of {worst.arm} was not warm: pages that it keeps were not in it at first."
        details = (
            "It may be too small for them or keep them too briefly; else fill it with a command (warm in [hooks])."
        )
    title = "Pages that the cache had" if state == "cold" else "Pages that the cache did not have"
    effect: Effect = "invalid" if state == "cold" else "note"
    measured = worst.share if told else None
    return [
        Gate(
            "preparation",
            f"{title} before the first reply, worst arm",
            measured,
            LIMIT,
            "%",
            ok,
            effect,
            words,
            details,
        )
    ]


def _look(record: Record, state: str) -> list[_Found]:
    rows = record.table("requests")
    readers = _readers(record)
    arm, arms = coded(rows.column("arm"))
    persona, personas = coded(rows.column("persona"))
    cache = recode(rows.column("cache"), cache_code)
    error, errors = coded(rows.column("error"))
    is_answered = np.array([word == "none" for word in errors], bool)
    anonymous = np.array([name in readers for name in personas], bool)
    if not rows.num_rows:
        return []
    sent, url = numbers(rows.column("sent")), numbers(rows.column("url"))
    of_readers = anonymous[persona] & is_answered[error]
    found = []
    for code, name in enumerate(arms):
        chosen = np.flatnonzero(of_readers & (arm == code))
        chosen = chosen[np.argsort(sent[chosen], kind="stable")]
        pages, first = np.unique(url[chosen], return_index=True)
        is_hit = np.isin(cache[chosen], _HITS)
        if state == "cold":
            found.append(_Found(name, pages.size, int(is_hit[first].sum())))
            continue
        kept = np.isin(pages, url[chosen][is_hit])
        found.append(_Found(name, int(kept.sum()), int((cache[chosen][first[kept]] == _MISS).sum())))
    return found


def _readers(record: Record) -> set[str]:
    """Personas who ask for pages without being logged in."""
    personas = (record.plan.get("scenario") or {}).get("personas") or []
    return {str(each["name"]) for each in personas if not each.get("logged_in")}
