"""Finished pages in memory: least recently used out first, bounded by bytes, purged by what they show."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from cachetools import LRUCache

from target_app.page_cache.policy import Key, Vary
from target_app.page_cache.representation import Representation

EVERYTHING = "*"
"""The tag every page has."""

_MOST_VARIANTS = 16
"""Responses kept under one key, for requests that differ in the fields of ``Vary``."""


_MOST_UNORDERED = 256
"""Pages read before the order of use is brought up to date at the latest: so it never takes long."""


_MOST_PURGED = 10_000
"""Tags remembered as purged while renders are under way; beyond, renders that began before are refused altogether."""


def path_tag(raw_path: bytes) -> str:
    """The tag of every page at this path, whatever its host and query."""
    return "path " + raw_path.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored page.

    Attributes:
        born: When it would have had the age zero, by the cache's clock.
        expires: When it stops being fresh, by the same clock.
        while_revalidate: Until when it may be sent while a new one is fetched, by the same clock.
        if_error: Until when it may be sent instead of a failure, by the same clock.
        may_be_stale: Whether it may be sent stale to who asks for no better.
        effort: Seconds it took to make.
        route: Name of the route that made it.
        tags: What it shows, each once; a purge of any of them drops it.
        vary: Request fields that it was chosen by.
        validators: Conditions by which the origin can be asked whether it is unchanged.
    """

    representation: Representation
    born: float
    expires: float
    while_revalidate: float
    if_error: float
    may_be_stale: bool
    effort: float
    route: str
    tags: tuple[str, ...]
    vary: Vary = ()
    validators: tuple[tuple[bytes, bytes], ...] = ()


Variants = tuple[Entry, ...]


_KEY_BYTES, _ENTRY_BYTES, _TAG_BYTES, _VARY_BYTES = 350, 300, 110, 150
"""What Python needs for a key in the maps, for an entry, for a tag and its place in the index, and for a field that an
entry was chosen by, as measured; a test holds the sums to what is really allocated."""


def weight(key: Key, entries: Iterable[Entry]) -> int:
    """Bytes of memory that the pages under a key take in the store, with all that is kept for their sake."""
    return _KEY_BYTES + sum(map(len, key)) + sum(map(_weight, entries))


def _weight(entry: Entry) -> int:
    tags = sum(_TAG_BYTES + len(tag) for tag in entry.tags)
    chosen_by = sum(_VARY_BYTES + len(name) + len(value or b"") for name, value in entry.vary)
    return entry.representation.size + _ENTRY_BYTES + tags + chosen_by


class _Order(LRUCache[Key, int]):
    """The order of use, and what the pages under each key weigh; it tells its owner what has to go."""

    def __init__(self, maxsize: int, store: Store) -> None:
        super().__init__(maxsize, getsizeof=lambda weight: weight)
        self._store = store

    def popitem(self) -> tuple[Key, int]:
        key, weight = super().popitem()
        self._store.evicted(key)
        return key, weight


class Store:
    """The pages, an index of them by tag, and what was purged while renders were under way.

    A render takes a ticket before it reads anything. A purge that comes while the ticket is out is remembered, and
    the page is refused when it arrives with a purged tag: it may have been made from what was there before.
    """

    def __init__(self, max_bytes: int) -> None:
        # Which were read since the order of use was last brought up to date is noted apart: a hit must not pay for the
        # order, which only matters where something has to go.
        self._by_key: dict[Key, Variants] = {}
        self._order = _Order(max_bytes, self)
        self._read: dict[Key, None] = {}
        self._max_bytes = max_bytes
        # Most tags are of one page, which then stands for the set of it.
        self._keys_by_tag: dict[str, Key | set[Key]] = {}
        self._purges = 0
        self._purged_at: OrderedDict[str, int] = OrderedDict()  # the purge that came last is last
        self._forgotten = 0  # the last purge of which a tag is no longer remembered
        self._tickets: Counter[int] = Counter()  # the oldest is first
        self.evictions = 0
        self.changes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def bytes(self) -> int:
        """Memory taken by the pages and by what is kept for their sake."""
        return int(self._order.currsize)

    def get(self, key: Key) -> Variants:
        """The pages under this key, fresh or not, newest first; the key becomes the most recently used."""
        found = self._by_key.get(key)
        if found is None:
            return ()
        self._read.pop(key, None)
        self._read[key] = None
        if len(self._read) > _MOST_UNORDERED:
            self._bring_up_to_date()
        return found

    def _bring_up_to_date(self) -> None:
        """Let the pages read since the last time be the most recently used, in the order of their last reading."""
        for key in self._read:
            self._order.get(key)
        self._read.clear()

    def take_ticket(self) -> int:
        """Begin a render."""
        self._tickets[self._purges] += 1
        return self._purges

    def return_ticket(self, ticket: int) -> None:
        """End a render, stored or not."""
        self._tickets[ticket] -= 1
        if not self._tickets[ticket]:
            del self._tickets[ticket]
        oldest = next(iter(self._tickets), self._purges)
        while self._purged_at and next(iter(self._purged_at.values())) <= oldest:
            self._purged_at.popitem(last=False)

    def put(self, key: Key, entry: Entry, ticket: int) -> bool:
        """Keep a page in the place of the one for the same requests.

        Returns:
            False where it was, or may have been, overtaken by a purge, or is larger than the whole store.
        """
        if ticket < self._forgotten or any(self._purged_at.get(tag, 0) > ticket for tag in entry.tags):
            return False
        taken = weight(key, [entry])
        if taken > self._max_bytes:
            return False
        self._bring_up_to_date()
        variants = [entry]
        for other in self._by_key.get(key, ()):
            if other.vary == entry.vary:
                continue
            more = _weight(other)
            if taken + more > self._max_bytes or len(variants) == _MOST_VARIANTS:
                break
            taken += more
            variants.append(other)
        self._replace(key, tuple(variants), taken)
        return True

    def drop(self, key: Key, entry: Entry) -> None:
        """Drop this very page, if it is still there."""
        entries = self._by_key.get(key, ())
        remaining = tuple(other for other in entries if other is not entry)
        if len(remaining) < len(entries):
            self._replace(key, remaining, weight(key, remaining))

    def purge(self, tags: Iterable[str]) -> int:
        """Drop every page that has any of these tags, and refuse those still being made from older reads.

        Returns:
            How many stored pages were dropped.
        """
        self._purges += 1
        purged = frozenset(tags)
        keys: set[Key] = set()
        for tag in purged:
            if self._tickets:
                self._purged_at[tag] = self._purges
                self._purged_at.move_to_end(tag)
            held = self._keys_by_tag.get(tag)
            if held is not None:
                keys |= held if isinstance(held, set) else {held}
        while len(self._purged_at) > _MOST_PURGED:
            _, self._forgotten = self._purged_at.popitem(last=False)
        dropped = 0
        for key in keys:
            entries = self._by_key.get(key, ())
            remaining = tuple(entry for entry in entries if purged.isdisjoint(entry.tags))
            dropped += len(entries) - len(remaining)
            self._replace(key, remaining, weight(key, remaining))
        self.dropped += dropped
        return dropped

    def evicted(self, key: Key) -> None:
        """Account for pages that made room for others."""
        entries = self._by_key.pop(key)
        self.evictions += len(entries)
        self._unindex(key, entries)

    def _replace(self, key: Key, entries: Variants, taken: int) -> None:
        self.changes += 1
        old = self._by_key.pop(key, None)
        self._read.pop(key, None)
        if old is not None:
            del self._order[key]
            self._unindex(key, old)
        if not entries:
            return
        self._order[key] = taken
        self._by_key[key] = entries
        for entry in entries:
            for tag in entry.tags:
                self._index(key, tag)

    def _index(self, key: Key, tag: str) -> None:
        held = self._keys_by_tag.setdefault(tag, key)
        if isinstance(held, set):
            held.add(key)
        elif held != key:
            self._keys_by_tag[tag] = {held, key}

    def _unindex(self, key: Key, entries: Variants) -> None:
        for tag in {tag for entry in entries for tag in entry.tags}:
            held = self._keys_by_tag[tag]
            if isinstance(held, set):
                held.discard(key)
            if not held or held == key:
                del self._keys_by_tag[tag]
