"""The socket a site listens on, and what is wrong with an address that it cannot have."""

from __future__ import annotations

import errno
import socket

from target_app.errors import ListenError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Bind an address and listen on it; port 0 takes a free one.

    Raises:
        ListenError: The port does not exist or is in use, or the host is not of this machine.
    """
    if not 0 <= port <= 65535:  # the resolver would quietly take the rest of a division
        raise ListenError(f"there is no port {port}; choose one up to 65535, or 0 for a free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise ListenError(f"cannot listen on {host}:{port}; name an address of this machine") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ListenError(f"port {port} of {host} is in use; choose another, or 0 for a free one") from None
        raise ListenError(f"cannot listen on {host}:{port} ({error.strerror}); choose another") from None
    return listener
