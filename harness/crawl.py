"""The pages that a sitemap names, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from harness.errors import UsageError

_MOST_SITEMAPS = 50
_MOST_BYTES = 50 * 2**20
"""Of a sitemap, as its format allows."""
_TIMEOUT_S = 20.0


def pages(sitemap: str, *, limit: int, allowed: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Give address and HTML of the pages that a sitemap, or the sitemaps of an index, name.

    One question at a time; what is no page (another type, an error) is passed over.

    Args:
        sitemap: Its address.
        limit: Most pages; they are taken from all over the list.
        allowed: Names of hosts that may be asked besides this machine.

    Raises:
        UsageError: The host may not be asked, or the sitemap cannot be read or names no page of the host.
    """
    host = _host(sitemap) or ""
    if not (host in allowed or _is_this_machine(host)):
        raise UsageError(f"{host or sitemap} is not this machine. If the site is yours, say so: --i-may-crawl {host}")
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
        named = [each for each in _named(client, sitemap) if _host(each) == host]
        if not named:
            raise UsageError(f"{sitemap} names no page of {host}; name the sitemap of the site itself")
        step = max(len(named) / limit, 1.0)
        for place in range(min(limit, len(named))):
            address = named[int(place * step)]
            try:
                answer = client.get(address)
            except (httpx.HTTPError, httpx.InvalidURL):
                continue
            if answer.status_code == 200 and "html" in answer.headers.get("content-type", ""):
                yield address, answer.text


def _named(client: httpx.Client, sitemap: str) -> list[str]:
    waiting, read, named = [sitemap], 0, []
    while waiting and read < _MOST_SITEMAPS:
        address = waiting.pop(0)
        read += 1
        try:
            answer = client.get(address)
            answer.raise_for_status()
            if len(answer.content) > _MOST_BYTES:
                raise UsageError(f"{address} is larger than {_MOST_BYTES:,} bytes, which no sitemap may be")
            root = fromstring(answer.content)
        except httpx.HTTPStatusError as error:
            raise UsageError(f"{address} was answered with {error.response.status_code}; name a sitemap") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UsageError(f"{address} cannot be read ({error or type(error).__name__}); is the site up?") from None
        except (ParseError, DefusedXmlException):
            raise UsageError(f"{address} is no sitemap: its answer is no XML; name one, such as /sitemap.xml") from None
        places = [(element.text or "").strip() for element in root.iter() if element.tag.rpartition("}")[2] == "loc"]
        if root.tag.rpartition("}")[2] == "sitemapindex":
            own = _host(sitemap)
            waiting += [each for each in places if _host(each) == own]
        else:
            named += places
    return named


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:  # brackets around no address
        return None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
