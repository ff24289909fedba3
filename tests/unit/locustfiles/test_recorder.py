"""Rows reach the disk as they were, and the ledger sees whatever does not."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locustfiles._recorder import Recorder, Rows, pack
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
    "loop_lag_ms": 2.0,
    "start_lag_p50_ms": 0.125,
    "start_lag_p99_ms": 0.25,
}
ROUTES = ("home", "member", "article", "redirect")


def row(request: int, *, arm: int = 0, error: int = 0, url: int = 0, retried: bool = False) -> tuple[float, ...]:
    """Values of one row, in the order of ``pack``."""
    cache = CACHE_CLASSES.index("HIT")
    times = (1.0, 1.1, 1.2, nan, 1.4)
    return (request, arm, 1, 0, 2, cache, error, 0, True, 200, url, 5, 1, *times, 99, 0.5, 0.25, 1, True, retried)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder into a new record of two arms."""
    writer = RecordWriter(tmp_path / "record", "swarm", {})
    arms, personas = ["before", "after"], ["reader"]
    yield Recorder(writer, 3, arms, personas, ROUTES, lambda url: ("article", f"/articles/{url}/"))
    writer.finish("completed", {})


def shipment(rows: Rows, **values: Any) -> dict[str, Any]:
    """What a worker sends."""
    return {**rows.ship(), "seconds": [], "examples": [], "failed": [], "specimens": [], **values}


def test_a_row_is_read_as_it_was_packed(recorder: Recorder, tmp_path: Path) -> None:
    """Every column of a shipped row comes back with its value, words as words."""
    rows = Rows()
    rows.add(pack(*row(41, arm=1, url=9, retried=True)))
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
        "hop": 1,
        "conditional": True,
        "retried": True,
    }
    assert record.table("seconds").to_pylist() == [{"launch": 3, "worker": 2, **SECOND}]
    assert record.table("urls").to_pylist() == [{"url": 9, "route": "article", "path": "/articles/9/"}]


def test_rows_are_kept_in_order(recorder: Recorder, tmp_path: Path) -> None:
    """All rows of a shipment are written, in the order in which they were added."""
    rows = Rows()
    for request in range(9):
        rows.add(pack(*row(request)))
    recorder.accept(0, shipment(rows))
    found = read_record(tmp_path / "record", allow_incomplete=True).table("requests")
    assert found["request"].to_pylist() == list(range(9))


def test_a_long_shipment_lets_others_in_and_is_written_all_the_same(recorder: Recorder, tmp_path: Path) -> None:
    """More rows take more steps, and in the record there is no trace of them."""
    numbers: list[int] = []
    breaths: list[int] = []
    rows = Rows()
    for many in (10, 2500):
        for request in range(many):
            rows.add(pack(*row(request)))
        breathe = Mock()
        recorder.accept(0, shipment(rows), breathe)
        breaths.append(breathe.call_count)
        numbers += range(many)

    found = read_record(tmp_path / "record", allow_incomplete=True).table("requests")
    assert breaths[1] == 3 * breaths[0] > 0
    assert found["request"].to_pylist() == numbers
    assert found["seq"].to_pylist() == list(range(2510))
    recorder.settle(0, 2510)
    assert recorder.ledger(1)["complete"]


def test_a_url_is_written_once(recorder: Recorder, tmp_path: Path) -> None:
    """However often a page is asked for, the URL table names it once."""
    rows = Rows()
    for url in (3, 1, 3):
        rows.add(pack(*row(0, url=url)))
    recorder.accept(0, shipment(rows))
    rows.add(pack(*row(0, url=1)))
    rows.add(pack(*row(0, url=2)))
    recorder.accept(0, shipment(rows))
    urls = read_record(tmp_path / "record", allow_incomplete=True).table("urls")
    assert urls["url"].to_pylist() == [1, 3, 2]


def test_a_whole_run_settles(recorder: Recorder) -> None:
    """When every worker's rows came and add up to its total, the ledger is complete."""
    for worker in (0, 1):
        rows = Rows()
        for part in range(3):
            rows.add(pack(*row(part)))
            recorder.accept(worker, shipment(rows))
        recorder.settle(worker, 3)
    ledger = recorder.ledger(2)
    assert ledger["complete"]
    assert (ledger["rows"], ledger["missing_workers"]) == (6, [])


def test_a_lost_shipment_is_a_gap(recorder: Recorder) -> None:
    """A shipment that never came leaves a gap with its place, and the ledger is not complete."""
    rows = Rows()
    for part in range(3):
        rows.add(pack(*row(part)))
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
    rows.add(pack(*row(0)))
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
        rows.add(pack(*row(0, error=ERROR_CLASSES.index(error))))
    recorder.accept(0, shipment(rows))
    assert recorder.answered("before") == {"article": 3}
    assert recorder.unanswered("before") == 2
    assert recorder.answered("after") == {}
    assert sum(cell["requests"] for cell in recorder.counts()) == 5


def test_a_first_attempt_that_was_lost_may_have_been_counted(recorder: Recorder) -> None:
    """A request sent again was answered once; its first attempt is one without an answer, in its arm alone."""
    rows = Rows()
    for error in ("none", "none", "closed"):
        rows.add(pack(*row(0, error=ERROR_CLASSES.index(error), retried=True)))
    rows.add(pack(*row(0, arm=1)))
    recorder.accept(0, shipment(rows))
    assert (recorder.answered("before"), recorder.unanswered("before")) == ({"article": 2}, 4)
    assert recorder.unanswered("after") == 0


def test_only_the_first_examples_are_kept(recorder: Recorder) -> None:
    """Five examples of each failed check are enough to find the fault."""
    for check in ("leak", "leak", "no_mark"):
        recorder.accept(0, shipment(Rows(), examples=[{"check": check}] * 4))
    kept = [example["check"] for example in recorder.examples]
    assert (kept.count("leak"), kept.count("no_mark")) == (5, 4)


def test_only_the_first_failed_requests_are_kept(recorder: Recorder) -> None:
    """Five of each error class, with the worker and the reason, tell what went wrong."""
    for error in ("closed", "closed", "protocol"):
        recorder.accept(1, shipment(Rows(), failed=[{"error": error, "reason": "why"}] * 4))
    kept = [failed["error"] for failed in recorder.failed_requests]
    assert (kept.count("closed"), kept.count("protocol")) == (5, 4)
    assert recorder.failed_requests[0] == {"worker": 1, "error": "closed", "reason": "why"}


def test_only_the_first_specimens_of_each_arm_and_class_are_kept(recorder: Recorder) -> None:
    """Three answers of each arm and cache class show what headers the class was read from."""
    for worker in (0, 1):
        specimens = [{"arm": arm, "cache": "HIT", "status": 200, "headers": {}} for arm in ("before", "after")] * 2
        recorder.accept(worker, shipment(Rows(), specimens=specimens))
    kept = [specimen["arm"] for specimen in recorder.specimens]
    assert (kept.count("before"), kept.count("after")) == (3, 3)


def test_health_is_the_worst_second_of_all_workers(recorder: Recorder) -> None:
    """The largest value of each figure counts, and a second without one is passed over."""
    seconds = [{**SECOND, "cpu": 0.9, "start_lag_p99_ms": nan}, SECOND, {**SECOND, "loop_lag_ms": 7.0}]
    for worker, second in enumerate(seconds):
        recorder.accept(worker, shipment(Rows(), seconds=[second]))
    health = recorder.health()
    assert (health["cpu"], health["start_lag_p99_ms"], health["loop_lag_ms"]) == (0.9, 0.25, 7.0)


def test_what_is_recorded_is_live_as_well(recorder: Recorder) -> None:
    """Each accepted row is in the figures that are shown while the run goes on."""
    rows = Rows()
    for request in range(4):
        rows.add(pack(*row(request, arm=request % 2)))
    recorder.accept(0, shipment(rows))
    found = {(figures.arm, figures.cache): figures.requests for figures in recorder.live.totals()}
    assert (found["before", "HIT"], found["after", "HIT"]) == (2, 2)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.booleans(), st.booleans()), max_size=10))
@settings(deadline=None, max_examples=20)
def test_the_ledger_is_complete_only_if_nothing_was_lost_or_came_twice(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int, bool, bool]]
) -> None:
    """However rows are divided into shipments of three workers, one lost or repeated shipment with rows shows."""
    writer = RecordWriter(tmp_path_factory.mktemp("ledger") / "record", "swarm", {})
    recorder = Recorder(writer, 0, ["before", "after"], ["reader"], ROUTES, lambda url: ("article", "/"))
    workers = [Rows() for _ in range(3)]
    harmed = False
    for worker, count, is_lost, is_repeated in parts:
        for request in range(count):
            workers[worker].add(pack(*row(request)))
        sent = shipment(workers[worker])
        times = 0 if is_lost else 1 + is_repeated
        harmed = harmed or (count > 0 and times != 1)
        for _ in range(times):
            recorder.accept(worker, sent)
    for worker, rows in enumerate(workers):
        recorder.settle(worker, rows.shipped)
    assert recorder.ledger(3)["complete"] != harmed
    writer.finish("completed", {})
