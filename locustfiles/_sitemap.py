"""Sitemaps: the addresses a site itself gives to crawlers, with those of every sitemap it refers to.

Read as the protocol of sitemaps.org has it: ``urlset``, ``sitemapindex``, or plain text, each compressed or not. Dates
and priorities are ignored; popularity follows the order, the first the most, by Zipf's law, for a sitemap does not know
how often a page is read. XML comes from a server that is not ours, so entities of its own are refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from locustfiles._coding import decode, is_gzip
from locustfiles._errors import SwarmError
from locustfiles._urls import Urls, UrlTable, shown

MAX_BYTES: Final = 50 * 1024 * 1024
"""Bytes one sitemap may have when unpacked, as the protocol says."""

MAX_FILES: Final = 2_000
"""Sitemaps one index may lead to."""

MAX_DEPTH: Final = 3
"""Indexes one within the other; the protocol knows one level, some sites have more."""

Fetch = Callable[[str], bytes]
"""Gets what is at a URL, content coding undone; raises ``SwarmError`` with the status where it cannot."""

_ENTRIES = {"urlset": "url", "sitemapindex": "sitemap"}


class _Unusable(SwarmError):  # noqa: N818 - reads as the sentence it stands for
    """One sitemap cannot be fetched or is none; others of the same index may be good."""


def read_sitemap(
    where: str, fetch: Fetch, hosts: Collection[str] = (), zipf: float = 0.8, *, target: str | None = None
) -> UrlTable:
    """The addresses in a sitemap.

    Args:
        where: An http(s) URL, or the name of a file.
        fetch: Gets the sitemap and those it refers to.
        hosts: Names of the site. The host of ``where`` is one too. Addresses and sitemaps of any other host are left
            out, and such sitemaps are not fetched.
        zipf: Exponent of popularity by order.
        target: Origin of the site. A sitemap that an index refers to is fetched from there, whichever of the site's
            names is in its address, unless that is the host of ``where``: then it is fetched from the origin of
            ``where``. ``None``: from where the address says.

    Raises:
        SwarmError: It cannot be fetched or is no sitemap, or no address of the site is in it and in those it refers to.
            One of the latter that is of no use is left out.
    """
    is_url = where.startswith(("http://", "https://"))
    host = _host(where, where) if is_url else None
    walk = _Walk(where, fetch, Urls(where, {*hosts, host} if host else hosts), target)
    walk.visit(where, fetch(where) if is_url else _read(Path(where)), 0)
    source = f"sitemap {_public(where) if is_url else Path(where).name}"
    if walk.files:
        source += f" and {walk.files - len(walk.broken):,} it leads to"
    if walk.broken:
        first, error = next(iter(walk.broken.items()))
        if walk.urls.is_empty:
            raise SwarmError(
                f"{where}: of {walk.files:,} sitemaps it leads to none gives an address of the site; the first: {error}"
            )
        source += f", {len(walk.broken):,} that cannot be used left out (the first: {_public(first)})"
    return walk.urls.table(source, zipf)


class _Walk:
    """One sitemap and everything below it.

    Attributes:
        files: How many sitemaps the first one leads to.
        broken: Those of them that are of no use, with the reason.
    """

    def __init__(self, top: str, fetch: Fetch, urls: Urls, target: str | None) -> None:
        self.urls = urls
        self.files = 0
        self.broken: dict[str, str] = {}
        self._top = top
        self._fetch = fetch
        self._target = target
        self._seen = {top}

    def visit(self, where: str, data: bytes, depth: int) -> None:
        text = _unpack(where, data).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not text:
            raise _Unusable(f"{where}: a sitemap with nothing in it; give another, or addresses with --urls")
        if not text.startswith(b"<"):
            self._take_text(where, text)
            return
        try:
            for kind, location in _entries(where, text):
                if kind == "urlset":
                    self._take(where, location)
                else:
                    self._descend(where, location, depth)
        except DefusedXmlException as error:
            raise _Unusable(
                f"{where}: its XML defines entities of its own ({type(error).__name__}), which is refused"
            ) from None
        except (ParseError, ValueError, LookupError) as error:  # the latter two: of an encoding that is not known
            raise _Unusable(f"{where}: not well-formed XML ({error}); give the address of a sitemap") from None

    def _take(self, where: str, location: str) -> None:
        try:
            self.urls.add(location)
        except ValueError as error:
            raise _Unusable(f"{where}: the address {shown(location)} is of no use ({error})") from None

    def _take_text(self, where: str, text: bytes) -> None:
        for number, raw in enumerate(text.split(b"\n"), 1):
            line = raw.decode("utf-8", "surrogateescape").strip()
            if not line:
                continue
            try:
                self.urls.add(line)
            except ValueError:
                raise _Unusable(
                    f"{where}: neither XML nor one URL a line (line {number} is {shown(line)}); "
                    "give the address of a sitemap"
                ) from None

    def _descend(self, where: str, location: str, depth: int) -> None:
        host = _host(where, location)
        if host is None or not self.urls.is_own(host):
            self.urls.other_hosts[host or location] += 1
            return  # a bare path too: the protocol wants whole URLs
        location = self._reached(location)
        if location in self._seen:
            return
        self._seen.add(location)
        if depth + 1 > MAX_DEPTH:
            raise SwarmError(f"{where}: sitemap indexes more than {MAX_DEPTH} deep; give one of the sitemaps below it")
        self.files += 1
        if self.files > MAX_FILES:
            raise SwarmError(f"{self._top}: leads to more than {MAX_FILES:,} sitemaps; give one of them")
        try:
            data = self._fetch(location)
        except SwarmError as error:
            self.broken[location] = str(error)
            return
        try:
            self.visit(location, data, depth + 1)
        except _Unusable as error:
            self.broken[location] = str(error)

    def _reached(self, location: str) -> str:
        """Where a sitemap of this site is fetched from."""
        if self._target is None:
            return location
        child, top = urlsplit(location), urlsplit(self._top)
        base: SplitResult = (
            top if top.scheme in {"http", "https"} and top.hostname == child.hostname else urlsplit(self._target)
        )
        return child._replace(scheme=base.scheme, netloc=base.netloc).geturl()


def _host(where: str, url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError as error:
        raise _Unusable(f"{where}: the address {shown(url)} is of no use ({error})") from None


def _public(url: str) -> str:
    """A URL as it may be recorded, without a name and password in front of its host."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SwarmError(f"{path} cannot be read ({error.strerror}); give the URL or the file of a sitemap") from None


def _unpack(where: str, data: bytes) -> bytes:
    text = decode(data, b"gzip", MAX_BYTES + 1) if is_gzip(data) else data
    if text is None:
        raise _Unusable(f"{where}: begins as gzip but cannot be unpacked; is it whole?")
    if len(text) > MAX_BYTES:
        raise _Unusable(f"{where}: more than {MAX_BYTES // 1024**2} MB, which no sitemap may have")
    return text


def _entries(where: str, text: bytes) -> Iterator[tuple[str, str]]:
    """The kind of an XML sitemap with each location in it, without ever holding the whole tree."""
    if text[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise _Unusable(f"{where}: an HTML page, not a sitemap; robots.txt often names the right address")
    kind = space = entry = ""
    root: Element | None = None
    for event, element in iterparse(io.BytesIO(text), events=("start", "end")):
        if root is None:
            root = element
            space, kind = _names(element)
            if kind not in _ENTRIES:
                raise _Unusable(
                    f"{where}: XML of another kind (its root is {shown(kind)}), not a sitemap; "
                    "a sitemap's is urlset or sitemapindex"
                )
            entry = f"{space}{_ENTRIES[kind]}"
        elif event == "end" and element.tag == entry:
            location = (element.findtext(f"{space}loc") or "").strip()
            if location:
                yield kind, location
            root.clear()


def _names(element: Element) -> tuple[str, str]:
    """The namespace of an element as its children's tags begin, and its own name."""
    space, brace, name = element.tag.rpartition("}")
    return space + brace, name
