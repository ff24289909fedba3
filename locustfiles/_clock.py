"""The precise alarm: calls back from gevent's hub at an absolute moment of the monotonic clock.

gevent's own timers are a millisecond coarse, ten times the service time of a cache hit. Linux has ``timerfd``: a file
descriptor that becomes readable at an absolute time, which the hub waits for like any socket. Elsewhere a native thread
sleeps and wakes the hub. Figures: docs/decisions/swarm-clock.md.
"""

from __future__ import annotations

import ctypes
import os
import struct
import threading
import time
from collections.abc import Callable
from typing import Protocol

import gevent
from gevent import get_hub, monkey

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_TFD_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_ITIMERSPEC = struct.Struct("@qqqq")  # interval (none), then expiry: seconds and nanoseconds


_BREATH_S = 0.002


def breathe() -> None:
    """Let requests have the process for a moment, in the middle of work that could hold them up."""
    gevent.sleep(_BREATH_S)


class Alarm(Protocol):
    """Calls one function, in the hub, at or just after the moment last set."""

    def set(self, moment: float) -> None:
        """Ring at ``moment`` (seconds of ``time.monotonic``) instead of any moment set before."""

    def close(self) -> None:
        """Never ring again and give back what the alarm holds."""


class TimerfdAlarm:
    """An alarm on Linux's timerfd.

    Raises:
        OSError: The system has no timerfd.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            self._settime = libc.timerfd_settime
            self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_FLAGS)
        except AttributeError as error:
            raise OSError("this system has no timerfd") from error
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._ring = ring
        self._watcher = get_hub().loop.io(self._fd, 1)
        self._watcher.start(self._readable)

    def set(self, moment: float) -> None:
        """Ring at ``moment``; a moment already past rings at once."""
        nanoseconds = max(1, int(moment * 1e9))  # all zero would switch the timer off
        seconds, rest = divmod(nanoseconds, 1_000_000_000)
        self._settime(self._fd, _TFD_TIMER_ABSTIME, _ITIMERSPEC.pack(0, 0, seconds, rest), None)

    def close(self) -> None:
        """Stop watching and close the descriptor."""
        if self._fd >= 0:
            self._watcher.stop()
            self._watcher.close()
            os.close(self._fd)
            self._fd = -1

    def _readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew between expiry and this call
            return
        self._ring()


class ThreadAlarm:
    """An alarm on a sleeping native thread, for systems without timerfd."""

    def __init__(self, ring: Callable[[], None]) -> None:
        event = monkey.get_original("threading", "Event")
        start = monkey.get_original("_thread", "start_new_thread")
        self._moment: float | None = None
        self._changed: threading.Event = event()
        self._watcher = get_hub().loop.async_()
        self._closed = False
        self._ring = ring
        self._watcher.start(self._woken)
        start(self._sleep, ())

    def set(self, moment: float) -> None:
        """Ring at ``moment``; a moment already past rings at once."""
        self._moment = moment
        self._changed.set()

    def close(self) -> None:
        """End the thread."""
        if not self._closed:
            self._closed = True
            self._changed.set()
            self._watcher.stop()

    def _woken(self) -> None:
        if not self._closed and self._moment is not None and time.monotonic() >= self._moment:
            self._moment = None
            self._ring()

    def _sleep(self) -> None:
        wait: float | None = None
        while True:
            self._changed.wait(wait)
            self._changed.clear()
            if self._closed:
                return
            moment = self._moment
            wait = None if moment is None else moment - time.monotonic()
            if wait is not None and wait <= 0:
                self._watcher.send()
                wait = None


def alarm(ring: Callable[[], None]) -> Alarm:
    """The most precise alarm this system has."""
    try:
        return TimerfdAlarm(ring)
    except OSError:
        return ThreadAlarm(ring)
