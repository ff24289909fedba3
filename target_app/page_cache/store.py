"""Finished pages in memory: least recently used out first, bounded by bytes, purged by what they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cachetools import LRUCache

from target_app.page_cache.policy import Key
from target_app.page_cache.representation import Representation

EVERYTHING = "*"
"""The tag every page has."""


def path_tag(raw_path: bytes) -> str:
    """The tag of every page at this path, whatever its host and query."""
    return "path " + raw_path.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored page.

    Attributes:
        stored: When it was made, by the cache's clock.
        expires: When it stops being fresh, by the same clock.
        route: Name of the route that made it.
        tags: What it shows; a purge of any of them drops it.
    """

    representation: Representation
    stored: float
    expires: float
    route: str
    tags: frozenset[str]


class _Pages(LRUCache[Key, Entry]):
    """The byte-bounded map, telling its owner what it throws out."""

    def __init__(self, maxsize: int, store: Store) -> None:
        super().__init__(maxsize, getsizeof=lambda entry: entry.representation.size)
        self._store = store

    def popitem(self) -> tuple[Key, Entry]:
        key, entry = super().popitem()
        self._store.evicted(key, entry)
        return key, entry


class Store:
    """The pages, an index of them by tag, and what was purged while renders were under way.

    A render takes a ticket before it reads anything. A purge that comes while the ticket is out is remembered, and
    the page is refused when it arrives with a purged tag: it may have been made from what was there before.
    """

    def __init__(self, max_bytes: int) -> None:
        self._pages = _Pages(max_bytes, self)
        self._max_bytes = max_bytes
        self._keys_by_tag: dict[str, set[Key]] = {}
        self._purges = 0
        self._purged_at: dict[str, int] = {}
        self._tickets: Counter[int] = Counter()
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def bytes(self) -> int:
        """Memory taken by the pages."""
        return int(self._pages.currsize)

    def get(self, key: Key) -> Entry | None:
        """The page under this key, fresh or not; it becomes the most recently used."""
        return self._pages.get(key)

    def take_ticket(self) -> int:
        """Begin a render."""
        self._tickets[self._purges] += 1
        return self._purges

    def return_ticket(self, ticket: int) -> None:
        """End a render, stored or not."""
        self._tickets[ticket] -= 1
        if not self._tickets[ticket]:
            del self._tickets[ticket]
        if not self._tickets:
            self._purged_at.clear()

    def put(self, key: Key, entry: Entry, ticket: int) -> bool:
        """Keep a page, unless it was overtaken by a purge or is larger than the whole store."""
        if any(self._purged_at.get(tag, 0) > ticket for tag in entry.tags):
            return False
        if entry.representation.size > self._max_bytes:
            return False
        self._discard(key)
        self._pages[key] = entry
        for tag in entry.tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        return True

    def purge(self, tags: Iterable[str]) -> int:
        """Drop every page that has any of these tags, and refuse those still being made from older reads.

        Returns:
            How many stored pages were dropped.
        """
        self._purges += 1
        keys: set[Key] = set()
        for tag in tags:
            if self._tickets:
                self._purged_at[tag] = self._purges
            keys |= self._keys_by_tag.get(tag, set())
        for key in keys:
            self._discard(key)
        return len(keys)

    def evicted(self, key: Key, entry: Entry) -> None:
        """Account for a page that made room for another."""
        self.evictions += 1
        self._unindex(key, entry)

    def _discard(self, key: Key) -> None:
        entry = self._pages.pop(key, None)
        if entry is not None:
            self._unindex(key, entry)

    def _unindex(self, key: Key, entry: Entry) -> None:
        for tag in entry.tags:
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]
