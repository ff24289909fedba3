"""Sessions of another tool, before against after: the verdict of the whole, or why there is none.

Two sessions differ by what the machine did in between, too. How far they differ by themselves is known only from
several sessions of one version; with fewer than five on every side the figures are shown and the verdict is *not enough
data*. The evidence is of grade C whatever the number.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from results.design import FLOOR_MS, QUANTILES, Design
from results.foreign import checks, copies
from results.foreign.cells import ALONE, ENOUGH, MEAN, ForeignCell, judge_cell
from results.foreign.checks import Check, Sessions
from results.foreign.model import ALL, Session
from results.headline import Overall
from results.units import change, counted, growth, milliseconds
from results.verdict import Verdict, Word, exit_code, undecided

FORMAT: Final = 1
"""Version of ``ForeignComparison.to_dict``: 1 since the first release that had it."""


MOST_PRIMARY: Final = 12
"""Size limit of the primary family, as in ``Design``."""


@dataclass(frozen=True, slots=True)
class ForeignComparison:
    """Sessions of another tool side by side; the evidence is always of grade C.

    Attributes:
        overall: The verdict of the whole.
        before, after, baselines: The sessions.
        checks: Conditions of comparing at all.
        cells: Primary ones first.
        caveats: What a reader must not conclude, in sentences.
        alpha: Family-wise error rate of the primary intervals.
        margins: Relative change that does not matter, by quantile.
        floor_ms: Absolute change that does not matter.
    """

    overall: Overall
    before: tuple[Session, ...]
    after: tuple[Session, ...]
    baselines: tuple[Session, ...]
    checks: tuple[Check, ...]
    cells: tuple[ForeignCell, ...]
    caveats: tuple[str, ...]
    alpha: float
    margins: Mapping[str, float]
    floor_ms: float
    grade: Literal["C"] = "C"

    @property
    def primary(self) -> tuple[ForeignCell, ...]:
        """The cells that decide."""
        return tuple(cell for cell in self.cells if cell.primary)

    def exit_code(self, fail_on: Collection[str] = ("slower", "invalid")) -> int:
        """The exit code of the comparison, as ``results.verdict.exit_code`` has it."""
        return exit_code([cell.verdict for cell in self.primary], self.overall.word, fail_on)


def compare(
    before: Sessions,
    after: Sessions,
    *,
    baselines: Sessions = (),
    margins: Mapping[str, float] | None = None,
    floor_ms: float | None = None,
    alpha: float | None = None,
) -> ForeignComparison:
    """Put sessions side by side.

    Args:
        before: Sessions of one version, one or more.
        after: Sessions of the other.
        baselines: Further sessions of one unchanged version, which tell how far sessions differ and nothing else.
        margins: Relative change that does not matter, by quantile; those of ``Design`` by default.
        floor_ms: Absolute change that does not matter, likewise.
        alpha: Family-wise error rate, likewise.

    Raises:
        ForeignError: A session stands in two places or may do so, or units are mixed.
        ComparisonError: A margin, the floor or alpha is out of range.
    """
    usual = Design()
    design = Design(
        margins=usual.margins if margins is None else margins,
        floor_ms=FLOOR_MS if floor_ms is None else floor_ms,
        alpha=usual.alpha if alpha is None else alpha,
    )
    checks.refuse(before, after, baselines)
    copies.refuse(before, after, baselines)
    checked = checks.check(before, after, baselines, design.alpha)
    sessions = (*before, *after, *baselines)
    able, rest = _questions(sessions, design)
    stop = next((each for each in checked if each.state == "failed"), None)
    withheld = _withheld(sessions)
    cells = [
        judge_cell(before, after, baselines, name, quantile, design, m=len(able), primary=number < len(able))
        for number, (name, quantile) in enumerate((*able, *rest))
    ]
    if stop is not None:
        cells = [dataclasses.replace(cell, verdict=Verdict("not comparable", stop.short)) for cell in cells]
    elif withheld:
        cells = [dataclasses.replace(cell, verdict=undecided(withheld[1])) for cell in cells]
    return ForeignComparison(
        overall=_conclude(tuple(cells), stop, withheld, sessions),
        before=tuple(before),
        after=tuple(after),
        baselines=tuple(baselines),
        checks=checked,
        cells=tuple(cells),
        caveats=_caveats(before, after, baselines, cells),
        alpha=design.alpha,
        margins=dict(design.margins),
        floor_ms=FLOOR_MS if floor_ms is None else floor_ms,
    )


def _questions(sessions: Sessions, design: Design) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Routes and quantiles, chosen by counts alone: those that decide, and those that are shown beside."""
    able: list[tuple[str, str]] = []
    rest: list[tuple[str, str]] = []
    names = checks.common_names(sessions)
    for name in names:
        found = [series for session in sessions if (series := session.find(name)) is not None]
        if any(series.kind == "summary" and not series.quantiles for series in found):
            rest.append((name, MEAN))
            continue
        for quantile in design.margins:
            reasons = [series.why_not(QUANTILES[quantile]) for series in found]
            decides = not any(reasons) and (name != ALL or len(names) == 1)
            (able if decides and len(able) < MOST_PRIMARY else rest).append((name, quantile))
    return tuple(able), tuple(rest)


def _withheld(sessions: Sessions) -> tuple[str, str] | None:
    """The first file that may not be judged, and why."""
    return next(((session.file, session.withheld) for session in sessions if session.withheld), None)


def _conclude(
    cells: tuple[ForeignCell, ...], stop: Check | None, withheld: tuple[str, str] | None, sessions: Sessions
) -> Overall:
    """The verdict of the whole: conditions before cells, slower before faster."""
    if stop is not None:
        return Overall("not comparable", stop.words, ())
    if withheld is not None:
        return Overall("not enough data", f"No verdict rests on {withheld[0]}: {withheld[1]}.", ())
    primary = [cell for cell in cells if cell.primary]
    if not primary:
        reason = next((f"{cell.label}: {cell.verdict.qualifier}" for cell in cells), "no figure in common")
        return Overall("not enough data", f"Nothing can be judged: {reason}.", ())
    words: set[Word] = {cell.verdict.word for cell in primary}
    for word in ("slower", "faster"):
        named = next((cell for cell in primary if cell.verdict.word == word), None)
        if named is not None:
            return Overall(
                word,
                f"The sessions after are {word} at {named.label} {named.verdict.qualifier} "
                f"({milliseconds(named.before.value_ms)} before, {milliseconds(named.after.value_ms)} after).",
                (),
            )
    if words == {"no difference"}:
        worst = max(cell.verdict.ruled_out_slowdown or 0.0 for cell in primary)
        return Overall("no difference", f"In every cell a slowdown of more than {growth(worst)} is ruled out.", ())
    open_cells = [cell for cell in primary if cell.verdict.word == "not enough data"]
    if all(cell.verdict.qualifier == ALONE for cell in open_cells):
        headline = "Two sessions were put side by side, and how far sessions differ by themselves is not known."
    else:
        named = next((c for c in open_cells if c.verdict.qualifier != ALONE), open_cells[0])
        headline = f"{named.label} cannot be settled: {named.verdict.qualifier}."
    largest = _largest(open_cells)
    sentences = []
    if largest is not None:
        sentences.append(f"The largest difference seen is {change(largest.ratio.estimate)} at {largest.label}.")
    finer = next((each.finer for each in sessions if each.finer), "")
    if finer and any(cell.verdict.qualifier.startswith("instrument resolution") for cell in open_cells):
        sentences.append(f"{finer}.")
    if len(sessions) < ENOUGH + 1:
        sentences.append(
            f"With a folder of at least {ENOUGH} sessions of one version, one file each, a verdict may be possible."
        )
    return Overall("not enough data", headline, tuple(sentences))


def _largest(cells: Sequence[ForeignCell]) -> ForeignCell | None:
    """The cell whose sides are farthest apart."""
    seen = [cell for cell in cells if math.isfinite(cell.ratio.estimate) and cell.ratio.estimate > 0]
    return max(seen, key=lambda cell: abs(math.log(cell.ratio.estimate)), default=None)


def _caveats(before: Sessions, after: Sessions, baselines: Sessions, cells: Sequence[ForeignCell]) -> tuple[str, ...]:
    out = ["The sessions ran at different times; what the machine did meanwhile is part of the difference."]
    sizes = [float(np.mean([session.total.requests or 0 for session in side])) for side in (before, after)]
    if min(sizes) and max(sizes) > 2 * min(sizes):
        out.append("The sides differ more than twofold in requests a session, so in length, rate or both.")
    if (far := _largest(cells)) is not None:
        factor = max(far.ratio.estimate, 1 / far.ratio.estimate)
        if factor >= checks.UNIT_FACTOR:
            longer = "after as before" if far.ratio.estimate > 1 else "before as after"
            said = f"{far.label} takes about {factor:,.0f} times as long {longer}"
            out.append(f"{said}; check that both sides count in one unit.")
    told: dict[str, list[str]] = {}
    for session in (*before, *after, *baselines):
        for warning in session.warnings:
            told.setdefault(warning, []).append(session.file)
    for warning, files in told.items():
        named = files[0] if len(files) == 1 else f"{files[0]} and {counted(len(files) - 1, 'other file')}"
        out.append(f"{named}: {warning}")
    return tuple(out)
