"""Single flight: while one render of a page is under way, the others who want it wait for that one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cachetools import TTLCache

from target_app.page_cache.policy import Key
from target_app.page_cache.store import Entry

_REMEMBERED = 4096


class Flights:
    """The renders under way.

    Attributes:
        waited: How many requests were answered by another one's render.
    """

    def __init__(self, clock: Callable[[], float], *, patience: float = 5.0, memory: float = 10.0) -> None:
        """Make an empty board.

        Args:
            clock: Seconds, monotonic.
            patience: How long a follower waits before it goes alone, seconds.
            memory: How long a page that turned out not to be storable is remembered, seconds. Requests for it do
                not queue behind each other.
        """
        self._patience = patience
        self._under_way: dict[Key, asyncio.Future[Entry | None]] = {}
        self._unshareable: TTLCache[Key, bool] = TTLCache(_REMEMBERED, memory, timer=clock)
        self.waited = 0

    def lead(self, key: Key) -> asyncio.Future[Entry | None] | None:
        """Announce a render of this page; None when there is one already, or when it is not to be shared."""
        if key in self._under_way or key in self._unshareable:
            return None
        flight = asyncio.get_running_loop().create_future()
        self._under_way[key] = flight
        return flight

    def land(self, key: Key, flight: asyncio.Future[Entry | None], entry: Entry | None) -> None:
        """End a render, with the page or with None when there is nothing to share."""
        if self._under_way.get(key) is flight:
            del self._under_way[key]
        if entry is None:
            self._unshareable[key] = True
        if not flight.done():
            flight.set_result(entry)

    async def follow(self, key: Key) -> Entry | None:
        """Wait for the render of this page; None when there is none, it gave nothing, or it takes too long."""
        flight = self._under_way.get(key)
        if flight is None:
            return None
        try:
            entry = await asyncio.wait_for(asyncio.shield(flight), self._patience)
        except TimeoutError:
            return None
        self.waited += entry is not None
        return entry

    def detach(self) -> None:
        """Let nobody else join the renders under way: they may have read what was just purged."""
        self._under_way.clear()
