"""Files that are written piece by piece, and gone on with after a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from synth.packing import packed


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
        self._stream = packed(self._path, self._file)
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
