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
    """The format of articles that are text each by itself, and follow each other in one file.

    Attributes:
        head: What the file begins with.
        between: What stands between two articles, in a file that is more than its articles.
        end: What stands after every article, in one that is not: files of neighbouring articles follow each other too.
        tail: What the file ends with.
    """

    render: Callable[[Article], str]
    head: str = ""
    between: str = ""
    end: str = ""
    tail: str = ""

    def make(self, articles: Iterable[Article]) -> bytes:
        """Return the articles, one after the other."""
        return self.between.join([self.render(article) + self.end for article in articles]).encode()

    def around(self, made: bytes, *, is_first: bool, is_last: bool) -> bytes:
        """Return what was made of some articles with what stands before them in the file and, at its end, after."""
        before = self.head if is_first else self.between
        after = self.tail if is_last else ""
        return b"".join((before.encode(), made, after.encode())) if before or after else made
