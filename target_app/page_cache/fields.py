"""Header fields as the cache reads them: directives, dates, ages and groups. Pure, and remembered where it pays.

What is a structured field is parsed as one; the older ones have their own grammar, which is read leniently where RFC
9111 says so and counts as *stale* where a number is none.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Iterable, Mapping
from email.utils import formatdate, parsedate
from functools import lru_cache
from types import MappingProxyType

import http_sf

Headers = list[tuple[bytes, bytes]]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NOT_IN_A_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OF_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})


class Fields(list[tuple[bytes, bytes]]):
    """Header fields that are sent with many answers."""

    __slots__ = ("_wire",)

    @property
    def wire(self) -> bytes | None:
        """Them as HTTP/1.1 has them, each line with its end; made when it is first asked for.

        None where they are not for sending as they are: a character in them could end a line, or they tell of the
        connection, which is the server's business.
        """
        try:
            return self._wire
        except AttributeError:
            self._wire: bytes | None = _lines(self)
            return self._wire

    @property
    def wire_bytes(self) -> int:
        """Bytes of ``wire``, at most."""
        return sum(len(name) + len(value) + 4 for name, value in self)


def _lines(fields: Headers) -> bytes | None:
    for name, value in fields:
        if _NAME.fullmatch(name) is None or name in _OF_THE_CONNECTION or _NOT_IN_A_VALUE.search(value):
            return None
    return b"".join([b"%b: %b\r\n" % field for field in fields])


LONGEST = 2**31
"""Most seconds that a delta may be (RFC 9111, section 1.2.2)."""

_DIRECTIVE = re.compile(
    rb"""\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?\s*(?:,|$)""", re.IGNORECASE
)


def combined(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """All lines of a field as one value, joined by commas; None where the field is absent. Names are in lower case."""
    values = [value for field, value in headers if field == name]
    return b", ".join(values) if values else None


@lru_cache(maxsize=1024)
def directives(value: bytes) -> Mapping[str, str | None]:
    """The directives of a ``Cache-Control``: lower-case name to argument, None where there is no argument.

    Of a directive that stands twice the first counts. What does not fit the grammar is passed over up to the next
    comma, so that one bad directive does not hide the others.
    """
    found: dict[str, str | None] = {}
    place = 0
    while place < len(value):
        match = _DIRECTIVE.match(value, place)
        if match is None:
            comma = value.find(b",", place)
            place = len(value) if comma < 0 else comma + 1
            continue
        name, quoted, plain = match.groups()
        argument = quoted if quoted is not None else plain
        found.setdefault(name.decode().lower(), None if argument is None else argument.decode("latin-1"))
        place = match.end()
    return MappingProxyType(found)


@lru_cache(maxsize=256)
def targeted(value: bytes) -> Mapping[str, str | None] | None:
    """The directives of a targeted field such as ``CDN-Cache-Control`` (RFC 9213).

    Returns:
        None where it is empty or no structured dictionary: such a field is as good as absent. An argument of another
        kind than the directive takes comes out as no number.
    """
    try:
        parsed = http_sf.parse(value, tltype="dictionary")
    except ValueError:
        return None
    if not isinstance(parsed, dict) or not parsed:
        return None
    found: dict[str, str | None] = {}
    for name, member in parsed.items():
        bare = member[0] if isinstance(member, tuple) else member
        if bare is False:
            continue
        found[str(name)] = None if bare is True else str(bare) if type(bare) is int else ""
    return MappingProxyType(found)


def delta_seconds(argument: str | None) -> int:
    """Seconds of a directive's argument, at most ``LONGEST``; what is no whole number counts as 0, which is stale."""
    if argument is None or not re.fullmatch(r"[0-9]+", argument):
        return 0
    digits = argument.lstrip("0") or "0"
    return LONGEST if len(digits) > len(str(LONGEST)) else min(int(digits), LONGEST)


def age_value(value: bytes) -> int | None:
    """Seconds of an ``Age``; None where it is no single whole number, so that nobody knows how old the response is."""
    return delta_seconds(value.decode("latin-1")) if re.fullmatch(rb"[0-9]+", value) else None


def http_date(seconds: float | None = None) -> bytes:
    """An HTTP date; None is now."""
    return _date(int(time.time() if seconds is None else seconds))


@lru_cache(maxsize=1024)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


_DATE = re.compile(
    rb"""(?x) \w{3},\ \d\d\ \w{3}\ \d{4}\ \d\d:\d\d:\d\d\ GMT     # the form to send
    | \w{6,9},\ \d\d-\w{3}-\d\d\ \d\d:\d\d:\d\d\ GMT              # RFC 850
    | \w{3}\ \w{3}\ [\ \d]\d\ \d\d:\d\d:\d\d\ \d{4}                # asctime
    """
)


@lru_cache(maxsize=1024)
def http_seconds(value: bytes) -> int | None:
    """Unix seconds of an HTTP date in any of its three forms (RFC 9110, section 5.6.7), None when it is none."""
    value = value.strip()
    if not _DATE.fullmatch(value):
        return None
    parts = parsedate(value.decode("ascii"))
    try:
        return None if parts is None else timegm(parts)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _strings(value: bytes) -> frozenset[str]:
    try:
        members = http_sf.parse(value, tltype="list")
    except ValueError:
        return frozenset()
    assert isinstance(members, list)
    return frozenset(m[0] for m in members if isinstance(m, tuple) and isinstance(m[0], str))


def groups(headers: Headers, name: bytes) -> frozenset[str]:
    """The strings of ``Cache-Groups`` or ``Cache-Group-Invalidation`` (RFC 9875); an unreadable field names none."""
    value = combined(headers, name)
    return frozenset() if value is None else _strings(value)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether ``Accept-Encoding`` allows gzip: named or by ``*``, with a weight above zero."""
    weights: dict[bytes, float] = {}
    for part in accept_encoding.lower().split(b","):
        coding, *parameters = (piece.strip() for piece in part.split(b";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith(b"q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[coding] = weight
    return weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", 0.0))) > 0
