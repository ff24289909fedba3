"""Sessions of another tool as a JUnit report, with the rules of ``results.report.junit``.

The suite and the class of its cases have the tool's name, so that a build server draws a trend over files of any name.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from xml.etree import ElementTree as ET

from results import units
from results.foreign import report
from results.foreign.cells import ForeignCell, Side
from results.foreign.compare import ForeignComparison
from results.report import junit


def render(comparison: ForeignComparison, fail_on: Collection[str] = ("slower", "invalid")) -> str:
    """XML text: ``testsuites`` with one ``testsuite``.

    Args:
        comparison: What is reported.
        fail_on: The policy of the exit code, ``verdict.FAIL_ON``. What is not in it is skipped rather than failed.

    Raises:
        ComparisonError: For a policy word that is not known.
    """
    c = comparison
    code = c.exit_code(fail_on)
    name = c.before[0].tool
    return junit.document(
        name,
        next((session.started for session in (*c.after, *c.before) if session.started), None),
        _properties(c) | {"exit_code": str(code)},
        [_case(name, cell, fail_on) for cell in c.primary] or [junit.whole(name, c.overall, fail_on)],
        [c.overall.headline, *c.overall.sentences, *c.caveats],
    )


def _case(suite: str, cell: ForeignCell, fail_on: Collection[str]) -> ET.Element:
    _, before, after, ratio, resolution = report.row(cell)
    lines = [
        f"{before} before, {after} after",
        f"ratio {ratio}",
        f"resolution {resolution}",
        f"margin ±{units.percent(cell.margin)}" if math.isfinite(cell.margin) else "margin –",
        f"by session before: {_sessions(cell.before)}",
        f"by session after: {_sessions(cell.after)}",
        f"requests: {_requests(cell.before)} / {_requests(cell.after)}",
    ]
    said = f"{cell.verdict.word}{cell.verdict.tail}"
    return junit.case(suite, cell.label, cell.after.value_ms, cell.verdict, said, lines, fail_on)


def _sessions(side: Side) -> str:
    return ", ".join(map(units.milliseconds, side.sessions))


def _requests(side: Side) -> str:
    return "unknown" if side.requests is None else f"{side.requests:,}"


def _properties(comparison: ForeignComparison) -> dict[str, str]:
    c = comparison
    return {
        "verdict": c.overall.word,
        "grade": c.grade,
        "tool": c.before[0].tool,
        "sessions": f"{len(c.before)} before, {len(c.after)} after",
        "resolution": c.before[0].resolution,
        **{f"check.{check.code}": f"{check.state}: {check.words}" for check in c.checks},
    }
