"""Files that are written piece by piece, and gone on with after a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType


class Unfinished:
    """A file that comes into being beside its final name, piece by piece, and takes that when it is whole.

    One that can be gone on with has a note beside it when it is stopped: for what it is, and how far it is whole. What
    does not fit the note is begun anew. Another leaves nothing.

    Attributes:
        part: Where it lies until it is whole.
        articles: That were there when it was opened.
        length: In bytes, up to the end of those.
    """

    def __init__(self, path: Path, identity: Mapping[str, str] | None) -> None:
        """Name the file, and what makes another one another one; None: it is not to be gone on with."""
        self._path = path
        self._identity = identity
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
            self.articles, self.length = self._kept(self._identity)
            with self.part.open("r+b" if self.length else "wb") as file:
                file.truncate(self.length)
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
        if kind is None:
            with self.part.open("r+b") as file:
                os.fsync(file.fileno())
            self.part.chmod(0o666 & ~umask())
            self.part.replace(self._path)
            self._note.unlink(missing_ok=True)
        elif self._identity is None:
            self.part.unlink(missing_ok=True)

    def _kept(self, identity: Mapping[str, str]) -> tuple[int, int]:
        """(articles, bytes) that are there and fit."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            fits = {name: note[name] for name in identity} == identity
            articles, length = int(note["articles"]), int(note["bytes"])
            if fits and self.part.stat().st_size >= length:
                return articles, length
        except (OSError, ValueError, LookupError, TypeError):
            pass
        return 0, 0


def umask() -> int:
    """Return which permissions new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
