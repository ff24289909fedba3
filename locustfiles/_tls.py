"""TLS for the precise client: a socket's calls over records that pass through memory.

The client waits for the network itself, so nothing here blocks, and gevent's own TLS sockets are not in the way.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from typing import Any

from locustfiles._errors import SwarmError

_NETWORK = 262_144
_RECORD = 16_384
_NAMES_S = 5.0  # to read the names in a certificate
READABLE, WRITABLE = 1, 2
"""The events of a socket, as the hub's watchers number them."""


def trust(ca_file: str | None, *, insecure: bool) -> ssl.SSLContext:
    """Whom to believe.

    Args:
        ca_file: PEM file of the only authorities to trust; those of the system where it is ``None``.
        insecure: Believe everybody.

    Raises:
        SwarmError: The file is missing or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SwarmError(f"no certificates in {ca_file!r} ({why(error)}); give a PEM file of authorities") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def why(error: OSError) -> str:
    """A failure of TLS or of the network in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLEOFError):
        return "the server ended the connection"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return os.strerror(error.errno or 0).lower()


def certified_names(address: tuple[int, Any], host: str, ca_file: str | None) -> list[str]:
    """The names and addresses that a server's certificate is for, whatever name it was asked by.

    Args:
        address: Family and address of its socket.
        host: The name to ask by.
        ca_file: As of ``trust``; of a certificate that is not trusted nothing is believed.

    Returns:
        As the certificate has them; none where it cannot be had.
    """
    context = trust(ca_file, insecure=False)
    context.check_hostname = False
    with suppress(OSError), socket.socket(address[0], socket.SOCK_STREAM) as connection:
        connection.settimeout(_NAMES_S)
        connection.connect(address[1])
        with context.wrap_socket(connection, server_hostname=host) as tls:
            found = (tls.getpeercert() or {}).get("subjectAltName", ())
            return [str(value) for kind, value in found if kind in {"DNS", "IP Address"}]
    return []


class Tls:
    """One visitor's TLS with one host: its session is resumed on the next connection, as a browser does."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.context = context
        self.host = host
        self.session: ssl.SSLSession | None = None


class TlsSocket:
    """The calls the client makes of a non-blocking socket, with TLS underneath.

    Args:
        connection: A connected, non-blocking socket.
        tls: Gives the session to resume, and is given the one to resume next time.
    """

    def __init__(self, connection: socket.socket, tls: Tls) -> None:
        self._connection = connection
        self._owner = tls
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = tls.context.wrap_bio(self._incoming, self._outgoing, server_hostname=tls.host, session=tls.session)
        self._unsent = b""
        self._is_encrypted = False
        self._is_open = False
        self._has_ended = False
        self._broken: OSError | None = None

    def fileno(self) -> int:
        """The descriptor to watch."""
        return self._connection.fileno()

    def handshake(self) -> int:
        """Go on with the handshake as far as the network allows.

        Returns:
            The event to wait for before the next call, 0 when the handshake is over.

        Raises:
            OSError: The other side refused, is not who it should be, or went away.
        """
        while True:
            try:
                self._tls.do_handshake()
                self._is_open = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with suppress(OSError):
                    self._flush()  # tells the server why
                raise
            try:
                self._flush()
            except BlockingIOError:
                return WRITABLE
            if self._is_open:
                return 0
            try:
                self._take()
            except BlockingIOError:
                return READABLE

    def send(self, message: bytes) -> int:
        """Send a whole message.

        Raises:
            BlockingIOError: Not all of it has left; call again with the same message when the socket is writable.
            OSError: The connection is broken.
        """
        if not self._is_encrypted:
            self._tls.write(message)
            self._is_encrypted = True
        self._flush()
        self._is_encrypted = False
        return len(message)

    def recv(self, _size: int) -> bytes:
        """All that has come; nothing where the server said that it ends here.

        Raises:
            BlockingIOError: Nothing for the caller yet.
            OSError: The connection broke or ended unannounced, after everything that came before was handed out.
        """
        if not self._has_ended:
            self._take()
            if data := self._decrypted():
                return data
        if not self._has_ended:
            raise BlockingIOError
        if self._broken is not None:
            raise self._broken
        return b""

    def close(self) -> None:
        """Say good-bye, without which the session could not be resumed, and close."""
        if self._is_open and self._broken is None:
            self._owner.session = self._tls.session
            with suppress(OSError):
                self._tls.unwrap()
            with suppress(OSError):
                self._flush()
        self._connection.close()

    def _take(self) -> None:
        data = self._connection.recv(_NETWORK)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _decrypted(self) -> bytes:
        pieces = []
        try:
            while piece := self._tls.read(_RECORD):
                pieces.append(piece)
            self._has_ended = True
        except ssl.SSLWantReadError:
            pass
        except OSError as error:
            self._has_ended = True
            self._broken = error
        with suppress(OSError):
            self._flush()  # an answer to a change of keys; a broken connection shows at the next call
        if self._has_ended and pieces:
            # Data and end came in one piece: closed for reading, the socket stays readable, and the caller comes back.
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RD)
        return b"".join(pieces)

    def _flush(self) -> None:
        self._unsent += self._outgoing.read()
        while self._unsent:
            self._unsent = self._unsent[self._connection.send(self._unsent) :]
