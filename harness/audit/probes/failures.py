"""Errors and pages that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.audit.discovery import MISSING
from harness.audit.model import Finding, Seen
from harness.audit.probes import found

_LONGEST_S: Final = 300


def judge(seen: Seen) -> Iterator[Finding]:
    """Look at the status, and at how long an error may be kept."""
    last, subject = seen.last, seen.subject
    if subject.kind == MISSING and last.status == 200:
        yield found("missing-is-found", subject, "an address that was made up is answered with 200")
    if last.status >= 400 and last.policy.shared and last.policy.seconds > _LONGEST_S:
        yield found("error-kept-long", subject, f"status {last.status}, and {last.policy.why}")
