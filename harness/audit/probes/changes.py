"""What a change drops: the page that was changed, and no other. This writes to the site."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from harness.audit.client import Client
from harness.audit.discovery import MISSING
from harness.audit.model import Finding, NotTriedError, Seen, Subject
from harness.audit.probes import found
from harness.audit.reply import Reply

_MARK: Final = re.compile(rb'name="anp-mark" content="page=article id=(\d+) revision=(\d+)')
_OTHER_METHOD: Final = "REPORT"
"""Reads, where it is known at all; servers refuse a method that does not exist before the site is asked."""
_EVERY_S: Final = 0.5


def edit(client: Client, subject: Subject, seen: Sequence[Seen], allowance_s: float) -> Iterator[Finding]:
    """Edit an article of the reference site, and see what shows it and what was dropped.

    Args:
        client: A reader on this machine.
        subject: The kind of articles.
        seen: The other kinds, of which pages that are kept are looked at again.
        allowance_s: For how long the old page is no fault.

    Raises:
        NotTriedError: It cannot be edited.
    """
    path = (subject.siblings or (subject.path,))[-1]
    mark = _MARK.search(client.get(path).body)
    if mark is None:
        raise NotTriedError(f"{path} shows no article that could be edited")
    before = _kept(client, seen, subject)
    client.get(path)
    done = client.get("/anp/edit", method="POST", json={"article": int(mark[1])})
    if done.status != 200:
        raise NotTriedError(f"an edit is refused with {done.status}: ask from the machine it runs on, without a token")
    revision = int(mark[2])

    def is_old(reply: Reply) -> bool:
        now = _MARK.search(reply.body)
        return now is not None and now[1] == mark[1] and int(now[2]) <= revision

    if _stays(client, path, is_old, allowance_s):
        yield found("stale-after-change", subject, f"revision {revision} after an edit{_after(allowance_s)}", path)
    yield from _width(client, before, subject, path)


def purge(client: Client, subject: Subject, seen: Sequence[Seen], allowance_s: float) -> Iterator[Finding]:
    """Ask a cache to purge one address (``PURGE``), and see what was dropped; caches that take no purge do nothing.

    Raises:
        NotTriedError: There is nothing to purge, or PURGE means nothing here.
    """
    if 200 <= client.get(subject.path, method=_OTHER_METHOD).status < 300:
        raise NotTriedError("the site answers to any method, so that nothing follows from its answer to PURGE")
    before = _kept(client, seen, subject)
    if not client.get(subject.path).reused and not client.get(subject.path).reused:
        raise NotTriedError(f"{subject.path} is in no cache now")
    done = client.get(subject.path, method="PURGE")
    if not 200 <= done.status < 300:
        raise NotTriedError(f"PURGE is refused with {done.status}")
    if _stays(client, subject.path, lambda reply: reply.reused, allowance_s):
        yield found("stale-after-change", subject, f"PURGE is answered with {done.status}, and the next reply is a hit")
    yield from _width(client, before, subject, subject.path)


def _kept(client: Client, seen: Sequence[Seen], subject: Subject) -> list[tuple[Seen, Reply]]:
    """Pages of other kinds that are in a cache now."""
    asked = [(each, client.get(each.subject.path)) for each in seen if each.subject.kind not in {subject.kind, MISSING}]
    return [(each, reply) for each, reply in asked if each.is_kept and reply.reused]


def _stays(client: Client, path: str, is_old: Callable[[Reply], bool], allowance_s: float) -> bool:
    """Whether the old page is still there when its time is up."""
    until = time.monotonic() + allowance_s
    while is_old(client.get(path)):
        if time.monotonic() >= until:
            return True
        time.sleep(_EVERY_S)
    return False


def _width(client: Client, before: Sequence[tuple[Seen, Reply]], subject: Subject, path: str) -> Iterator[Finding]:
    """Which pages were made anew although they are what they were."""
    after = [(each, was, client.get(each.subject.path)) for each, was in before]
    same = [(each, now) for each, was, now in after if was.body == now.body]
    in_vain = [each.subject.kind for each, now in same if not now.reused]
    if len(in_vain) >= 2 and len(in_vain) * 2 > len(same):
        yield found(
            "purge-too-wide",
            subject,
            f"{len(in_vain)} of {len(same)} pages that did not change were dropped: {', '.join(in_vain)}",
            path,
        )


def _after(allowance_s: float) -> str:
    return f", {allowance_s:g} s later" if allowance_s else ""
