"""The comparison as a JUnit report, which build servers show beside the tests.

One test case is one primary cell. Slower is a failure, *invalid* and *not comparable* are errors, *not enough data* is
skipped with its reason or, where the policy asks for it, a failure. So a build server never shows an undecided run as
plainly green.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.report import tables
from results.verdict import Word

_FORBIDDEN: Final = re.compile("[^\t\n\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that no XML 1.0 document may hold, not even escaped."""


def render(comparison: Comparison, fail_on: Collection[str] = ("slower", "invalid")) -> str:
    """XML text: ``testsuites`` with one ``testsuite``.

    Args:
        comparison: What is reported.
        fail_on: The policy of the exit code, ``verdict.FAIL_ON``. What is not in it is skipped rather than failed.

    Raises:
        ComparisonError: For a policy word that is not known.
    """
    c = comparison
    code = c.exit_code(fail_on)
    suite = ET.Element("testsuite", name=f"anp {c.name}")
    if (began := _timestamp(c.plan.get("started"))) is not None:
        suite.set("timestamp", began)
    properties = ET.SubElement(suite, "properties")
    for name, value in (_properties(c) | {"exit_code": str(code)}).items():
        ET.SubElement(properties, "property", name=name, value=value)
    for result in c.primary:
        suite.append(_case(c, result, fail_on))
    if not c.primary:
        suite.append(_whole(c, fail_on))
    ET.SubElement(suite, "system-out").text = "\n".join([c.overall.headline, *c.overall.sentences, *c.caveats])
    cases = suite.findall("testcase")
    counts = {
        "tests": len(cases),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    root = ET.Element("testsuites", name="anp compare")
    for name, count in counts.items():
        suite.set(name, str(count))
        if name != "skipped":  # the schema of Jenkins knows it of a suite alone
            root.set(name, str(count))
    root.append(suite)
    for element in root.iter():
        element.text = _clean(element.text) if element.text else element.text
        for name, value in element.items():
            element.set(name, _clean(value))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(comparison: Comparison, result: CellResult, fail_on: Collection[str]) -> ET.Element:
    """One primary cell; its time is the latency after the change, so that a build server draws the trend of that."""
    row = tables.row(result)
    case = ET.Element("testcase", classname=comparison.name, name=result.label)
    if math.isfinite(result.latency_ms.after):
        case.set("time", f"{result.latency_ms.after / 1000:.6f}")
    _judge(case, result.verdict.word, f"{row.word}{row.qualifier}", fail_on)
    lines = [
        f"{row.before} before, {row.after} after",
        f"ratio {row.ratio} {row.interval}".rstrip(),
        f"margin {row.margin}",
        *([f"ratio by launch: {', '.join(map(units.ratio, result.launches))}"] if result.launches else []),
        f"requests: {row.requests}",
        *row.site,
        *(f"tag: {tag}" for tag in row.tags),
    ]
    ET.SubElement(case, "system-out").text = "\n".join(lines)
    return case


def _whole(comparison: Comparison, fail_on: Collection[str]) -> ET.Element:
    """The case of a comparison without any primary cell: a report without cases would be green."""
    case = ET.Element("testcase", classname=comparison.name, name="comparison")
    _judge(case, comparison.overall.word, comparison.overall.headline, fail_on)
    return case


def _judge(case: ET.Element, word: Word, message: str, fail_on: Collection[str]) -> None:
    """Add what became of a case; nothing where it passed."""
    kind = {"slower": "failure", "not enough data": "failure", "invalid": "error", "not comparable": "error"}.get(word)
    if kind is None:
        return
    policy = "invalid" if kind == "error" else word
    element = ET.SubElement(case, kind if policy in fail_on else "skipped", message=message)
    if policy in fail_on:
        element.set("type", word)
    elif word != "not enough data":
        element.set("message", f"{message} (the policy lets this pass)")


def _properties(comparison: Comparison) -> dict[str, str]:
    c = comparison
    corpus = c.plan.get("corpus")
    seeds = {"seed": c.plan.get("seed"), "corpus_seed": corpus.get("seed") if isinstance(corpus, dict) else None}
    source = tables.source(c)
    out = {
        "verdict": c.overall.word,
        "grade": c.grade,
        "method": c.method,
        **({"fallback": c.fallback} if c.fallback else {}),
        **({"control": str(c.design.control)} if c.design.control is not None else {}),
        "launches": tables.over(c),
        **{name: str(value) for name, value in seeds.items() if value is not None},
        **({"commit": source.commit} if source.commit else {}),
    }
    for gate in c.gates:
        measured, limit = tables.gate_figures(gate)
        out[f"gate.{gate.code}"] = f"{tables.gate_state(gate)}: {measured} (limit: {limit})"
    return out


def _timestamp(started: object) -> str | None:
    """As the schemas of JUnit reports want it: UTC without a zone."""
    try:
        return datetime.fromisoformat(str(started)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
