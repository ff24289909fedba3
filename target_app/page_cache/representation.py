"""A response as finished bytes: plain and gzip form, their validators, and the choice among them, 304 and 206."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass, replace

from target_app.page_cache.fields import Fields, Headers, accepts_gzip, http_date, http_seconds
from target_app.page_cache.policy import Request

GZIP_LEVEL = 6
_SMALLEST_WORTH_COMPRESSING = 512
_COMPRESSIBLE = re.compile(rb"(?i)(text/|application/(json|xml|javascript)|[a-z]+/[\w.-]+\+(json|xml))")
_NOT_IN_304 = frozenset(
    {b"content-length", b"content-type", b"content-encoding", b"content-language", b"content-range"}
)
_OF_THE_BODY = frozenset(
    {b"content-length", b"content-encoding", b"content-range", b"etag"}
    | {b"content-md5", b"content-digest", b"repr-digest", b"digest"}
)
"""Fields that tell of the stored bytes; a 304 does not change those."""
_ENTITY_TAG = re.compile(rb'(?:W/)?("[^"]*")')
_RANGE = re.compile(rb"(?i)bytes\s*=\s*(\d*)-(\d*)\s*")
_BY_CODING = (b"vary", b"Accept-Encoding")
"""What is added to a page that has a form for each coding."""
_READS = frozenset({"GET", "HEAD"})
_BODILESS = frozenset({204, 304})
_FIELD_BYTES, _FORM_BYTES = 130, 450
"""What Python needs for a field (a tuple, two strings of bytes, its place in a list) and for a form with its fields of
its own, as measured; a test holds the sums to what is really allocated."""


@dataclass(frozen=True, slots=True)
class Form:
    """One coding of a representation: the headers to send with it, those of its 304, its entity tag and its bytes."""

    headers: Fields
    headers_304: Fields
    etag: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Representation:
    """A complete response.

    Attributes:
        headers: Of all forms; without length and entity tag.
        gzip: None when the content is not worth compressing, or when it is to be compressed for each request.
        compressible: Whether a gzip form may be made.
        last_modified: Unix seconds, None when the application did not say.
        dated: Its ``Date`` in Unix seconds.
    """

    status: int
    headers: Headers
    plain: Form
    gzip: Form | None
    compressible: bool
    last_modified: int | None
    dated: int | None

    @property
    def size(self) -> int:
        """Bytes of memory that this takes: bodies and fields, and what Python needs around them."""
        fields = sum(_FIELD_BYTES + len(name) + len(value) for name, value in self.headers)
        forms = (self.plain,) if self.gzip is None else (self.plain, self.gzip)
        return fields + sum(_form_bytes(form) for form in forms)


def _form_bytes(form: Form) -> int:
    fields = form.headers.wire_bytes + form.headers_304.wire_bytes + 16 * len(form.headers)
    return _FORM_BYTES + len(form.body) + fields


def represent(status: int, headers: Headers, body: bytes, *, validators: bool, compression: bool) -> Representation:
    """Finish a response of the application.

    Args:
        status: HTTP status.
        headers: As the application sent them, with lower-case names; a missing ``Date`` is added.
        body: All of it.
        validators: Whether to give it an entity tag where it has none; private pages go without.
        compression: Whether a gzip form may ever be made of it.
    """
    fields = dict(headers)
    kept = [field for field in headers if field[0] not in {b"content-length", b"etag"}]
    if b"date" not in fields:
        kept.append((b"date", http_date()))
    compressible = (
        compression
        and len(body) >= _SMALLEST_WORTH_COMPRESSING
        and b"content-encoding" not in fields
        and _COMPRESSIBLE.match(fields.get(b"content-type", b"")) is not None
    )
    if compressible:
        kept.append(_BY_CODING)
    etag = fields.get(b"etag", b"")
    if not etag and validators and status == 200:
        etag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    last_modified = fields.get(b"last-modified")
    return Representation(
        status,
        kept,
        _form(status, kept, body, etag),
        None,
        compressible,
        http_seconds(last_modified) if last_modified else None,
        http_seconds(fields[b"date"]) if b"date" in fields else None,
    )


def with_gzip(representation: Representation) -> Representation:
    """The same with its gzip form made, if it is worth having."""
    if not representation.compressible or representation.gzip is not None:
        return representation
    return replace(representation, gzip=_gzip_form(representation))


def freshened(representation: Representation, headers: Headers) -> Representation:
    """The same after the origin has said that it is unchanged: with the fields of its 304 (RFC 9111, section 3.2)."""
    new = {name for name, _ in headers} - _OF_THE_BODY
    kept = [field for field in representation.headers if field[0] not in new]
    kept += [field for field in headers if field[0] in new]
    if representation.compressible and b"vary" in new:
        kept.append(_BY_CODING)
    last_modified = next((value for name, value in kept if name == b"last-modified"), None)
    date = next((value for name, value in kept if name == b"date"), b"")
    updated = replace(
        representation,
        headers=kept,
        plain=_form(representation.status, kept, representation.plain.body, representation.plain.etag),
        gzip=None,
        last_modified=http_seconds(last_modified) if last_modified else None,
        dated=http_seconds(date),
    )
    return with_gzip(updated) if representation.gzip is not None else updated


def choose(representation: Representation, request: Request, *, is_stored: bool = False) -> tuple[int, Fields, bytes]:
    """The answer to one request: status, headers (shared: copy before adding) and body.

    The coding is negotiated first, then ``If-None-Match`` decides, ``If-Modified-Since`` only where there is none, and
    last a single ``Range`` (RFC 9110, section 13.2.2). Several ranges at once are answered with the whole.
    """
    form = representation.plain
    if representation.compressible and accepts_gzip(request.accept_encoding):
        form = representation.gzip or _gzip_form(representation)
    if representation.status == 200 and request.method in _READS:
        conditional = request.if_none_match or request.if_modified_since
        if conditional and _unchanged(representation, form, request, is_stored=is_stored):
            return 304, form.headers_304, b""
        if request.range and request.method == "GET" and (part := _part(representation, form, request)) is not None:
            return part
    return representation.status, form.headers, b"" if request.method == "HEAD" else form.body


def _unchanged(representation: Representation, form: Form, request: Request, *, is_stored: bool) -> bool:
    if request.if_none_match:
        if request.if_none_match.strip() == b"*":
            return is_stored or bool(form.etag)
        return bool(form.etag) and form.etag.removeprefix(b"W/") in _ENTITY_TAG.findall(request.if_none_match)
    changed = representation.last_modified
    if changed is None and is_stored:
        changed = representation.dated  # RFC 9111, section 4.3.2
    since = http_seconds(request.if_modified_since)
    return changed is not None and since is not None and changed <= since


def _part(representation: Representation, form: Form, request: Request) -> tuple[int, Fields, bytes] | None:
    """A part of the body, or that there is no such part; None where the whole is to be sent."""
    match = _RANGE.fullmatch(request.range)
    if match is None or not (match[1] or match[2]) or not _same(representation, form, request.if_range):
        return None
    length = len(form.body)
    if max(len(match[1]), len(match[2])) > 18:
        return None
    if match[1]:
        first, last = int(match[1]), min(int(match[2]) if match[2] else length - 1, length - 1)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    else:
        first, last = max(length - int(match[2]), 0), length - 1
    headers = [field for field in form.headers if field[0] != b"content-length"]
    if first > last:
        headers += [(b"content-range", b"bytes */%d" % length), (b"content-length", b"0")]
        return 416, Fields(headers), b""
    body = form.body[first : last + 1]
    headers += [(b"content-range", b"bytes %d-%d/%d" % (first, last, length)), (b"content-length", b"%d" % len(body))]
    return 206, Fields(headers), body


def _same(representation: Representation, form: Form, if_range: bytes) -> bool:
    """Whether ``If-Range`` names this very form: by a strong tag, or by its date to the second."""
    if not if_range:
        return True
    if if_range.startswith((b'"', b"W/")):
        return if_range == form.etag and not form.etag.startswith(b"W/")
    return representation.last_modified is not None and http_seconds(if_range) == representation.last_modified


def _form(status: int, headers: Headers, body: bytes, etag: bytes) -> Form:
    tagged = [*headers, (b"etag", etag)] if etag else headers
    length = [] if status in _BODILESS else [(b"content-length", b"%d" % len(body))]
    return Form(
        Fields([*tagged, *length]),
        # A date says nothing that the tag does not say better (RFC 9110, section 15.4.5).
        Fields(
            field for field in tagged if field[0] not in _NOT_IN_304 and not (etag and field[0] == b"last-modified")
        ),
        etag,
        body,
    )


def _gzip_form(representation: Representation) -> Form:
    # Window bits 31: a gzip wrapper whose time field is zero, so that equal pages are equal bytes.
    body = zlib.compress(representation.plain.body, GZIP_LEVEL, 31)
    etag = representation.plain.etag
    return _form(
        representation.status,
        [*representation.headers, (b"content-encoding", b"gzip")],
        body,
        etag[:-1] + b'-gz"' if etag else b"",
    )
