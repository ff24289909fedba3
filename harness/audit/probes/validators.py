"""Validators: whether a page has any, whether they hold, and whether 304 and HEAD say what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.audit.model import Finding, Seen
from harness.audit.probes import found, listed, said
from harness.audit.reply import Reply, title

_REPEATED: Final = ("etag", "cache-control", "expires", "vary", "content-location")
_OF_HEAD: Final = ("etag", "cache-control", "content-type", "content-length")


def judge(seen: Seen) -> Iterator[Finding]:
    """Compare the replies with each other."""
    last, subject = seen.last, seen.subject
    if last.status != 200:
        return
    policy = last.policy
    if not {"etag", "last-modified"} & last.headers.keys() and (policy.shared is not False or seen.is_kept):
        yield found("validator-missing", subject, "no ETag and no Last-Modified")
    yield from _stability(seen)
    for reply, asked in ((seen.by_tag, "If-None-Match"), (seen.by_date, "If-Modified-Since")):
        if reply is None:
            continue
        if reply.status == 304:
            lost = [title(name) for name in _REPEATED if name in last.headers and name not in reply.headers]
            if asked == "If-None-Match" and lost:
                yield found("304-incomplete", subject, f"the 304 has no {listed(lost)}")
        elif reply.status == 200 and reply.body == last.body and _is_confirmed(reply, last, asked):
            yield found("validator-ignored", subject, f"{asked} with its own value was answered with 200")
    if seen.head is not None:
        yield from _head(seen, seen.head)


def _is_confirmed(reply: Reply, last: Reply, asked: str) -> bool:
    """Whether the validator that was sent is still that of the page."""
    name = "etag" if asked == "If-None-Match" else "last-modified"
    return reply.headers.get(name) == last.headers.get(name)


def _stability(seen: Seen) -> Iterator[Finding]:
    for one, other in zip(seen.replies, seen.replies[1:], strict=False):
        tags = one.headers.get("etag"), other.headers.get("etag")
        if None in tags or one.coding != other.coding or one.status != other.status:
            continue
        if tags[0] != tags[1] and one.body == other.body:
            yield found("validator-changes", seen.subject, f"ETag {tags[0]}, then {tags[1]}, for the same bytes")
            return
        if tags[0] == tags[1] and one.body != other.body and not str(tags[0]).startswith("W/"):
            yield found("validator-stays", seen.subject, f"ETag {tags[0]} twice, for {_sizes(one, other)}")
            return


def _sizes(one: Reply, other: Reply) -> str:
    return f"bodies of {len(one.body):,} and {len(other.body):,} bytes that differ"


def _head(seen: Seen, head: Reply) -> Iterator[Finding]:
    last = seen.last
    if head.status in {405, 501}:
        yield found("head-disagrees", seen.subject, f"HEAD is refused with {head.status}")
        return
    if not head.status:
        yield found("head-disagrees", seen.subject, "HEAD is not answered")
        return
    differ = [] if head.status == last.status else [f"status {head.status} instead of {last.status}"]
    # A tag that changes each time is told of above; so is a page that is another each time.
    first = seen.replies[0]
    if first.body == last.body and first.headers.get("etag") == last.headers.get("etag"):
        differ += [
            f"{said(head, title(name))} instead of {last.headers[name]}"
            for name in _OF_HEAD
            if name in head.headers and name in last.headers and head.headers[name] != last.headers[name]
        ]
    if differ:
        yield found("head-disagrees", seen.subject, "; ".join(differ))
