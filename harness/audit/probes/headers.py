"""Header fields that contradict each other or cannot be meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from harness.audit.model import Finding, Seen
from harness.audit.probes import found, said
from harness.audit.reply import TARGETED, Reply, date_of, directives, seconds_of, title

KNOWN: Final = frozenset(
    {
        "max-age",
        "s-maxage",
        "no-cache",
        "no-store",
        "no-transform",
        "private",
        "public",
        "must-revalidate",
        "proxy-revalidate",
        "must-understand",
        "immutable",
        "stale-while-revalidate",
        "stale-if-error",
        "max-stale",
        "min-fresh",
        "only-if-cached",
        "pre-check",
        "post-check",
        "durable",
        "content",
    }
)
"""Directives that some cache knows."""

_LIFETIMES: Final = ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error")
_CLOCKS: Final = timedelta(seconds=5)
"""By which two clocks may differ."""
_APART: Final = (
    ("no-store", "max-age"),
    ("no-store", "s-maxage"),
    ("no-store", "public"),
    ("no-store", "immutable"),
    ("private", "public"),
    ("private", "s-maxage"),
    ("no-cache", "immutable"),
    ("must-revalidate", "stale-while-revalidate"),
    ("must-revalidate", "stale-if-error"),
)
"""Pairs of directives of which one takes back the other; a lifetime of 0 takes nothing back."""


def judge(seen: Seen) -> Iterator[Finding]:
    """Look at the last plain reply."""
    reply, subject = seen.last, seen.subject
    for name in ("cache-control", *TARGETED):
        value = reply.headers.get(name, "")
        has = directives(value)
        apart = [
            f"{one} and {other}"
            for one, other in _APART
            if one in has and other in has and not (other in _LIFETIMES and seconds_of(has[other]) in {0, None})
        ]
        if apart:
            yield found("contradictory-directives", subject, f"{', '.join(apart)} in {title(name)}: {value}")
        for word in has:
            if word not in KNOWN and (near := difflib.get_close_matches(word.replace("_", "-"), KNOWN, 1, 0.8)):
                yield found("unknown-directive", subject, f"{word} in {title(name)}; {near[0]} may be meant")
        for word in _LIFETIMES:
            if word in has and seconds_of(has[word]) is None:
                yield found("invalid-lifetime", subject, f"{word}={has[word]} in {title(name)}: {value}")
    yield from _dates(reply, seen)


def _dates(reply: Reply, seen: Seen) -> Iterator[Finding]:
    subject = seen.subject
    if "date" not in reply.headers:
        yield found("date-missing", subject, "no Date")
    date = reply.date
    changed = date_of(reply.headers.get("last-modified", ""))
    if date and changed and changed > date + _CLOCKS:
        yield found("last-modified-ahead", subject, f"{said(reply, 'Last-Modified')}, {said(reply, 'Date')}")
    # A cache that gives its hits a new Date leaves Expires as it was: only a reply that was made now tells.
    made = next((each for each in seen.replies if not each.reused), None)
    if made is not None:
        yield from _expiry(made, seen)
    age, policy = seconds_of(reply.headers.get("age")), reply.policy
    if age is not None and reply.reading.verdict == "HIT" and policy.shared and age > policy.seconds + policy.grace:
        yield found("too-old", subject, f"Age: {age}, and {policy.why}")


def _expiry(reply: Reply, seen: Seen) -> Iterator[Finding]:
    has, date = directives(reply.headers.get("cache-control", "")), reply.date
    expires, lifetime = date_of(reply.headers.get("expires", "")), seconds_of(has.get("max-age"))
    # What is long past says "do not keep" in the words of HTTP/1.0, as no-store and no-cache do beside it.
    if date and expires and lifetime is not None and not {"no-store", "no-cache", "private"} & set(has):
        meant = max((expires - date).total_seconds(), 0)
        if abs(meant - lifetime) > max(60, lifetime / 10):
            yield found("expires-disagrees", seen.subject, f"Expires gives {meant:.0f} s, max-age {lifetime} s")
