"""Files that are being written: packed as their name says, and, where that is wanted, gone on with after a stop."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
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


class _Members(io.RawIOBase):
    """A stream that is packed in members, each whole by itself, one after the other; readers take them for one."""

    def __init__(self, stream: BinaryIO, pack: Callable[[bytes], bytes]) -> None:
        self._stream = stream
        self._pack = pack
        self._waiting: list[bytes] = []
        self._length = 0
        self._is_empty = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting.append(bytes(data))
        self._length += len(data)
        if self._length >= _MEMBER:
            self._end_member()
        return len(data)

    @property
    def is_whole(self) -> bool:
        """Whether all that was written is in the stream below."""
        return not self._length

    def flush(self) -> None:
        """End the last member; a file of nothing has one as well."""
        if self._length or self._is_empty:
            self._end_member()

    def _end_member(self) -> None:
        self._stream.write(self._pack(b"".join(self._waiting)))
        self._waiting.clear()
        self._length = 0
        self._is_empty = False


class _Plain(io.RawIOBase):
    """A stream as it is."""

    is_whole = True

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._stream.write(data)


def packed(path: Path, stream: BinaryIO) -> BinaryIO:
    """Return a stream that packs what is written as the name of its file says; to be flushed at the end."""
    return cast(BinaryIO, _packed(path, stream))


def _packed(path: Path, stream: BinaryIO) -> _Members | _Plain:
    return _Members(stream, PACKED[path.suffix]) if path.suffix in PACKED else _Plain(stream)


class Unfinished:
    """A file that is written piece by piece beside its final name, and gone on with when it was stopped.

    Beside it lies a note: for what it is, and how far it is whole. What does not fit the note is begun anew.

    Attributes:
        articles: That were there when it was opened.
        size: Bytes written since, before they are packed.
    """

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        """Name the file, and what makes another one another one."""
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")
        self._identity = dict(identity)
        self.articles = self.size = 0

    def __enter__(self) -> Unfinished:
        self.articles, length = self._kept()
        self._file = self._part.open("r+b" if length else "wb")
        self._file.truncate(length)
        self._file.seek(length)
        self._stream = _packed(self._path, self._file)
        return self

    def write(self, data: bytes, articles: int) -> None:
        """Write a piece, up to the end of so many articles."""
        self._stream.write(data)
        self.size += len(data)
        if self._stream.is_whole:
            self._file.flush()
            self._put_down({**self._identity, "articles": articles, "bytes": self._file.tell()})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._stream.flush()
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
        if kind is None:
            self._part.chmod(0o666 & ~umask())
            self._part.replace(self._path)
            self._note.unlink(missing_ok=True)

    def _kept(self) -> tuple[int, int]:
        """(articles, bytes) that are there and fit."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            fits = {name: note[name] for name in self._identity} == self._identity
            articles, length = int(note["articles"]), int(note["bytes"])
            if fits and self._part.stat().st_size >= length:
                return articles, length
        except (OSError, ValueError, LookupError, TypeError):
            pass
        return 0, 0

    def _put_down(self, note: Mapping[str, object]) -> None:
        beside = self._note.with_name(f"{self._note.name}.new")
        beside.write_text(json.dumps(note), encoding="utf-8")
        beside.replace(self._note)


def umask() -> int:
    """Return which permissions new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
