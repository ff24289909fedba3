"""The source of every decision: integers drawn from a key, the same on every machine and for ever.

A draw is a function of its key alone. The key names the profile, its version, the seed, the article and the
field, so that a field added later changes no other, and article 10**9 costs what article 0 costs. The bytes
come from SHAKE-128 (FIPS 202): as long a stream as asked for, and a longer one begins with the shorter.
Ranges are reduced by multiply and shift; there are no floats, no clock, no `random`, and nothing that a
library release could change.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import shake_128
from typing import TypeVar

CELLS = 256
"""How many cells a table has that a byte of `Draws.stream` picks from."""

_Item = TypeVar("_Item")


class Draws:
    """The draws of one article, or of any other thing that has a key."""

    __slots__ = ("_key",)

    def __init__(self, *key: str | int) -> None:
        self._key = "/".join(map(str, key)) + "/"

    def _bytes(self, field: str, count: int) -> bytes:
        return shake_128((self._key + field).encode()).digest(count)

    def u64(self, field: str) -> int:
        """Return an integer from 0 to 2**64 - 1."""
        return int.from_bytes(self._bytes(field, 8), "little")

    def below(self, field: str, bound: int) -> int:
        """Return an integer from 0 to ``bound - 1``."""
        return self.u64(field) * bound >> 64

    def between(self, field: str, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``, both included."""
        return low + self.below(field, high - low + 1)

    def choice(self, field: str, items: Sequence[_Item]) -> _Item:
        """Return one of ``items``, all equally likely."""
        return items[self.below(field, len(items))]

    def shuffled(self, field: str, items: Sequence[_Item]) -> list[_Item]:
        """Return ``items`` in a uniformly random order."""
        order = list(items)
        words = struct.unpack(f"<{len(order)}Q", self._bytes(field, 8 * len(order)))
        for last in range(len(order) - 1, 0, -1):
            other = words[last] * (last + 1) >> 64
            order[last], order[other] = order[other], order[last]
        return order

    def stream(self, field: str, count: int) -> bytes:
        """Return ``count`` bytes, each an index into a table of ``CELLS`` entries.

        What is read from a fixed place of a stream stays what it is when more is read behind it.
        """
        return self._bytes(field, count)
