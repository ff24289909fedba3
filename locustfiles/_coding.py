"""Content codings: a body as it came over the wire, back to what the server coded.

Nothing is decoded beyond a limit, so a small body that unpacks to gigabytes costs no more than the limit.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BOUND: Final = 67_108_864
"""Bytes a body may decode to where the caller sets no limit of its own: 64 MiB."""

_GZIP_MAGIC = b"\x1f\x8b"
_WINDOW: Mapping[int, int] = {
    zstd.DecompressionParameter.window_log_max: 23
}  # 8 MiB, the largest window RFC 9659 allows on the web


def decode(body: bytes, coding: bytes, limit: int = BOUND) -> bytes | None:
    """A body without its content coding.

    Args:
        body: As it came over the wire.
        coding: The value of ``Content-Encoding``; empty where there was none.
        limit: Bytes to decode at most; more than that are cut off.

    Returns:
        The first ``limit`` bytes of the decoded body. ``None`` where the coding is not known here, or the data is
        broken or ends too early for as many bytes.
    """
    if not coding:
        return body[:limit]
    decoder = _DECODERS.get(coding.strip().lower())
    if decoder is None:
        return None
    try:
        return decoder(body, limit) if limit > 0 else b""
    except (zlib.error, brotli.error, zstd.ZstdError):
        return None


def is_gzip(data: bytes) -> bool:
    """Whether data begins as a gzip file does."""
    return data.startswith(_GZIP_MAGIC)


def _identity(body: bytes, limit: int) -> bytes:
    return body[:limit]


def _gzip(body: bytes, limit: int) -> bytes | None:
    parts: list[bytes] = []
    room = limit
    while True:  # a gzip body may be several members one after the other
        member = zlib.decompressobj(wbits=31)
        parts.append(member.decompress(body, room))
        room -= len(parts[-1])
        if room == 0:
            return b"".join(parts)
        if not member.eof:
            return None
        body = member.unused_data
        if not is_gzip(body):
            return b"".join(parts)


def _deflate(body: bytes, limit: int) -> bytes | None:
    """The zlib format, as HTTP says, or bare deflate data, as some servers send."""
    try:
        return _inflate(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(body, limit, -zlib.MAX_WBITS)


def _inflate(body: bytes, limit: int, window: int) -> bytes | None:
    stream = zlib.decompressobj(wbits=window)
    page = stream.decompress(body, limit)
    return page if stream.eof or len(page) == limit else None


def _brotli(body: bytes, limit: int) -> bytes | None:
    stream = brotli.Decompressor()
    page: bytes = stream.process(body, output_buffer_limit=limit)
    while len(page) < limit and not stream.is_finished():
        more = stream.process(b"", output_buffer_limit=limit - len(page))
        if not more:
            return None
        page += more
    return page[:limit]


def _zstd(body: bytes, limit: int) -> bytes | None:
    page = b""
    while True:  # as with gzip, frames may follow each other
        frame = zstd.ZstdDecompressor(options=_WINDOW)
        page += frame.decompress(body, limit - len(page))
        if len(page) == limit:
            return page
        if not frame.eof:
            return None
        body = frame.unused_data
        if not body:
            return page


_DECODERS: Final[dict[bytes, Callable[[bytes, int], bytes | None]]] = {
    b"identity": _identity,
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _deflate,
    b"br": _brotli,
    b"zstd": _zstd,
}
