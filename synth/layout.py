"""What a format is: what it makes of a few articles, in any process, and how it puts that together in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from synth.corpus import Corpus
from synth.model import Article


class Files(Protocol):
    """The files of one export, opened one after the other; most formats open one."""

    @property
    def shard_size(self) -> int:
        """How many bytes a file should have at most, of a format that goes on in another; 0 is any number."""

    @property
    def folder(self) -> str | None:
        """Where there is room for what has to wait on disk; None is wherever temporary files go."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Begin the next file."""


class Format(Protocol):
    """A way to write articles down."""

    def make(self, articles: Iterable[Article]) -> Any:
        """Make of a few articles whatever `write` takes; called in any process, so it can be pickled."""

    def write(self, parts: Iterable[Any], corpus: Corpus, files: Files) -> None:
        """Write what was made, which comes in order of id, with memory that does not grow with it."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The format of articles that are text each by itself, and follow each other in one file."""

    render: Callable[[Article], str]
    head: str = ""
    between: str = ""
    tail: str = ""

    def make(self, articles: Iterable[Article]) -> bytes:
        """Return the articles, one after the other."""
        return self.between.join(map(self.render, articles)).encode()

    def write(self, parts: Iterable[bytes], corpus: Corpus, files: Files) -> None:
        """Write one file."""
        with files.open() as stream:
            stream.write(self.head.encode())
            before = b""
            for part in parts:
                stream.write(before + part)
                before = self.between.encode()
            stream.write(self.tail.encode())
