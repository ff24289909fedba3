"""Counters since the start, for ``/anp/stats``: what was answered, how, and what it cost."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil


@dataclass(slots=True)
class Statistics:
    """The counters. ``answers`` is by (route, cache word)."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    statements: int = 0
    statement_seconds: float = 0.0
    logins: int = 0
    refused_logins: int = 0
    throttled_logins: int = 0
    delayed: int = 0
    delayed_seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the processor seconds and memory (bytes) of this process."""
        by_route: dict[str, dict[str, int]] = {}
        for (route, word), count in sorted(self.answers.items()):
            by_route.setdefault(route, {})[word] = count
        return {
            "requests": {"total": sum(self.answers.values()), "by_route": by_route},
            "logins": {
                "accepted": self.logins,
                "refused": self.refused_logins,
                "throttled": self.throttled_logins,
            },
            "database": {"calls": self.statements, "seconds": round(self.statement_seconds, 6)},
            "delayed": self.delayed,
            "delayed_seconds": round(self.delayed_seconds, 6),
            "process": {"cpu_seconds": time.process_time(), "rss_bytes": psutil.Process().memory_info().rss},
        }
