"""A report as SARIF 2.1.0, which code hosts show beside the code."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from harness import __version__
from harness.audit.checks import TABLE
from harness.audit.model import Finding, Report


def render(report: Report) -> str:
    """JSON text; every check is a rule, every finding a result at its address."""
    places = {check.id: place for place, check in enumerate(TABLE)}
    driver = {
        "name": "anp audit",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": check.id,
                "shortDescription": {"text": f"{check.title}."},
                "fullDescription": {"text": check.why},
                "help": {"text": check.remedy},
                "defaultConfiguration": {"level": check.severity.word},
                "properties": {"tags": [check.family]},
            }
            for check in TABLE
        ],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(each, places[each.check.id]) for each in report.worst_first()],
        "properties": {"sites": report.origins, "requests": report.sent},
    }
    return json.dumps(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]},
        indent=2,
        ensure_ascii=False,
    )


def _result(finding: Finding, place: int) -> dict[str, Any]:
    check = finding.check
    identity = hashlib.sha256(f"{check.id} {finding.kind}".encode()).hexdigest()[:32]
    return {
        "ruleId": check.id,
        "ruleIndex": place,
        "level": check.severity.word,
        "message": {"text": f"{check.title}: {finding.seen}. {check.remedy}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": finding.url}},
                "logicalLocations": [{"name": finding.kind, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"checkAndKind/v1": identity},
    }
