"""Which words trials and their primary cells ended in, and how wide intervals were where nothing differs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from tests.calibration.rig.case import Case
from tests.calibration.rig.ledger import Tally
from tests.calibration.rig.reading import Seen

WORDS: Final = ("slower", "faster", "no difference", "not enough data", "not comparable", "invalid")
"""In the order in which the page names them."""

EQUAL: Final = "same"
"""The case whose widths are told: trials of two equal arms."""


def section(cases: Sequence[Case], tallies: Mapping[str, Tally]) -> str:
    """The table of words, and why *no difference* is as rare as it is; nothing without judged trials."""
    judged = [case for case in cases if tallies[case.name].finished]
    if not judged:
        return ""
    rows = ["| case | trials | words of the whole | primary cells | words of the cells |", "|---|--:|---|--:|---|"]
    for case in judged:
        lines = tallies[case.name].judged
        cells = [cell.word for line in lines for cell in line.cells]
        whole = counted(line.word for line in lines)
        rows.append(f"| {case.name} | {len(lines)} | {whole} | {len(cells)} | {counted(cells)} |")
    intro = (
        "What trials that were not refused ended in, as a whole and cell by cell. The whole is *no difference* only "
        "where every primary cell is."
    )
    table = "\n".join(rows)
    equal = [_widths(case, tallies[case.name]) for case in judged if case.name == EQUAL]
    return "\n\n".join(["## Words", intro, table, *(text for text in equal if text)])


def counted(words: Iterable[str]) -> str:
    """How many there are of each word: ``34 *no difference*, 215 *not enough data*``."""
    counts = Counter(words)
    order = [*WORDS, *sorted(set(counts) - set(WORDS))]
    return ", ".join(f"{counts[word]} *{word}*" for word in order if counts[word])


def half_width(cell: Seen) -> float:
    """Half the interval of a ratio, as a relative change like the margin; infinite where an end is."""
    low, high = cell.ratio.low, cell.ratio.high
    return math.sqrt(high / low) - 1 if low > 0 and math.isfinite(high) else math.inf


def _widths(case: Case, tally: Tally) -> str:
    """Half widths of a case's intervals beside its margins."""
    cells = [cell for line in tally.judged for cell in line.cells]
    if not cells:
        return ""
    plan = case.settings()
    silent = _too_wide(cells)
    half = _middle(map(half_width, cells))
    margin = _middle(cell.margin for cell in cells)
    why = (
        f"In {case.name} {_equal(cells)} of {len(cells)} cells say *no difference*. The median half width of the "
        f"intervals is {half}, the median margin {margin}. In {silent} of {len(cells)} cells half the interval is "
        "wider than the margin; such a cell cannot say *no difference*, whatever its estimate."
    )
    if 2 * silent > len(cells):
        why += (
            f" The plan is short, {plan['launches']} launches of {plan['seconds']} s: these trials tell how often "
            "equal arms raise an alarm, and little of how often they are found to be equal."
        )
    rows = [
        "| cell | intervals | median half width | median margin | wider than the margin | *no difference* |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for label in dict.fromkeys(cell.label for cell in cells):
        mine = [cell for cell in cells if cell.label == label]
        rows.append(
            f"| {label} | {len(mine)} | {_middle(map(half_width, mine))} | {_middle(cell.margin for cell in mine)} | "
            f"{_too_wide(mine)} | {_equal(mine)} |"
        )
    return f"{why}\n\n" + "\n".join(rows)


def _equal(cells: Iterable[Seen]) -> int:
    return sum(cell.word == "no difference" for cell in cells)


def _too_wide(cells: Iterable[Seen]) -> int:
    return sum(half_width(cell) >= cell.margin for cell in cells)


def _middle(shares: Iterable[float]) -> str:
    found = median(shares)
    return f"{100 * found:.1f} %" if math.isfinite(found) else "unbounded"
