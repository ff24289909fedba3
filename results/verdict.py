"""From one interval and one margin to one of four words; from many cells and gates to one sentence.

| interval of the log ratio          | word            |
|------------------------------------|-----------------|
| wholly above the margin            | slower          |
| wholly below it                    | faster          |
| wholly inside it                   | no difference   |
| anything else                      | not enough data |

A word is never chosen because something could *not* be shown; what was ruled out is always said with a number.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from results import statistics
from results.errors import ComparisonError
from results.units import counted, growth, percent

Word = Literal["faster", "slower", "no difference", "not enough data", "invalid", "not comparable"]
Direction = Literal["faster", "slower", "none"]

FAIL_ON: Final = ("slower", "leaning slower", "not enough data", "invalid")
"""What an exit code can be asked to report.

``leaning slower`` is *slower* and besides a cell that is undecided by its margin, but whose interval lies wholly above
no change. All intervals of the family hold together, so of trials in which nothing differs no more fail by it than the
error rate of the family. ``invalid`` stands for *not comparable* too.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one cell.

    Attributes:
        word: The verdict.
        qualifier: How much, or why not, in words that can stand after the word.
        direction: Which way the interval points, where it excludes no change at all.
        at_least: The change that is certain, as a fraction; only with faster and slower.
        ruled_out_slowdown: A slowdown of more than this fraction is ruled out; ``None`` where nothing is.
        ruled_out_speedup: The same for a speed-up.
        launches_needed: With *not enough data*: launches that would probably settle it; ``None`` if none would.
    """

    word: Word
    qualifier: str
    direction: Direction = "none"
    at_least: float | None = None
    ruled_out_slowdown: float | None = None
    ruled_out_speedup: float | None = None
    launches_needed: int | None = None

    @property
    def tail(self) -> str:
        """The qualifier with the space or colon that joins it to the word; empty where there is none."""
        joint = " " if self.word in {"faster", "slower"} else ": "
        return f"{joint}{self.qualifier}" if self.qualifier else ""

    @property
    def follows_from_interval(self) -> bool:
        """Whether it is what the interval says; *not enough data* may have another reason, and the interval none."""
        return self.word in {"slower", "faster", "no difference"} or self.ruled_out_slowdown is not None


def margin(relative: float, floor_ms: float, before_ms: float, after_ms: float) -> float:
    """The relative change that does not matter: ``relative``, or ``floor_ms`` where that is more.

    The floor is taken of the faster arm, so that exchanging the arms exchanges the verdict and nothing else.
    """
    fastest = min(before_ms, after_ms)
    return max(relative, floor_ms / fastest) if fastest > 0 else relative


def decide(low: float, high: float, log_margin: float) -> Word:
    """The table of this module: the word for an interval of log ratios and a margin, ``ln(1 + margin)``."""
    if low > log_margin:
        return "slower"
    if high < -log_margin:
        return "faster"
    if -log_margin < low and high < log_margin:
        return "no difference"
    return "not enough data"


def judge(
    low: float,
    high: float,
    relative_margin: float,
    *,
    estimate: float,
    spread: float,
    alpha: float,
    m: int,
    least: int = 3,
) -> Verdict:
    """The verdict of one cell with its qualifier.

    Args:
        low: Lower end of the simultaneous interval of the mean log ratio, finite.
        high: Its upper end.
        relative_margin: As a fraction.
        estimate: Mean log ratio over launches.
        spread: Its standard deviation over launches.
        alpha: Family-wise error rate, to plan launches with.
        m: Size of the family, likewise.
        least: Fewest launches that can be asked for: more than there were, and what a verdict takes.
    """
    verdict = settle(low, high, relative_margin)
    if verdict.word != "not enough data":
        return verdict
    needed = statistics.launches_needed(estimate, spread, math.log1p(relative_margin), alpha, m, least)
    parts = [f"leans {verdict.direction}"] if verdict.direction != "none" else []
    parts.append(f"about {counted(needed, 'launch')} needed" if needed else "more launches would not settle it")
    return dataclasses.replace(verdict, qualifier="; ".join(parts), launches_needed=needed)


def settle(low: float, high: float, relative_margin: float) -> Verdict:
    """The word for an interval of log ratios with what is certain by it; *not enough data* is without a qualifier."""
    word = decide(low, high, math.log1p(relative_margin))
    slowdown = math.expm1(high) if high > 0 else 0.0
    speedup = -math.expm1(low) if low < 0 else 0.0
    direction: Direction = "slower" if low > 0 else "faster" if high < 0 else "none"
    match word:
        case "slower":
            at_least = math.expm1(low)
            return Verdict(word, f"by at least {growth(at_least)}", direction, at_least)
        case "faster":
            at_least = -math.expm1(high)
            return Verdict(word, f"by at least {percent(at_least)}", direction, at_least, 0.0)
        case "no difference":
            qualifier = f"a slowdown of more than {growth(slowdown)} is ruled out"
            return Verdict(word, qualifier, direction, None, slowdown, speedup)
    return Verdict(word, "", direction, None, slowdown, speedup)


def undecided(reason: str, launches_needed: int | None = None) -> Verdict:
    """*Not enough data* for a reason that is not an interval."""
    return Verdict("not enough data", reason, launches_needed=launches_needed)


def fails_by(verdict: Verdict, fail_on: Collection[str]) -> str | None:
    """The word of ``FAIL_ON`` by which a policy does not let a cell pass; ``None`` where it does."""
    match verdict.word:
        case "slower":
            asked = {"slower", "leaning slower"} & set(fail_on)
            return "slower" if asked else None
        case "invalid" | "not comparable":
            return "invalid" if "invalid" in fail_on else None
        case "not enough data":
            if verdict.direction == "slower" and "leaning slower" in fail_on:
                return "leaning slower"
            return verdict.word if verdict.word in fail_on else None
    return None


def exit_code(verdicts: Collection[Verdict], overall: Word, fail_on: Collection[str] = ("slower", "invalid")) -> int:
    """The exit code of a comparison: 4 invalid or not comparable, 1 slower or leaning, 3 not enough data, else 0.

    Args:
        verdicts: Of the primary cells.
        overall: The verdict of the whole.
        fail_on: Which of ``FAIL_ON`` count.

    Raises:
        ComparisonError: For a word that is not in ``FAIL_ON``.
    """
    for name in fail_on:
        if name not in FAIL_ON:
            raise ComparisonError(f"cannot fail on {name!r}; choose from: {', '.join(FAIL_ON)}")
    if overall in {"invalid", "not comparable"}:
        return 4 if "invalid" in fail_on else 0
    by = {fails_by(verdict, fail_on) for verdict in (*verdicts, Verdict(overall, ""))}
    if by & {"slower", "leaning slower"}:
        return 1
    return 3 if "not enough data" in by else 0
