"""Cookies and tokens of forms on pages that caches keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from harness.audit.model import Finding, Seen
from harness.audit.probes import found

_IDENTITY: Final = re.compile(r"sess|sid\b|auth|token|user|login|csrf|xsrf", re.IGNORECASE)
_TOKEN: Final = re.compile(
    rb"<input(?=[^>]*type=[\"']?hidden)[^>]*name=[\"']?([\w-]*(?:csrf|xsrf|nonce|authenticity)[\w-]*)", re.IGNORECASE
)


def judge(seen: Seen) -> Iterator[Finding]:
    """Look at every plain reply, and at the one to a client that takes no coding."""
    subject = seen.subject
    replies = [*seen.replies, *([seen.identity] if seen.identity is not None else [])]
    hits = [{_pair(line) for line in reply.cookies} for reply in replies if reply.reused]
    # A cache may set a cookie of its own with each hit, as some do against bots: that one is another each time.
    shared = {pair for one, other in pairwise(hits) for pair in one & other if _is_of_one(*pair)}
    set_here = [reply for reply in seen.replies if reply.cookies and reply.policy.invites]
    if shared:
        yield found("cookie-on-kept", subject, f"two hits set {', '.join(sorted(name for name, _ in shared))} alike")
    elif set_here:
        names = ", ".join(_pair(line)[0] for line in set_here[-1].cookies)
        yield found("cookie-on-cacheable", subject, f"{set_here[-1].policy.why}, and sets {names}")
    if seen.is_kept and (token := _TOKEN.search(seen.last.body)):
        yield found("token-on-kept", subject, f"a hidden field {token[1].decode()}")


def _pair(line: str) -> tuple[str, str]:
    name, _, rest = line.partition("=")
    return name.strip(), rest.partition(";")[0].strip()


def _is_of_one(name: str, value: str) -> bool:
    """Whether a cookie looks as if it told its bearer from others, as a session's does and a language's does not."""
    return len(value) >= 12 or (bool(value) and _IDENTITY.search(name) is not None)
