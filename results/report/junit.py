"""A comparison as a JUnit report, which build servers show beside the tests.

One test case is one primary cell. Slower is a failure, *invalid* and *not comparable* are errors, *not enough data* is
skipped with its reason or, where the policy asks for it (of all of them, or of those that lean slower), a failure. So a
build server never shows an undecided run as plainly green.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.headline import Overall
from results.report import tables
from results.verdict import Verdict, fails_by

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
    return document(
        c.name,
        _moment(c.plan.get("started")),
        _properties(c) | {"exit_code": str(code)},
        [_case(c, result, fail_on) for result in c.primary] or [whole(c.name, c.overall, fail_on)],
        [c.overall.headline, *c.overall.sentences, *c.caveats],
    )


def document(
    name: str,
    started: datetime | None,
    properties: Mapping[str, str],
    cases: Sequence[ET.Element],
    said: Sequence[str],
    *,
    command: str = "compare",
) -> str:
    """XML text with one suite.

    Args:
        name: Of the suite.
        started: When what it tells of began.
        properties: What its cases rest on.
        cases: One or more, as of ``case`` or ``whole``.
        said: Lines for whoever reads its output.
        command: The verb of ``anp`` that it comes from.
    """
    suite = ET.Element("testsuite", name=f"anp {name}")
    if began := _timestamp(started):
        suite.set("timestamp", began)
    held = ET.SubElement(suite, "properties")
    for key, value in properties.items():
        ET.SubElement(held, "property", name=key, value=value)
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = "\n".join(said)
    counts = {
        "tests": len(cases),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    root = ET.Element("testsuites", name=f"anp {command}")
    for key, count in counts.items():
        suite.set(key, str(count))
        if key != "skipped":  # the schema of Jenkins knows it of a suite alone
            root.set(key, str(count))
    root.append(suite)
    for element in root.iter():
        element.text = _clean(element.text) if element.text else element.text
        for key, value in element.items():
            element.set(key, _clean(value))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def case(
    suite: str, name: str, after_ms: float, verdict: Verdict, said: str, lines: Sequence[str], fail_on: Collection[str]
) -> ET.Element:
    """One primary cell; its time is the latency after the change, so that a build server draws the trend of that."""
    made = ET.Element("testcase", classname=suite, name=name)
    if math.isfinite(after_ms):
        made.set("time", f"{after_ms / 1000:.6f}")
    _judge(made, verdict, said, fail_on)
    ET.SubElement(made, "system-out").text = "\n".join(lines)
    return made


def whole(suite: str, overall: Overall, fail_on: Collection[str]) -> ET.Element:
    """The case of a comparison without any primary cell: a report without cases would be green."""
    made = ET.Element("testcase", classname=suite, name="comparison")
    _judge(made, Verdict(overall.word, ""), overall.headline, fail_on)
    return made


def _case(comparison: Comparison, result: CellResult, fail_on: Collection[str]) -> ET.Element:
    row = tables.row(result)
    lines = [
        f"{row.before} before, {row.after} after",
        f"ratio {row.ratio} {row.interval}".rstrip(),
        f"margin {row.margin}",
        *([f"ratio by launch: {', '.join(map(units.ratio, result.launches))}"] if result.launches else []),
        f"requests: {row.requests}",
        *row.site,
        *(f"tag: {tag}" for tag in row.tags),
    ]
    said = f"{row.word}{row.qualifier}"
    return case(comparison.name, result.label, result.latency_ms.after, result.verdict, said, lines, fail_on)


def _judge(case: ET.Element, verdict: Verdict, message: str, fail_on: Collection[str]) -> None:
    """Add what became of a case; nothing where it passed."""
    word = verdict.word
    if word in {"faster", "no difference"}:
        return
    by = fails_by(verdict, fail_on)
    if by is None:
        lets = "" if word == "not enough data" else " (the policy lets this pass)"
        ET.SubElement(case, "skipped", message=f"{message}{lets}")
    else:
        ET.SubElement(
            case,
            "error" if by == "invalid" else "failure",
            message=message,
            type=by if by == "leaning slower" else word,
        )


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


def _moment(started: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(started))
    except ValueError:
        return None


def _timestamp(started: datetime | None) -> str:
    """As the schemas of JUnit reports want it: UTC without a zone; empty where there is none."""
    try:
        return started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if started is not None else ""
    except (ValueError, OverflowError):  # of the first or last hours that a date can be
        return ""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
