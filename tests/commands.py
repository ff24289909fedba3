"""Every command that the documents show, wherever one stands: in a block, at a prompt, in a line of text."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^(\s*)(`{3,})(\w*)\s*$")
_PROGRAM = re.compile(r"^(?:\w+=\S+ )*[\w./-]+$")
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)((?:anp|make) .+?)(?<!`)\1(?!`)")
_ASSIGNMENT = re.compile(r"^[A-Z_]+=")
OF_THE_HOUSE: Final = ("anp", "make", "locust", "python")
"""Programs that a line without a prompt may begin with; anything else there is what a program printed."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it stands in a document.

    Attributes:
        page: The document, as seen from the checkout.
        line: Where it begins, from 1.
        text: All of it, lines joined, with neither prompt nor comment.
        is_inline: It stands in a line of text, where a name alone is a mention.
    """

    page: str
    line: int
    text: str
    is_inline: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        """Split as a shell would, what goes elsewhere left out, variables before it too."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split, lexer.commenters = True, ""
        words = itertools.takewhile(lambda word: not set(word) <= set("|&;<>"), lexer)
        return list(itertools.dropwhile(_ASSIGNMENT.match, words))

    @property
    def program(self) -> str:
        """Its first word without a folder: ``python`` for ``.venv/bin/python``."""
        return self.words[0].rpartition("/")[2]


def documents() -> list[Path]:
    """README, and every page of docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(document: Path) -> list[Command]:
    """The commands of one document, in order."""
    page = document.relative_to(ROOT).as_posix()
    return list(_commands(page, document.read_text(encoding="utf-8").splitlines()))


def _commands(page: str, lines: list[str]) -> Iterator[Command]:
    kind: str | None = None  # of the fenced block that the line is in
    position = 0
    while position < len(lines):
        start, line = position, lines[position]
        position += 1
        if fence := _FENCE.match(line):
            kind = fence[3] if kind is None else None
            continue
        is_code = kind is not None or line.startswith("    ")
        text = _command(line, kind) if is_code else None
        if text is None:
            if kind is None and not is_code:
                yield from (Command(page, start + 1, found, True) for _, found in _INLINE.findall(line))
            continue
        while text.endswith("\\") and position < len(lines):
            text = text[:-1].rstrip() + " " + lines[position].strip()
            position += 1
        yield Command(page, start + 1, _without_comment(text))


def _command(line: str, kind: str | None) -> str | None:
    stripped = line.strip()
    if stripped.startswith("$ "):
        return stripped[2:]
    if kind not in {None, "sh", "bash"}:
        return None
    words = [word for word in stripped.split() if not _ASSIGNMENT.match(word)]
    return stripped if words and (kind or Path(words[0]).name in OF_THE_HOUSE) and _PROGRAM.match(words[0]) else None


def _without_comment(text: str) -> str:
    """Without what explains it: after a ``#``, or after two spaces."""
    return re.split(r"\s+#\s|\s{2,}(?=\S)", text)[0].strip()
