"""The machine a trial runs on: what it is, for the record, and which of its cores do what."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the sites run on and which the generator; ``None`` leaves it to the operating system."""

    site: int | None
    generator: int | None


def choose_cores() -> Cores:
    """Give site and generator a core each where this process may use two; both arms share the site's core.

    Arms on one core meet the same noise within the same milliseconds, which is what lets it cancel.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[-1]) if len(usable) >= 2 else Cores(None, None)


def describe(cores: Cores) -> dict[str, Any]:
    """What a reader must know of the machine to judge whether two runs are comparable."""
    return {
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(logical=True),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.system(),
        "kernel": platform.release(),
        "site_core": cores.site,
        "generator_core": cores.generator,
    }


def versions() -> dict[str, str]:
    """Versions of everything whose change could move a response time."""
    names = ("anp", "locust", "gevent", "httptools", "fastapi", "starlette", "uvicorn", "apsw", "numpy")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in names}


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
