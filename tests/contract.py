"""What every response of the reference site must say, whatever it is: docs/observability.md, as a check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import http_sf
import httplint

WORDS = {"HIT", "STALE", "MISS", "EXPIRED", "REVALIDATED", "BYPASS"}
DETAILS = {"session", "auth", "body", "query", "off", "nostore", "only-if-cached", "outage", "unread", "swr", "sie"}
FORWARDED = {
    "MISS": {"uri-miss", "vary-miss"},
    "EXPIRED": {"stale", "request"},
    "REVALIDATED": {"stale", "request"},
    "BYPASS": {"bypass", "method", "miss"},
}
"""Why a request went on, by the word of ``X-Cache``."""
ALLOWED = {
    # "private, no-store" says nothing more than "no-store", but there are CDNs that only listen to "private".
    "CC_CONFLICTING",
    # What a 400 means.
    "STATUS_BAD_REQUEST",
}
"""Notes of the linter that are no breach."""
METRICS = ["cache", "db", "db-calls", "render", "app"]
_FIXDATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_LEVELS = {httplint.note.levels.BAD, httplint.note.levels.WARN}


@dataclass(frozen=True, slots=True)
class Reply:
    """One exchange, as it went over the wire; names of fields are in lower case."""

    method: str
    url: str
    asked: tuple[tuple[str, str], ...]
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every line of a field."""
        return [value for one, value in self.headers if one == name]

    def __getitem__(self, name: str) -> str:
        (value,) = self.all(name)
        return value


def parsed(value: str) -> list[tuple[str, dict[str, Any]]]:
    """A list of tokens with parameters; tokens come as plain text."""
    members = http_sf.parse(value.encode("ascii"), tltype="list")
    for name, _ in members:
        assert isinstance(name, http_sf.Token), name
    return [
        (str(name), {key: str(one) if isinstance(one, http_sf.Token) else one for key, one in parameters.items()})
        for name, parameters in members
    ]


def breaches(reply: Reply, *, told: bool = True) -> list[str]:
    """What a response leaves out or says wrongly, in words; nothing where it keeps to the contract.

    Args:
        reply: The response of the site itself, with no other cache before it.
        told: Whether it is to tell in ``Server-Timing`` what it cost.
    """
    wrong = [f"{name}: {len(reply.all(name))} lines" for name in _once(told=told) if len(reply.all(name)) != 1]
    if wrong:
        return wrong
    return [*_cache(reply), *_times(reply, told=told), *_dates(reply), *_guards(reply), *_http(reply)]


def _once(*, told: bool) -> Iterable[str]:
    return (
        "cache-status",
        "x-cache",
        "date",
        "cache-control",
        "x-content-type-options",
        *(["server-timing"] if told else []),
    )


def _cache(reply: Reply) -> Iterable[str]:
    word = reply["x-cache"]
    if word not in WORDS:
        yield f"x-cache: {word}"
    members = parsed(reply["cache-status"])
    if [name for name, _ in members] != ["anp"]:
        yield f"members: {members}"
    said = members[-1][1]
    known = {"hit": bool, "fwd": str, "fwd-status": int, "ttl": int, "stored": bool, "collapsed": bool, "detail": str}
    for name, value in said.items():
        if type(value) is not known.get(name):
            yield f"{name}={value!r}"
    if ("hit" in said) == ("fwd" in said):
        yield f"neither or both of hit and fwd: {said}"
    if "hit" in said and {"stored", "collapsed", "fwd-status"} & said.keys():
        yield f"a hit that was forwarded: {said}"
    if said.get("detail", "swr") not in DETAILS:
        yield f"detail={said['detail']}"
    if word == "HIT" and not ("hit" in said and said.get("ttl", -1) >= 0):
        yield f"a hit that is none: {said}"
    swr, sie = "hit" in said and said.get("detail") == "swr", said.get("fwd") == "stale" and said.get("detail") == "sie"
    if word == "STALE" and not ((swr or sie) and said.get("ttl", 1) <= 0):
        yield f"not stale: {said}"
    if word in FORWARDED and said.get("fwd") not in FORWARDED[word]:
        yield f"{word} but {said}"
    if word == "REVALIDATED" and said.get("fwd-status") != 304:
        yield f"revalidated by {said.get('fwd-status')}"
    ages = reply.all("age")
    if word in {"HIT", "STALE"} and not (len(ages) == 1 and re.fullmatch("[0-9]+", ages[0])):
        yield f"age: {ages}"


def _times(reply: Reply, *, told: bool) -> Iterable[str]:
    if not told:
        if reply.all("server-timing"):
            yield "server-timing is told"
        return
    metrics = parsed(reply["server-timing"])
    if [name for name, _ in metrics] != METRICS:
        yield f"server-timing: {metrics}"
        return
    cost = {name: parameters["dur"] for name, parameters in metrics}
    if any(not isinstance(value, int | Decimal) or value < 0 for value in cost.values()):
        yield f"durations: {cost}"
    if metrics[0][1].get("desc") != reply["x-cache"]:
        yield f"desc: {metrics[0]}"
    if type(cost["db-calls"]) is not int:
        yield f"db-calls: {cost['db-calls']!r}"
    if cost["cache"] + cost["db"] + cost["render"] > cost["app"] + Decimal("0.003"):  # each is rounded
        yield f"the parts are more than the whole: {cost}"
    if reply["x-cache"] == "HIT" and any(cost[name] for name in ("db", "db-calls", "render")):
        yield f"a hit that cost something: {cost}"


def _dates(reply: Reply) -> Iterable[str]:
    date = reply["date"]
    if _FIXDATE.fullmatch(date) is None or parsedate_to_datetime(date) is None:
        yield f"date: {date}"


def _guards(reply: Reply) -> Iterable[str]:
    if reply["x-content-type-options"] != "nosniff":
        yield f"x-content-type-options: {reply['x-content-type-options']}"


def _http(reply: Reply) -> Iterable[str]:
    """What a linter of HTTP messages finds bad or doubtful."""
    asked = httplint.HttpRequestLinter()
    asked.process_request_topline(reply.method.encode(), reply.url.encode(), b"HTTP/1.1")
    asked.process_headers(_raw(reply.asked))
    linter = httplint.HttpResponseLinter()
    linter.request = asked
    linter.is_head_response = reply.method == "HEAD"
    linter.base_uri = reply.url
    linter.process_response_topline(b"HTTP/1.1", str(reply.status).encode(), b"")
    linter.process_headers(_raw(reply.headers))
    linter.feed_content(reply.body)
    linter.finish_content(True)
    for note in linter.notes:
        if note.level in _LEVELS and type(note).__name__ not in ALLOWED:
            yield f"{note.level.value}: {note.summary} ({note.subject})"


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
