"""How busy the machine is, from the kernel's own counters; other work spoils a trial before any gate can see it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOK_S: Final = 3.0
"""For how long the machine is watched before a trial."""

BUSY_LIMIT: Final = 0.15
"""Share of all cores that may be busy then."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Processor time since the start of the machine, all cores together, seconds.

    Attributes:
        busy: Spent on anything, time taken by other guests of the host included.
        total: Passed.
    """

    busy: float
    total: float

    def share_until(self, later: Ticks) -> float:
        """Share of the time between two readings that was busy."""
        passed = later.total - self.total
        return (later.busy - self.busy) / passed if passed > 0 else 0.0


def read_ticks(text: str | None = None) -> Ticks:
    """The counters now, or those in the text of a ``/proc/stat``."""
    if text is None:
        text = Path("/proc/stat").read_text(encoding="ascii")
    # user nice system idle iowait irq softirq steal; guest time is part of user time
    values = [int(word) for word in text.splitlines()[0].split()[1:9]]
    second = os.sysconf("SC_CLK_TCK")
    return Ticks((sum(values) - values[3] - values[4]) / second, sum(values) / second)


def own_seconds() -> float:
    """Processor time of this process and of all its descendants that have ended, seconds."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


@dataclass(frozen=True, slots=True)
class Watch:
    """A stretch of time under way, to tell afterwards what others did in it."""

    ticks: Ticks
    own: float

    @classmethod
    def begin(cls) -> Watch:
        """From now on."""
        return cls(read_ticks(), own_seconds())

    def others(self) -> float:
        """Share of all cores that others took since; meaningful once every child has ended."""
        now = read_ticks()
        passed = now.total - self.ticks.total
        taken = now.busy - self.ticks.busy - (own_seconds() - self.own)
        return max(0.0, taken / passed) if passed > 0 else 0.0


def wait_until_quiet(
    patience: float,
    *,
    limit: float = BUSY_LIMIT,
    look: float = LOOK_S,
    read: Callable[[], Ticks] = read_ticks,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float | None:
    """Wait until the machine has been quiet for a moment.

    Args:
        patience: Longest wait, seconds; with 0 one look is taken.
        limit: Busy share of all cores below which it is quiet.
        look: Length of a look, seconds.
        read: The counters.
        clock: Seconds, monotonic.
        sleep: Waits.

    Returns:
        The busy share of the quiet look; None where there was none in time.
    """
    deadline = clock() + patience
    while True:
        before = read()
        sleep(look)
        share = before.share_until(read())
        if share < limit:
            return share
        if clock() >= deadline:
            return None
