"""Records as arrays: the measured requests of every launch, indexed by arm, persona, route and cache class.

Only rows of phase ``measured`` are kept. Everything stays columnar: dictionary codes of the Arrow files become small
integers over one vocabulary, one stable sort per launch makes every cell a slice, and no Python loop runs over rows.
Knows what a request cost; does not know what a good or a bad cost is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.columns import CACHE_CLASSES, CHECKS
from results.errors import ComparisonError
from results.record import Record

ALL: Final = "all"
"""The cache class of a cell that holds every class."""

BEFORE: Final = 0
AFTER: Final = 1
"""Arm codes."""

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int16]

_PASSED: Final = np.array([check in {"ok", "unchecked"} for check in CHECKS])


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """The requests of one persona to one route, of one cache class or of ``all``."""

    persona: str
    route: str
    cache: str = ALL

    def __str__(self) -> str:
        """``reader article`` or ``reader article HIT``."""
        return f"{self.persona} {self.route}" + ("" if self.cache == ALL else f" {self.cache}")


@dataclass(frozen=True, slots=True)
class Health:
    """The generator's own series of one launch, second by second, summed over its workers.

    Attributes:
        second: End of each interval, seconds on the clock of the requests; the other arrays have its shape.
        offered, sent, completed, errors: Requests in the interval, both arms.
        in_flight: Requests under way at its end.
        cpu: Of the busiest worker over the whole second, 1.0 is one core.
        lag_p99_ms, loop_lag_ms, start_lag_p50_ms, start_lag_p99_ms, gc_ms: Of the worst worker; NaN where unknown.
        steal: Of the machine, fraction of all cores, at its worst.
    """

    second: Floats
    offered: Floats
    sent: Floats
    completed: Floats
    errors: Floats
    in_flight: Floats
    cpu: Floats
    lag_p99_ms: Floats
    loop_lag_ms: Floats
    start_lag_p50_ms: Floats
    start_lag_p99_ms: Floats
    gc_ms: Floats
    steal: Floats


@dataclass(frozen=True, slots=True)
class Launch:
    """The measured requests of one launch, both arms.

    Row arrays share one length. ``order`` sorts rows by group; group ``g`` is ``order[bounds[g]:bounds[g + 1]]``.

    Attributes:
        number: From 1, as in the folder's name.
        records: The swarm records the rows came from, in the order they were made: one of a duet, two where the arms
            were loaded one after the other or archived sessions are put together.
        first: Code of the arm that was loaded first; ``None`` where both were loaded side by side.
        request: Number of the planned request and of the hop in one; rows of both arms that share it are a pair.
        failed: Rows without a usable response.
        response_ms: ``end - scheduled``; infinite where failed.
        service_ms: ``end - sent``; infinite where failed.
        lag_ms: ``released - scheduled``, the generator's own lateness.
        scheduled: When each was due, seconds from the start of the plan.
        url: Row of the URL table; one address has one number in both arms of a launch.
        size: Bytes of the body as they came over the wire.
        retried: Sent a second time, because a kept connection was closed under it.
        measured_from: Scheduled moment of the first measured row, seconds; NaN where there is none.
        rows: Rows of every phase and arm.
        ended: Planned requests of every phase and arm that did not stay under way to the end, redirects included.
        sequence_gaps: Sequence numbers that are missing or double, over all workers.
        unlike: Rows of any phase whose pair in the other arm asked for another URL, or came from another persona.
        alone: Rows of any phase that have no pair in the other arm; 0 where there is no other arm.
    """

    number: int
    records: tuple[Record, ...]
    first: int | None
    arm: Codes
    persona: Codes
    route: Codes
    cache: Codes
    check: Codes
    request: npt.NDArray[np.int64]
    failed: npt.NDArray[np.bool_]
    response_ms: Floats
    service_ms: Floats
    lag_ms: Floats
    scheduled: Floats
    url: npt.NDArray[np.int32]
    size: npt.NDArray[np.int64]
    retried: npt.NDArray[np.bool_]
    server_ms: Floats
    db_calls: Floats
    measured_from: float
    rows: int
    ended: int
    sequence_gaps: int
    unlike: int
    alone: int
    health: Health
    order: npt.NDArray[np.intp]
    bounds: npt.NDArray[np.intp]

    def arm_rows(self, arm: int) -> npt.NDArray[np.intp]:
        """Row numbers of one arm."""
        groups = (self.bounds.size - 1) // 2
        return self.order[self.bounds[arm * groups] : self.bounds[(arm + 1) * groups]]

    def failed_checks(self) -> dict[str, int]:
        """How often each check of the oracle failed, by its name."""
        counts = np.bincount(self.check, minlength=len(CHECKS))
        return {name: int(n) for name, n, passed in zip(CHECKS, counts, _PASSED, strict=True) if n and not passed}


@dataclass(frozen=True, slots=True)
class Samples:
    """The launches of a comparison over one vocabulary.

    Attributes:
        personas, routes: What the codes of the rows stand for.
        workload: ``open``, where response time decides; ``closed``, where nothing but service time is defined.
    """

    personas: tuple[str, ...]
    routes: tuple[str, ...]
    launches: tuple[Launch, ...]
    workload: Literal["open", "closed"]

    def pages(self) -> list[tuple[str, str]]:
        """Every (persona, route) that has a request in some launch, by name."""
        return sorted(
            (persona, route)
            for persona in self.personas
            for route in self.routes
            if any(self.count(launch, arm, Cell(persona, route)) for launch in self.launches for arm in (0, 1))
        )

    def rows(self, launch: Launch, arm: int, cell: Cell) -> npt.NDArray[np.intp]:
        """Row numbers of a cell in one arm of one launch."""
        low, high = self._slice(arm, cell)
        return launch.order[launch.bounds[low] : launch.bounds[high]]

    def count(self, launch: Launch, arm: int, cell: Cell) -> int:
        """Number of requests of a cell in one arm of one launch."""
        low, high = self._slice(arm, cell)
        return int(launch.bounds[high] - launch.bounds[low])

    def deciding_ms(self, launch: Launch) -> Floats:
        """The latency that decides verdicts: response time in the open workload, service time in the closed one."""
        return launch.response_ms if self.workload == "open" else launch.service_ms

    def _slice(self, arm: int, cell: Cell) -> tuple[int, int]:
        classes = len(CACHE_CLASSES)
        page = (arm * len(self.personas) + self.personas.index(cell.persona)) * len(self.routes)
        start = (page + self.routes.index(cell.route)) * classes
        if cell.cache == ALL:
            return start, start + classes
        start += CACHE_CLASSES.index(cell.cache)
        return start, start + 1


def read_trial(record: Record, before: str, after: str) -> Samples:
    """The samples of a trial: launch by launch, its two arms side by side or one after the other.

    Raises:
        ComparisonError: The record holds no launch.
    """
    arms = {before: BEFORE, after: AFTER}
    launches: list[list[tuple[Record, Mapping[str, int]]]] = []
    present: set[str] = set()
    number: object = None
    for swarm in record.launches():
        names = {str(arm.get("name")) for arm in swarm.asked.get("arms", ())}
        if not names & arms.keys():
            continue  # a round of another arm
        if not launches or swarm.asked.get("launch") != number or names & present:
            launches.append([])
            present = set()
        number = swarm.asked.get("launch")
        present |= names
        launches[-1].append((swarm, arms))
    if not launches:
        raise ComparisonError(f"record {record.name} holds no launch; run the trial again")
    return _read(launches, paired=True)


def read_archived(before: Record, before_arm: str, after: Record, after_arm: str) -> Samples:
    """The samples of two sessions, each giving one arm; equal launch numbers are not pairs.

    Raises:
        ComparisonError: A record holds no launch, or not the arm.
    """
    sides = [(before, before_arm, BEFORE), (after, after_arm, AFTER)]
    parts: list[list[tuple[Record, Mapping[str, int]]]] = []
    for record, arm, code in sides:
        samples_of = [swarm for swarm in record.launches() if arm in {each.get("name") for each in swarm.asked["arms"]}]
        if not samples_of:
            raise ComparisonError(f"record {record.name} holds no launch of {arm!r}; run it again")
        for position, launch in enumerate(samples_of):
            if position == len(parts):
                parts.append([])
            parts[position].append((launch, {arm: code}))
    return _read(parts, paired=False)


def read_session(record: Record, arm: str) -> Samples:
    """The samples of one session: launch by launch, with its arm in the place of *before* and nothing after.

    Raises:
        ComparisonError: The record holds no launch of the arm.
    """
    launches = [swarm for swarm in record.launches() if arm in {each.get("name") for each in swarm.asked["arms"]}]
    if not launches:
        raise ComparisonError(f"record {record.name} holds no launch of {arm!r}; run it again")
    return _read([[(launch, {arm: BEFORE})] for launch in launches], paired=False)


def _read(parts: Sequence[Sequence[tuple[Record, Mapping[str, int]]]], *, paired: bool) -> Samples:
    personas: list[str] = []
    routes: list[str] = []
    raw = [_rows(part, personas, routes, paired=paired) for part in parts]
    rates = {launch.asked.get("rate") is None for part in parts for launch, _ in part}
    if len(rates) > 1:
        raise ComparisonError("one of the runs is an open workload and the other a closed one; run both the same way")
    launches = tuple(
        _index(number, part, columns, len(personas), len(routes), paired=paired)
        for number, (part, columns) in enumerate(zip(parts, raw, strict=True), 1)
    )
    return Samples(tuple(personas), tuple(routes), launches, "closed" if rates == {True} else "open")


def _rows(
    parts: Sequence[tuple[Record, Mapping[str, int]]], personas: list[str], routes: list[str], *, paired: bool
) -> dict[str, Any]:
    """The columns of one launch over the growing vocabularies, measured rows of known arms only."""
    pieces: list[dict[str, Any]] = []
    everything: list[tuple[npt.NDArray[Any], ...]] = []
    paths: dict[str, int] = {}
    for record, arms in parts:
        table = record.table("requests")
        arm = recode(table.column("arm"), lambda word, arms=arms: arms.get(word, -1))
        phase = recode(table.column("phase"), lambda word: int(word == "measured"))
        error = recode(table.column("error"), _error_kind)
        seq = numbers(table.column("seq"))
        worker = numbers(table.column("worker"))
        persona = recode(table.column("persona"), lambda word: _code(personas, word))
        hop, url = numbers(table.column("hop")), numbers(table.column("url"))
        if len(parts) > 1:
            url = _by_path(record, url, paths)
        request = numbers(table.column("request")) * _HOPS + hop
        if paired:
            everything.append((arm, request, url, persona))
        keep = np.flatnonzero((phase == 1) & (arm >= 0))
        scheduled, sent, end = (numbers(table.column(name))[keep] for name in ("scheduled", "sent", "end"))
        response = (end - scheduled) * 1000
        failed = (error[keep] > 0) | ~np.isfinite(response)
        db_calls = numbers(table.column("db_calls"))[keep].astype(np.float64)
        pieces.append(
            {
                "arm": arm[keep],
                "persona": persona[keep],
                "route": recode(table.column("route"), lambda word: _code(routes, word))[keep],
                "cache": recode(table.column("cache"), cache_code)[keep],
                "check": recode(table.column("check"), CHECKS.index)[keep],
                "request": request[keep],
                "failed": failed,
                "response_ms": np.where(failed, np.inf, response),
                "service_ms": np.where(failed, np.inf, (end - sent) * 1000),
                "lag_ms": (numbers(table.column("released"))[keep] - scheduled) * 1000,
                "server_ms": numbers(table.column("server_ms"))[keep].astype(np.float64),
                "db_calls": np.where(db_calls < 0, np.nan, db_calls),
                "scheduled": scheduled,
                "url": url[keep].astype(np.int32),
                "size": numbers(table.column("bytes"))[keep].astype(np.int64),
                "retried": numbers(table.column("retried"))[keep].astype(np.bool_),
                "rows": np.array([table.num_rows]),
                "ended": np.array([int(np.count_nonzero(hop == 0) - np.count_nonzero(error == _ABANDONED))]),
                "gaps": np.array([_sequence_gaps(worker, seq)]),
            }
        )
    unlike, alone = _mismatches(*map(np.concatenate, zip(*everything, strict=True))) if paired else (0, 0)
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return columns | {"unlike": unlike, "alone": alone}


def _by_path(record: Record, url: npt.NDArray[Any], paths: dict[str, int]) -> npt.NDArray[Any]:
    """Address numbers that mean the same in several records; -1 where a record that was cut off lacks the address."""
    table = record.table("urls")
    found = numbers(table.column("url"))
    known = np.full(max(int(found.max(initial=-1)), int(url.max(initial=-1))) + 1, -1, np.int32)
    known[found] = [paths.setdefault(path, len(paths)) for path in table.column("path").to_pylist()]
    numbered: npt.NDArray[Any] = known[url]
    return numbered


def _index(
    number: int,
    parts: Sequence[tuple[Record, Mapping[str, int]]],
    columns: Mapping[str, Any],
    personas: int,
    routes: int,
    *,
    paired: bool,
) -> Launch:
    groups = 2 * personas * routes * len(CACHE_CLASSES)
    key = columns["arm"].astype(np.int32)
    for name, size in (("persona", personas), ("route", routes), ("cache", len(CACHE_CLASSES))):
        key = key * size + columns[name]
    if groups < 2**15:  # numpy sorts 16-bit integers by radix, several times faster
        key = key.astype(np.int16)
    order = np.argsort(key, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=groups))]).astype(np.intp)
    rows = {name: columns[name] for name in _ROW_COLUMNS}
    scheduled = columns["scheduled"]
    records = tuple(record for record, _ in parts)
    leads = parts[0][1].get(str(records[0].asked["arms"][0]["name"])) if paired and len(parts) > 1 else None
    return Launch(
        number=number,
        records=records,
        first=leads,
        **rows,
        measured_from=float(scheduled.min()) if scheduled.size else float("nan"),
        rows=int(columns["rows"].sum()),
        ended=int(columns["ended"].sum()),
        sequence_gaps=int(columns["gaps"].sum()),
        unlike=columns["unlike"],
        alone=columns["alone"],
        health=health(records),
        order=order,
        bounds=bounds,
    )


def health(records: Sequence[Record]) -> Health:
    """One value a second: counts add up over workers, load and lateness take the worst."""
    table = pa.concat_tables([record.table("seconds") for record in records])
    second, position = np.unique(np.round(numbers(table.column("second"))), return_inverse=True)

    def total(name: str) -> Floats:
        return np.bincount(position, weights=numbers(table.column(name)), minlength=second.size).astype(np.float64)

    def worst(name: str) -> Floats:
        values = np.full(second.size, np.nan)
        np.fmax.at(values, position, numbers(table.column(name)))
        return values

    # A run seldom ends on a full second; the load in its last few milliseconds is no load of a second.
    interval = numbers(table.column("interval"))
    worker = numbers(table.column("worker")).astype(np.intp)
    share = np.zeros((2, int(worker.max(initial=0)) + 1, second.size))
    np.add.at(share[0], (worker, position), numbers(table.column("cpu")) * interval)
    np.add.at(share[1], (worker, position), interval)
    with np.errstate(invalid="ignore"):
        cpu = np.fmax.reduce(share[0] / share[1], axis=0)
    return Health(
        second,
        offered=total("offered"),
        sent=total("sent"),
        completed=total("completed"),
        errors=total("errors"),
        in_flight=total("in_flight"),
        cpu=cpu,
        **{name: worst(name) for name in _WORST},
    )


_WORST: Final = ("lag_p99_ms", "loop_lag_ms", "start_lag_p50_ms", "start_lag_p99_ms", "gc_ms", "steal")

_ROW_COLUMNS: Final = (
    "arm",
    "persona",
    "route",
    "cache",
    "check",
    "request",
    "failed",
    "response_ms",
    "service_ms",
    "lag_ms",
    "scheduled",
    "url",
    "size",
    "retried",
    "server_ms",
    "db_calls",
)

_ABANDONED: Final = 2

_HOPS: Final = 128  # a hop is an 8-bit number


def _error_kind(word: str) -> int:
    return 0 if word == "none" else _ABANDONED if word == "abandoned" else 1


def cache_code(word: str) -> int:
    """The place of a cache class in ``CACHE_CLASSES``; a class of a version to come is unknown to this one."""
    return CACHE_CLASSES.index(word) if word in CACHE_CLASSES else CACHE_CLASSES.index("UNKNOWN")


def _code(vocabulary: list[str], word: str) -> int:
    if word not in vocabulary:
        vocabulary.append(word)
    return vocabulary.index(word)


def numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A column of numbers or booleans as one array."""
    return np.asarray(column.to_numpy())


def recode(column: pa.ChunkedArray, code: Any) -> Codes:
    """Dictionary codes of the file as codes of ours; one call of ``code`` per word, not per row."""
    pieces = [np.empty(0, np.int16)]
    for chunk in column.chunks:
        table = np.array([code(word) for word in chunk.dictionary.to_pylist()], np.int16)
        pieces.append(table[chunk.indices.to_numpy()] if len(chunk) else table[:0])
    return np.concatenate(pieces)


def ended(table: pa.Table) -> Floats:
    """When each request was over, seconds: its end or, where none is known, the moment it was scheduled for."""
    end = numbers(table.column("end"))
    return np.where(np.isfinite(end), end, numbers(table.column("scheduled")))


def coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """A column of words as codes and what they stand for, in the order of their first appearance."""
    vocabulary: list[str] = []
    return recode(column, lambda word: _code(vocabulary, word)), vocabulary


def _mismatches(arm: Codes, request: npt.NDArray[Any], url: npt.NDArray[Any], persona: Codes) -> tuple[int, int]:
    """How many rows were not the same in both arms, and how many planned requests have no pair.

    Where redirects lead is the site's doing: an arm that redirects makes more rows of the same plan.
    """
    rows = [np.flatnonzero(arm == code) for code in (BEFORE, AFTER)]
    _, first, second = np.intersect1d(request[rows[0]], request[rows[1]], return_indices=True)
    one, other = rows[0][first], rows[1][second]
    unlike = np.count_nonzero((url[one] != url[other]) | (persona[one] != persona[other]))
    planned = [np.count_nonzero(request[side] % _HOPS == 0) for side in rows]
    paired = np.count_nonzero(request[one] % _HOPS == 0)
    return int(unlike), int(sum(planned) - 2 * paired)


def _sequence_gaps(worker: npt.NDArray[Any], seq: npt.NDArray[Any]) -> int:
    """By how many rows the workers' sequences differ from 0, 1, 2, ... without a gap."""
    if not seq.size:
        return 0
    rows = np.bincount(worker)
    last = np.full(rows.size, -1, np.int64)
    np.maximum.at(last, worker, seq)
    return int(np.abs(last + 1 - rows).sum())
