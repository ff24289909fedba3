"""A report as JUnit, which build servers show beside the tests: a test case for each check of each kind of page."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from harness.audit.checks import TABLE
from harness.audit.model import Check, Finding, Report, Severity
from results.report import junit


def render(report: Report, fail_on: Severity | None, started: datetime) -> str:
    """XML text.

    Args:
        report: Of an audit.
        fail_on: The least severity that fails a case; None: none does. What is below is skipped rather than failed.
        started: When the audit began.
    """
    found: dict[tuple[str, str], list[Finding]] = {}
    for each in report.findings:
        found.setdefault((each.kind, each.check.id), []).append(each)
    cases = [
        _case(kind, check, found.pop((kind, check.id), []), fail_on)
        for kind, family in dict.fromkeys(report.made)
        for check in TABLE
        if check.family == family
    ]
    cases += [_case(kind, findings[0].check, findings, fail_on) for (kind, _), findings in found.items()]
    for skipped in report.skipped:
        case = ET.Element("testcase", classname=skipped.kind, name=skipped.family)
        ET.SubElement(case, "skipped", message=skipped.why)
        cases.append(case)
    hosts = ", ".join(urlsplit(origin).netloc for origin in report.origins)
    said = [f"{each.check.severity.word}: {each.check.id} {each.url}: {each.seen}" for each in report.worst_first()]
    properties = {"requests": str(report.sent), "sites": " ".join(report.origins)}
    return junit.document(f"audit of {hosts}", started, properties, cases, said, command="audit")


def _case(kind: str, check: Check, findings: list[Finding], fail_on: Severity | None) -> ET.Element:
    case = ET.Element("testcase", classname=kind, name=check.id)
    if not findings:
        return case
    seen = "; ".join(f"{each.url}: {each.seen}" for each in findings)
    if fail_on is not None and check.severity >= fail_on:
        failure = ET.SubElement(case, "failure", message=f"{check.title}: {seen}", type=check.severity.word)
        failure.text = f"Why: {check.why}\nDo: {check.remedy}"
    else:
        message = f"{check.severity.word}: {check.title}: {seen} (the policy lets this pass)"
        ET.SubElement(case, "skipped", message=message)
    return case
