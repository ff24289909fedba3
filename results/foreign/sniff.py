"""From a file to a session: the reader is chosen by what is in the file, never by its name."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import ModuleType
from typing import Final

from results.foreign import (
    artillery,
    autocannon,
    fortio,
    goose,
    hdr,
    hey,
    jmeter,
    k6,
    locust,
    nighthawk,
    oha,
    siege,
    vegeta,
    wrk,
)
from results.foreign.errors import BadFigure, CutOff, ForeignError, UnknownFormat
from results.foreign.model import Session
from results.foreign.source import Source

_JSON: Final = re.compile(r"""\s*(\{\s*["}]|\[\s*[\[{"\]])""")

_COMPARISON: Final = re.compile(rb"""\s*\{\s*"format":\s*\d+,\s*"kind":\s*"\w+",\s*"grade":""")
_BEGINNING: Final = 200  # bytes of a file that tell a comparison

_MOST: Final = 2**53  # requests: above it a float does not count by ones

READERS: Final[tuple[ModuleType, ...]] = (
    locust,
    k6,
    jmeter,
    vegeta,
    oha,
    wrk,
    hey,
    hdr,
    goose,
    artillery,
    fortio,
    autocannon,
    nighthawk,
    siege,
)
"""Each has ``matches(source)`` and ``read(source)``; at most one of them knows a file."""

KNOWN: Final = (
    "locust, k6, JMeter, vegeta, oha, wrk, wrk2, hey, HdrHistogram, Goose, Artillery, Fortio, autocannon, Nighthawk "
    "and Siege"
)


def read(path: Path) -> Session:
    """The session that a file holds; a file packed with gzip is unpacked.

    Raises:
        ForeignError: It is empty, cut off, of no known format, or holds a figure that cannot be.
    """
    return read_source(Source.open(path))


def read_source(source: Source) -> Session:
    """The session of a file that has been opened.

    Raises:
        ForeignError: As ``read``.
    """
    for reader in READERS:
        if reader.matches(source):
            return _sound(source, reader)
    if _JSON.match(source.head) and source.document is None and source.row is None:
        raise CutOff(source.name, "it begins as JSON and does not end as JSON")
    raise UnknownFormat(f"{source.name} is of no format that is read; known are the result files of {KNOWN}")


def is_comparison(path: Path) -> bool:
    """Whether this is a ``compare.json`` of this program, or a folder with one in it."""
    try:
        with (path / "compare.json" if path.is_dir() else path).open("rb") as file:
            return _COMPARISON.match(file.read(_BEGINNING)) is not None
    except OSError:
        return False


def _sound(source: Source, reader: ModuleType) -> Session:
    """The session of a file, none of whose figures is beyond what can be computed with."""
    try:
        session: Session = reader.read(source)
    except (ValueError, ArithmeticError, csv.Error) as error:  # such as thousands of digits in a row
        raise CutOff(source.name, "it holds a figure or a field far beyond any that a tool writes") from error
    if any(max(series.requests or 0, abs(series.failed)) > _MOST for series in session.series):
        raise BadFigure(source.name, "it counts more requests than any tool can send")
    return session


def read_side(path: Path) -> tuple[Session, ...]:
    """The sessions of one side: of a file, or of each file in a folder, by name.

    Of the files that one run of locust leaves, the lists of failures and exceptions are passed over, and so is the
    history beside a file of statistics. Hidden files are no results.

    Raises:
        ForeignError: As ``read``, or the folder holds no result.
    """
    if not path.is_dir():
        return (read(path),)
    try:
        files = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
    except OSError as error:
        raise ForeignError(f"cannot read the folder {path}: {error.strerror}. Name one that can be read") from error
    sources = [Source.open(each, name=f"{path.name}/{each.name}") for each in files]
    has_statistics = any(locust.is_statistics(source) for source in sources)
    chosen = [
        source
        for source in sources
        if not locust.is_companion(source) and not (has_statistics and locust.is_history(source))
    ]
    if not chosen:
        raise ForeignError(f"the folder {path} holds no result file; name one that does")
    return tuple(read_source(source) for source in chosen)
