"""Files that are written piece by piece, and gone on with after a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import BinaryIO

from synth.errors import ExportError


class Unfinished:
    """A file that comes into being beside its final name, piece by piece, and takes that when it is whole.

    One that can be gone on with has a note beside it when it is stopped: for what it is, and how far it is whole. What
    does not fit the note is begun anew. Another leaves nothing.

    Attributes:
        part: Where it lies until it is whole.
        articles: That were there when it was opened.
        length: In bytes, up to the end of those.
    """

    def __init__(self, path: Path, identity: Mapping[str, str] | None, count: int) -> None:
        """Begin with nothing.

        Args:
            path: Its final name.
            identity: What makes another one another one; None: it is not to be gone on with.
            count: How many articles it is to have.
        """
        self._path = path
        self._identity = identity
        self._count = count
        self._file: BinaryIO | None = None
        self._note = path.with_name(f"{path.name}.part.json")
        self.part = path.with_name(f"{path.name}.part")
        self.articles = self.length = 0

    def __enter__(self) -> Unfinished:
        if self._identity is None:
            with NamedTemporaryFile(
                dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".part", delete=False
            ) as file:
                self.part = Path(file.name)
        else:
            self._file = self._locked()
            self.articles, self.length = self._kept(self._identity)
            self._file.truncate(self.length)
        return self

    def reached(self, articles: int, length: int) -> None:
        """Put down that it is whole up to the end of so many articles, which is after so many bytes."""
        if self._identity is not None:
            beside = self._note.with_name(f"{self._note.name}.new")
            note = {**self._identity, "articles": articles, "bytes": length}
            beside.write_text(json.dumps(note), encoding="utf-8")
            beside.replace(self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(is_whole=kind is None)
        finally:
            if self._file:
                self._file.close()

    def _end(self, *, is_whole: bool) -> None:
        if is_whole:
            with self.part.open("r+b") as file:
                os.fsync(file.fileno())
            self.part.chmod(0o666 & ~umask())
            self.part.replace(self._path)
            self._note.unlink(missing_ok=True)
        elif self._identity is None:
            self.part.unlink(missing_ok=True)

    def _locked(self) -> BinaryIO:
        """Open the part, which nobody else may have open for as long as this process has it.

        Raises:
            ExportError: Somebody has.
        """
        while True:
            # Not through a link, which leads to what was never meant.
            file = os.fdopen(os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+b")
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                file.close()
                remedy = "let it end, or name another file"
                raise ExportError(
                    f"cannot write {self._path}: another process is writing {self.part}, so {remedy}"
                ) from None
            if self.part.exists() and os.path.samestat(os.fstat(file.fileno()), self.part.stat()):
                return file
            file.close()  # it was finished, and has its final name, since it was opened

    def _kept(self, identity: Mapping[str, str]) -> tuple[int, int]:
        """(articles, bytes) that are there and fit."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            fits = {name: note[name] for name in identity} == identity
            articles, length = int(note["articles"]), int(note["bytes"])
            if fits and 0 <= articles <= self._count and 0 <= length <= self.part.stat().st_size:
                return articles, length
        except (OSError, ValueError, LookupError, TypeError, OverflowError):
            pass
        return 0, 0


def umask() -> int:
    """Return which permissions new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
