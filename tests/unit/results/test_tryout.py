"""What a moment of load tells of arms before a trial."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from results.columns import REQUESTS, URLS
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, read_record
from results.tryout import ENOUGH, page_cost_ms, unlike, unlike_pages
from tests.unit.results.rows import row


def record(folder: Path, replies: list[dict[str, Any]]) -> Record:
    """A swarm record of these replies."""
    plan = SwarmPlan("cache_hit", (Arm("before", "http://a"), Arm("after", "http://b")))
    writer = RecordWriter(folder / "swarm", "swarm", {"plan": plan.to_dict()})
    rows = [row(number, **{"arm": "before", **values}) for number, values in enumerate(replies)]
    writer.stream("requests").write(pa.RecordBatch.from_pylist(rows, schema=REQUESTS))
    urls = [{"url": url, "route": "posts", "path": f"/posts/{url}"} for url in range(50)]
    writer.stream("urls").write(pa.RecordBatch.from_pylist(urls, schema=URLS))
    writer.finish("completed", {})
    return read_record(folder / "swarm")


def took(ms: float, cache: str, **values: Any) -> dict[str, Any]:
    """A reply that took so long."""
    return {"sent": 1.0, "end": 1.0 + ms / 1e3, "cache": cache, **values}


def test_a_page_costs_what_making_it_takes(tmp_path: Path) -> None:
    """Hits are left out as soon as there are replies enough beside them; failures and other arms always."""
    hits = [took(0.1, "HIT")] * 40 + [took(90, "MISS", error="status"), took(90, "MISS", arm="after")]
    few = record(tmp_path / "few", hits + [took(8, "MISS")] * (ENOUGH - 1))
    enough = record(tmp_path / "enough", hits + [took(8, "MISS")] * ENOUGH)

    assert page_cost_ms(few, "before") == pytest.approx(0.1)
    assert page_cost_ms(enough, "before") == pytest.approx(8)
    assert math.isnan(page_cost_ms(enough, "again"))


def test_arms_that_answer_alike_are_one_site(tmp_path: Path) -> None:
    """A tenth of the addresses may differ in status, such as those a change adds."""
    same = [{"url": url, "arm": arm} for arm in ("before", "after") for url in range(20)]
    one_gone = [{**each, "status": 404} if (each["url"], each["arm"]) == (3, "after") else each for each in same]
    tried = record(tmp_path, one_gone)

    assert unlike({"before": tried, "after": tried}) is None


def test_arms_that_answer_otherwise_are_told_with_an_address(tmp_path: Path) -> None:
    """With the share of such addresses and what each arm said; revalidations and lost requests say nothing."""
    rows = [{"url": url, "arm": "before"} for url in range(10)]
    rows += [{"url": url, "arm": "after", "status": 404 if url >= 6 else 200} for url in range(10)]
    rows += [{"url": url, "arm": "after", "status": 304, "conditional": True} for url in range(6)]
    rows += [{"url": url, "arm": "after", "status": 0, "error": "connect"} for url in range(6)]
    tried = record(tmp_path, rows)

    found = unlike({"before": tried, "after": tried})

    assert found is not None
    assert (found.share, found.path, found.statuses) == (0.4, "/posts/6", {"before": 200, "after": 404})


def test_arms_whose_pages_have_other_lengths_serve_other_pages(tmp_path: Path) -> None:
    """A tenth of the length is what tokens and clocks explain, and a tenth of the addresses may differ."""
    alike = [{"url": url, "arm": arm, "bytes": 1000 + url} for arm in ("before", "after") for url in range(10)]
    other = [{**each, "bytes": 800} if each["arm"] == "after" and each["url"] < 3 else each for each in alike]

    one = record(tmp_path / "one", alike)
    assert unlike_pages({"before": one, "after": one}) is None
    two = record(tmp_path / "two", other)
    found = unlike_pages({"before": two, "after": two})
    assert found is not None
    assert (found.share, found.path, found.lengths) == (0.3, "/posts/0", {"before": 1000, "after": 800})
