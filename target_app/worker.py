"""The one thread in which the database is used and pages are made, beside the event loop's.

One thread, because the database connections and the templates are then used by one at a time; the whole of a
request's work is handed over at once, because each hand-over costs more than a statement. The numbers behind this
are in docs/decisions/site-request-execution.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


class Worker:
    """Runs functions one after the other, in the order they came, with the caller's context."""

    def __init__(self) -> None:
        self._turn = CapacityLimiter(1)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The result of the function, or what it raises."""
        return await to_thread.run_sync(function, *arguments, limiter=self._turn)
