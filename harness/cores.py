"""Which core the sites run on and which the generator."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """A core each for sites and generator; ``None`` leaves it to the operating system."""

    site: int | None
    generator: int | None

    @property
    def all_but_generator(self) -> frozenset[int]:
        """Where servers of the user's own may run, which can have processes to spread; empty: everywhere."""
        if self.generator is None:
            return frozenset()
        return frozenset(os.sched_getaffinity(0)) - {self.generator}


def choose_cores() -> Cores:
    """Give site and generator a core each where this process may use two; both arms share the site's core.

    Arms on one core meet the same noise within the same milliseconds, which is what lets it cancel.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[-1]) if len(usable) >= 2 else Cores(None, None)
