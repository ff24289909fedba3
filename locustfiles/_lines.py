"""Lines of a text file, whether it is compressed or not, one at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from locustfiles._coding import is_gzip
from locustfiles._errors import SwarmError

_LONGEST = 65_536


def lines(path: Path) -> Iterator[str]:
    """The lines of a file without their ends, unpacked where the file begins as gzip does.

    Bytes that are not UTF-8 come as lone surrogates, as ``surrogateescape`` makes them. A line of more than 64 KiB
    comes in pieces.

    Raises:
        SwarmError: The file cannot be read or unpacked.
    """
    try:
        with path.open("rb") as plain:
            packed = is_gzip(plain.peek(2))
            source = gzip.GzipFile(fileobj=plain) if packed else plain
            first = True
            while line := source.readline(_LONGEST):
                text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
                yield text.removeprefix("\ufeff") if first else text
                first = False
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SwarmError(f"{path} begins as gzip but cannot be unpacked ({error}); is it whole?") from None
    except OSError as error:
        raise SwarmError(f"{path} cannot be read ({error.strerror}); check the name") from None
