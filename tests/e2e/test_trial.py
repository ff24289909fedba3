"""Whole trials through the command line: real sites, a real locust swarm, a real report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from results.record import read_record
from tests.reference_pages import RUN_KEYS
from tests.trials import SMALL, record_of, start

pytestmark = pytest.mark.e2e


def test_a_trial_of_the_page_cache_ends_in_a_verdict_and_a_report(tmp_path: Path) -> None:
    """Six launches without and with the page cache, and a second copy without, leave whole records and three documents.

    The comparison is in words; every launch holds all three arms, and before the first each of them was loaded alone.
    """
    plan = (
        'method = "duet"\nagain = true\nwarmup = 0.5\n'
        + SMALL
        + '[before.set]\npage_cache = "off"\n[after.set]\npage_cache = "on"\n'
    )

    process = start(tmp_path, "--launches", "6", "--seconds", "2", "--json", plan=plan)
    out, err = process.communicate(timeout=300)

    comparison = json.loads(out)
    record = read_record(record_of(tmp_path))
    assert record.run is not None
    assert record.run["ended_by"] == "completed"
    assert set(record.run) - set(RUN_KEYS) == set(), "docs/run-record.md tells of every key"
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


@pytest.mark.deep
def test_a_pilot_of_a_reversal_plans_and_judges_nothing(tmp_path: Path) -> None:
    """``--plan-only`` switches one slot back and forth, prints what trials would show, and gives no verdict."""
    plan = "warmup = 0.2\nsettle = 0\nseconds = 0.6\n" + SMALL.replace("rate = 40", "rate = 80")
    process = start(tmp_path, "--method", "reversal", "--plan-only", "--detect", "30%", "--json", plan=plan)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 0, err
    planning = json.loads(out)
    record = read_record(Path(planning["record"]) if Path(planning["record"]).exists() else record_of(tmp_path))
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
