"""How long the comparison of two large records takes, and how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.rivals import cores, on
from tests.records import Page, Trial, write_trial

REQUESTS = 1_000_000
PAGES = [
    Page("reader", "article", 70_000, 0.20, 0.21, "HIT", "HIT"),
    Page("reader", "home", 30_000, 0.15, 0.15, "HIT", "HIT"),
    Page("reader", "tag", 12_500),
    Page("member", "article", 12_500, before_cache="BYPASS", after_cache="BYPASS"),
]
"""Of one launch and arm; eight launches are a million."""

AT_MOST_S = 5.0
AT_MOST_BYTES = 1 << 30

PLAIN = """
import sys
from pathlib import Path
import numpy as np
from results.record import read_record
for name in sys.argv[1:]:
    table = read_record(Path(name)).table("requests")
    end, scheduled = (table.column(column).to_numpy() for column in ("end", "scheduled"))
    keys = [np.concatenate([np.asarray(chunk.indices) for chunk in table.column(column).chunks])
            for column in ("arm", "persona", "route", "cache")]
    key = np.ravel_multi_index(keys, [16] * 4)
    for each in np.unique(key):
        np.quantile((end - scheduled)[key == each], (0.5, 0.95, 0.99))
"""
"""The rival: read both records and take three numpy quantiles of every cell; no launch, check, interval or word."""


@pytest.mark.bench
def test_two_records_of_a_million_requests_take_seconds(tmp_path: Path) -> None:
    """``anp compare`` of two records of one million requests each takes less than 5 s and 1 GB."""
    one, other = (write_trial(tmp_path / name, Trial(PAGES, seed=seed)) for seed, name in enumerate(("one", "other")))
    out = tmp_path / "compare.json"
    compare = [sys.executable, "-m", "harness", "compare", str(one.path), str(other.path), "--json", str(out)]
    plain = [sys.executable, "-c", PLAIN, str(one.path), str(other.path)]
    taken = {"anp compare": (compare, []), "quantiles with numpy": (plain, [])}
    for _ in range(3):
        for argv, found in taken.values():
            found.append(_measure(argv))
    seconds = {name: sorted(s for s, _ in found)[1] for name, (_, found) in taken.items()}
    memory = max(held for _, held in taken["anp compare"][1])
    rival = seconds["quantiles with numpy"]
    print(f"\n{REQUESTS:,} requests a record: {seconds['anp compare']:.2f} s, {memory / 2**20:.0f} MB at most")
    print(
        f"ratio to reading both and taking quantiles with numpy ({rival:.2f} s): {seconds['anp compare'] / rival:.2f}"
    )

    arms = json.loads(out.read_text(encoding="utf-8"))["arms"]
    assert [arm["requests"] for arm in arms] == [REQUESTS, REQUESTS]
    assert seconds["anp compare"] < AT_MOST_S
    assert memory < AT_MOST_BYTES


def _measure(argv: list[str]) -> tuple[float, int]:
    """Seconds from start to end, and the most memory the process held."""
    began = time.monotonic()
    process = subprocess.Popen([*on(cores()[-1]), *argv], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in {0, 1, 4}, argv
    return time.monotonic() - began, usage.ru_maxrss * 1024
