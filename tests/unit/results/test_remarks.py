"""Remarks on a swarm: the figures are those of a plain filter over its rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from results.columns import REQUESTS, SECONDS, URLS
from results.record import Record, RecordWriter, read_record
from results.remarks import levels, remarks, to_dicts
from tests.unit.results.rows import row

ARM = [{"name": "target", "url": "http://127.0.0.1:9000"}]


def write(
    folder: Path,
    rows: list[dict[str, Any]],
    *,
    urls: dict[int, tuple[str, str]] | None = None,
    seconds: list[dict[str, Any]] | None = None,
    run: dict[str, Any] | None = None,
    scenario: dict[str, Any] | None = None,
    **plan: Any,
) -> Record:
    """A swarm's record of these rows."""
    writer = RecordWriter(folder / "record", "swarm", {"plan": {"arms": ARM, **plan}, "scenario": scenario})
    for name, schema, data in (
        ("requests", REQUESTS, rows),
        ("seconds", SECONDS, seconds or []),
        ("urls", URLS, [{"url": u, "route": r, "path": p} for u, (r, p) in (urls or {}).items()]),
    ):
        writer.stream(name).write(pa.RecordBatch.from_pylist(data, schema=schema))
    writer.finish("completed", run or {})
    return read_record(folder / "record")


def test_a_plain_swarm_needs_no_remark(tmp_path: Path, make_trial: Callable[..., Record]) -> None:
    """Without log-ins, edits, a soak or a search there is nothing to say, and nothing of a trial."""
    assert remarks(write(tmp_path, [row(1)])) == ()
    assert remarks(make_trial(launches=1)) == ()
    assert levels(read_record(tmp_path / "record")) is None


@pytest.mark.parametrize(
    ("held", "broke", "says"),
    [
        (144.0, 1728.0, "held 144 requests/s, broke at 1,728/s (p99 at most 100 ms, errors at most 1.0 %)"),
        (None, 50.0, "broke at the first step already, 50 requests/s"),
        (144.0, None, "held 144 requests/s and never broke"),
        (None, None, "no step was long enough"),
    ],
)
def test_the_breaking_point_is_named(tmp_path: Path, held: float | None, broke: float | None, says: str) -> None:
    """What a search found, or why it found nothing, is one line; its steps are a table."""
    steps = [
        {"rate": rate, "requests": 9, "p99_ms": 3.0, "errors": 0.0, "holds": rate == held} for rate in (144.0, 1728.0)
    ]
    search = {"limit_p99_ms": 100.0, "limit_errors": 0.01, "held": held, "broke": broke, "levels": steps}
    record = write(tmp_path, [row(1)], run={"breakpoint": search})

    (remark,) = remarks(record)

    assert says in remark.words
    assert remark.figures == {"held": held, "broke": broke}
    file = io.StringIO()
    table = levels(record)
    assert table is not None
    Console(file=file, width=100).print(table)
    assert [line.split()[0] for line in file.getvalue().splitlines()] == ["requests/s", "144.0", "1,728.0"]


def test_the_parts_of_a_shaped_run_have_a_line_each(tmp_path: Path) -> None:
    """Rates, times from the scheduled moment, errors and hits of every step; what there is none of is left out."""
    first = [row(number, scheduled=number / 10, end=number / 10 + 0.002) for number in range(20)]
    second = [row(20 + number, scheduled=2 + number / 20, end=2 + number / 20 + 0.004) for number in range(40)]
    second[0] |= {"error": "status", "status": 503, "cache": "ERROR"}
    second[1] |= {"cache": "MISS", "end": 7.0}

    found = remarks(write(tmp_path, first + second, shape="steps:3", duration_s=6.0))

    assert [remark.code for remark in found] == ["stretch"] * 3
    assert found[0].words == (
        "step 1 of 3, second 0 to 2: 10.0/s offered, 10.0/s completed, "
        "p50 2.00 ms, p95 2.00 ms, p99 2.00 ms, errors 0 %, hits 100 %"
    )
    assert found[1].words.startswith("step 2 of 3, second 2 to 4: 20.0/s offered, 19.5/s completed, p50 4.00 ms, ")
    assert found[1].words.endswith(", errors 2.5 %, hits 97 %")
    assert found[2].words == "step 3 of 3, second 4 to 6: 0.0/s offered, 0.0/s completed"
    assert found[1].figures["p50_ms"] == pytest.approx(4.0)
    assert found[2].figures == {"start": 4, "end": 6, "offered": 0, "completed": 0} | dict.fromkeys(
        ("p50_ms", "p95_ms", "p99_ms", "errors", "hit_ratio")
    )


def test_the_lines_of_a_duet_name_their_arm(tmp_path: Path) -> None:
    """Both arms of a part stand one below the other."""
    arms = [{"name": name, "url": "http://127.0.0.1:9000"} for name in ("before", "after")]
    rows = [row(number, arm=arms[number % 2]["name"]) for number in range(10)]

    found = remarks(write(tmp_path, rows, arms=arms, shape="ramp", duration_s=2.0))

    begins = [remark.words.partition(",")[0] for remark in found]
    assert begins == ["before: part 1 of 2", "after: part 1 of 2", "before: part 2 of 2", "after: part 2 of 2"]


@pytest.mark.parametrize(("route", "what"), [("purge", "purge"), ("edit", "edit"), ("login", "log-in")])
def test_a_scenario_without_its_event_says_so(tmp_path: Path, route: str, what: str) -> None:
    """Where no event of a persona's clock fell into the measured time, a line says what to do; one is enough."""
    clocked = {"name": "clocked", "routes": {route: 1.0}, "every_s": 5.0}
    scenario = {"personas": [{"name": "reader", "routes": {"article": 1.0}, "every_s": None}, clocked]}
    event = row(2, persona="clocked", route=route, cache="BYPASS")
    (tmp_path / "with").mkdir()

    without = remarks(write(tmp_path, [row(1), event | {"phase": "warmup"}], scenario=scenario, event_s=2.5))
    others = remarks(write(tmp_path / "with", [row(1), event], scenario=scenario))

    (remark,) = (each for each in without if each.code == "no_event")
    assert remark.words == (
        f"no {what} fell into the measured time, so the figures are of a run without one: measure for longer "
        "(--duration), or have one more often than every 2.5 s (--event-every)"
    )
    assert remark.figures == {"every_s": 2.5}
    assert "no_event" not in {other.code for other in others}


def test_logins_under_load_are_priced_in_hits(tmp_path: Path) -> None:
    """All requests of a log-in add up, whoever followed whom, and the median is set against that of the hits."""
    rows = [row(number, end=row(number)["sent"] + 0.0004) for number in range(5)]
    for number, took in enumerate((0.010, 0.020, 0.060), 10):
        first = row(number, route="login", persona="arrival", cache="BYPASS")
        rows += [
            first | {"seq": 10 * number, "end": first["sent"] + took / 2},
            first | {"seq": 10 * number + 1, "hop": 1, "end": first["sent"] + took / 2},
        ]
    rows.append(row(90, route="me", persona="arrival", cache="BYPASS", end=9.0))

    (remark,) = remarks(write(tmp_path, rows))

    assert remark.figures == pytest.approx({"logins": 3, "timed": 3, "login_p50_ms": 20.0, "hit_p50_ms": 0.4})
    assert remark.words == "log-in p50 20.0 ms (3 log-ins) = 50 page-cache hits of 0.400 ms"


def test_logins_before_the_start_are_priced_too(tmp_path: Path) -> None:
    """Where nobody logs in under load, the log-ins that prepared the members count; without hits, alone."""
    logins = {"count": 20, "seconds": 1.0, "p50_ms": 23.0, "p95_ms": 30.0}

    (remark,) = remarks(write(tmp_path, [row(1, cache="BYPASS")], run={"logins": logins}))

    assert remark.words == "log-in p50 23.0 ms (20 log-ins)"


def test_the_price_of_a_login_says_how_many_were_timed(tmp_path: Path) -> None:
    """Each worker times its first log-ins only, and the median is of no more than those."""
    logins = {"count": 40, "timed": 24, "seconds": 1.0, "p50_ms": 23.0, "p95_ms": 30.0}

    (remark,) = remarks(write(tmp_path, [row(1)], run={"logins": logins}))

    assert remark.words == "log-in p50 23.0 ms (of 24 of 40 log-ins) = 46 page-cache hits of 0.500 ms"
    assert (remark.figures["logins"], remark.figures["timed"]) == (40, 24)


def test_requests_sent_again_are_told_from_the_first_on(tmp_path: Path) -> None:
    """Arm by arm, with the share of its measured requests; what was sent again in the warm-up does not count."""
    arms = [{"name": name, "url": f"http://127.0.0.1:{port}"} for name, port in (("before", 9000), ("after", 9001))]
    rows = [
        row(number, arm=arm, retried=arm == "after" and number == 3)
        for arm in ("before", "after")
        for number in range(8)
    ]
    rows.append(row(20, arm="before", phase="warmup", retried=True))

    (remark,) = remarks(write(tmp_path, rows, arms=arms))

    assert remark.words == (
        "after: 1 request (12 %) was sent again on a new connection because the server closed the kept one"
    )
    assert remark.figures == {"requests": 1, "share": 1 / 8}


def test_collateral_is_what_nobody_edited(tmp_path: Path) -> None:
    """Misses count on pages asked for before whose article was not edited; first readings and edited pages do not."""
    urls = {1: ("article", "/a/"), 2: ("article", "/b/"), 3: ("article", "/c/"), 9: ("edit", "/a/")}
    rows = [
        row(1, url=1, cache="MISS"),
        row(2, url=2, cache="MISS"),
        row(3, url=9, route="edit", persona="editor", cache="BYPASS"),
        row(4, url=1, cache="MISS"),
        row(5, url=2, cache="MISS"),
        row(6, url=2, cache="HIT"),
        row(7, url=3, cache="MISS"),
    ]

    (remark,) = remarks(write(tmp_path, rows, urls=urls))

    assert remark.figures == {"edits": 1, "misses": 1, "readings": 2}
    assert remark.words.startswith("1 edit: of 2 readings")


def test_a_warm_cache_had_seen_every_page(tmp_path: Path) -> None:
    """Where every page was asked for before the start, a first reading that misses counts as well."""
    urls = {1: ("article", "/a/"), 3: ("article", "/c/"), 9: ("edit", "/a/")}
    rows = [row(1, url=9, route="edit", persona="editor"), row(2, url=1), row(3, url=3, cache="MISS")]

    (remark,) = remarks(write(tmp_path, rows, urls=urls, prepare="warm"))

    assert remark.figures == {"edits": 1, "misses": 1, "readings": 1}


def test_a_soak_is_told_by_its_ends(tmp_path: Path) -> None:
    """First and last tenth of the measured time are set side by side, with the memory that all workers held."""
    times = np.linspace(1.0, 3.0, 1000)
    rows = [row(number, end=row(number)["scheduled"] + ms / 1e3) for number, ms in enumerate(times.tolist())]
    rows.append(row(2000, phase="warmup", scheduled=0.5, end=5.0))
    seconds = [
        dict.fromkeys(SECONDS.names, 0) | {"worker": worker, "second": float(second), "rss_bytes": (100 + second) << 20}
        for second in range(1, 12)
        for worker in (0, 1)
    ]

    (remark,) = remarks(write(tmp_path, rows, seconds=seconds, shape="soak"))

    ends = (times[:100], times[900:])
    assert remark.figures["first_p50_ms"] == pytest.approx(median(ends[0]), abs=0.01)
    assert remark.figures["last_p50_ms"] == pytest.approx(median(ends[1]), abs=0.01)
    assert remark.figures["last_p99_ms"] == pytest.approx(3.0, abs=0.01)
    assert remark.words.endswith("generator's memory 202 MB to 222 MB")


def test_remarks_are_plain_data(tmp_path: Path) -> None:
    """As JSON they keep code, words and figures."""
    data = to_dicts(remarks(write(tmp_path, [row(1)], run={"logins": {"count": 2, "p50_ms": 5.0}})))

    assert json.loads(json.dumps(data)) == [
        {
            "code": "login",
            "words": "log-in p50 5.00 ms (2 log-ins) = 10 page-cache hits of 0.500 ms",
            "figures": {"logins": 2, "timed": 2, "login_p50_ms": 5.0, "hit_p50_ms": pytest.approx(0.5)},
        }
    ]
