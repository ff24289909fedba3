"""What has become stale, as every process that serves the file learns it: generations of tags.

A change writes, in its own transaction, which tags it has made stale (``Desk.outdate``). Whoever keeps pages asks here
before it sends or keeps one. Asking must cost a hit next to nothing, so it looks at the head of SQLite's WAL index,
which all processes that have the file open share as memory, and which is another one after every commit: only then is
there anything to read.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import apsw

from target_app.database.connection import Connection

_HEAD = 48
"""Bytes of the WAL index that a commit writes: the first of its two headers (SQLite's "WAL-mode file format")."""


class Generations:
    """The changes that others commit, seen by one reader who was there from the beginning.

    Attributes:
        reads: How many times the database was asked; these statements are charged to no request.
    """

    def __init__(self, path: Path) -> None:
        """Begin with everything seen that is committed by now.

        Args:
            path: Of a database in WAL mode that this process holds open.
        """
        self._connection = Connection(path, writable=False)
        self._seen = self._latest()
        with path.with_name(path.name + "-shm").open("rb") as file:
            self._index = mmap.mmap(file.fileno(), _HEAD, access=mmap.ACCESS_READ)
        self._head = b""
        self.reads = 0

    def close(self) -> None:
        """Stop watching."""
        self._index.close()
        self._connection.close()

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
