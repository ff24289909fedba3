"""The client of an audit: one request after another, counted, under a name of its own, never to another host."""

from __future__ import annotations

import secrets
import ssl
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from harness import __version__
from harness.audit.reply import Reply
from harness.errors import TargetError, UsageError

USER_AGENT: Final = f"anp-audit/{__version__} (cache audit)"
PARAMETER: Final = "anp-audit"
"""Name of the query parameter that makes an address nobody else asks for."""

_TIMEOUT: Final = httpx.Timeout(20.0)
_LIMITS: Final = httpx.Limits(keepalive_expiry=2.0)
"""Connections are given up before a site does, which would be an error in the middle of a request."""
_MOST_IN_VAIN: Final = 3
"""Questions without an answer, one after another, at which a site is taken to be gone; servers hang up on odd ones."""
_MOST_BYTES: Final = 8 * 2**20
"""Of a body; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Which certificates to believe.

    Attributes:
        ca_file: PEM file of authorities instead of the system's.
        insecure: Believe any.
    """

    ca_file: Path | None = None
    insecure: bool = False

    def context(self, origin: str) -> ssl.SSLContext | bool:
        """For the HTTP client; False checks nothing, as without TLS there is nothing to check.

        Raises:
            UsageError: The file is of no use.
        """
        if self.insecure or not origin.startswith("https:"):
            return False
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise UsageError(f"--ca-file {self.ca_file} holds no certificates ({error}); give a PEM file") from None


class Client:
    """Somebody who asks one site.

    Attributes:
        origin: Scheme, host and port.
        sent: Requests so far.
    """

    def __init__(self, origin: str, trust: Trust, *, keeps_cookies: bool = False) -> None:
        """Be somebody.

        Args:
            origin: Of the site.
            trust: For https.
            keeps_cookies: Whether cookies that the site sets are sent back, as a member has to; a reader never does.
        """
        self.origin = origin
        self.sent = 0
        self._keeps_cookies = keeps_cookies
        self._is_there = False
        self._in_vain = 0
        self._http = httpx.Client(
            timeout=_TIMEOUT,
            limits=_LIMITS,
            trust_env=False,
            verify=trust.context(origin),
            headers={"User-Agent": USER_AGENT, "Accept": "text/html,*/*;q=0.8", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        form: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Reply:
        """Send one request and follow nothing.

        Returns:
            What came; a reply with status 0 where a site that has answered before does not answer this.

        Raises:
            TargetError: Nothing answers, or the site asks to be left alone (429).
        """
        if not self._keeps_cookies:
            self._http.cookies.clear()
        try:
            request = self._http.build_request(method, self.origin + path, headers=headers, data=form, json=json)
            self.sent += 1
            answer = self._http.send(request, stream=True)
            try:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        break
            finally:
                answer.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._in_vain += 1
            if self._in_vain < _MOST_IN_VAIN and self._is_there:
                return Reply(method, path, 0, {}, (), b"")
            remedy = "Trust it with --ca-file or --insecure" if "CERTIFICATE" in str(error) else "Is the site running?"
            asked = f" {method} {path}" if self._is_there else ""  # else the site is meant, and not what it was asked
            raise TargetError(
                f"{self.origin} does not answer{asked} ({error or type(error).__name__}). {remedy}"
            ) from error
        self._is_there, self._in_vain = True, 0
        if answer.status_code == 429:
            wait = answer.headers.get("retry-after")
            raise TargetError(
                f"{self.origin} answers {path} with 429, too many requests: the audit stopped. Begin again "
                f"{f'in {wait} s' if wait else 'later'}, or name fewer addresses"
            )
        fields = {name.lower(): ", ".join(answer.headers.get_list(name)) for name in answer.headers}
        cookies = tuple(answer.headers.get_list("set-cookie"))
        return Reply(method, path, answer.status_code, fields, cookies, bytes(body))


def token() -> str:
    """A word that has never been sent before, letters only, so that no coding of addresses changes it."""
    return "anp" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))


def unasked(path: str, word: str) -> str:
    """The same page under an address that nobody asks for."""
    return f"{path}{'&' if '?' in path else '?'}{PARAMETER}={word}"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address.

    Raises:
        UsageError: It is not one of an HTTP server.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no address ({error}); give one such as http://127.0.0.1:8000") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"{url!r} is no address of a site; give one such as http://127.0.0.1:8000")
    if "@" in parts.netloc:
        raise UsageError(
            f"the address of {host} holds a user and password, which an audit does not send; leave them out"
        )
    return f"{parts.scheme}://{parts.netloc}"
