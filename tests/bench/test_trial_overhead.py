"""What a trial takes beside what it measures, at default sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

MOST = 0.20
"""Starting, preparing, stopping, comparing and reporting, against the seconds that are measured."""


@pytest.mark.timeout(1800)
def test_a_trial_takes_little_beside_what_it_measures(tmp_path: Path) -> None:
    """The demo as it comes: everything else is at most a fifth of its measured time. Wants a machine to itself."""
    argv = [sys.executable, "-m", "harness", "demo", "--out", str(tmp_path), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    (record,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    spent = json.loads((record / "run.json").read_text())["spent"]
    share = (spent["whole_s"] - spent["warmed_up_s"]) / spent["measured_s"] - 1

    print(f"\n{spent['measured_s']:.0f} s measured of {spent['whole_s']:.0f} s: the rest is {share:.3f} of it")
    assert share <= MOST
