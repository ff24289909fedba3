"""Rings an alarm at planned moments, in a process of its own because gevent wants one.

Usage: ``python clock_probe.py TimerfdAlarm|ThreadAlarm|sleep RATE SECONDS``. Prints JSON: for each moment, in
milliseconds, how late the alarm rang for it; and the processor seconds it took.
"""

from __future__ import annotations

import json
import random
import sys
import time

import gevent
from gevent.event import Event

from locustfiles import _clock


def _main(kind: str, rate: float, seconds: float) -> None:
    draws = random.Random(7)
    begin = time.monotonic() + 0.1
    moments = sorted(begin + draws.uniform(0, seconds) for _ in range(int(rate * seconds)))
    late: list[float] = []
    done = Event()

    def take() -> float | None:
        while len(late) < len(moments):
            moment = moments[len(late)]
            now = time.monotonic()
            if moment > now:
                return moment
            late.append((now - moment) * 1e3)
        done.set()
        return None

    cpu = time.process_time()
    if kind == "sleep":
        while (moment := take()) is not None:
            gevent.sleep(moment - time.monotonic())
    else:

        def ring() -> None:
            if (moment := take()) is not None:
                alarm.set(moment)

        alarm = getattr(_clock, kind)(ring)
        alarm.set(moments[-1] + 60)  # replaced by the next line
        alarm.set(moments[0])
        done.wait()
        alarm.close()
        alarm.close()
    print(json.dumps({"late": late, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
