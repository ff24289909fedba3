"""What a moment of load before a trial tells of its arms: what a page costs each, and whether they are one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results import statistics
from results.record import Record
from results.sameness import LENGTH_DIFFERENCE
from results.samples import numbers

ENOUGH: Final = 5
"""Answers that were not hits from which they alone tell what making a page costs."""

UNLIKE_LIMIT: Final = 0.1
"""Share of the addresses that two arms may answer with different statuses and still be one site."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """Addresses that two arms answer with different statuses.

    Attributes:
        share: Of those that both were asked for.
        path: One of them.
        statuses: Arm to the status it answered that one with.
    """

    share: float
    path: str
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UnlikePages:
    """Addresses at which two arms have pages of different length.

    Attributes:
        share: Of those at which both have a page.
        path: One of them.
        lengths: Arm to the bytes it answered that one with.
    """

    share: float
    path: str
    lengths: Mapping[str, int]


def page_cost_ms(record: Record, arm: str) -> float:
    """Median service time of a page, milliseconds; of pages that no cache answered, where there are enough of them.

    Warm-up counts too: it is the first replies that had to be made. NaN where nothing was answered.
    """
    rows = _rows(record, arm).filter(pc.field("error") == "none")
    made = rows.filter(~pc.field("cache").cast(pa.string()).isin(["HIT", "STALE"]))
    rows = made if made.num_rows >= ENOUGH else rows
    return statistics.quantile(np.sort(numbers(rows["end"]) - numbers(rows["sent"])), 0.5) * 1e3


def unlike(tried: Mapping[str, Record]) -> Unlike | None:
    """How the arms' answers to the same addresses differ; ``None`` where hardly one does.

    Args:
        tried: Arm to the swarm record of its load; all had the same traffic.
    """
    answers = {arm: _statuses(record, arm) for arm, record in tried.items()}
    first, *others = answers
    found = []
    for other in others:
        common = sorted(answers[first].keys() & answers[other].keys())
        differing = [page for page in common if answers[first][page] != answers[other][page]]
        if differing and (share := len(differing) / len(common)) > UNLIKE_LIMIT:
            page = differing[0]
            found.append(Unlike(share, page[1], {arm: answers[arm][page] for arm in (first, other)}))
    return max(found, key=lambda each: each.share, default=None)


def unlike_pages(tried: Mapping[str, Record]) -> UnlikePages | None:
    """How the arms' pages at the same addresses differ in length; ``None`` where hardly one does.

    Args:
        tried: As of ``unlike``.
    """
    sizes = {arm: _sizes(record, arm) for arm, record in tried.items()}
    first, *others = sizes
    found = []
    for other in others:
        common = sorted(sizes[first].keys() & sizes[other].keys())
        differing = [page for page in common if _differ(sizes[first][page], sizes[other][page])]
        if differing and (share := len(differing) / len(common)) > UNLIKE_LIMIT:
            page = differing[0]
            found.append(UnlikePages(share, page[1], {arm: sizes[arm][page] for arm in (first, other)}))
    return max(found, key=lambda each: each.share, default=None)


def _differ(one: int, other: int) -> bool:
    return abs(one - other) > LENGTH_DIFFERENCE * max(one, other)


def _sizes(record: Record, arm: str) -> dict[tuple[str, str], int]:
    """Persona and path to the length of the last whole page."""
    rows = _rows(record, arm).filter((pc.field("error") == "none") & (pc.field("bytes") > 0))
    return _by_page(record, rows, "bytes")


def _rows(record: Record, arm: str) -> pa.Table:
    return record.table("requests").filter(pc.field("arm").cast(pa.string()) == arm)


def _statuses(record: Record, arm: str) -> dict[tuple[str, str], int]:
    """Persona and path to the status of the last answer."""
    return _by_page(record, _rows(record, arm).filter((pc.field("status") > 0) & ~pc.field("conditional")), "status")


def _by_page(record: Record, rows: pa.Table, column: str) -> dict[tuple[str, str], int]:
    urls = record.table("urls")
    paths = dict(zip(urls["url"].to_pylist(), urls["path"].to_pylist(), strict=True))
    told = zip(*(rows[name].to_pylist() for name in ("persona", "url", column)), strict=True)
    return {(persona, paths[url]): value for persona, url, value in told if url in paths}
