"""Where a request comes from: the page of another site, this machine, which network.

Header fields may only speak against a caller, or for a proxy on this machine. What anybody can write proves nothing in
their favour.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request

_ORIGIN = re.compile(r"(https?)://([^\s/?#@\\]+)(?:[/?#].*)?", re.IGNORECASE)
_PORTS = {"http": ":80", "https": ":443"}
_FORWARDED_FOR = re.compile(r'(?i)\bfor\s*=\s*"?([^",;\s]+)')
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]+):\d+")
_IPV6_NETWORK = 64
"""Bits of an address that tell one customer from another; the others are theirs to choose."""


def is_cross_site(request: Request, base_url: str) -> bool:
    """Whether a browser says that it was the page of another site that made it send this.

    ``Sec-Fetch-Site`` decides where there is one, then ``Origin``, then ``Referer``. Programs that are no browsers send
    none of them, and browsers so old that they do not either are beyond help here.

    Args:
        request: Its ``Host`` is one that the site answers to.
        base_url: What absolute addresses of the site begin with.
    """
    headers = request.headers
    if sites := headers.getlist("sec-fetch-site"):
        return any(site not in {"same-origin", "none"} for site in sites)
    pages = headers.getlist("origin") or headers.getlist("referer")
    return any(not _is_own(page, base_url, headers.get("host", "")) for page in pages)


def _is_own(page: str, base_url: str, host: str) -> bool:
    """Whether a page is of this site; over an encrypted site, only encrypted pages are."""
    found = _ORIGIN.fullmatch(page)
    if found is None:
        return False  # "null" for one: a frame without an origin, which anybody can make
    scheme, place = found[1].lower(), _without_port(found[1].lower(), found[2].lower())
    own_scheme, own_place = _base(base_url)
    if own_scheme == "https" and scheme != "https":
        return False
    return place == own_place or (host != "" and place == _without_port(scheme, host.lower()))


@lru_cache(maxsize=8)
def _base(base_url: str) -> tuple[str, str]:
    parts = urlsplit(base_url)
    return parts.scheme.lower(), _without_port(parts.scheme.lower(), parts.netloc.lower())


def _without_port(scheme: str, place: str) -> str:
    return place.removesuffix(_PORTS.get(scheme, ""))


def is_local(request: Request, base_url: str) -> bool:
    """Whether this machine itself asks, and no one through it.

    Not local is what a proxy on this machine passes on for others, as far as it says so, and what the page of a
    stranger asks for under a name of its own that leads here (DNS rebinding).
    """
    callers = [request.client.host if request.client else ""]
    for value in (*request.headers.getlist("x-forwarded-for"), *request.headers.getlist("x-real-ip")):
        callers += value.split(",")
    for value in request.headers.getlist("forwarded"):
        callers += _FORWARDED_FOR.findall(value) or [""]
    return all(_is_loopback(caller.strip()) for caller in callers) and not _is_rebound(request, base_url)


def _is_loopback(caller: str) -> bool:
    address = _address(_bare(caller))
    return address is not None and address.is_loopback


def _bare(caller: str) -> str:
    """An address without its port and brackets."""
    parts = _WITH_PORT.fullmatch(caller)
    return caller if parts is None else parts[1] if parts[1] is not None else parts[2]


def _is_rebound(request: Request, base_url: str) -> bool:
    # A browser need not say that it is one: a page may read from its own name with plain GETs.
    # A proxy on this machine has a name of its own for the site, and says by which one it was asked itself.
    names = [request.headers.get("host", ""), *request.headers.getlist("x-forwarded-host")]
    return not all(_is_ours(name.strip(), base_url) for each in names for name in each.split(","))


def _is_ours(host: str, base_url: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets around no address
        return False
    return name in {"localhost", urlsplit(base_url).hostname} or _address(name) is not None


def network(request: Request) -> str:
    """Who is asking, as far as an address tells: an IPv4 address, the network of an IPv6 one, or nothing.

    Where this machine asks, it may be a proxy: then it is for the last address that ``X-Forwarded-For`` names.
    """
    host = request.client.host if request.client else ""
    if _is_loopback(host) and (through := request.headers.getlist("x-forwarded-for")):
        last = _bare(through[-1].rpartition(",")[2].strip())
        host = last if _address(last) is not None else host
    address = _address(host)
    if address is None:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address written so; an IPv4 address in the clothes of an IPv6 one is an IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
