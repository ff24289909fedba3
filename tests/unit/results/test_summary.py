"""The figures of one run: what a plain filter over its rows gives."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from results.columns import REQUESTS
from results.record import Record, RecordWriter, read_record
from results.summary import Row, summarize, to_dicts, to_table

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def shown(rows: list[Row]) -> list[str]:
    """The table's lines on a wide terminal."""
    file = io.StringIO()
    Console(file=file, width=160).print(to_table(rows))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def not_modified(launch: Record, requests: int) -> None:
    """Make the answers to the first requests of a launch 304."""
    rows = launch.table("requests").to_pylist()
    changed = [row | {"status": 304, "check": "unchecked"} if row["request"] < requests else row for row in rows]
    path = launch.path / "requests.arrows"
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, REQUESTS) as writer:
        writer.write_table(pa.Table.from_pylist(changed, schema=REQUESTS))


def test_a_row_is_a_plain_filter(make_trial: Callable[..., Record]) -> None:
    """Counts and quantiles of each group are those of the rows it names, and no row is left over."""
    record = make_trial(launches=2, failures=(0.05, 0.2), wrong_pages=90, unknown=0.1, warmup=40)
    rows = summarize(record)

    measured = [row for row in record.table("requests").to_pylist() if row["phase"] == "measured"]
    for row in rows:
        key = (row.arm, row.persona, row.route, row.cache)
        mine = [each for each in measured if tuple(each[name] for name in ("arm", "persona", "route", "cache")) == key]
        times = [(each["end"] - each["scheduled"]) * 1000 for each in mine if each["error"] == "none"]
        assert (row.requests, row.errors) == (len(mine), len(mine) - len(times))
        assert row.failed_checks == sum(each["check"] == "wrong_article" for each in mine)
        if times:
            assert (row.p50_ms, row.p95_ms, row.p99_ms) == pytest.approx(tuple(np.quantile(times, (0.5, 0.95, 0.99))))
        else:
            assert row.p50_ms is None
    assert sum(row.requests for row in rows) == len(measured)
    assert sum(row.failed_checks for row in rows) > 0
    assert [(row.arm, row.persona, row.route, row.cache) for row in rows] == sorted(
        {(each["arm"], each["persona"], each["route"], each["cache"]) for each in measured}
    )


def test_answers_that_say_not_modified_are_counted(make_trial: Callable[..., Record]) -> None:
    """304 replies are no errors; the table has a column of their share where there are any, and only there."""
    record = make_trial(launches=1, pages=[{"persona": "reader", "route": "home", "requests": 40}])
    assert " 304 " not in shown(summarize(record))[0]

    not_modified(record.launches()[0], 10)
    rows = summarize(record)

    assert [(row.requests, row.errors, row.failed_checks, row.not_modified) for row in rows] == [(40, 0, 0, 10)] * 2
    head, first, _ = shown(rows)
    assert " 304 " in head
    assert " 25 % " in first
    assert to_dicts(rows)[0]["not_modified"] == 10


def test_a_record_without_rows_has_an_empty_summary(tmp_path: Path) -> None:
    """A run killed before its first row is shown as one of no groups."""
    RecordWriter(tmp_path / "r", "swarm", {})

    assert summarize(read_record(tmp_path / "r", allow_incomplete=True)) == []


def test_a_record_of_format_1_is_summed_up() -> None:
    """The record of format 1 that was kept gives its figures and table."""
    rows = summarize(read_record(GOLDEN))

    assert sum(row.requests for row in rows) == 48
    assert sum(row.errors + row.failed_checks + row.not_modified for row in rows) == 0
    assert len(shown(rows)) == 1 + len(rows)


def test_a_route_is_shown_by_its_letters_and_kept_as_it_is_sent(make_trial: Callable[..., Record]) -> None:
    """People read the table; the JSON has what is on the wire."""
    row = dataclasses.replace(summarize(make_trial(launches=2))[0], route="caf%C3%A9")

    assert " café " in shown([row])[1]
    assert to_dicts([row])[0]["route"] == "caf%C3%A9"
