"""What has become stale, as every process that serves the file learns it: generations of tags.

A change writes, in its own transaction, which tags it has made stale (``Desk.outdate``). Whoever keeps pages asks here
before it sends or keeps one. Asking must cost a hit next to nothing, so it looks at the head of SQLite's WAL index,
which all processes that have the file open share as memory, and which is another one after every commit: only then is
there anything to read.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import Counter
from pathlib import Path

import apsw

from target_app.database.connection import Connection
from target_app.errors import DatabaseFileError

_HEAD = 48
"""Bytes of the WAL index that a commit writes: the first of its two headers (SQLite's "WAL-mode file format")."""


class _Heads:
    """The heads of WAL indexes, mapped once in a process for each file.

    A process that closes any descriptor of a file loses all the locks that it holds on it (POSIX). The next one to open
    the database would then take itself for the first, and cut off the index that this one has in its memory. So a file
    stays open, and mapped, until nobody in this process watches it any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._maps: dict[tuple[int, int], tuple[mmap.mmap, int]] = {}
        self._watchers: Counter[tuple[int, int]] = Counter()

    def watch(self, path: Path) -> tuple[tuple[int, int], mmap.mmap]:
        """The head of an index, and the key to give it back with."""
        with self._lock:
            found = path.stat()
            key = found.st_dev, found.st_ino
            if key not in self._maps:
                # The map has a descriptor of its own, and this one is kept as well: to close it is what does the harm.
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                self._maps[key] = mmap.mmap(file, _HEAD, access=mmap.ACCESS_READ), file
            self._watchers[key] += 1
            return key, self._maps[key][0]

    def leave(self, key: tuple[int, int]) -> None:
        """Give a head back; all connections of its watcher have to be closed before."""
        with self._lock:
            self._watchers[key] -= 1
            if not self._watchers[key]:
                del self._watchers[key]
                index, file = self._maps.pop(key)
                index.close()
                os.close(file)


_HEADS = _Heads()


class Generations:
    """The changes that others commit, seen by one reader who was there from the beginning.

    Attributes:
        reads: How many times the database was asked; these statements are charged to no request.
    """

    def __init__(self, path: Path) -> None:
        """Begin with everything seen that is committed by now.

        Args:
            path: Of a database in WAL mode that this process holds open. Whoever else in this process has it open
                closes that before this is closed.

        Raises:
            DatabaseFileError: What is shared by those who have it open cannot be read.
        """
        self._connection = Connection(path, writable=False)
        self._seen = self._latest()
        place = path.resolve()
        try:
            self._key, self._index = _HEADS.watch(place.with_name(place.name + "-shm"))
        except OSError as error:
            self._connection.close()
            raise DatabaseFileError(
                f"{error.filename} cannot be read ({error.strerror}); put the database on a local disk"
            ) from None
        self._head = b""
        self.reads = 0

    def close(self) -> None:
        """Stop watching."""
        self._connection.close()
        _HEADS.leave(self._key)

    def changed(self) -> list[str]:
        """The tags that have become stale since the last call, by whomever; nearly always none.

        A database that cannot be read makes nothing stale, and is asked again the next time.
        """
        # Read before asking: what is committed in between is seen by the next call, at worst a second time.
        head = self._index[:]
        if head == self._head:
            return []
        self.reads += 1
        try:
            rows = self._connection.uncharged("SELECT tag, number FROM generation WHERE number > ?", (self._seen,))
        except apsw.Error:
            return []
        self._head = head
        self._seen = max((number for _, number in rows), default=self._seen)
        return [tag for tag, _ in rows]

    def _latest(self) -> int:
        ((number,),) = self._connection.uncharged("SELECT coalesce(max(number), 0) FROM generation")
        return int(number)
