"""What goes on beside some trials: processes that take a core away from the generator or from the sites."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from harness.cores import choose_cores

_SPIN: Final = """
import os, sys, time
core, seconds, busy, idle = int(sys.argv[1]), *map(float, sys.argv[2:])
os.sched_setaffinity(0, {core})
os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
parent, end = os.getppid(), time.monotonic() + seconds
while time.monotonic() < end and os.getppid() == parent:
    pause = time.monotonic() + busy
    while time.monotonic() < pause:
        pass
    if idle:
        time.sleep(idle)
"""
_STARVING: Final = 4
"""Busy processes on the generator's core: it gets about a fifth, and has to wait for its turn."""

_BUSY_S: Final = 0.004
_IDLE_S: Final = 0.006
"""Of a throttled core: two fifths are taken, in pieces of some milliseconds."""

_POLL_S: Final = 0.1


@contextlib.contextmanager
def busy(core: int, seconds: float, *, share: tuple[float, float] = (0.05, 0.0), count: int = 1) -> Iterator[None]:
    """Keep a core busy while the block runs.

    Args:
        core: Which.
        seconds: They end by themselves after so long, whatever happens.
        share: Seconds busy, seconds asleep, in turns.
        count: How many processes.
    """
    words = [sys.executable, "-I", "-S", "-c", _SPIN, str(core), str(seconds), *map(str, share)]
    children = [subprocess.Popen(words) for _ in range(count)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()


@contextlib.contextmanager
def starve_generator(folder: Path, launches: int, seconds: float) -> Iterator[None]:
    """Busy processes on the generator's core for as long as the trial goes."""
    core = choose_cores().generator
    assert core is not None, "the rig wants two cores"
    with busy(core, seconds, count=_STARVING):
        yield


@contextlib.contextmanager
def throttle_halfway(folder: Path, launches: int, seconds: float) -> Iterator[None]:
    """Take two fifths of the sites' core away from the second half of the launches."""
    core = choose_cores().site
    assert core is not None, "the rig wants two cores"
    half = f"*/launches/{launches // 2 + 1:02d}"
    with _once(lambda: any(folder.glob(half)), lambda: busy(core, seconds, share=(_BUSY_S, _IDLE_S))):
        yield


@contextlib.contextmanager
def _once(is_time: Callable[[], bool], make: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Enter a context as soon as it is time, beside the block, and leave it with the block."""
    over = threading.Event()

    def watch() -> None:
        while not is_time():
            if over.wait(_POLL_S):
                return
        with make():
            over.wait()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
