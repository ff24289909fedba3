"""The addresses of a site that is not ours: what can be asked for, how often, and under which route it is counted.

Wherever addresses come from (a file, a sitemap, an access log), they end as one ``UrlTable``. An address belongs to the
site if it is a bare path or its host is one of the site's own names; all others are left out and counted. Only the path
counts in the end: the swarm asks the arms it was given and nobody else.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from locustfiles._errors import SwarmError
from locustfiles._lines import lines
from results.routes import routes_of

MAX_URLS: Final = 500_000
"""Addresses a table may hold; every worker keeps all of them."""

_AS_SENT = "!$%&'()*+,/:;=?@[]|~"  # browsers send these as they are
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # what no text holds
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # nor what is not UTF-8, as ``lines`` has it


@dataclass(frozen=True, slots=True)
class UrlTable:
    """The addresses of a site, in order.

    Attributes:
        paths: Path and query as they are sent, percent-encoded, without a fragment.
        weights: How often each is asked for, relative to the others; positive.
        routes: The name each is counted under.
        source: Where they come from, in words for the record.
        digest: 32 hex digits over paths, weights and routes in their order. Tables of equal digest make equal traffic,
            whatever file they were read from.

    Raises:
        SwarmError: There is nothing in it, or more than ``MAX_URLS``, or its columns do not fit together.
    """

    paths: tuple[str, ...]
    weights: tuple[float, ...]
    routes: tuple[str, ...]
    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what no swarm can ask for."""
        if not self.paths:
            raise nothing(self.source)
        if len(self.paths) > MAX_URLS:
            raise too_many(self.source)
        if not len(self.paths) == len(self.weights) == len(self.routes):
            raise SwarmError(
                f"{self.source}: {len(self.paths)} paths, {len(self.weights)} weights and {len(self.routes)} routes "
                "do not make one table"
            )
        if not all(0 < weight < inf for weight in self.weights):
            raise SwarmError(f"{self.source}: every weight must be a positive number")
        digest = hashlib.blake2b(digest_size=16)
        for row in zip(self.paths, self.weights, self.routes, strict=True):
            digest.update(repr(row).encode())
        object.__setattr__(self, "digest", digest.hexdigest())

    def __len__(self) -> int:
        return len(self.paths)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON or msgpack; workers on other machines receive it."""
        return {
            "paths": list(self.paths),
            "weights": list(self.weights),
            "routes": list(self.routes),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> UrlTable:
        """The inverse of ``to_dict``."""
        return cls(tuple(data["paths"]), tuple(data["weights"]), tuple(data["routes"]), data["source"])


class Urls:
    """Collects addresses into a table.

    Args:
        source: Where they come from, for errors.
        hosts: Names of the site, without ports.

    Attributes:
        other_hosts: Addresses left out, by the host they are of.
    """

    def __init__(self, source: str, hosts: Collection[str]) -> None:
        self._source = source
        self._hosts = {host.lower() for host in hosts}
        self._weights: dict[str, float] = {}
        self.other_hosts: Counter[str] = Counter()

    @property
    def is_empty(self) -> bool:
        """Whether no address was collected, nor one of another host."""
        return not (self._weights or self.other_hosts)

    def is_own(self, host: str) -> bool:
        """Whether a host is one of the site's names."""
        return host.lower() in self._hosts

    def add(self, url: str, weight: float = 1.0) -> None:
        """Take a path or an absolute URL, if it belongs to the site; the same one again adds to its weight.

        Raises:
            ValueError: It is neither a path nor an http(s) URL; says why.
            SwarmError: There are too many.
        """
        host, path = split_url(url)
        if host is not None and not self.is_own(host):
            self.other_hosts[host] += 1
        else:
            self.add_path(path, weight)

    def add_path(self, path: str, weight: float = 1.0) -> None:
        """Take a path that is worded as it is sent.

        Raises:
            SwarmError: There are too many.
        """
        self._weights[path] = self._weights.get(path, 0.0) + weight
        if len(self._weights) > MAX_URLS:
            raise too_many(self._source)

    def table(self, source: str, zipf: float | None = None) -> UrlTable:
        """The table of what was collected, in the order in which it came.

        Args:
            source: Words for the record; what was left out is added to them.
            zipf: Weigh by rank, the first the most, with this exponent, instead of by the weights.

        Raises:
            SwarmError: Nothing was collected.
        """
        if self.is_empty:
            raise nothing(self._source)
        left_out = self.other_hosts.total()
        if not self._weights and left_out:
            host = _plain(self.other_hosts.most_common(1)[0][0])
            own = " or ".join(sorted(self._hosts)) or "the site, whose name was not given"
            raise SwarmError(
                f"{self._source}: all {left_out:,} addresses are of other hosts such as {host}, none of {own}; "
                f"if that is a name of this site: --alias {host}"
            )
        if left_out:
            source += f", {left_out:,} of other hosts left out"
        paths = tuple(self._weights)
        if zipf is None:
            weights = tuple(self._weights.values())
        else:
            weights = tuple(float(rank**-zipf) for rank in range(1, len(paths) + 1))
        return UrlTable(paths, weights, routes_of(paths, weights), source)


def read_urls(path: Path, hosts: Collection[str] = ()) -> UrlTable:
    """The addresses in a text file: one path or URL a line, a weight after it if wanted, ``#`` before comments.

    Args:
        path: The file, compressed by gzip or not.
        hosts: Names of the site; URLs of any other host are left out.

    Raises:
        SwarmError: The file cannot be read, a line holds something else (its number is named), or nothing is left.
    """
    urls = Urls(str(path), hosts)
    for number, line in enumerate(lines(path), 1):
        if _BINARY.search(line):
            raise SwarmError(
                f"{path} is not a text file (see line {number}); give one path or URL a line, or a sitemap with "
                "--sitemap"
            )
        words = _COMMENT.sub("", line).split()
        if not words:
            continue
        try:
            if len(words) > 2:
                raise ValueError("more than an address and a weight; write a space within an address as %20")
            urls.add(words[0], _weight(words[1]) if len(words) == 2 else 1.0)
        except ValueError as error:
            raise SwarmError(f"{path} line {number}, {shown(line)}: {error}") from None
    return urls.table(f"URL file {path.name}")


def split_url(text: str) -> tuple[str | None, str]:
    """Take an address apart.

    Returns:
        Its host in lower case, ``None`` for a bare path; and its path with the query, as they are sent.

    Raises:
        ValueError: It is neither a path nor an http(s) URL; says why.
    """
    if text.startswith("/") and not text.startswith("//"):
        return None, wire_path(text)
    if _CONTROL.search(text):
        raise ValueError("a control character is in it")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValueError(_plain(str(error))) from None
    if parts.scheme not in {"http", "https", ""} or not parts.hostname:
        raise ValueError("neither a path that begins with / nor an http(s) URL")
    path = parts.path or "/"
    return parts.hostname, wire_path(f"{path}?{parts.query}" if parts.query else path)


def wire_path(text: str) -> str:
    """A path with its query as browsers send it: without the fragment, and encoded where it has to be.

    What is percent-encoded already stays as it is.

    Raises:
        ValueError: A control character is in it.
    """
    if _CONTROL.search(text):
        raise ValueError("a control character is in it")
    sent = quote(text.partition("#")[0], safe=_AS_SENT, errors="surrogateescape")
    return _BARE_PERCENT.sub("%25", sent)


def shown(text: str) -> str:
    """A line of a file as an error quotes it: its beginning, or that it is none."""
    return "not text" if _NOT_TEXT.search(text) else _quoted(text)


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")


def _plain(text: str) -> str:
    """The beginning of a text, whatever is in it."""
    return _quoted(text)[1:-1]


def nothing(source: str) -> SwarmError:
    """The error of a source without an address."""
    return SwarmError(f"{source}: no address of the site in it; nothing can be asked for")


def too_many(source: str) -> SwarmError:
    """The error of a source that holds more addresses than a table may."""
    return SwarmError(f"{source}: more than {MAX_URLS:,} addresses; give a part of them")


def _weight(word: str) -> float:
    try:
        weight = float(word)
    except ValueError:
        weight = 0.0
    if not 0 < weight < inf:
        raise ValueError(f"the weight {_plain(word)} is not a positive number")
    return weight
