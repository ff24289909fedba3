"""The one rule for what counts as this machine, and so may be loaded without anybody's permission."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether a host can only be the machine we run on: ``localhost`` or a literal loopback address.

    No name is looked up: what a name such as ``127.evil.example.com`` leads to is for its owner to say.

    Args:
        host: Host of a URL without port, and without the brackets of an IPv6 address.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
