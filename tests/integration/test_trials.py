"""What of a trial does not want a quiet machine: its rounds, and how it ends when it is interrupted or left."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from results.record import read_record
from tests.trials import SMALL, alive, descendants, loading, record_of, start, until


@pytest.mark.deep
def test_rounds_load_one_arm_at_a_time_with_the_same_requests(tmp_path: Path) -> None:
    """With rounds a launch leaves a record of each arm, of the same traffic; in two launches each comes first once."""
    words = ["--method", "rounds", "--launches", "2", "--seconds", "1", "--json"]
    process = start(tmp_path, *words, plan="warmup = 0.5\nsettle = 0.1\n" + SMALL)
    out, err = process.communicate(timeout=300)

    comparison = json.loads(out)
    record = read_record(record_of(tmp_path))
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
    assert "too few for a verdict, which takes at least 6 launches" in err


@pytest.mark.deep
def test_a_preset_is_carried_out_with_what_is_given_beside_it(tmp_path: Path) -> None:
    """The stampede in small: its record names the preset, and holds its settings, its purges and the smaller site.

    The plan file beside it makes the operator's clock faster; options make launches few and the site small.
    """
    words = ["--preset", "stampede", "--articles", "60", "--rate", "60", "--launches", "1", "--seconds", "1", "--json"]
    process = start(tmp_path, *words, plan="event_every = 0.25\nwarmup = 0.5\nsettle = 0\n")
    out, err = process.communicate(timeout=300)

    record = read_record(record_of(tmp_path))
    assert record.run is not None, err
    assert record.run["ended_by"] == "completed", err
    assert (record.plan["preset"], record.plan["name"], record.plan["corpus"]["count"]) == ("stampede", "stampede", 60)
    assert {arm["name"]: arm["settings"]["coalesce"] for arm in record.plan["arms"]} == {"before": "off", "after": "on"}
    assert process.returncode == json.loads(out)["exit_code"], err
    purges = [row for row in record.table("requests").to_pylist() if row["route"] == "purge"]
    assert {(row["persona"], row["status"]) for row in purges} == {("operator", 200)}
    assert {arm: sum(row["arm"] == arm for row in purges) for arm in ("before", "after")} == {"before": 6, "after": 6}


@pytest.mark.parametrize(
    ("number", "method"),
    [
        pytest.param(signal.SIGINT, "rounds", id="Ctrl-C in rounds", marks=pytest.mark.deep),
        pytest.param(signal.SIGTERM, "reversal", id="SIGTERM in a reversal"),
    ],
)
def test_an_interrupt_under_load_leaves_no_process_and_a_readable_record(
    tmp_path: Path, number: int, method: str
) -> None:
    """An interrupt in the middle of a round stops everything, keeps the rows, and exits with 130."""
    process = start(tmp_path, "--launches", "6", "--seconds", "60", "--method", method)
    until(loading(tmp_path, "launches/01.1-*"), "the swarm never began")
    children = descendants(process)

    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "interrupted"
    assert len(children) >= 3
    assert alive(children) == []
    record = read_record(record_of(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "interrupted"
    assert record.table("requests").num_rows > 0
    assert [launch.run["ended_by"] for launch in record.launches() if launch.run] == ["interrupted"]


@pytest.mark.parametrize(
    "milestone", ["plan.json", "logs/import.log", "logs/pilot-before.log", "logs/launch-01-before.log"]
)
def test_ctrl_c_before_any_load_is_one_word(tmp_path: Path, milestone: str) -> None:
    """Whatever a trial is busy with before its first request, an interrupt ends it at once and in order."""
    process = start(tmp_path, "--launches", "6", "--seconds", "60")
    until(lambda: list((tmp_path / "runs").glob(f"*/{milestone}")), f"{milestone} never came")
    children = descendants(process)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert alive(children) == []
    run = read_record(record_of(tmp_path)).run
    assert run is not None
    assert run["ended_by"] == "interrupted"


@pytest.mark.deep
def test_a_site_that_dies_under_load_is_named(tmp_path: Path) -> None:
    """When an arm is killed, the trial ends with one line that names it, exit code 4, and a record that says so."""
    process = start(tmp_path, "--launches", "6", "--seconds", "60", "--method", "duet")
    until(loading(tmp_path, "interference/before"), "the swarm never began")
    (site, *_) = [child for child in descendants(process) if "target_app" in " ".join(child.cmdline())]

    os.kill(site.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 4
    assert "was killed by SIGKILL while it was needed" in err.strip().splitlines()[-1]
    record = read_record(record_of(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "failed"
    assert "exit code -9" in record.run["reason"]


def test_a_killed_harness_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL of the harness takes sites and swarm with it; the record stays readable and incomplete."""
    process = start(tmp_path, "--launches", "6", "--seconds", "60", "--method", "rounds")
    until(loading(tmp_path, "launches/01.1-*"), "the swarm never began")
    children = descendants(process)

    process.kill()
    process.communicate(timeout=60)

    until(
        lambda: not alive(children),
        "a child outlived the harness",
    )
    record = read_record(record_of(tmp_path), allow_incomplete=True)
    assert not record.is_complete
    assert record.table("requests").num_rows > 0
