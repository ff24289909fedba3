"""Access logs: what visitors of a site really asked for, and how often.

Lines are those of nginx and Apache in the common or combined format, with or without a virtual host in front and fields
of one's own behind, or JSON objects as the reference site writes them. What is kept are requests of people for pages:
GET, answered with 2xx or 304, by no known program. Each path weighs as often as it was asked for, so the log's own mix
is the swarm's. The moments of the log are not replayed; they only say how many requests a second there were.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Final

from locustfiles._errors import SwarmError
from locustfiles._lines import lines
from locustfiles._urls import Urls, UrlTable, shown, split_url, wire_path
from results.units import per_second, percent

BOTS: Final = (
    "bot",
    "crawl",
    "spider",
    "slurp",
    "facebookexternalhit",
    "feedfetcher",
    "monitor",
    "pingdom",
    "uptime",
    "lighthouse",
    "headlesschrome",
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "python-httpx",
    "prometheus/",
    "kube-probe/",
    "go-http-client",
    "libwww-perl",
    "scrapy",
    "anp-swarm",
    "anp-audit",
)
"""Words of user agents that are programs; upper and lower case are alike. Cubot, a make of telephones, is none."""

UNREADABLE, MALFORMED, METHOD, STATUS, BOT, HOST = (
    "not in the log format",
    "no HTTP request",
    "not a GET",
    "another status",
    "a bot",
    "another host",
)
"""Reasons why a line is left out; each line has the first that fits."""

_PATIENCE = 1000  # lines of a file among which one must be in the format
_FORMAT = '203.0.113.7 - - [21/Nov/2026:02:03:04 +0000] "GET / HTTP/1.1" 200 5120 "-" "Mozilla/5.0"'
_OBJECT = '{"time":"2026-11-21T02:03:04Z","method":"GET","path":"/","status":200,"user_agent":"Mozilla/5.0"}'
_BOT = re.compile("|".join(r"(?<!cu)bot" if word == "bot" else re.escape(word) for word in BOTS), re.IGNORECASE)
_QUOTED = r'[^"]*"(?:[^"\\]|\\.)*"'
_THREE_QUOTED = re.compile(rf"(?:{_QUOTED}){{3}}")
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class AccessLog:
    """What was read from access logs.

    Attributes:
        table: The addresses kept.
        lines: Lines read, blank ones aside.
        kept: Lines that went into the table.
        left_out: Lines by the reason why they did not.
        mean_rate: Requests kept a second, from the first to the last of them.
        peak_rate: The same in the busiest minute; ``mean_rate`` where the log is shorter than one.
    """

    table: UrlTable
    lines: int
    kept: int
    left_out: Mapping[str, int]
    mean_rate: float
    peak_rate: float

    @property
    def words(self) -> str:
        """One sentence for whoever waits: shares and rates."""
        shares = ", ".join(f"{percent(count / self.lines)} {reason}" for reason, count in self.left_out.items())
        return (
            f"{self.lines:,} lines, {percent(self.kept / self.lines)} kept for {len(self.table):,} addresses"
            f"{f' (left out: {shares})' if shares else ''}; "
            f"{per_second(self.mean_rate)} on average, {self.peak_rate:.3g} in the busiest minute"
        )


def read_access_logs(
    paths: Iterable[Path], hosts: Collection[str] = (), *, redirects: bool = False, bots: bool = False
) -> AccessLog:
    """Read access logs, compressed or not, line by line.

    Args:
        paths: The files, in any order.
        hosts: Names of the site. Lines that name another host, before the client's address or in the request, are left
            out; most logs name none.
        redirects: Keep requests answered with a redirect too.
        bots: Keep requests of programs too.

    Raises:
        SwarmError: A file cannot be read or is in another format, or no request is left.
    """
    files = tuple(paths)
    reading = _Reading(files, hosts, redirects=redirects, bots=bots)
    for path in files:
        reading.read(path)
    return reading.result()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One request of a log; an empty target is no request, a host of None is none named."""

    method: str
    target: str
    status: int
    agent: str
    host: str | None
    moment: datetime


class _Reading:
    """The sums over all files."""

    def __init__(self, files: Sequence[Path], hosts: Collection[str], *, redirects: bool, bots: bool) -> None:
        from apachelogs import COMBINED, COMMON, LogParser  # late: hardly a swarm is asked for by a log

        self._source = f"access log {', '.join(path.name for path in files)}"
        self._called = f"the access log {', '.join(map(str, files))}"
        self._urls = Urls(self._called, hosts)
        self._redirects = redirects
        self._bots = bots
        self._combined = LogParser(COMBINED, encoding="utf-8", errors="surrogateescape")
        self._common = LogParser(COMMON, encoding="utf-8", errors="surrogateescape")
        self._lines = self._kept = 0
        self._left_out: Counter[str] = Counter()
        self._minutes: Counter[int] = Counter()
        self._first, self._last = inf, -inf

    def read(self, path: Path) -> None:
        """Add a file.

        Raises:
            SwarmError: It cannot be read, or most of it is in another format.
        """
        count = unreadable = 0
        strange = ""
        for number, line in enumerate(lines(path), 1):
            if not line:
                continue
            count += 1
            reason = self._take(line)
            if reason is None:
                self._kept += 1
                continue
            self._left_out[reason] += 1
            if reason == UNREADABLE:
                unreadable += 1
                strange = strange or f"line {number} is {shown(line)}"
                if unreadable == count == _PATIENCE:
                    break
        self._lines += count
        if unreadable * 2 > count:
            raise SwarmError(
                f"{path} is no access log in the common or combined format ({strange}); "
                f"a line of it looks like {_FORMAT} or, as JSON, {_OBJECT}"
            )

    def result(self) -> AccessLog:
        """The table and the sums."""
        if not self._lines:
            raise SwarmError(f"{self._called} is empty; give a log of visitors' page requests")
        if not self._kept and not self._urls.other_hosts:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._left_out.items())
            raise SwarmError(
                f"{self._called}: none of {self._lines:,} lines is a request to repeat ({reasons}); "
                "give a log of visitors' page requests"
            )
        table = self._urls.table(self._source)
        mean = self._kept / max(self._last - self._first, 1.0)
        peak = max(self._minutes.values()) / 60
        left_out = dict(self._left_out.most_common())
        return AccessLog(table, self._lines, self._kept, left_out, mean, max(mean, peak))

    def _take(self, line: str) -> str | None:
        """Count one line in; a reason where it is left out."""
        try:
            entry = _of_json(line) if line.startswith("{") else self._of_server(line)
        except (ValueError, RecursionError):  # of a library, or a moment that no calendar has
            return UNREADABLE
        if not entry.target:
            return MALFORMED
        if entry.method != "GET":
            return METHOD
        status = entry.status
        if not (200 <= status < 300 or status == 304 or (self._redirects and status in _REDIRECTS)):
            return STATUS
        if not self._bots and is_bot(entry.agent):
            return BOT
        return self._add(entry.target, entry.host, entry.moment)

    def _of_server(self, line: str) -> _Entry:
        """A line of nginx or Apache.

        Raises:
            ValueError: It is in another format.
        """
        # Fields of one's own may follow the combined format, whose end is that of its third quoted text.
        combined = _THREE_QUOTED.match(line)
        if combined is not None:
            entry = self._combined.parse(combined.group())
            agent = entry.headers_in["User-Agent"] or ""
        else:
            entry = self._common.parse(line)
            agent = ""
        method, target = _request(entry.request_line)
        host = _virtual_host(entry.remote_host, entry.remote_logname)
        return _Entry(method, target, entry.final_status or 0, agent, host, entry.request_time)

    def _add(self, target: str, host: str | None, moment: datetime) -> str | None:
        try:
            if target.startswith("/"):  # two slashes do not begin a host here
                path = wire_path(target)
            else:
                host, path = split_url(target)
        except ValueError:
            return MALFORMED
        if host is not None and not self._urls.is_own(host):
            self._urls.other_hosts[host] += 1
            return HOST
        self._urls.add_path(path)
        second = moment.timestamp()
        self._first, self._last = min(self._first, second), max(self._last, second)
        self._minutes[int(second // 60)] += 1
        return None


def _of_json(line: str) -> _Entry:
    """A line as the reference site writes it; fields that are not needed may be missing.

    Raises:
        ValueError: It is no JSON, or one of the fields is missing or of another kind.
    """
    said = json.loads(line)
    method, target, status = said.get("method"), said.get("path"), said.get("status")
    moment = datetime.fromisoformat(_word(said.get("time")))
    if moment.tzinfo is None or not isinstance(status, int):
        raise ValueError(line)
    host = _word(said.get("host", ""))
    return _Entry(
        _word(method), _word(target), status, _word(said.get("user_agent", "")), _host(host) if host else None, moment
    )


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - to the reader of lines it is a value like any other
    return value


def _host(named: str) -> str:
    """A host without its port."""
    name, colon, port = named.rpartition(":")
    return (name if colon and port.isdigit() else named).strip("[]").lower()


@lru_cache(maxsize=4096)
def is_bot(agent: str) -> bool:
    """Whether a user agent is that of a known program."""
    return _BOT.search(agent) is not None


def _request(line: str | None) -> tuple[str, str]:
    """Method and target of a request line; empty ones where it is something else."""
    words = (line or "").split(" ")
    if len(words) < 3 or not words[-1].startswith("HTTP/"):
        return "", ""
    return words[0], " ".join(words[1:-1])


def _virtual_host(first: str, second: str | None) -> str | None:
    """The virtual host, where a line begins with one.

    The client's address comes first and a ``-`` second, the name that identd would have given. A line whose second word
    is an address has a host in front of it, with or without a port.
    """
    if second is None or not ("." in second or ":" in second):
        return None
    return _host(first)
