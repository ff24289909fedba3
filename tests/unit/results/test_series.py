"""The parts of a shaped run: they are those of the plan, and their figures are those of a plain filter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest

from locustfiles import _shape
from results.columns import REQUESTS
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, read_record
from results.series import Stretch, stretches
from tests.unit.results.rows import row

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
SHAPES = ["steps", "steps:3", "ramp", "ramp:0.5", "spike", "spike:8"]


def plan(shape: str, **values: Any) -> SwarmPlan:
    """A duet of twenty measured seconds, unless said otherwise."""
    return SwarmPlan("cache_hit", ARMS, **{"shape": shape, "rate": 20.0, "warmup_s": 2.0, "duration_s": 20.0, **values})


def arrivals(made: SwarmPlan) -> list[float]:
    """As many moments as the rate of the plan adds up to, spread evenly over its integral."""
    assert made.rate is not None
    moments: list[float] = []
    for step in _shape.steps(made):
        count = round(made.rate * step.mean * (step.end - step.start))
        moments += step.place((np.arange(count) + 0.5) / max(1, count)).tolist()
    return moments


def rows_of(made: SwarmPlan) -> list[dict[str, Any]]:
    """Both arms' answers to ``arrivals``: of all lengths, cache classes and errors, some of them redirected."""
    rows = []
    rng = np.random.default_rng(5)
    for arm, request, due in ((arm.name, *numbered) for arm in made.arms for numbered in enumerate(arrivals(made))):
        moment = due
        error = str(rng.choice(["none"] * 8 + ["status", "abandoned"]))
        plain = row(
            len(rows),
            arm=arm,
            request=request,
            visitor=request,
            phase="warmup" if moment < made.warmup_s else "measured",
            cache=str(rng.choice(["HIT", "STALE", "MISS", "UNKNOWN"])),
            error=error,
        )
        for hop in range(int(rng.integers(1, 3))):
            end = moment + float(rng.exponential(0.4))
            times = {"scheduled": moment, "released": moment, "sent": moment, "first_byte": end, "end": end}
            rows.append(plain | times | {"hop": hop})
            moment = end
    return rows


def write(
    folder: Path,
    made: SwarmPlan,
    rows: list[dict[str, Any]],
    ended_by: Literal["completed", "interrupted"] = "completed",
) -> Record:
    """The record of these rows."""
    writer = RecordWriter(folder / "record", "swarm", {"plan": made.to_dict()})
    writer.stream("requests").write(pa.RecordBatch.from_pylist(rows, schema=REQUESTS))
    writer.finish(ended_by, {})
    return read_record(folder / "record")


def names(found: list[Stretch]) -> list[tuple[str, str]]:
    """Part and arm of each, in order."""
    return [(stretch.part, stretch.arm) for stretch in found]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_figures_of_a_part_are_a_plain_filter(tmp_path: Path, shape: str) -> None:
    """Rates, quantiles, errors and hits are those of the measured rows due in the part."""
    made = plan(shape)
    rows = rows_of(made)

    found = stretches(write(tmp_path, made, rows))

    for stretch in found:
        mine = [row for row in rows if row["arm"] == stretch.arm]
        due = [row for row in mine if row["phase"] == "measured" and stretch.start <= row["scheduled"] < stretch.end]
        good = [row for row in due if row["error"] == "none"]
        done = [row for row in mine if stretch.start <= row["end"] < stretch.end and row["error"] != "abandoned"]
        length = stretch.end - stretch.start
        assert stretch.offered == pytest.approx(sum(row["hop"] == 0 for row in due) / length)
        assert stretch.completed == pytest.approx(sum(row["hop"] == 0 for row in done) / length)
        assert stretch.errors == pytest.approx(1 - len(good) / len(due))
        assert stretch.hit_ratio == pytest.approx(sum(row["cache"] in {"HIT", "STALE"} for row in good) / len(good))
        times = [(row["end"] - row["scheduled"]) * 1e3 for row in good]
        assert (stretch.p50_ms, stretch.p95_ms, stretch.p99_ms) == pytest.approx(
            tuple(np.quantile(times, (0.5, 0.95, 0.99)))
        )
    assert names(found) == [(part, arm) for part in dict.fromkeys(s.part for s in found) for arm in ("before", "after")]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_parts_are_those_of_the_plan(tmp_path: Path, shape: str) -> None:
    """They follow one another over the measured time, and each is offered what the plan's rate adds up to in it."""
    made = plan(shape, rate=50.0)
    assert made.rate is not None

    found = stretches(write(tmp_path, made, rows_of(made)))[::2]

    assert [found[0].start, *(stretch.end for stretch in found)] == pytest.approx(
        [made.warmup_s, *(stretch.start for stretch in found[1:]), made.warmup_s + made.duration_s]
    )
    for stretch in found:
        expected = 0.0
        for step in _shape.steps(made):
            start, end = max(step.start, stretch.start), min(step.end, stretch.end)
            if start < end:
                expected += made.rate * step.part(start, end).mean * (end - start)
        assert stretch.offered * (stretch.end - stretch.start) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize(
    ("shape", "seconds", "expected"),
    [
        ("steps", 20.0, ["step 1 of 4", "step 2 of 4", "step 3 of 4", "step 4 of 4"]),
        ("steps:1", 20.0, ["step 1 of 1"]),
        ("ramp", 3.5, ["part 1 of 3", "part 2 of 3", "part 3 of 3"]),
        ("ramp", 0.5, ["part 1 of 1"]),
        ("ramp", 30.0, [f"part {number} of 10" for number in range(1, 11)]),
        ("spike", 20.0, ["before the spike", "the spike", "just after the spike", "later"]),
        ("steady", 20.0, []),
        ("soak", 20.0, []),
        ("breakpoint", 20.0, []),
    ],
)
def test_a_shape_has_its_parts(tmp_path: Path, shape: str, seconds: float, expected: list[str]) -> None:
    """Steps as planned, at most ten parts of a ramp and none below a second; no part where the rate does not change."""
    made = plan(shape, duration_s=seconds)

    found = stretches(write(tmp_path, made, rows_of(made)))

    assert [part for part, arm in names(found) if arm == "before"] == expected


def test_a_run_that_was_stopped_has_the_parts_that_were_over(tmp_path: Path) -> None:
    """A part in which the run ended would look as if less had been offered; it is left out."""
    made = plan("steps")
    rows = [row for row in rows_of(made) if row["scheduled"] < 14.0]

    found = stretches(write(tmp_path, made, rows, "interrupted"))

    assert names(found) == [(f"step {step} of 4", arm) for step in (1, 2) for arm in ("before", "after")]


def test_what_nobody_knows_is_none(tmp_path: Path) -> None:
    """Without a request there are no times; without a reply that tells its cache class, no hit ratio."""
    made = plan("steps:2")
    rows = [row | {"cache": "UNKNOWN"} for row in rows_of(made) if row["arm"] == "before" and row["scheduled"] < 12.0]

    first, nothing, second, _ = stretches(write(tmp_path, made, rows))

    assert first.p50_ms is not None
    assert first.hit_ratio is None
    assert (nothing.offered, nothing.p50_ms, nothing.errors, nothing.hit_ratio) == (0.0, None, None, None)
    assert second.p99_ms is None


def test_a_record_without_rows_has_no_part(tmp_path: Path, make_trial: Callable[..., Record]) -> None:
    """A run killed before its first row, and one of a plan that says nothing of a shape, have none."""
    RecordWriter(tmp_path / "r", "swarm", {"plan": plan("steps").to_dict()})

    assert stretches(read_record(tmp_path / "r", allow_incomplete=True)) == []
    assert stretches(make_trial(launches=1).launches()[0]) == []
