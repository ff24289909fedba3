"""The precise alarm, both kinds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = Path(__file__).with_name("clock_probe.py")


@pytest.mark.parametrize("kind", ["TimerfdAlarm", "ThreadAlarm"])
def test_an_alarm_rings_for_every_moment_and_never_early(kind: str) -> None:
    """Every moment is rung for once, at or after it; setting an alarm anew replaces the moment set before."""
    if kind == "TimerfdAlarm" and not sys.platform.startswith("linux"):
        pytest.skip("timerfd is Linux's")
    command = [sys.executable, str(PROBE), kind, "500", "1"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    late = json.loads(result.stdout)["late"]
    assert len(late) == 500
    assert min(late) >= 0
