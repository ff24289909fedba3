"""Cookies and tokens of forms on pages that caches keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.audit.model import Finding, Seen
from harness.audit.probes import found

_TOKEN: Final = re.compile(
    rb"<input(?=[^>]*type=[\"']?hidden)[^>]*name=[\"']?([\w-]*(?:csrf|xsrf|nonce|authenticity)[\w-]*)", re.IGNORECASE
)


def judge(seen: Seen) -> Iterator[Finding]:
    """Look at every plain reply."""
    subject = seen.subject
    on_hits = [reply for reply in seen.replies if reply.reused and reply.cookies]
    set_here = [reply for reply in seen.replies if reply.cookies and reply.policy.invites]
    if on_hits:
        yield found("cookie-on-kept", subject, f"a hit sets {_names(on_hits[-1].cookies)}")
    elif set_here:
        yield found(
            "cookie-on-cacheable", subject, f"{set_here[-1].policy.why}, and sets {_names(set_here[-1].cookies)}"
        )
    if seen.is_kept and (token := _TOKEN.search(seen.last.body)):
        yield found("token-on-kept", subject, f"a hidden field {token[1].decode()}")


def _names(cookies: tuple[str, ...]) -> str:
    return ", ".join(cookie.partition("=")[0] for cookie in cookies)
