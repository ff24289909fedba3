"""Work that no request waits for, on a bill of its own: pages that the cache has made anew beside the requests."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from target_app.accounting import LEDGER, Ledger
from target_app.page_cache import EXCHANGE
from target_app.statistics import Statistics


class Background:
    """Goes between the page cache and the pages, and opens a bill where there is none.

    A request brings its own, from the front. A refresh runs in an empty context, and would be charged to nobody.
    """

    def __init__(self, app: ASGIApp, statistics: Statistics, clock: Callable[[], float] = time.perf_counter) -> None:
        """Watch over ``app``.

        Args:
            app: What makes the pages.
            statistics: Where to count.
            clock: Seconds, as fine as there is.
        """
        self._app = app
        self._statistics = statistics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it answered, and count what it cost where no request pays."""
        if LEDGER.get() is not None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ledger = Ledger()
        LEDGER.set(ledger)
        begun = self._clock()
        try:
            await self._app(scope, receive, send)
        finally:
            self._statistics.background[scope[EXCHANGE].route].add(ledger, self._clock() - begun)
