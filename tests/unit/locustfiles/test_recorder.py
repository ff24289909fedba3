"""Rows reach the disk as they were, and the ledger sees whatever does not."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from pathlib import Path
from typing import Any

import pytest

from locustfiles._recorder import Recorder, Rows
from results.columns import CACHE_CLASSES, ERROR_CLASSES
from results.record import RecordWriter, read_record

SECOND = {
    "second": 1.0,
    "interval": 1.0,
    "offered": 3,
    "sent": 3,
    "completed": 3,
    "errors": 0,
    "in_flight": 0,
    "cpu": 0.25,
    "lag_p99_ms": 0.5,
    "gc_ms": 0.0,
    "steal": 0.0,
    "rss_bytes": 1000,
}


def row(request: int, *, arm: int = 0, error: int = 0, url: int = 0) -> tuple[float, ...]:
    """Values of one row, in the order of ``Rows.add``."""
    cache = CACHE_CLASSES.index("HIT")
    return (request, arm, 1, 0, 2, cache, error, 0, True, 200, url, 5, 1, 1.0, 1.1, 1.2, nan, 1.4, 99, 0.5, 0.25)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder into a new record of two arms."""
    writer = RecordWriter(tmp_path / "record", "swarm", {})
    yield Recorder(writer, 3, ["before", "after"], ["reader"], lambda url: ("article", f"/articles/{url}/"))
    writer.finish("completed", {})


def shipment(rows: Rows, **values: Any) -> dict[str, Any]:
    """What a worker sends."""
    return {**rows.ship(), "seconds": [], "examples": [], **values}


def test_a_row_is_read_as_it_was_packed(recorder: Recorder, tmp_path: Path) -> None:
    """Every column of a shipped row comes back with its value, words as words."""
    rows = Rows()
    rows.add(*row(41, arm=1, url=9))
    recorder.accept(2, shipment(rows, seconds=[SECOND]))
    record = read_record(tmp_path / "record", allow_incomplete=True)
    [found] = record.table("requests").to_pylist()
    assert found.pop("first_byte") != found["end"]
    assert found == {
        "launch": 3,
        "arm": "after",
        "worker": 2,
        "seq": 0,
        "request": 41,
        "phase": "measured",
        "scheduled": 1.0,
        "released": 1.1,
        "sent": 1.2,
        "end": 1.4,
        "persona": "reader",
        "route": "article",
        "url": 9,
        "visitor": 5,
        "cache": "HIT",
        "status": 200,
        "error": "none",
        "bytes": 99,
        "new_connection": True,
        "server_ms": 0.5,
        "db_ms": 0.25,
        "db_calls": 1,
        "check": "ok",
    }
    assert record.table("seconds").to_pylist() == [{"launch": 3, "worker": 2, **SECOND}]
    assert record.table("urls").to_pylist() == [{"url": 9, "route": "article", "path": "/articles/9/"}]


def test_rows_outgrow_their_buffer(recorder: Recorder, tmp_path: Path) -> None:
    """More rows than the buffer was made for are all kept, in order."""
    rows = Rows(capacity=2)
    for request in range(9):
        rows.add(*row(request))
    recorder.accept(0, shipment(rows))
    found = read_record(tmp_path / "record", allow_incomplete=True).table("requests")
    assert found["request"].to_pylist() == list(range(9))


def test_a_url_is_written_once(recorder: Recorder, tmp_path: Path) -> None:
    """However often a page is asked for, the URL table names it once."""
    rows = Rows()
    for url in (3, 1, 3):
        rows.add(*row(0, url=url))
    recorder.accept(0, shipment(rows))
    rows.add(*row(0, url=1))
    rows.add(*row(0, url=2))
    recorder.accept(0, shipment(rows))
    urls = read_record(tmp_path / "record", allow_incomplete=True).table("urls")
    assert urls["url"].to_pylist() == [1, 3, 2]


def test_a_whole_run_settles(recorder: Recorder) -> None:
    """When every worker's rows came and add up to its total, the ledger is complete."""
    for worker in (0, 1):
        rows = Rows()
        for part in range(3):
            rows.add(*row(part))
            recorder.accept(worker, shipment(rows))
        recorder.settle(worker, 3)
    ledger = recorder.ledger(2)
    assert ledger["complete"]
    assert (ledger["rows"], ledger["missing_workers"]) == (6, [])


def test_a_lost_shipment_is_a_gap(recorder: Recorder) -> None:
    """A shipment that never came leaves a gap with its place, and the ledger is not complete."""
    rows = Rows()
    for part in range(3):
        rows.add(*row(part))
        sent = shipment(rows)
        if part != 1:
            recorder.accept(0, sent)
    recorder.settle(0, 3)
    ledger = recorder.ledger(1)
    assert not ledger["complete"]
    assert ledger["workers"] == [{"worker": 0, "rows": 2, "total": 3, "gaps": [[1, 2]]}]


def test_a_lost_last_shipment_is_seen(recorder: Recorder) -> None:
    """Rows that a worker counted and nobody received show in the totals."""
    rows = Rows()
    rows.add(*row(0))
    recorder.accept(0, shipment(rows))
    recorder.settle(0, 2)
    assert not recorder.ledger(1)["complete"]


def test_a_worker_without_a_last_word_is_missing(recorder: Recorder) -> None:
    """A worker that never stated its total is named."""
    recorder.settle(0, 0)
    ledger = recorder.ledger(2)
    assert (ledger["missing_workers"], ledger["complete"]) == ([1], False)


def test_answers_are_counted_apart_from_failures(recorder: Recorder) -> None:
    """A response of any status was answered; a closed connection was not, and the site may not have counted it."""
    rows = Rows()
    for error in ("none", "none", "status", "closed", "abandoned"):
        rows.add(*row(0, error=ERROR_CLASSES.index(error)))
    recorder.accept(0, shipment(rows))
    assert recorder.answered("before") == {"article": 3}
    assert recorder.unanswered("before") == 2
    assert recorder.answered("after") == {}
    assert sum(cell["requests"] for cell in recorder.counts()) == 5


def test_only_the_first_examples_are_kept(recorder: Recorder) -> None:
    """Five examples of each failed check are enough to find the fault."""
    for check in ("leak", "leak", "no_mark"):
        recorder.accept(0, shipment(Rows(), examples=[{"check": check}] * 4))
    kept = [example["check"] for example in recorder.examples]
    assert (kept.count("leak"), kept.count("no_mark")) == (5, 4)
