"""What a browser sends: small forms, and whether it is this site's own page that sends them."""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from target_app.callers import is_cross_site
from target_app.sessions import SessionCookie

SMALL, LARGE = 8_192, 1_048_576
"""Bytes of a form: that of a sign-in, a comment or a button, and that of an article."""
_MOST_FIELDS = 32


async def read_form(request: Request, limit: int = SMALL) -> dict[str, str]:
    """The fields of a URL-encoded form; of a repeated field the last counts, and lines end as in Unix.

    Raises:
        HTTPException: 415 for another media type, 413 beyond ``limit`` bytes, 400 for what cannot be read.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413)
    except ClientDisconnect:  # nobody is there to read what went wrong, and nothing of the site did
        raise HTTPException(400) from None
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(400) from None
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def csrf_token(request: Request, cookie: SessionCookie) -> str:
    """What forms for this session carry: it follows from the session's secret, and does not tell it."""
    secret = (cookie.read(request) or "").encode()[:64]
    return hashlib.blake2b(b"form", key=secret, digest_size=16).hexdigest()


def require_own_form(request: Request, fields: dict[str, str], base_url: str, cookie: SessionCookie) -> None:
    """Stop a form that no page of this session has sent.

    Args:
        request: That brought it.
        fields: Of the form.
        base_url: Of the site.
        cookie: That carries the session.

    Raises:
        HTTPException: 403.
    """
    refuse_cross_site(request, base_url)
    if not hmac.compare_digest(fields.get("csrf", "").encode(), csrf_token(request, cookie).encode()):
        raise HTTPException(403)


def refuse_cross_site(request: Request, base_url: str) -> None:
    """Stop a form that another site made the browser send.

    Raises:
        HTTPException: 403, when the browser says that the request comes from elsewhere.
    """
    if is_cross_site(request, base_url):
        raise HTTPException(403, "the browser says that another site made it send the request")


def safe_next(path: str) -> str:
    """A path on this site to go on to, or nothing: whatever a browser could take for another site is dropped."""
    if not re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", path):
        return ""
    return path
