"""Caches that do not say what they do, told from outside.

Two replies a few seconds apart, with one in between that is certainly new: a page whose ``Date`` stands still while
that of new replies goes on was kept. A page that a cache says it kept, and whose ``Date`` goes on all the same, hides
its age. Nothing is concluded from how long a reply took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from harness.audit.client import Client, token
from harness.audit.model import SITE, Finding, Seen, Subject
from harness.audit.probes import found
from harness.audit.reply import Reply

_APART_S: Final = 2.1
"""Dates are whole seconds: so long apart, two of them differ by two."""
_SECOND: Final = timedelta(seconds=1)


def ask(client: Client, seen: Sequence[Seen]) -> Iterator[Finding]:
    """Ask twice for every page of which no header tells the age."""
    silent = [each for each in seen if each.last.status == 200 and not any(r.reading.layers for r in each.replies)]
    ageless = [each for each in seen if each.is_kept and "age" not in each.last.headers]
    if not silent and not ageless:
        return
    first = _round(client, [*silent, *ageless])
    time.sleep(_APART_S)
    second = _round(client, [*silent, *ageless])
    if first[0] is None or second[0] is None or first[0] >= second[0]:
        return
    told = False
    for each, one, other in zip([*silent, *ageless], first[1], second[1], strict=True):
        if each in silent and _stood_still(one, other):
            told = True
            yield found(
                "silent-cache", each.subject, f"two replies {_APART_S:.0f} s apart have the same Date, {_of(one)}"
            )
        elif each in ageless and one.reused and other.reused and _is_new(one, first[0]) and _is_new(other, second[0]):
            yield found(
                "age-missing", each.subject, "two hits have the Dates of the moments they were sent at, and no Age"
            )
    if not told and silent and not any(reply.reading.layers for each in seen for reply in each.replies):
        yield found("no-cache-seen", Subject(SITE, "/"), f"of {len(seen)} kinds of pages none")


def _round(client: Client, seen: Sequence[Seen]) -> tuple[datetime | None, list[Reply]]:
    """The time of the site, by a reply that no cache can have, and the pages right after it."""
    now = client.get(f"/{token()}").date
    return now, [client.get(each.subject.path) for each in seen]


def _stood_still(one: Reply, other: Reply) -> bool:
    return one.date is not None and one.date == other.date


def _is_new(reply: Reply, now: datetime | None) -> bool:
    return (
        reply.date is not None and now is not None and abs(reply.date - now) <= _SECOND and "age" not in reply.headers
    )


def _of(reply: Reply) -> str:
    return reply.headers["date"]
