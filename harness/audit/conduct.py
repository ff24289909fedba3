"""An audit from its first request to its last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from harness.audit import discovery, members
from harness.audit.client import Client, Trust, origin_of
from harness.audit.members import Member, Reference
from harness.audit.model import SITE, Finding, NotTriedError, Report, Seen, Skipped, Subject
from harness.audit.probes import (
    changes,
    cookies,
    failures,
    headers,
    identity,
    keeping,
    privacy,
    queries,
    reuse,
    unkeyed,
    validators,
    variants,
)
from harness.audit.reply import Reply
from harness.errors import UsageError
from harness.processes import check_interrupted
from results.loopback import is_this_machine

_JUDGED: Final = {
    "keeping": keeping.judge,
    "headers": headers.judge,
    "validators": validators.judge,
    "variants": variants.judge,
    "cookies": cookies.judge,
    "failures": failures.judge,
}
"""The families that are judged from the replies that are there."""


_TRIES: Final = 3
_MOST_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Options:
    """How to audit.

    Attributes:
        allowed: Names of hosts that may be asked besides this machine.
        sitemap: Address of a sitemap.
        login: A login recipe.
        allow_writes: Whether something may be changed to see what is dropped.
        allowance_s: After a change, for how long the old page is no fault.
    """

    allowed: frozenset[str] = frozenset()
    trust: Trust = field(default_factory=Trust)
    sitemap: str | None = None
    login: Path | None = None
    allow_writes: bool = False
    allowance_s: float = 0.0


def audit(urls: Sequence[str], options: Options) -> Report:
    """Audit sites, one after the other.

    Args:
        urls: Origins, of which the kinds of pages are looked for, and addresses of pages.
        options: How.

    Raises:
        UsageError: A host may not be asked, or an option does not fit.
        TargetError: A site does not answer, or a log-in does not work.
    """
    sites: dict[str, list[str]] = {}
    for url in urls:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sites.setdefault(origin_of(url), []).append(path)
    for origin in sites:
        host = urlsplit(origin).hostname or ""
        if not is_this_machine(host) and host not in options.allowed:
            raise UsageError(f"{host} is not this machine. If you may probe it, say so: --i-may-probe {host}")
    if len(sites) > 1 and (options.login or options.sitemap):
        word = "--login" if options.login else "--sitemap"
        raise UsageError(f"{word} is for one site, and the addresses are of {len(sites)}; audit one after the other")
    report = Report()
    for origin, paths in sites.items():
        report.origins.append(origin)
        _Audit(origin, options, report).run(paths)
    return report


def _may_come(reply: Reply) -> bool:
    """Whether another question may be answered from a store: caches are told to keep it, and do not pass it by."""
    return reply.policy.invites and reply.reading.verdict == "MISS"


def _of_members(member: Member | None) -> list[Subject]:
    """The pages around a log-in, which strangers ask for too."""
    if member is None:
        return []
    return [Subject("login", member.form), *(Subject("member", path) for path in member.pages)]


class _Audit:
    """The audit of one site."""

    def __init__(self, origin: str, options: Options, report: Report) -> None:
        self._origin = origin
        self._options = options
        self._report = report
        self._has_visitors = not is_this_machine(urlsplit(origin).hostname or "")

    def run(self, paths: Sequence[str]) -> None:
        """Go through the kinds of pages, then through what concerns the whole site."""
        with ExitStack() as stack:
            reader = stack.enter_context(Client(self._origin, self._options.trust))
            about = members.reference(reader)
            site = self._site(reader, paths)
            member = stack.enter_context(
                members.logged_in(self._origin, self._options.trust, about, self._options.login)
            )
            around = _of_members(member)
            known = {subject.path for subject in around}
            site.subjects = [subject for subject in site.subjects if subject.path not in known] + around
            seen = [self._look(reader, subject, site.asked.get(subject.path)) for subject in site.subjects]
            self._report.seen += seen
            for each in seen:
                self._probe(reader, each, site.listed)
            self._ask_as_member(reader, member, seen)
            self._add(SITE, "reuse", reuse.ask(reader, seen))
            self._change(reader, about, seen)
            self._report.sent += reader.sent + (member.client.sent if member is not None else 0)

    def _site(self, reader: Client, paths: Sequence[str]) -> discovery.Site:
        sitemap = self._options.sitemap
        if sitemap is not None:
            if origin_of(sitemap) != self._origin:
                raise UsageError(f"--sitemap {sitemap} is not of {self._origin}; name the sitemap of the site itself")
            sitemap = urlsplit(sitemap).path
        is_whole = "/" in paths
        site = discovery.discover(reader, sitemap) if is_whole else discovery.Site(listed=frozenset(paths))
        known = {subject.path for subject in site.subjects}
        site.subjects += [each for each in discovery.named(dict.fromkeys(paths)) if each.path not in known]
        return site

    def _look(self, reader: Client, subject: Subject, first: Reply | None) -> Seen:
        """Ask for a page again and again, in all the ways in which it can be asked for without a probe."""
        check_interrupted()
        path = subject.path
        replies = [first or reader.get(path), reader.get(path)]
        # Behind one address there may be several caches, each of which has to get the page first.
        while not replies[-1].reused and len(replies) < (_MOST_TRIES if _may_come(replies[-1]) else _TRIES):
            replies.append(reader.get(path))
        last = replies[-1]
        if last.status != 200:
            return Seen(subject, tuple(replies))
        tag, date = last.headers.get("etag"), last.headers.get("last-modified")
        return Seen(
            subject,
            tuple(replies),
            identity=reader.get(path, {"Accept-Encoding": "identity"}),
            head=reader.get(path, method="HEAD"),
            by_tag=reader.get(path, {"If-None-Match": tag}) if tag else None,
            by_date=reader.get(path, {"If-Modified-Since": date}) if date else None,
        )

    def _probe(self, reader: Client, seen: Seen, listed: frozenset[str]) -> None:
        check_interrupted()
        subject = seen.subject
        for family, judge in _JUDGED.items():
            self._add(subject.kind, family, judge(seen))
        if subject.kind == "asset":
            self._add(subject.kind, "variants", variants.ask_for_a_part(reader, seen), again=True)
        self._add(subject.kind, "queries", queries.ask(reader, seen))
        if seen.is_page:
            may_purge = self._options.allow_writes
            findings = unkeyed.ask(reader, seen, has_visitors=self._has_visitors, may_purge=may_purge)
            self._add(subject.kind, "unkeyed", findings)
            replies = [seen.last, *(reader.get(path) for path in subject.siblings[:1])]
            for reply in replies:
                self._add(subject.kind, "identity", identity.ask(reader, subject, reply, listed), again=True)

    def _ask_as_member(self, reader: Client, member: Member | None, seen: Iterable[Seen]) -> None:
        if member is None:
            for family in ("members", "deception"):
                self._report.skipped.append(Skipped(SITE, family, "nobody can log in: give --login FILE.toml"))
            return
        for each in seen:
            if each.is_page and each.subject.kind not in {"login", "member"}:
                # An address that no reader has asked for is not in a cache yet, and so may be taken from a member.
                path = each.subject.siblings[1] if len(each.subject.siblings) > 1 else each.subject.path
                self._add(each.subject.kind, "members", privacy.ask(reader, member, each.subject, path))
        for path in member.pages:
            check_interrupted()
            subject = Subject("member", path)
            self._add("member", "members", privacy.ask(reader, member, subject, path), again=True)
            self._add("member", "deception", privacy.deceive(reader, member, subject), again=True)

    def _change(self, reader: Client, about: Reference | None, seen: Sequence[Seen]) -> None:
        if not self._options.allow_writes:
            self._report.skipped.append(Skipped(SITE, "changes", "it writes: allow it with --allow-writes"))
            return
        allowance = self._options.allowance_s
        if about is not None:
            subjects = [each.subject for each in seen if each.subject.kind == "articles"][:1]
            change = changes.edit
        else:
            subjects = [each.subject for each in seen if each.is_page and each.is_kept][-1:]
            change = changes.purge
        for subject in subjects:
            self._add(subject.kind, "changes", change(reader, subject, seen, allowance))
        if not subjects:
            self._report.skipped.append(Skipped(SITE, "changes", "no page was kept that could be changed"))

    def _add(self, kind: str, family: str, findings: Iterable[Finding], *, again: bool = False) -> None:
        try:
            self._report.findings += [replace(each, url=f"{self._origin}{each.url}") for each in findings]
        except NotTriedError as reason:
            self._report.skipped.append(Skipped(kind, family, str(reason)))
            return
        if not again or (kind, family) not in self._report.made:
            self._report.made.append((kind, family))
