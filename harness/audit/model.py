"""What an audit is about, and what it finds."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.audit.reply import Reply

SITE = "site"
"""The kind that stands for the site as a whole, where a check belongs to no page of it."""


class Severity(enum.IntEnum):
    """How bad a finding is; the words are those of SARIF."""

    NOTE = 1
    """Costs something, or is worth knowing."""
    WARNING = 2
    """A cache does less than it should, or may do what it should not."""
    ERROR = 3
    """Somebody is shown what they must not be shown."""

    @property
    def word(self) -> str:
        """In lower case, as options and documents have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for.

    Attributes:
        id: Stable, for policies and suppressions.
        family: What it belongs to: of one family either all checks are made on a page or none.
        title: What is wrong where it is found.
        why: Why it matters.
        remedy: What to do.
    """

    id: str
    family: str
    severity: Severity
    title: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of page, and the addresses that stand for it.

    Attributes:
        kind: Such as ``home``, ``articles``, ``asset``; named as the swarm names routes.
        path: The address that is asked for, with its query.
        siblings: Further addresses of the kind.
    """

    kind: str
    path: str
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that found something.

    Attributes:
        kind: Of the page, or ``SITE``.
        url: The address it was found at.
        seen: What was seen there, in words.
    """

    check: Check
    kind: str
    url: str
    seen: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The replies of one address, in the order in which they were asked for; without any cookie.

    Attributes:
        replies: To the plain question, two or three times over.
        identity: To a client that takes no coding.
        head: To HEAD.
        by_tag: To ``If-None-Match`` with the entity tag of the last plain reply; None: it has none.
        by_date: To ``If-Modified-Since`` with its ``Last-Modified``; None: it has none.
    """

    subject: Subject
    replies: tuple[Reply, ...]
    identity: Reply | None = None
    head: Reply | None = None
    by_tag: Reply | None = None
    by_date: Reply | None = None

    @property
    def last(self) -> Reply:
        """The last plain reply."""
        return self.replies[-1]

    @property
    def is_kept(self) -> bool:
        """Whether any cache gave the page from its store."""
        return any(reply.reused for reply in self.replies)

    @property
    def is_page(self) -> bool:
        """Whether it is HTML that is there."""
        return self.last.status == 200 and self.last.is_html


@dataclass(frozen=True, slots=True)
class Skipped:
    """A family of checks that was not made, and why."""

    kind: str
    family: str
    why: str


class NotTriedError(Exception):
    """Raised by a probe that cannot be made; the message is the reason, for people."""


@dataclass(slots=True)
class Report:
    """What an audit saw and found.

    Attributes:
        origins: The sites.
        seen: The kinds of pages, in the order they were asked.
        made: Kind and family of the checks that were made.
        sent: Requests that were sent.
    """

    origins: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    sent: int = 0

    def worst_first(self) -> Sequence[Finding]:
        """The findings by severity, then by check, else as they were found."""
        return sorted(self.findings, key=lambda finding: (-finding.check.severity, finding.check.id))

    def count(self, severity: Severity) -> int:
        """How many findings of a severity there are."""
        return sum(finding.check.severity is severity for finding in self.findings)
