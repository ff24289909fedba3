"""The generator's own health, second by second: is what was measured the site, or the process that measures?"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path

from locustfiles._clock import alarm

_BEAT_S = 0.02
_WHOLE_S = 0.5  # an interval shorter than this says little by itself
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class GcPauses:
    """Adds up the time the garbage collector holds the process, while it is listening."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def listen(self) -> None:
        """Start counting."""
        gc.callbacks.append(self._event)

    def stop(self) -> None:
        """Stop counting."""
        gc.callbacks.remove(self._event)

    def _event(self, phase: str, _info: Mapping[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._began = now
        else:
            self.seconds += now - self._began


def machine_ticks() -> tuple[float, float]:
    """Ticks of all cores since boot, and how many of them the hypervisor took; NaN where the system does not say."""
    try:
        with Path("/proc/stat").open() as file:
            ticks = [float(word) for word in file.readline().split()[1:9]]
    except OSError:
        return math.nan, math.nan
    return sum(ticks), ticks[7]


def resident_bytes() -> int:
    """Memory the process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


class Heartbeat:
    """How long the event loop is held up: a beat that comes late was waited for by every request of that time."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._due = time.monotonic() + _BEAT_S
        self._alarm = alarm(self._beat)
        self._alarm.set(self._due)

    def stop(self) -> None:
        """Beat no more."""
        self._alarm.close()

    def take(self) -> float:
        """The latest beat since the last call, in seconds."""
        worst, self.worst_s = max(self.worst_s, time.monotonic() - self._due), 0.0
        return worst

    def _beat(self) -> None:
        now = time.monotonic()
        self.worst_s = max(self.worst_s, now - self._due)
        self._due = now + _BEAT_S
        self._alarm.set(self._due)


class Meter:
    """Differences between one second and the next."""

    def __init__(self) -> None:
        self._heart = Heartbeat()
        self._pauses = GcPauses()
        self._pauses.listen()
        self._last = self._earlier = self._read()

    def close(self) -> None:
        """Stop listening to the heartbeat and the garbage collector."""
        self._heart.stop()
        self._pauses.stop()

    def sample(self) -> dict[str, float]:
        """What happened since the last call, in the names of the per-second series.

        ``interval`` is in seconds, ``cpu`` in cores, ``steal`` a fraction of all cores, NaN where the system does not
        say; ``rss_bytes`` is of now. The shares at the end of a broken second are taken over the second before it as
        well: a few busy milliseconds are no saturated generator.
        """
        now = self._read()
        interval = now[0] - self._last[0]
        since = self._last if interval >= _WHOLE_S else self._earlier
        wall, cpu, _, ticks, stolen = (b - a for a, b in zip(since, now, strict=True))
        pauses = now[2] - self._last[2]
        self._earlier, self._last = self._last, now
        return {
            "interval": interval,
            "cpu": cpu / wall if wall > 0 else 0.0,
            "gc_ms": pauses * 1e3,
            "steal": stolen / ticks if ticks else 0.0,
            "rss_bytes": resident_bytes(),
            "loop_lag_ms": self._heart.take() * 1e3,
        }

    def _read(self) -> tuple[float, ...]:
        return time.monotonic(), time.process_time(), self._pauses.seconds, *machine_ticks()
