"""Whether caches may keep a page, whether they do, and why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.audit.model import Finding, Seen
from harness.audit.probes import found, listed
from harness.audit.reply import Reply, directives, seconds_of

_FILE: Final = re.compile(r"text/css|javascript|^(?:image|font|audio|video)/|application/wasm")
_HASHED: Final = re.compile(r"[.\-_/](?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\.[a-z0-9]+(?:\?|$)")
"""A file's name that ends in eight hexadecimal digits or more before its type."""
_DAY_S: Final = 86_400
_OF_ONE: Final = ("login", "member")
"""Kinds that are right to be kept by nobody."""
_PASSWORD: Final = re.compile(rb"<input[^>]+type=[\"']?password", re.IGNORECASE)


def judge(seen: Seen) -> Iterator[Finding]:
    """Compare what the headers say with what the layers did."""
    last, subject = seen.last, seen.subject
    policy = last.policy
    if last.status in {301, 308} and policy.shared is False:
        yield found("permanent-redirect-not-kept", subject, f"status {last.status}, and {policy.why}")
    if last.status != 200:
        return
    yield from _in_browsers(seen)
    if policy.shared is None and "cache-control" not in last.headers:
        yield found("no-freshness", subject, "neither Cache-Control nor Expires")
    elif seen.is_kept:
        if policy.shared is False:
            yield found("kept-though-forbidden", subject, f"{policy.why}, and the layers said: {_did(seen)}")
        return
    elif _FILE.search(last.headers.get("content-type", "")):
        if policy.shared is False:
            yield found("asset-not-kept", subject, policy.why)
    elif (
        seen.is_page
        and not policy.invites
        and "*" not in last.vary
        and subject.kind not in _OF_ONE
        and _is_for_all(seen)
    ):
        yield found("page-not-cacheable", subject, policy.why)
    if policy.invites and last.reading.layers:
        yield found("not-kept", subject, f"{policy.why}, yet the layers said: {_did(seen)}{_reason(last)}")


def _in_browsers(seen: Seen) -> Iterator[Finding]:
    """Look at the lifetime that browsers see."""
    has = directives(seen.last.headers.get("cache-control", ""))
    lifetime = seconds_of(has.get("max-age"))
    if lifetime is None or "no-store" in has:
        return
    if _HASHED.search(seen.subject.path) and lifetime < _DAY_S:
        yield found("asset-asked-each-time", seen.subject, f"Cache-Control: {seen.last.headers['cache-control']}")
    elif seen.is_page and lifetime >= _DAY_S and "no-cache" not in has:
        yield found("page-long-in-browsers", seen.subject, f"Cache-Control: {seen.last.headers['cache-control']}")


def _is_for_all(seen: Seen) -> bool:
    """Whether two strangers got the same page, and it is none to log in with."""
    first, last = seen.replies[0], seen.last
    return first.body == last.body and not last.cookies and _PASSWORD.search(last.body) is None


def _did(seen: Seen) -> str:
    return ", ".join(reply.reading.verdict for reply in seen.replies)


def _reason(reply: Reply) -> str:
    """What is known to keep caches from keeping."""
    detail = re.search(r"detail=\"?([\w-]+)", reply.headers.get("cache-status", ""))
    reasons = [f"its reason: {detail[1]}"] if detail else []
    reasons += ["the page sets a cookie"] if reply.cookies else []
    reasons += ["the page varies by Cookie"] if "cookie" in reply.vary else []
    return f" ({listed(reasons)})" if reasons else ""
