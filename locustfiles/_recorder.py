"""Recording: packed rows in the worker, Arrow columns on disk, and a ledger in between that misses nothing.

A worker packs each request into one row of a buffer (a few hundred nanoseconds) and sends the buffer as it is about
once a second. The process that owns the record turns it into Arrow batches. Every shipment says the number of its first
row, so a lost or repeated one is seen; the totals are settled when the run ends.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from locustfiles._live import Live
from results.cache_status import read
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, PHASES, REQUESTS, SECONDS, URLS, words
from results.record import RecordWriter

_FIELDS: Final = (
    ("request", "q"),
    ("arm", "b"),
    ("phase", "b"),
    ("persona", "b"),
    ("route", "b"),
    ("cache", "b"),
    ("error", "b"),
    ("check", "b"),
    ("new_connection", "?"),
    ("status", "h"),
    ("url", "i"),
    ("visitor", "i"),
    ("db_calls", "i"),
    ("scheduled", "d"),
    ("released", "d"),
    ("sent", "d"),
    ("first_byte", "d"),
    ("end", "d"),
    ("bytes", "q"),
    ("server_ms", "f"),
    ("db_ms", "f"),
    ("hop", "b"),
    ("conditional", "?"),
    ("retried", "?"),
)
ROW: Final = struct.Struct("<" + "".join(code for _, code in _FIELDS))
pack = ROW.pack
"""Packs the values of one row, in the order of the columns above."""
_DTYPE: Final = np.dtype([(name, "<" + code) for name, code in _FIELDS])

_WORST = (
    *("cpu", "lag_p99_ms", "gc_ms", "steal", "in_flight", "rss_bytes"),
    *("loop_lag_ms", "start_lag_p50_ms", "start_lag_p99_ms"),
)
_CHUNK: Final = 1000
"""Rows that are written at a time: about a millisecond's work at most before others get a turn."""

_SPECIMENS = 3  # of each arm and cache class
_EXAMPLES = 5  # of each failed check and error class, kept for the reader of the record


class Rows:
    """The rows of one worker that were not shipped yet."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self.shipped = 0
        self.add: Callable[[bytes], None] = self._packed.append
        """Takes one packed row."""

    def ship(self) -> dict[str, Any]:
        """Take the rows out: their number in the worker's sequence, and their bytes."""
        shipment = {"first": self.shipped, "rows": b"".join(self._packed)}
        self.shipped += len(self._packed)
        self._packed.clear()
        return shipment


@dataclass(slots=True)
class Account:
    """What the owner of the record knows of one worker's rows."""

    rows: int = 0
    next: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first and last+1 of what never came
    total: int | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the worker stated its total and every row of it came exactly once."""
        return self.total == self.rows == self.next and not self.gaps


class Recorder:
    """Writes shipments of all workers into one record and keeps the counts for its summary.

    Args:
        writer: The record under way.
        launch: Number of the launch, a column of every row.
        arms, personas, routes: Vocabularies of those columns.
        page: URL number to (route, path), asked once for each URL that occurs.
    """

    def __init__(
        self,
        writer: RecordWriter,
        launch: int,
        arms: Sequence[str],
        personas: Sequence[str],
        routes: Sequence[str],
        page: Callable[[int], tuple[str, str]],
    ) -> None:
        self._writer = writer
        self._launch = launch
        self._page = page
        self._words: dict[str, Sequence[str]] = {
            "arm": arms,
            "phase": PHASES,
            "persona": personas,
            "route": routes,
            "cache": CACHE_CLASSES,
            "error": ERROR_CLASSES,
            "check": CHECKS,
        }
        self._known_urls: set[int] = set()
        self._shape = tuple(len(vocabulary) for vocabulary in self._words.values())
        self._cells: Counter[int] = Counter()
        self._sent_again: Counter[int] = Counter()
        self._seconds_maxima: dict[str, float] = {}
        self.accounts: dict[int, Account] = {}
        self.examples: list[dict[str, Any]] = []
        self.failed_requests: list[dict[str, Any]] = []
        self.specimens: list[dict[str, Any]] = []
        self.live = Live(arms)
        for name in ("requests", "seconds", "urls"):
            writer.stream(name)
        # First calls import parts of numpy and Arrow, 20 ms that must not fall into the measured time.
        nothing = np.empty(0, _DTYPE)
        self._count(nothing)
        self._write_urls(nothing["url"])
        self._batch(0, 0, nothing)

    def accept(self, worker: int, shipment: Mapping[str, Any], breathe: Callable[[], None] = lambda: None) -> None:
        """Write one shipment.

        Args:
            worker: Whose.
            shipment: ``first`` and ``rows`` of ``Rows.ship``, ``seconds`` rows, ``examples`` of failed checks,
                ``failed`` requests with the reason, and ``specimens`` of answers' headers.
            breathe: Called between two steps of the work, none of which takes much more than a millisecond, so that
                requests of the same process are not held up. No other shipment of this worker may come meanwhile.
        """
        account = self.accounts.setdefault(worker, Account())
        rows = np.frombuffer(shipment["rows"], dtype=_DTYPE)
        first = int(shipment["first"])
        if first != account.next:
            account.gaps.append((account.next, first))
        account.next = first + len(rows)
        account.rows += len(rows)
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            self._write_urls(chunk["url"])
            breathe()
            batch = self._batch(worker, first + start, chunk)
            breathe()
            self._writer.stream("requests").write(batch)
            self._count(chunk)
            breathe()
            self.live.add(chunk)
            breathe()
        if shipment["seconds"]:
            self._write_seconds(worker, shipment["seconds"])
        for example in shipment["examples"]:
            _keep(self.examples, {"worker": worker, **example}, _EXAMPLES, "check")
        for failed in shipment["failed"]:
            _keep(self.failed_requests, {"worker": worker, **failed}, _EXAMPLES, "error")
        for specimen in shipment["specimens"]:
            _keep(self.specimens, specimen, _SPECIMENS, "arm", "cache")

    def settle(self, worker: int, total: int) -> None:
        """Note how many rows a worker says it made in all."""
        self.accounts.setdefault(worker, Account()).total = total

    def ledger(self, workers: int) -> dict[str, Any]:
        """The completeness of the record, for ``run.json``."""
        accounts = {index: self.accounts.get(index, Account()) for index in range(workers)}
        return {
            "rows": sum(account.rows for account in accounts.values()),
            "workers": [
                {"worker": index, "rows": a.rows, "total": a.total, "gaps": [list(gap) for gap in a.gaps]}
                for index, a in accounts.items()
            ],
            "missing_workers": [index for index, account in accounts.items() if account.total is None],
            "complete": all(account.is_settled for account in accounts.values()),
        }

    def counts(self) -> list[dict[str, Any]]:
        """Requests by arm, phase, persona, route, cache class, error class and check; cells that occur only."""
        return [
            {
                name: self._words[name][int(code)]
                for name, code in zip(self._words, np.unravel_index(cell, self._shape), strict=True)
            }
            | {"requests": n}
            for cell, n in sorted(self._cells.items())
        ]

    def answered(self, arm: str) -> dict[str, int]:
        """Requests by route that ``arm`` answered in full: what the site itself must have counted as well."""
        result: Counter[str] = Counter()
        for row in self.counts():
            if row["arm"] == arm and row["error"] in {"none", "status"}:
                result[row["route"]] += row["requests"]
        return dict(result)

    def unanswered(self, arm: str) -> int:
        """Attempts at ``arm`` that ended otherwise, the first ones of requests sent again among them.

        The site may or may not have counted them.
        """
        failed = sum(
            row["requests"] for row in self.counts() if row["arm"] == arm and row["error"] not in {"none", "status"}
        )
        return failed + self._sent_again[self._words["arm"].index(arm)]

    def has_outer_cache(self, arm: str) -> bool:
        """Whether some answer of an arm passed a cache other than the application's own."""
        return any(
            layer.ring not in {"part", "application"}
            for specimen in self.specimens
            if specimen["arm"] == arm
            for layer in read(specimen["headers"]).layers
        )

    def health(self) -> dict[str, float]:
        """The worst second of each figure of the generator's own health."""
        return dict(self._seconds_maxima)

    def _batch(self, worker: int, first: int, rows: npt.NDArray[Any]) -> pa.RecordBatch:
        n = len(rows)
        own: dict[str, Any] = {
            "launch": np.full(n, self._launch, np.int16),
            "worker": np.full(n, worker, np.int16),
            "seq": np.arange(first, first + n, dtype=np.int64),
        }
        columns = []
        for column in REQUESTS:
            values = own[column.name] if column.name in own else np.ascontiguousarray(rows[column.name])
            vocabulary = self._words.get(column.name)
            columns.append(pa.array(values, column.type) if vocabulary is None else words(values, vocabulary))
        return pa.RecordBatch.from_arrays(columns, schema=REQUESTS)

    def _write_urls(self, urls: npt.NDArray[np.int32]) -> None:
        new = sorted(set(np.unique(urls).tolist()) - self._known_urls)
        if new:
            self._known_urls.update(new)
            pages = [self._page(url) for url in new]
            columns = [new, [route for route, _ in pages], [path for _, path in pages]]
            arrays = [pa.array(values, column.type) for values, column in zip(columns, URLS, strict=True)]
            self._writer.stream("urls").write(pa.RecordBatch.from_arrays(arrays, schema=URLS))

    def _count(self, rows: npt.NDArray[Any]) -> None:
        cells = np.ravel_multi_index([rows[name] for name in self._words], self._shape)
        found, numbers = np.unique(cells, return_counts=True)
        self._cells.update(dict(zip(found.tolist(), numbers.tolist(), strict=True)))
        self._sent_again.update(rows["arm"][rows["retried"]].tolist())

    def _write_seconds(self, worker: int, seconds: Iterable[Mapping[str, float]]) -> None:
        rows = [{"launch": self._launch, "worker": worker, **second} for second in seconds]
        self._writer.stream("seconds").write(pa.RecordBatch.from_pylist(rows, schema=SECONDS))
        for name in _WORST:
            values = [row[name] for row in rows if row[name] == row[name]]
            if values:
                self._seconds_maxima[name] = max(*values, self._seconds_maxima.get(name, values[0]))


def _keep(kept: list[dict[str, Any]], new: dict[str, Any], most: int, *kind: str) -> None:
    """Keep ``new`` unless ``most`` of its kind were kept before."""
    if sum(all(each[name] == new[name] for name in kind) for each in kept) < most:
        kept.append(new)
