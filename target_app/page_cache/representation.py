"""A response as finished bytes: plain and gzip form, their validators, and the choice among them and 304."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from target_app.page_cache.policy import Headers, Request, accepts_gzip

GZIP_LEVEL = 6
_SMALLEST_WORTH_COMPRESSING = 512
_COMPRESSIBLE = re.compile(rb"(?i)(text/|application/(json|problem\+json|xml|rss\+xml|javascript)|image/svg\+xml)")
_NOT_IN_304 = frozenset({b"content-length", b"content-type", b"content-encoding", b"last-modified"})
_ENTITY_TAG = re.compile(rb'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Form:
    """One coding of a representation: the headers to send with it, those of its 304, its strong tag and its bytes."""

    headers: Headers
    headers_304: Headers
    etag: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Representation:
    """A complete response.

    Attributes:
        gzip: None when the content is not worth compressing, or when it is to be compressed for each request.
        compressible: Whether a gzip form may be made.
        last_modified: Unix seconds, None when the application did not say.
    """

    status: int
    headers: Headers
    plain: Form
    gzip: Form | None
    compressible: bool
    last_modified: int | None

    @property
    def size(self) -> int:
        """Bytes of memory this takes, roughly: bodies and what is around them."""
        return 2_000 + len(self.plain.body) + (len(self.gzip.body) if self.gzip else 0)


def represent(status: int, headers: Headers, body: bytes, *, validators: bool, compression: bool) -> Representation:
    """Finish a response of the application.

    Args:
        status: HTTP status.
        headers: As the application sent them, with lower-case names.
        body: All of it.
        validators: Whether to give it an entity tag; private pages go without.
        compression: Whether a gzip form may ever be made of it.
    """
    kept = [(name, value) for name, value in headers if name not in {b"content-length", b"date"}]
    kept.append((b"date", http_date()))
    fields = dict(kept)
    compressible = (
        compression
        and len(body) >= _SMALLEST_WORTH_COMPRESSING
        and b"content-encoding" not in fields
        and _COMPRESSIBLE.match(fields.get(b"content-type", b"")) is not None
    )
    if compressible:
        kept.append((b"vary", b"Accept-Encoding"))
    tag = hashlib.blake2b(body, digest_size=12).hexdigest().encode() if validators and status == 200 else b""
    last_modified = fields.get(b"last-modified")
    return Representation(
        status,
        kept,
        _form(kept, body, tag),
        None,
        compressible,
        http_seconds(last_modified) if last_modified else None,
    )


def with_gzip(representation: Representation) -> Representation:
    """The same with its gzip form made, if it is worth having."""
    if not representation.compressible or representation.gzip is not None:
        return representation
    return Representation(
        representation.status,
        representation.headers,
        representation.plain,
        _gzip_form(representation),
        compressible=True,
        last_modified=representation.last_modified,
    )


def choose(representation: Representation, request: Request) -> tuple[int, Headers, bytes]:
    """The answer to one request: status, headers (shared: copy before adding) and body.

    The coding is negotiated first, then ``If-None-Match`` decides, and ``If-Modified-Since`` only where there is none.
    """
    form = representation.plain
    if representation.compressible and accepts_gzip(request.accept_encoding):
        form = representation.gzip or _gzip_form(representation)
    if representation.status == 200 and _unchanged(representation, form, request):
        return 304, form.headers_304, b""
    return representation.status, form.headers, b"" if request.method == "HEAD" else form.body


def _unchanged(representation: Representation, form: Form, request: Request) -> bool:
    if not form.etag:
        return False
    if request.if_none_match:
        if request.if_none_match.strip() == b"*":
            return True
        return form.etag in _ENTITY_TAG.findall(request.if_none_match)
    if request.if_modified_since and representation.last_modified is not None:
        since = http_seconds(request.if_modified_since)
        return since is not None and representation.last_modified <= since
    return False


def _form(headers: Headers, body: bytes, tag: bytes) -> Form:
    etag = b'"' + tag + b'"' if tag else b""
    tagged = [*headers, (b"etag", etag)] if etag else headers
    return Form(
        [*tagged, (b"content-length", str(len(body)).encode())],
        [field for field in tagged if field[0] not in _NOT_IN_304],
        etag,
        body,
    )


def _gzip_form(representation: Representation) -> Form:
    # Window bits 31: a gzip wrapper whose time field is zero, so that equal pages are equal bytes.
    body = zlib.compress(representation.plain.body, GZIP_LEVEL, 31)
    tag = representation.plain.etag.strip(b'"')
    return _form([*representation.headers, (b"content-encoding", b"gzip")], body, tag + b"-gz" if tag else b"")


def http_date(seconds: float | None = None) -> bytes:
    """An HTTP date; None is now."""
    return formatdate(seconds, usegmt=True).encode()


@lru_cache(maxsize=1024)
def http_seconds(value: bytes) -> int | None:
    """Unix seconds of an HTTP date, None when it is not one."""
    try:
        return int(parsedate_to_datetime(value.decode("latin-1")).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
