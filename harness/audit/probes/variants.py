"""``Vary``, codings and parts: the forms in which one page is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.audit.client import Client
from harness.audit.model import Finding, Seen
from harness.audit.probes import found, said

_WORTH_IT = 1024
_PART = 10


def judge(seen: Seen) -> Iterator[Finding]:
    """Compare the reply to a browser with the one to a client that takes no coding."""
    last, plain, subject = seen.last, seen.identity, seen.subject
    if last.status != 200:
        return
    policy = last.policy
    if "*" in last.vary:
        if replace(last, headers={**last.headers, "vary": ""}).policy.invites:
            yield found("vary-star", subject, f"{said(last, 'Vary')}, {said(last, 'Cache-Control')}")
    elif policy.invites or seen.is_kept:
        if "cookie" in last.vary:
            yield found("vary-cookie", subject, said(last, "Vary"))
        if "user-agent" in last.vary:
            yield found("vary-user-agent", subject, said(last, "Vary"))
    if last.is_text and not last.coding and len(last.body) > _WORTH_IT:
        yield found("not-compressed", subject, f"{len(last.body):,} bytes of {last.headers['content-type']}")
    if plain is None or plain.status != 200:
        return
    if plain.coding:
        yield found("coding-forced", subject, f"Content-Encoding: {plain.coding} for Accept-Encoding: identity")
        return
    if last.coding:
        if not {"accept-encoding", "*"} & last.vary and policy.shared is not False:
            yield found("vary-coding-missing", subject, f"{last.coding} or plain, and {said(last, 'Vary')}")
        tags = last.headers.get("etag"), plain.headers.get("etag")
        if tags[0] is not None and tags[0] == tags[1] and not tags[0].startswith("W/"):
            yield found("etag-shared", subject, f"ETag {tags[0]} of the form in {last.coding} and of the plain one")


def ask_for_a_part(client: Client, seen: Seen) -> Iterator[Finding]:
    """Ask for the first bytes of a file, and for the whole once more."""
    plain = seen.identity
    if plain is None or plain.status != 200 or len(plain.body) <= _PART:
        return
    asked = {"Accept-Encoding": "identity", "Range": f"bytes=0-{_PART - 1}"}
    part = client.get(seen.subject.path, asked)
    if part.status == 206 and (
        part.body != plain.body[:_PART]
        or part.headers.get("content-range", "").strip()
        not in {f"bytes 0-{_PART - 1}/{size}" for size in (len(plain.body), "*")}
    ):
        yield found(
            "part-wrong",
            seen.subject,
            f"bytes=0-{_PART - 1} was answered with {len(part.body)} bytes, {said(part, 'Content-Range')}",
        )
    whole = client.get(seen.subject.path, {"Accept-Encoding": "identity"})
    if whole.status == 206 or (whole.status == 200 and len(whole.body) == _PART):
        yield found("part-wrong", seen.subject, "after a part was asked for, the part is given for the whole")
