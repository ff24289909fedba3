"""Which core the sites run on and which the generator."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """A core each for sites and generator; ``None`` leaves it to the operating system."""

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
