"""Whole trials through the command line: real sites, a real locust swarm, a real report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from results.record import read_record

pytestmark = pytest.mark.e2e

DEADLINE_S = 120.0
SMALL = """
name = "small"
reason = "A trial small enough for a test."
rate = 40
members = 4
visitors = 16
[corpus]
count = 60
"""


def _start(folder: Path, *words: str, plan: str = SMALL) -> subprocess.Popen[str]:
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "trial", "plan.toml", "--out", "runs", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until a condition yields something true, and return that."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def _record(folder: Path) -> Path:
    (record,) = [path for path in (folder / "runs").iterdir() if path.is_dir()]
    return record


def _loading(folder: Path, swarm: str) -> Callable[[], bool]:
    """Whether a swarm of the trial has begun to write down requests."""

    def look() -> bool:
        streams = list((folder / "runs").glob(f"*/{swarm}/requests.arrows"))
        return any(stream.stat().st_size > 2000 for stream in streams)

    return look


def _descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def _alive(children: list[psutil.Process]) -> list[psutil.Process]:
    return [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_a_trial_of_the_page_cache_ends_in_a_verdict_and_a_report(tmp_path: Path) -> None:
    """Six launches without and with the page cache, and a second copy without, leave whole records and three documents.

    The comparison is in words; every launch holds all three arms, and before the first each of them was loaded alone.
    """
    plan = (
        'method = "duet"\nagain = true\nwarmup = 0.5\n'
        + SMALL
        + '[before.set]\npage_cache = "off"\n[after.set]\npage_cache = "on"\n'
    )

    process = _start(tmp_path, "--launches", "6", "--seconds", "2", "--json", plan=plan)
    out, err = process.communicate(timeout=300)

    comparison = json.loads(out)
    record = read_record(_record(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "completed"
    assert [launch.is_complete for launch in record.launches()] == [True] * 6
    assert (record.plan["method"], record.run["method"], record.run["fallback"]) == ("duet", "duet", None)
    for launch in record.launches():
        assert set(launch.table("requests").column("arm").unique().to_pylist()) == {"before", "after", "again"}
    alone = [read_record(record.path / "interference" / arm) for arm in ("before", "after", "again")]
    assert [one.asked["duration_s"] for one in alone] == [2.0] * 3
    assert {one["arm"] for one in record.run["interference"]} <= {"before", "after", "again"}
    assert comparison["method"] == "duet"
    assert comparison["noise"] is not None
    assert {path.name for path in record.path.iterdir()} >= {
        "report.html",
        "compare.json",
        "note.md",
        "plan.json",
        "run.json",
    }
    assert json.loads((record.path / "compare.json").read_text()) == comparison
    assert process.returncode == comparison["exit_code"], err
    article = {cell["arm"]: cell for cell in _classes(record.table("requests"))}
    assert article["before"]["classes"] == {"BYPASS"}
    assert article["after"]["classes"] == {"HIT"}
    failed = [gate["code"] for gate in comparison["gates"] if not gate["ok"] and gate["effect"] != "note"]
    assert set(failed) <= MACHINE_GATES, failed
    for cell in comparison["cells"]:
        if cell["cell"]["route"] == "article" and cell["primary"] and not failed:
            assert (cell["cell"]["persona"], cell["verdict"]["word"]) in ARTICLE_VERDICTS


MACHINE_GATES = {"saturated", "lag", "cpu", "achieved", "launches", "noise"}
"""Gates that a busy test machine may close; all others speak of the software."""

ARTICLE_VERDICTS = {
    ("reader", "faster"),
    *(("member", word) for word in ("no difference", "not enough data", "slower")),
}
"""What may be said of article pages: readers gain several times over, members bypass the cache and cannot gain."""


def _classes(table: Any) -> list[dict[str, Any]]:
    rows = table.select(["arm", "persona", "route", "cache", "phase"]).to_pylist()
    reads = [row for row in rows if (row["persona"], row["route"], row["phase"]) == ("reader", "article", "measured")]
    return [
        {"arm": arm, "classes": {row["cache"] for row in reads if row["arm"] == arm}} for arm in ("before", "after")
    ]


def test_rounds_load_one_arm_at_a_time_with_the_same_requests(tmp_path: Path) -> None:
    """With rounds a launch leaves a record of each arm, of the same traffic; in two launches each comes first once."""
    words = ["--method", "rounds", "--launches", "2", "--seconds", "1", "--json"]
    process = _start(tmp_path, *words, plan="warmup = 0.5\nsettle = 0.1\n" + SMALL)
    out, err = process.communicate(timeout=300)

    comparison = json.loads(out)
    record = read_record(_record(tmp_path))
    assert record.run is not None
    assert (record.run["ended_by"], record.run["method"]) == ("completed", "rounds")
    assert (comparison["method"], comparison["grade"]) == ("rounds", "A")
    assert process.returncode == comparison["exit_code"], err
    launches = record.launches()
    arms = [launch.asked["arms"][0]["name"] for launch in launches]
    assert sorted([arms[:2], arms[2:]]) == [["after", "before"], ["before", "after"]]
    assert [launch.name for launch in launches] == [
        f"{number:02d}.{place}-{arm}"
        for (number, place), arm in zip([(1, 1), (1, 2), (2, 1), (2, 2)], arms, strict=True)
    ]
    keys = [launch.run["traffic_key"] for launch in launches if launch.run is not None]
    assert (keys[0], keys[2]) == (keys[1], keys[3])
    assert keys[0] != keys[2]
    assert not (record.path / "interference").exists()


def test_a_pilot_of_a_reversal_plans_and_judges_nothing(tmp_path: Path) -> None:
    """``--plan-only`` switches one slot back and forth, prints what trials would show, and gives no verdict."""
    plan = "warmup = 0.2\nsettle = 0\nseconds = 0.6\n" + SMALL.replace("rate = 40", "rate = 80")
    process = _start(tmp_path, "--method", "reversal", "--plan-only", "--detect", "30%", "--json", plan=plan)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 0, err
    planning = json.loads(out)
    record = read_record(Path(planning["record"]) if Path(planning["record"]).exists() else _record(tmp_path))
    assert record.name.endswith("-small-pilot")
    arms = [launch.asked["arms"][0] for launch in record.launches()]
    assert [arm["name"] for arm in arms] == ["before", "after", "after", "before"] * 2
    assert len({arm["url"] for arm in arms}) == 1
    assert planning["pilot_launches"] in {2, 3, 4}  # those in which the generator of a busy test machine was fit
    assert (planning["passes"], planning["detect"]) == (2, 0.3)
    assert planning["fixed_cost_s"] > 0
    assert {option["launches"] for option in planning["options"]} >= {6, 8}
    assert record.run is not None
    assert record.run["planning"]["options"] == planning["options"]
    assert not (record.path / "compare.json").exists()


@pytest.mark.parametrize(
    ("number", "method"),
    [(signal.SIGINT, "rounds"), (signal.SIGTERM, "reversal")],
    ids=["Ctrl-C in rounds", "SIGTERM in a reversal"],
)
def test_an_interrupt_under_load_leaves_no_process_and_a_readable_record(
    tmp_path: Path, number: int, method: str
) -> None:
    """An interrupt in the middle of a round stops everything, keeps the rows, and exits with 130."""
    process = _start(tmp_path, "--launches", "6", "--seconds", "60", "--method", method)
    _until(_loading(tmp_path, "launches/01.1-*"), "the swarm never began")
    children = _descendants(process)

    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "interrupted"
    assert len(children) >= 3
    assert _alive(children) == []
    record = read_record(_record(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "interrupted"
    assert record.table("requests").num_rows > 0
    assert [launch.run["ended_by"] for launch in record.launches() if launch.run] == ["interrupted"]


@pytest.mark.parametrize(
    "milestone", ["plan.json", "logs/import.log", "logs/pilot-before.log", "logs/launch-01-before.log"]
)
def test_ctrl_c_before_any_load_is_one_word(tmp_path: Path, milestone: str) -> None:
    """Whatever a trial is busy with before its first request, an interrupt ends it at once and in order."""
    process = _start(tmp_path, "--launches", "6", "--seconds", "60")
    _until(lambda: list((tmp_path / "runs").glob(f"*/{milestone}")), f"{milestone} never came")
    children = _descendants(process)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert _alive(children) == []
    run = read_record(_record(tmp_path)).run
    assert run is not None
    assert run["ended_by"] == "interrupted"


def test_a_site_that_dies_under_load_is_named(tmp_path: Path) -> None:
    """When an arm is killed, the trial ends with one line that names it, exit code 4, and a record that says so."""
    process = _start(tmp_path, "--launches", "6", "--seconds", "60", "--method", "duet")
    _until(_loading(tmp_path, "interference/before"), "the swarm never began")
    (site, *_) = [child for child in _descendants(process) if "target_app" in " ".join(child.cmdline())]

    os.kill(site.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 4
    assert "ended by itself with exit code -9" in err.strip().splitlines()[-1]
    record = read_record(_record(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "failed"
    assert "exit code -9" in record.run["reason"]


def test_a_killed_harness_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL of the harness takes sites and swarm with it; the record stays readable and incomplete."""
    process = _start(tmp_path, "--launches", "6", "--seconds", "60", "--method", "rounds")
    _until(_loading(tmp_path, "launches/01.1-*"), "the swarm never began")
    children = _descendants(process)

    process.kill()
    process.communicate(timeout=60)

    _until(
        lambda: not _alive(children),
        "a child outlived the harness",
    )
    record = read_record(_record(tmp_path), allow_incomplete=True)
    assert not record.is_complete
    assert record.table("requests").num_rows > 0
