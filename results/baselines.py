"""Baselines: sessions kept for later, and what a history of them says of a new one.

Two sessions differ by what the machine did in between, whatever was changed. How far sessions differ by themselves can
only be learned from several of them, so promoted sessions are kept: one small JSON file each, with the quantiles of
every cell and what the session was made on.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from results import statistics
from results.cells import CellResult
from results.columns import CACHE_CLASSES
from results.design import QUANTILES, Design, Question
from results.environment import Environment, environment
from results.errors import RecordError, RecordTooNew, ResultsError
from results.gates import inspect
from results.measures import Interval, Pair
from results.record import Record, ran_to_the_end, write_json
from results.samples import ALL, BEFORE, Cell, Launch, Samples, read_session
from results.sessions import FEWEST_SESSIONS, session_interval
from results.units import change, counted
from results.verdict import Verdict, settle, undecided

FORMAT: Final = 1
"""Of a baseline file. History: 1 (2026-11) first."""


@dataclass(frozen=True, slots=True)
class Level:
    """One cell of a session at one quantile.

    Attributes:
        ms: Geometric mean over the session's launches of the quantile that decides, milliseconds.
        requests: Of all launches together.
    """

    question: Question
    ms: float
    requests: int


@dataclass(frozen=True, slots=True)
class Session:
    """One arm at one time.

    Attributes:
        name: Of the record.
        started: RFC 3339.
        workload: Which latency the levels are of: response time in the open workload, service time in the closed.
        levels: Every cell that had enough requests in every launch.
    """

    name: str
    arm: str
    started: str
    workload: Literal["open", "closed"]
    environment: Environment
    levels: tuple[Level, ...]

    def level(self, question: Question) -> float:
        """Milliseconds; NaN where the session cannot say."""
        return next((level.ms for level in self.levels if level.question == question), math.nan)

    def log_level(self, question: Question, control: Question | None) -> float:
        """Log milliseconds, less those of the control; NaN where the session cannot say."""
        level = self.level(question)
        quiet = 1.0 if control is None else self.level(control)
        return math.log(level) - math.log(quiet) if level > 0 and quiet > 0 else math.nan


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A baseline that does not count, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """What a comparison of two sessions was weighed with.

    Attributes:
        sessions: Names of the sessions before the change that count, oldest first, the one compared last.
        left_out: Baselines that were made of something else.
        needed: So many sessions before the change a spread takes.
    """

    sessions: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    needed: int

    @property
    def is_enough(self) -> bool:
        """Whether how far sessions differ by themselves is known."""
        return len(self.sessions) >= self.needed


def session(record: Record, arm: str) -> Session:
    """What a record leaves behind of one arm.

    Raises:
        ComparisonError: The record holds no launch of the arm.
    """
    samples = read_session(record, arm)
    fit = [launch for launch in samples.launches if not inspect(samples, launch).saturated]
    return session_in(samples, fit, BEFORE, record, arm)


def session_in(samples: Samples, counting: Sequence[Launch], code: int, record: Record, arm: str) -> Session:
    """The same of the launches that count, from samples in which the arm has the place ``code``."""
    launches = [launch for launch in counting if launch.arm_rows(code).size]
    return Session(
        record.name,
        arm,
        str(record.plan.get("started") or ""),
        samples.workload,
        environment(record, arm),
        tuple(
            level
            for page in samples.pages()
            for cache in (ALL, *CACHE_CLASSES)
            for level in _levels(samples, launches, code, Cell(*page, cache))
        ),
    )


def _levels(samples: Samples, launches: Sequence[Launch], code: int, cell: Cell) -> list[Level]:
    """Of the quantiles for which every launch has enough requests, unless failures reach them."""
    counts = [samples.count(launch, code, cell) for launch in launches]
    able = [name for name, p in QUANTILES.items() if counts and min(counts) >= statistics.floor(p)]
    if not able:
        return []
    ordered = [np.sort(samples.deciding_ms(launch)[samples.rows(launch, code, cell)]) for launch in launches]
    levels = []
    for name in able:
        values = [statistics.quantile(each, QUANTILES[name]) for each in ordered]
        if all(math.isfinite(value) and value > 0 for value in values):
            ms = math.exp(sum(map(math.log, values)) / len(values))
            levels.append(Level(Question(cell, name), ms, sum(counts)))
    return levels


def baselines_root(out: Path | None = None) -> Path:
    """Where baselines lie: ``out``, else ``$ANP_BASELINES_DIR``, else ``results/baselines`` in the current folder."""
    return out or Path(os.environ.get("ANP_BASELINES_DIR") or Path("results") / "baselines")


def promote(record: Record, arm: str, name: str, root: Path) -> Path:
    """Keep a session as one of the baselines called ``name``; returns the file.

    Raises:
        ResultsError: The name is no plain word, the record has no cell with enough requests, it is there already, or
            the folder cannot be written to.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ResultsError(f"{name!r} cannot name a baseline; use letters, digits, dots and dashes, such as main")
    if not ran_to_the_end(record.launches()):
        raise ResultsError(f"{record.name} did not run to its end, so it is no baseline; run again")
    found = session(record, arm)
    if not found.levels:
        raise ResultsError(
            f"no cell of {record.name} has enough requests in every launch that counts, so it would say nothing; "
            "run longer, on a quiet machine"
        )
    path = root / name / f"{record.name}.json"
    if path.exists():
        raise ResultsError(f"{record.name} is one of the baselines {name!r} already; delete {path} to promote it anew")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, to_dict(found))
    except OSError as error:
        raise ResultsError(f"cannot write {path}: {error.strerror}. Choose another folder with --baselines") from error
    return path


def read_baselines(name: str, root: Path) -> tuple[Session, ...]:
    """All sessions kept under ``name``, oldest first.

    Raises:
        ResultsError: There is none, or a file cannot be read.
    """
    folder = root / name
    files = sorted(folder.glob("*.json")) if re.fullmatch(r"[\w.-]+", name) and folder.is_dir() else []
    if not files:
        known = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        has = f"there are: {', '.join(known)}" if known else "there are none yet"
        raise ResultsError(f"no baselines {name!r} in {root}; {has}. Keep one with: anp runs promote latest --as main")
    return tuple(sorted((_read(path) for path in files), key=lambda each: (each.started, each.name)))


def _read(path: Path) -> Session:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] > FORMAT:
            raise RecordTooNew(path, data["format"], FORMAT)
        levels = tuple(
            Level(Question(Cell(each["persona"], each["route"], each["cache"]), each["quantile"]), *_figures(each))
            for each in data["levels"]
        )
        return Session(
            data["name"], data["arm"], data["started"], data["workload"], Environment(**data["environment"]), levels
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise RecordError(f"{path} is no baseline: {_why(error)}. Delete it, and promote the record anew") from error


class _Damaged(ValueError):  # noqa: N818 - reads as the sentence it stands for
    """A value that no baseline holds, in words."""


def _why(error: Exception) -> str:
    """What is wrong with a baseline file, in plain words."""
    match error:
        case _Damaged():
            return str(error)
        case OSError():
            return f"it cannot be read ({error.strerror})"
        case KeyError():
            return f"it lacks its {error.args[0]}"
        case ValueError() | RecursionError():
            return "it is cut off or is not JSON"
    return "a value in it is not of the kind that anp writes"


def _figures(data: dict[str, Any]) -> tuple[float, int]:
    ms, requests = data["ms"], data["requests"]
    if not (isinstance(ms, int | float) and math.isfinite(ms) and ms > 0):
        raise _Damaged(f"it holds a latency of {ms!r} ms")
    if not isinstance(requests, int):
        raise _Damaged(f"it holds {requests!r} requests")
    return float(ms), requests


def to_dict(one: Session) -> dict[str, Any]:
    """Plain JSON data."""
    return {
        "format": FORMAT,
        "kind": "session",
        "name": one.name,
        "arm": one.arm,
        "started": one.started,
        "workload": one.workload,
        "environment": dataclasses.asdict(one.environment),
        "levels": [
            {
                **dataclasses.asdict(level.question.cell),
                "quantile": level.question.quantile,
                "ms": level.ms,
                "requests": level.requests,
            }
            for level in one.levels
        ],
    }


def gather(before: Session, after: Session, baselines: Sequence[Session]) -> tuple[tuple[Session, ...], History]:
    """The sessions before the change that count, and what became of the others.

    A baseline counts where it was made before the session that is judged, of the same articles, requests and workload
    on the same machine with the same instrument and the same settings as the session before. A session counts once,
    under whatever names it is kept.
    """
    used: list[Session] = []
    left_out: list[LeftOut] = []
    for one in baselines:
        if one.name == before.name:
            continue
        if (copied := next((each for each in (before, *used) if each.levels == one.levels), None)) is not None:
            left_out.append(LeftOut(one.name, f"it is the session {copied.name} once more"))
            continue
        unlike = list(before.environment.unlike(one.environment))
        unlike += [f"setting {each}" for each in before.environment.settings_unlike(one.environment)]
        if one.name == after.name:
            unlike.append("it is the session that is judged")
        elif one.started > after.started:
            unlike.append("it was made after the session that is judged")
        if one.workload != before.workload:
            unlike.append(f"workload {before.workload} and {one.workload}")
        traffic = {one.environment.traffic, before.environment.traffic}
        if len(traffic) > 1 and "" not in traffic:
            unlike.append("other traffic")
        if unlike:
            left_out.append(LeftOut(one.name, "; ".join(unlike[:3])))
        else:
            used.append(one)
    used.append(before)
    return tuple(used), History(tuple(one.name for one in used), tuple(left_out), FEWEST_SESSIONS)


def weigh(
    cells: tuple[CellResult, ...], sessions: Sequence[Session], after: Session, design: Design
) -> tuple[CellResult, ...]:
    """Ratios of two sessions with the interval that the spread between sessions before the change gives them.

    The log level of the session after the change is held against the mean of those before it (``session_interval``),
    with Bonferroni's share of the error rate for every primary cell; a control's log level is taken off each.
    """
    m = max(1, sum(result.primary for result in cells))
    return tuple(_weighed(result, sessions, after, design, m if result.primary else 1) for result in cells)


def _weighed(result: CellResult, sessions: Sequence[Session], after: Session, design: Design, m: int) -> CellResult:
    if not math.isfinite(result.ratio.estimate):
        return result
    question = Question(result.cell, result.quantile)
    control = _control(question, [*sessions, after], design)
    known = [one for one in sessions if math.isfinite(one.log_level(question, control))]
    logs = np.array([one.log_level(question, control) for one in known])
    last = after.log_level(question, control)
    if not known or not math.isfinite(last):
        return dataclasses.replace(
            result, verdict=undecided("a session has too few requests of this cell, or of the control")
        )
    estimate, low, high = session_interval(logs, np.array([last]), design.alpha, m)
    result = dataclasses.replace(
        result,
        ratio=Interval(*(_exp(value) for value in (estimate, low, high))),
        change_ms=Interval(*(result.latency_ms.before * (_exp(value) - 1) for value in (estimate, low, high))),
        levels=(*(Pair(one.level(question), math.nan) for one in known[:-1]), result.latency_ms),
        spread=float(logs.std(ddof=1)) if logs.size > 1 else math.nan,
    )
    if not math.isfinite(low) and logs.size >= FEWEST_SESSIONS:
        return dataclasses.replace(
            result, verdict=undecided(f"{logs.size} sessions agree to the last digit, so their spread is unknown")
        )
    if not math.isfinite(low):
        return dataclasses.replace(
            result,
            verdict=undecided(
                f"session difference {change(result.ratio.estimate)}; "
                f"{logs.size} of {counted(FEWEST_SESSIONS, 'session')} before it"
            ),
        )
    n = logs.size
    # One session against n: a noncentral t with n - 1 degrees of freedom, as that of n launches with this spread.
    spread = float(logs.std(ddof=1)) * math.sqrt(n + 1)
    critical = statistics.t_critical(n, design.alpha, m)
    return dataclasses.replace(
        result,
        verdict=_of_sessions(settle(low, high, result.margin)),
        detectable=_exp(statistics.detectable(spread, n, critical)),
        convincing=_exp(statistics.detectable(spread, n, critical, math.log1p(result.margin))),
    )


def _control(question: Question, sessions: Sequence[Session], design: Design) -> Question | None:
    """The control at the quantile of a question, or at its median where some session lacks that: for all the same."""
    if design.control is None:
        return None
    same = Question(design.control, question.quantile)
    return same if all(one.level(same) > 0 for one in sessions) else Question(design.control, "p50")


def _of_sessions(verdict: Verdict) -> Verdict:
    """The same word, said of sessions rather than of versions."""
    match verdict.word:
        case "slower" | "faster":
            qualifier = f"{verdict.qualifier} than sessions before it"
        case "no difference":
            qualifier = f"beyond what sessions differ by; {verdict.qualifier}"
        case _:
            leans = f"leans {verdict.direction}; " if verdict.direction != "none" else ""
            qualifier = f"{leans}sessions differ too much by themselves; load both versions side by side: anp trial"
    return dataclasses.replace(verdict, qualifier=qualifier)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
