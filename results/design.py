"""What a comparison asks, fixed before anyone looks at a latency: arms, margins, family of cells."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from results import statistics
from results.columns import CACHE_CLASSES
from results.errors import ComparisonError
from results.samples import ALL, Cell, Launch, Samples

QUANTILES: Final = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
"""Names of the quantiles that can be judged."""

FLOOR_MS: Final = 0.02
"""Absolute change that does not matter where nobody measured the rig: about what one machine can tell apart."""

NEVER_DECIDE: Final = frozenset({"redirect", "edit", "purge", "login"})
"""Routes that are shown and never decide: a step on the way to a page, or a request that is not for a page."""


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One cell at one quantile: what a verdict answers."""

    cell: Cell
    quantile: str

    def __str__(self) -> str:
        """``reader article p95``."""
        return f"{self.cell} {self.quantile}"


@dataclass(frozen=True, slots=True)
class Design:
    """The question and its rules.

    Attributes:
        before, after: Names of the arms.
        alpha: Family-wise error rate of the primary intervals.
        margins: Relative change that does not matter, by quantile.
        floor_ms: Absolute change that does not matter, the rig's noise floor; ``None`` takes what the A/A' arm of the
            same run measures or, where there is none, ``FLOOR_MS``.
        control: A page that the change cannot have touched; what happens to it is taken off every other cell.
        pages_may_differ: Whether the arms may answer one address with pages of different length, as a change of
            templates or of compression does.
        minimum_launches: Below this no verdict is given.
        most_primary: Size limit of the primary family.
        primary: The primary family; ``None`` takes ``choose`` at its word.
    """

    before: str = "before"
    after: str = "after"
    alpha: float = 0.05
    margins: Mapping[str, float] = dataclasses.field(default_factory=lambda: {"p50": 0.03, "p95": 0.05, "p99": 0.10})
    floor_ms: float | None = None
    control: Cell | None = None
    pages_may_differ: bool = False
    minimum_launches: int = 6
    most_primary: int = 12
    primary: tuple[Question, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a design under which a verdict would mean nothing."""
        if self.before == self.after:
            raise ComparisonError(f"both arms are named {self.before!r}; give them different names")
        if not 0 < self.alpha <= 0.5:
            raise ComparisonError(f"alpha is {self.alpha!r}; it must lie above 0 and not above 0.5")
        for name, margin in self.margins.items():
            if name not in QUANTILES:
                raise ComparisonError(f"margin for {name!r}; the quantiles are {', '.join(QUANTILES)}")
            if not 0 < margin < 1:
                raise ComparisonError(f"margin of {name} is {margin!r}; it must lie between 0 and 1 (0.03 is 3 %)")
        if self.floor_ms is not None and self.floor_ms < 0:
            raise ComparisonError(f"floor_ms is {self.floor_ms!r}; it must not be negative")
        if self.minimum_launches < 3:
            raise ComparisonError(f"minimum_launches is {self.minimum_launches!r}; it must be at least 3")
        if self.most_primary < 1:
            raise ComparisonError(f"most_primary is {self.most_primary!r}; it must be at least 1")
        if self.control is not None and self.control in {question.cell for question in self.primary or ()}:
            raise ComparisonError(
                f"{self.control} is the control, which the change cannot touch, and a primary cell too; name it once"
            )
        if len(self.primary or ()) > self.most_primary:
            raise ComparisonError(
                f"{len(self.primary or ())} primary cells are named; name at most {self.most_primary}, as each of them "
                "widens the intervals of all"
            )
        for question in self.primary or ():
            if question.cell.route in NEVER_DECIDE:
                raise ComparisonError(
                    f"primary cell {question} is of a route that never decides ({', '.join(sorted(NEVER_DECIDE))}); "
                    "name a page that visitors read"
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        data = dataclasses.asdict(self)
        data["margins"] = dict(self.margins)
        if self.primary is not None:
            data["primary"] = [{**dataclasses.asdict(q.cell), "quantile": q.quantile} for q in self.primary]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Design:
        """The inverse of ``to_dict``; absent keys take their defaults.

        Raises:
            ComparisonError: For an unknown key (with the nearest known one) or a value out of range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise ComparisonError(f"unknown design key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        values = dict(data)
        if values.get("control") is not None:
            values["control"] = _cell(values["control"], "the control")
        if values.get("primary") is not None:
            values["primary"] = tuple(_question(item) for item in values["primary"])
        return cls(**values)


def _question(data: Mapping[str, Any]) -> Question:
    cell, quantile = _cell(data, "primary cell"), data.get("quantile")
    if quantile not in QUANTILES:
        raise ComparisonError(f"primary cell has quantile {quantile!r}; use one of {', '.join(QUANTILES)}")
    return Question(cell, quantile)


def _cell(data: Mapping[str, Any], what: str) -> Cell:
    cache = data.get("cache", ALL)
    if cache != ALL and cache not in CACHE_CLASSES:
        raise ComparisonError(f"{what} has cache class {cache!r}; use {ALL} or one of {', '.join(CACHE_CLASSES)}")
    for key in ("persona", "route"):
        if not isinstance(data.get(key), str):
            raise ComparisonError(f"{what} lacks its {key}")
    return Cell(data["persona"], data["route"], cache)


@dataclass(frozen=True, slots=True)
class Family:
    """Every question that the samples can be asked, split before looking at a latency.

    Attributes:
        primary: Decide the verdict, with intervals that hold together.
        exploratory: Shown beside, never decide.
        too_few: Below the sample floor in some launch, with the smallest number of requests found.
        one_sided: Class cells that only one arm holds.
    """

    primary: tuple[Question, ...]
    exploratory: tuple[Question, ...]
    too_few: tuple[tuple[Question, int], ...]
    one_sided: tuple[Cell, ...]


def choose(samples: Samples, launches: tuple[Launch, ...], design: Design) -> Family:
    """Split the questions by counts alone.

    The rule: personas take turns, each giving its routes from the most to the least requested; a page (persona and
    route) brings every quantile whose sample floor all launches and both arms meet. Cells of single cache classes that
    both arms hold follow in the same order, unless they hold nearly what their page holds. The first ``most_primary``
    are primary, those of routes in ``NEVER_DECIDE`` and of the control left out.
    """
    counts = {page: _smallest(samples, launches, Cell(*page)) for page in samples.pages()}
    pages = _turns(counts)
    classes: list[Cell] = []
    one_sided: list[Cell] = []
    for page in pages:
        for cache in CACHE_CLASSES:
            cell = Cell(*page, cache)
            held = [sum(samples.count(launch, arm, cell) for launch in launches) for arm in (0, 1)]
            whole = [sum(samples.count(launch, arm, Cell(*page)) for launch in launches) for arm in (0, 1)]
            if all(h >= 0.99 * w for h, w in zip(held, whole, strict=True)):
                continue  # the page's own cell already speaks for it
            if all(held):
                classes.append(cell)
            elif any(held):
                one_sided.append(cell)
    able: list[Question] = []
    too_few: list[tuple[Question, int]] = []
    for cell in [Cell(*page) for page in pages] + classes:
        requests = _smallest(samples, launches, cell)
        for name in design.margins:
            question = Question(cell, name)
            if requests >= statistics.floor(QUANTILES[name]):
                able.append(question)
            else:
                too_few.append((question, requests))
    known = ", ".join(" ".join(page) for page in pages)
    if (control := design.control) is not None and (control.persona, control.route) not in counts:
        raise ComparisonError(f"the control {control} has no request; the pages are {known}")
    if design.primary is None:
        deciding = [question for question in able if may_decide(question.cell, design)][: design.most_primary]
        return Family(
            tuple(deciding),
            tuple(question for question in able if question not in deciding),
            tuple(too_few),
            tuple(one_sided),
        )
    missing = [question for question in design.primary if (question.cell.persona, question.cell.route) not in counts]
    if missing:
        raise ComparisonError(f"primary cell {missing[0]} has no request; the pages are {known}")
    primary = tuple(question for question in design.primary if question in able)
    declared = [
        (question, _smallest(samples, launches, question.cell)) for question in design.primary if question not in able
    ]
    return Family(
        primary,
        tuple(question for question in able if question not in primary),
        tuple(declared + [pair for pair in too_few if pair[0] not in design.primary]),
        tuple(one_sided),
    )


def may_decide(cell: Cell, design: Design) -> bool:
    """Whether a cell can be primary: a page that visitors read, and not the control."""
    control = design.control
    is_control = control is not None and (cell.persona, cell.route) == (control.persona, control.route)
    return cell.route not in NEVER_DECIDE and not is_control


def enough(samples: Samples, launches: tuple[Launch, ...], cell: Cell, quantile: str) -> bool:
    """Whether every launch and both arms hold enough requests of a cell for a quantile."""
    return _smallest(samples, launches, cell) >= statistics.floor(QUANTILES[quantile])


def _smallest(samples: Samples, launches: tuple[Launch, ...], cell: Cell) -> int:
    return min((samples.count(launch, arm, cell) for launch in launches for arm in (0, 1)), default=0)


def _turns(counts: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Pages in order of turns: each persona's most requested page, then each one's second, and so on."""
    by_persona: dict[str, list[tuple[str, str]]] = {}
    for page in sorted(counts, key=lambda page: (-counts[page], page)):
        by_persona.setdefault(page[0], []).append(page)
    return [page for turn in zip_longest(*by_persona.values()) for page in turn if page is not None]
