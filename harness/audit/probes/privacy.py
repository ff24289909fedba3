"""Members: whether caches keep what was made for one person, or could be brought to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.audit.client import Client, token
from harness.audit.members import Member
from harness.audit.model import Finding, Subject
from harness.audit.probes import found
from harness.audit.reply import Reply

_DECEPTIONS: Final = (
    "{page}/{file}.css",
    "{page};{file}.css",
    "{page}%2f{file}.css",
    "{page}%3f{file}.css",
    "{page}%23{file}.css",
    "{page}%0a{file}.css",
    "{page}%00{file}.css",
    "{page}.{file}.css",
    "/static/..%2f{rest}?{file}.css",
    "/{file}.css/..%2f{rest}",
)
"""Addresses that a cache may take for a file and the site for a page."""


def ask(reader: Client, member: Member, subject: Subject, path: str) -> Iterator[Finding]:
    """Ask for a page as a member, then as a stranger."""
    theirs = member.client.get(path)
    if theirs.status != 200:
        return
    is_theirs = member.is_shown(theirs)
    if is_theirs:
        yield from _judge(subject, theirs)
    elif theirs.reused and member.is_for_nobody(theirs):
        yield found("member-shown-nobody", subject, "a member's request was answered from a store", path)
    strangers = reader.get(path)
    if member.is_shown(strangers):
        kept = " from a cache" if strangers.reused else ""
        yield found("member-page-leaked", subject, f"a stranger who asked next got the member's page{kept}", path)
    elif is_theirs and member.is_shown(again := member.client.get(path)) and again.reused:
        yield found("member-page-reused", subject, f"the layers said {again.reading.verdict}", path)


def deceive(reader: Client, member: Member, subject: Subject) -> Iterator[Finding]:
    """Ask for a member's page under addresses that look like files, then as a stranger."""
    page = subject.path.partition("?")[0]
    opened = []
    for shape in _DECEPTIONS:
        path = shape.format(page=page.rstrip("/"), rest=page.lstrip("/"), file=token())
        theirs = member.client.get(path)
        if theirs.status != 200 or not member.is_shown(theirs):
            continue
        if member.is_shown(reader.get(path)):
            yield found("cache-deception", subject, "a stranger got the member's page there", path)
        else:
            opened.append(path)
            yield from _judge(subject, theirs)
    if opened:
        yield found("deceptive-address", subject, f"{len(opened)} of {len(_DECEPTIONS)} such addresses", opened[0])


def _judge(subject: Subject, reply: Reply) -> Iterator[Finding]:
    policy = reply.policy
    if policy.invites:
        yield found("member-page-storable", subject, policy.why, reply.path)
    elif policy.shared is not False:
        yield found("member-page-unmarked", subject, f"neither private nor no-store: {policy.why}", reply.path)
