"""The finished trials, a JSON line each: what a campaign goes on from and what reports are made of."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.calibration.rig.case import Case
from tests.calibration.rig.reading import Range, Seen

FORMAT: Final = 1
DATA: Final = Path(__file__).resolve().parents[3] / "docs" / "calibration" / "rig.jsonl"
"""The committed data."""

_DIGITS: Final = 5

Result = Literal["passed", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class Line:
    """One finished trial.

    Attributes:
        number: Of the case, from 1; refused trials have numbers of their own.
        plan: Key of the plan.
        seed: Of the plan; follows from case and number.
        date: UTC, to the second.
        commit: Of this checkout, with a plus where files differed from it.
        seconds: What the trial took.
        load: Busy share of all cores just before, and what others took during the trial; None where unknown.
        overrides: Plan keys that were set on the command line.
        word: Verdict of the whole.
        gates: Codes of failed gates.
        cells: Primary cells.
        swap: How the comparison with exchanged arms differs from the mirror image; empty is as it should be.
        result: ``refused`` where a gate let nothing be said; neither an alarm nor a pass.
        why: What was seen, in a few words.
        facts: Figures of the case.
    """

    case: str
    number: int
    plan: str
    seed: int
    date: str
    anp: str
    commit: str
    machine: dict[str, Any]
    seconds: float
    load: tuple[float | None, float | None]
    overrides: dict[str, Any]
    launches: int
    word: str
    gates: tuple[str, ...]
    cells: tuple[Seen, ...]
    swap: tuple[str, ...]
    result: Result
    why: str
    facts: dict[str, Any]

    def to_json(self) -> str:
        """One line, compact; figures to five digits, what is not finite is null."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        data["cells"] = [_cell(cell) for cell in self.cells]
        return json.dumps(_short({"format": FORMAT, **data}), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Line:
        """The inverse of ``to_json``, to five digits.

        Raises:
            ValueError: The line is not whole, or of another format.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise ValueError(f"a line is not of format {FORMAT}: {text[:80]!r}")
        data["cells"] = tuple(_uncell(cell) for cell in data["cells"])
        for name in ("gates", "swap", "load"):
            data[name] = tuple(data[name])
        return cls(**data)


def read(path: Path) -> list[Line]:
    """Every whole line of a file, in order; a last line that was cut off while it was written does not count."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [Line.from_json(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def append(path: Path, line: Line) -> None:
    """Add a line, in the place of one that was cut off; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(line.to_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Tally:
    """The trials of one case so far, by the plan it has now."""

    lines: tuple[Line, ...]

    @classmethod
    def of(cls, lines: Iterable[Line], case: Case) -> Tally:
        """Of a case, among all lines."""
        return cls(tuple(line for line in lines if line.case == case.name and line.plan == case.key))

    def count(self, result: Result) -> int:
        """Trials with this result."""
        return sum(line.result == result for line in self.lines)

    @property
    def finished(self) -> int:
        """Trials that said something."""
        return len(self.lines) - self.count("refused")

    @property
    def judged(self) -> list[Line]:
        """Those trials."""
        return [line for line in self.lines if line.result != "refused"]


def next_number(lines: Iterable[Line], case: Case) -> int:
    """Of the trial to come; no number of a case is used twice, whatever its plan was."""
    return max((line.number for line in lines if line.case == case.name), default=0) + 1


def _cell(cell: Seen) -> dict[str, Any]:
    return {
        "cell": cell.label,
        "cache": cell.cache,
        "ratio": dataclasses.astuple(cell.ratio),
        "ms": dataclasses.astuple(cell.change_ms),
        "margin": cell.margin,
        "word": cell.word,
        "alarm": cell.alarm,
        "service": cell.service_ms,
        "server": cell.server_ms,
    }


def _uncell(data: dict[str, Any]) -> Seen:
    def span(name: str) -> Range:
        estimate, low, high = data[name]
        return Range(
            math.nan if estimate is None else estimate,
            -math.inf if low is None else low,
            math.inf if high is None else high,
        )

    def pair(name: str) -> tuple[float, float]:
        before, after = (math.nan if value is None else value for value in data[name])
        return before, after

    return Seen(
        data["cell"],
        data["cache"],
        data["cell"].rpartition(" ")[2],
        True,
        span("ratio"),
        span("ms"),
        data["margin"],
        data["word"],
        data["alarm"],
        pair("service"),
        pair("server"),
    )


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    return value
