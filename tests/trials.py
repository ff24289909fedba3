"""Real trials for tests: how one is started, waited for and read."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

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


def start(folder: Path, *words: str, plan: str = SMALL) -> subprocess.Popen[str]:
    """Start a trial of a plan in a folder."""
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "trial", "plan.toml", "--out", "runs", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until a condition yields something true, and return that."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def record_of(folder: Path) -> Path:
    """Where the trial of a folder leaves its record."""
    (record,) = [path for path in (folder / "runs").iterdir() if path.is_dir()]
    return record


def loading(folder: Path, swarm: str) -> Callable[[], bool]:
    """Whether a swarm of the trial has begun to write down requests."""

    def look() -> bool:
        streams = list((folder / "runs").glob(f"*/{swarm}/requests.arrows"))
        return any(stream.stat().st_size > 2000 for stream in streams)

    return look


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that a trial has started so far, and theirs."""
    return psutil.Process(process.pid).children(recursive=True)


def alive(children: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run."""
    return [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
