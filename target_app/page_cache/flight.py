"""Single flight: while one render of a page is under way, the others who want it wait for that one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from target_app.page_cache.policy import Key
from target_app.page_cache.store import Entry

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Landing:
    """How a render ended, to those who waited for it.

    Attributes:
        entry: The page; None when there is nothing to share.
        failed: Whether there is nothing because it failed: another render may well give a page.
    """

    entry: Entry | None = None
    failed: bool = False


FAILED = Landing(failed=True)

Flight = asyncio.Future[Landing]


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
        self._under_way: dict[Key, Flight] = {}
        self._unshareable: TTLCache[Key, bool] = TTLCache(_REMEMBERED, memory, timer=clock)
        self.waited = 0

    def lead(self, key: Key) -> Flight | None:
        """Announce a render of this page; None when there is one already, or when it is not to be shared."""
        if key in self._under_way or key in self._unshareable:
            return None
        flight = asyncio.get_running_loop().create_future()
        self._under_way[key] = flight
        return flight

    def land(self, key: Key, flight: Flight, landing: Landing) -> None:
        """End a render. Only what is known not to be for all is remembered; a failure may be over at once."""
        if self._under_way.get(key) is flight:
            del self._under_way[key]
        if landing.entry is None and not landing.failed:
            self._unshareable[key] = True
        if not flight.done():
            flight.set_result(landing)

    async def follow(self, key: Key, since: float) -> Landing | None:
        """Wait for the render of this page.

        Args:
            key: Of the page.
            since: When the request began to wait, by the event loop's clock: its patience is one for all renders that
                it follows.

        Returns:
            None when there is no render under way, or it takes too long.
        """
        flight = self._under_way.get(key)
        left = since + self._patience - asyncio.get_running_loop().time()
        if flight is None or left <= 0:
            return None
        try:
            landing = await asyncio.wait_for(asyncio.shield(flight), left)
        except TimeoutError:
            return None
        self.waited += landing.entry is not None
        return landing

    def detach(self) -> None:
        """Let nobody else join the renders under way: they may have read what was just purged."""
        self._under_way.clear()
