"""A file as the readers see it: its whole content, unpacked, with the first looks that tell one format from another."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NoReturn

from results.foreign.errors import BadFigure, CutOff, EmptyFile, ForeignError

_GZIP: Final = b"\x1f\x8b"
_HEAD: Final = 65_536
_PIECE: Final = 1 << 20
_BLANKS: Final = b"\0 \t\r\n"

NO_JSON: Final = (ValueError, RecursionError)
"""What the parser raises at damaged JSON: also at thousands of digits in a row, and at brackets in brackets."""


class Source:
    """The content of one file, unpacked if it was packed with gzip.

    Attributes:
        name: Of the file, for messages.
        data: Its content without a byte order mark.
        is_cut: Whether packed content ended early.
    """

    def __init__(self, name: str, data: bytes, *, is_cut: bool = False) -> None:
        self.name = name
        self.data = data.removeprefix(b"\xef\xbb\xbf")
        self.is_cut = is_cut

    @classmethod
    def open(cls, path: Path, name: str | None = None) -> Source:
        """Read a file; ``name`` is what messages call it, its own by default.

        Raises:
            ForeignError: It cannot be read.
            EmptyFile: There is nothing in it.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ForeignError(f"cannot read {path}: {error.strerror}. Name a file that exists") from error
        is_cut = False
        name = name or path.name
        if data.startswith(_GZIP):
            data, is_cut = _unpack(name, data)
        if not data.strip(_BLANKS + b"\xef\xbb\xbf"):
            raise EmptyFile(name)
        return cls(name, data, is_cut=is_cut)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the unpacked content without blanks and line ends: one more of these makes no other session."""
        made = hashlib.sha256()
        for begin in range(0, len(self.data), _PIECE):
            made.update(self.data[begin : begin + _PIECE].translate(None, _BLANKS))
        return made.hexdigest()

    @cached_property
    def text(self) -> str:
        """The whole content as text.

        Raises:
            ForeignError: It is not UTF-8.
        """
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ForeignError(
                f"{self.name} is not text in UTF-8 (byte {error.start:,}); give the file as the tool wrote it"
            ) from error

    @cached_property
    def head(self) -> str:
        """The first 64 KiB as text, whatever they are."""
        return self.data[:_HEAD].decode("utf-8", "replace")

    @cached_property
    def first_line(self) -> str:
        """The first line that is not blank, without its end."""
        return next((line.strip() for line in self.head.splitlines() if line.strip()), "")

    @cached_property
    def document(self) -> Any:
        """The content as one JSON document; ``None`` where it is none."""
        if self.data.lstrip()[:1] not in {b"{", b"["}:
            return None
        try:
            return json.loads(self.data, parse_constant=self._refuse_constant)
        except NO_JSON:
            return None

    @cached_property
    def row(self) -> dict[str, Any] | None:
        """The first line as a JSON object, as in files of one object a line; ``None`` where it is none."""
        try:
            found = json.loads(self.first_line, parse_constant=self._refuse_constant)
        except NO_JSON:
            return None
        return found if isinstance(found, dict) else None

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of the JSON document, where it is an object."""
        return frozenset(self.document) if isinstance(self.document, dict) else frozenset()

    def whole_lines(self) -> tuple[bytes, bool]:
        """The content up to its last line end, and whether something followed it or packed content ended early."""
        end = self.data.rfind(b"\n") + 1
        rest = self.data[end:].strip(b"\0 \t\r")
        return self.data[:end], bool(rest) or self.is_cut

    def refuse_cut(self) -> None:
        """Refuse packed content that ended early, for formats that cannot tell what is missing.

        Raises:
            CutOff: It did.
        """
        if self.is_cut:
            raise CutOff(self.name, "its gzip data ends early")

    def _refuse_constant(self, word: str) -> NoReturn:
        raise BadFigure(self.name, f"it holds the figure {word}, which is no measurement")


def number(source: Source, where: str, value: object, *, scale: float = 1.0) -> float:
    """A figure of a JSON document, times ``scale``.

    Raises:
        BadFigure: It is missing, not a number, not finite or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadFigure(source.name, f"{where} is {_shown(value)}, not a number")
    if not math.isfinite(value) or value < 0:
        raise BadFigure(source.name, f"{where} is {value!r}, which no measurement can be")
    return float(value) * scale


def whole(source: Source, where: str, value: object) -> int:
    """A count of a JSON document, in digits or as a string of digits, as some writers of 64 bits do.

    Raises:
        BadFigure: It is not a whole number from zero on.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    found = number(source, where, value)
    if found != int(found):
        raise BadFigure(source.name, f"{where} is {value!r}, not a whole number")
    return int(found)


def table(source: Source, where: str, value: object) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadFigure: It is none.
    """
    if not isinstance(value, dict):
        raise BadFigure(source.name, f"{where} is {_shown(value)}, not an object")
    return value


def items(source: Source, where: str, value: object) -> list[Any]:
    """A JSON array.

    Raises:
        BadFigure: It is none.
    """
    if not isinstance(value, list):
        raise BadFigure(source.name, f"{where} is {_shown(value)}, not a list")
    return value


def ascending(source: Source, quantiles: dict[float, float], slack: float = 0.0) -> dict[float, float]:
    """Quantiles as they are, once they rise with their fraction as quantiles do.

    Raises:
        BadFigure: One is below an earlier one by more than ``slack`` of it: damaged, or units are mixed.
    """
    ordered = sorted(quantiles.items())
    for (p, value), (q, following) in pairwise(ordered):
        if following < value * (1 - slack):
            raise BadFigure(
                source.name,
                f"p{100 * q:g} is {following:g} ms, below a p{100 * p:g} of {value:g} ms",
                "Its units are mixed or it is damaged; give the file as the tool wrote it",
            )
    return dict(ordered)


def moment(value: object, *, scale: float = 1.0) -> datetime | None:
    """A point of time from ISO 8601 text, or from a number of seconds over ``scale`` since 1970; else ``None``."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / scale, UTC)
        return datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:40]


def _unpack(name: str, data: bytes) -> tuple[bytes, bool]:
    """The content of gzip data, as much of it as there is, and whether it ended early."""
    out: list[bytes] = []
    rest = data
    while rest.startswith(_GZIP):
        machine = zlib.decompressobj(wbits=31)
        try:
            out.append(machine.decompress(rest))
        except zlib.error as error:
            raise CutOff(name, f"its gzip data cannot be unpacked ({error})") from error
        if not machine.eof:
            return b"".join(out), True
        rest = machine.unused_data
    return b"".join(out), False
