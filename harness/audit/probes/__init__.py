"""The checks, one module a family or two. Each gives findings, and nothing where all is well."""

from __future__ import annotations

from harness.audit.checks import CHECKS
from harness.audit.client import Client
from harness.audit.model import Finding, Subject
from harness.audit.reply import Reply


def found(check: str, subject: Subject, seen: str, path: str | None = None) -> Finding:
    """A finding; the address is completed when it goes into the report."""
    return Finding(CHECKS[check], subject.kind, subject.path if path is None else path, seen)


def said(reply: Reply, name: str) -> str:
    """A field of a reply as it came, for what was seen."""
    return f"{name}: {reply.headers.get(name.lower(), '(none)')}"


def listed(words: list[str]) -> str:
    """Words as a sentence lists them."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def is_purged(client: Client, path: str) -> bool:
    """Whether ``PURGE`` drops the page from whatever kept it."""
    return 200 <= client.get(path, method="PURGE").status < 300 and not client.get(path).reused
