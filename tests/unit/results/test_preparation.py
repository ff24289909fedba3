"""The state of the caches when load began, by the first reply to each page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from results.columns import REQUESTS
from results.plan import Arm, SwarmPlan
from results.preparation import LIMIT, check
from results.record import Record, RecordWriter, read_record
from tests.unit.results.rows import row

PERSONAS = [{"name": "reader", "routes": {}, "logged_in": False}, {"name": "member", "routes": {}, "logged_in": True}]


def record(folder: Path, prepare: str, replies: list[dict[str, Any]]) -> Record:
    """A swarm record of these replies, in their order."""
    plan = SwarmPlan("cache_hit", (Arm("before", "http://a"), Arm("after", "http://b")), prepare=prepare)  # type: ignore[arg-type]
    writer = RecordWriter(folder / "swarm", "swarm", {"plan": plan.to_dict(), "scenario": {"personas": PERSONAS}})
    rows = [row(number, **{"arm": "after", **values}) for number, values in enumerate(replies)]
    writer.stream("requests").write(pa.RecordBatch.from_pylist(rows, schema=REQUESTS))
    writer.finish("completed", {})
    return read_record(folder / "swarm")


def pages(number: int, first: str, later: str, **values: Any) -> list[dict[str, Any]]:
    """So many pages, each asked for twice."""
    return [{"url": url, "cache": cache, **values} for cache in (first, later) for url in range(number)]


@pytest.mark.parametrize(
    ("prepare", "replies", "share"),
    [
        ("cold", pages(20, "MISS", "HIT"), 0.0),
        ("cold", pages(20, "HIT", "HIT"), 1.0),
        ("cold", pages(20, "STALE", "HIT"), 1.0),
        ("cold", [*pages(19, "MISS", "HIT"), {"url": 99, "cache": "HIT"}], 1 / 20),
        ("cold", pages(20, "HIT", "HIT", persona="member"), None),
        ("cold", pages(20, "HIT", "HIT", error="status"), None),
        ("warm", pages(20, "HIT", "HIT"), 0.0),
        ("warm", pages(20, "MISS", "HIT"), 1.0),
        ("warm", pages(20, "EXPIRED", "HIT"), 0.0),
        ("warm", pages(20, "MISS", "MISS"), None),
        ("warm", pages(20, "BYPASS", "BYPASS"), None),
    ],
)
def test_the_first_reply_to_each_page_tells_the_state(
    tmp_path: Path, prepare: str, replies: list[dict[str, Any]], share: float | None
) -> None:
    """Of a cold cache none is a hit, of a warm one all that are ever hits; members and failures say nothing."""
    (gate,) = check([record(tmp_path, prepare, replies)])

    assert gate.measured == (None if share is None else pytest.approx(share))
    assert gate.ok == (share is None or share <= LIMIT)
    assert gate.effect == ("invalid" if prepare == "cold" else "note")


def test_the_worst_arm_counts_and_is_named(tmp_path: Path) -> None:
    """A cache that was emptied in one arm alone is no cold one."""
    replies = pages(20, "MISS", "HIT", arm="before") + pages(20, "HIT", "HIT", arm="after")
    (gate,) = check([record(tmp_path, "cold", replies)])

    assert not gate.ok
    assert gate.words.startswith("The cache of after was not cold")


def test_caches_that_were_left_as_they_were_have_no_state(tmp_path: Path) -> None:
    """With natural there is nothing to check."""
    assert check([record(tmp_path, "natural", pages(20, "HIT", "HIT"))]) == []
    assert check([]) == []
