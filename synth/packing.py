"""Files that are packed: written in members as the end of their name says, read by what they begin with."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MEMBER = 1 << 20
"""About so many bytes are packed together, and can be read without those before them."""


def _gzip(data: bytes) -> bytes:
    # No name and no time in the header, so that equal corpora give equal bytes.
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as stream:
        stream.write(data)
    return packed.getvalue()


PACKED: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType({".gz": _gzip, ".zst": zstd.compress})
"""How files are packed, by the end of their names."""


class Members(io.RawIOBase):
    """A stream that is packed in members, each whole by itself, one after the other; readers take them for one."""

    def __init__(self, stream: BinaryIO, pack: Callable[[bytes], bytes]) -> None:
        self._stream = stream
        self._pack = pack
        self._waiting: list[bytes] = []
        self._length = 0
        self._is_empty = True

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, data: Any) -> int:
        """Take some bytes; a member ends only behind a piece that was written at once."""
        self._waiting.append(bytes(data))
        self._length += len(data)
        if self._length >= _MEMBER:
            self._end_member()
        return len(data)

    def flush(self) -> None:
        """End the last member; a file of nothing has one as well."""
        if self._length or self._is_empty:
            self._end_member()

    def _end_member(self) -> None:
        self._stream.write(self._pack(b"".join(self._waiting)))
        self._waiting.clear()
        self._length = 0
        self._is_empty = False


def packed(path: Path, stream: BinaryIO) -> BinaryIO:
    """Return a stream that packs what is written as the name of its file says; to be flushed at the end."""
    return cast(BinaryIO, Members(stream, PACKED[path.suffix])) if path.suffix in PACKED else stream


def unpacked(path: Path) -> io.BufferedIOBase:
    """Open a file, whatever it is packed as and however it is called.

    Raises:
        OSError: It cannot be opened. Reading raises one of ``BROKEN`` where it is not what it begins as.
    """
    with path.open("rb") as stream:
        begun = stream.read(4)
    if begun.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    if begun == b"\x28\xb5\x2f\xfd":
        return cast(io.BufferedIOBase, zstd.open(path))
    return path.open("rb")


BROKEN = (OSError, EOFError, zlib.error, zstd.ZstdError)
"""What is raised when a file cannot be read to its end."""
