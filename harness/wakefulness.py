"""Keeps cores out of their idle states while something is being measured.

An idle core sleeps, and on a virtual machine the sleep ends with an exit to the hypervisor: tens of microseconds before
the first instruction, more the longer it slept. At a few dozen requests a second that is added to nearly every one,
most to the arm with the least to do. A process of the kernel's idle class keeps the core awake and gives way at once to
any other. It has to share their session: the scheduler first divides a core among sessions (autogroups), where an
idle-class process alone in its own would count as much as a site. Figures: docs/decisions/awake-cores.md.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from harness.processes import Child

_SPIN: Final = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


@contextlib.contextmanager
def awake(cores: Iterable[int | None], log: Path) -> Iterator[None]:
    """Keep these cores awake while the block runs; where the system has no idle class, do nothing."""
    wanted = {core for core in cores if core is not None} if hasattr(os, "SCHED_IDLE") else set()
    with contextlib.ExitStack() as children:
        for core in sorted(wanted):
            child = Child(f"spinner of core {core}", [sys.executable, "-I", "-S", "-c", _SPIN], log, cores={core})
            children.callback(child.stop)
        yield
