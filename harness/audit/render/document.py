"""A report as plain data for JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from harness import __version__
from harness.audit.explain import explain, told
from harness.audit.model import Report, Seen, Severity
from harness.audit.render import lines
from harness.audit.reply import Reply

FORMAT: Final = 1


def render(report: Report) -> str:
    """JSON text."""
    return json.dumps(to_dict(report), indent=2, ensure_ascii=False)


def to_dict(report: Report) -> dict[str, Any]:
    """Everything that was seen and found."""
    return {
        "format": FORMAT,
        "anp": __version__,
        "sites": report.origins,
        "requests": report.sent,
        "counts": {severity.word: report.count(severity) for severity in reversed(Severity)},
        "findings": [
            {
                "check": each.check.id,
                "severity": each.check.severity.word,
                "kind": each.kind,
                "url": each.url,
                "seen": each.seen,
                "title": each.check.title,
                "why": each.check.why,
                "remedy": each.check.remedy,
            }
            for each in report.worst_first()
        ],
        "pages": [_page(seen) for seen in report.seen],
        "skipped": [{"kind": each.kind, "family": each.family, "why": each.why} for each in report.skipped],
    }


def _page(seen: Seen) -> dict[str, Any]:
    row, policy = lines.row(seen), seen.last.policy
    return {
        "kind": seen.subject.kind,
        "path": seen.subject.path,
        "status": seen.last.status,
        "shared": policy.shared,
        "fresh_s": policy.seconds,
        "why": policy.why,
        "kept": seen.is_kept,
        "confirmed": None if row.confirmed is None else list(row.confirmed),
        "coding": seen.last.coding or None,
        "bytes": len(seen.last.body),
        "replies": [_reply(reply) for reply in seen.replies],
        "headers": [{"name": word.name, "value": word.value, "means": word.means} for word in explain(seen.last)],
    }


def _reply(reply: Reply) -> dict[str, Any]:
    """The layers are told from the origin to the user, as the swarm does."""
    return {
        "verdict": reply.reading.verdict,
        "layers": [
            {"provider": layer.provider, "verdict": layer.verdict, "age": layer.age, "means": told(layer)}
            for layer in reply.reading.layers
        ],
    }
