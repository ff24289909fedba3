"""An arm's origin: where it listens, how requests to it are worded, and where its redirects lead."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from locustfiles._errors import SwarmError
from locustfiles._steps import Fields
from locustfiles._tls import trust

BROWSER_HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 anp-swarm\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
)
"""What every request carries; a cache that varies by encoding must see what browsers send."""

_PORTS = {"http": 80, "https": 443}
_REMEMBERED = 20_000
_IN_PATH, _IN_QUERY = "/:@!$&'()*+,;=%[]|", "/:@!$&()*+,;=%[]|?{}`^\\"
"""What a browser leaves alone in a path and in a query, besides letters, digits and ``-._~``."""

Address = tuple[int, Any]
"""Family and address of a socket."""


class Origin:
    """Where an arm is: its addresses, resolved once, and the requests that all its visitors word alike.

    Args:
        url: ``http://HOST[:PORT]`` or ``https://HOST[:PORT]``; what follows is ignored.
        ca_file: PEM file of the authorities to trust instead of the system's.
        insecure: Do not check certificates.

    Attributes:
        url: Scheme, host and port; the port only where it is not the scheme's own.
        host: Name or address, without brackets.
        addresses: In the order to try them.
        tls: What certificates to believe; ``None`` without TLS.

    Raises:
        SwarmError: The URL is not one of an HTTP server, its host has no address, or ``ca_file`` is of no use.
    """

    def __init__(self, url: str, *, ca_file: str | None = None, insecure: bool = False) -> None:
        try:
            parts = urlsplit(url)
            self._identity = _identity(parts)
        except ValueError as error:
            raise SwarmError(f"the swarm cannot reach {url!r} ({error}); give an origin: http://HOST:PORT") from error
        scheme, self.host, port = self._identity
        if scheme not in _PORTS or not self.host:
            raise SwarmError(f"the swarm cannot reach {url!r}: give an origin such as http://127.0.0.1:8000")
        if "@" in parts.netloc:
            raise SwarmError(
                f"the URL of {self.host!r} holds a user and password, which the swarm does not send; leave them out"
            )
        bare = f"[{self.host}]" if ":" in self.host else self.host
        authority = bare if port == _PORTS[scheme] else f"{bare}:{port}"
        self.url = f"{scheme}://{authority}"
        try:
            found = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # the latter for a name no DNS could hold
            reason = getattr(error, "strerror", None) or error
            raise SwarmError(f"host {self.host!r} has no address ({reason}); check the URL") from error
        self.addresses: tuple[Address, ...] = tuple(
            dict.fromkeys((family, address) for family, _, _, _, address in found)
        )
        self.tls = trust(ca_file, insecure=insecure) if scheme == "https" else None
        self._start = f" HTTP/1.1\r\nHost: {authority}\r\n"
        self._head = self._start + BROWSER_HEADERS
        self._heads: dict[Fields, str] = {}
        self._known: dict[str | tuple[str, bytes], bytes] = {}

    def prefer(self, address: Address) -> None:
        """Try ``address`` first from now on, because it answered."""
        if address != self.addresses[0]:
            self.addresses = (address, *(other for other in self.addresses if other != address))

    def get(self, path: str, lines: bytes = b"") -> bytes:
        """The bytes of a GET without cookies; ``lines`` are further header lines, each with its end."""
        key = (path, lines) if lines else path
        message = self._known.get(key)
        if message is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            message = self._known[key] = self.message("GET", path, lines=lines)
        return message

    def message(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        lines: bytes = b"",
        fields: Fields = (),
    ) -> bytes:
        """The bytes of any other request; ``fields`` take the place of a browser's own of the same names."""
        head = self._head_with(fields) if fields else self._head
        more = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{method} {path}{head}{more}".encode("latin-1") + lines + b"\r\n" + body

    def _head_with(self, fields: Fields) -> str:
        head = self._heads.get(fields)
        if head is None:
            names = {name.lower() for name, _ in fields}
            kept = [line for line in BROWSER_HEADERS.splitlines() if line.partition(":")[0].lower() not in names]
            lines = (*kept, *(f"{name}: {value}" for name, value in fields))
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            head = self._heads[fields] = self._start + "".join(f"{line}\r\n" for line in lines)
        return head

    def resolve(self, path: str, location: str) -> str | None:
        """Where a redirect leads.

        Args:
            path: What was requested.
            location: The ``Location`` of the response.

        Returns:
            The path and query to request here, as a browser would; ``None`` where it leads elsewhere or nowhere.
        """
        try:
            target = urlsplit(urljoin(self.url + path, location)) if location else None
            if target is None or _identity(target) != self._identity:
                return None
            # An absolute address keeps its dot segments when joined, and a path of two slashes would read as a host.
            target = urlsplit(urljoin(f"{self.url}/", f"/.{target.path or '/'}"))._replace(query=target.query)
        except ValueError:
            return None
        query = f"?{quote(target.query, _IN_QUERY)}" if target.query else ""
        return quote(target.path, _IN_PATH) + query


def follow(status: int, method: str) -> str | None:
    """The method of the request that a redirect asks for; ``None`` where ``status`` is not a redirect to follow."""
    if status in {307, 308}:
        return method
    if status == 303:
        return method if method == "HEAD" else "GET"
    if status in {301, 302}:
        return "GET" if method == "POST" else method
    return None


def _identity(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port, by which two URLs are of one origin; the host as DNS knows it."""
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode()
    return parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0)
