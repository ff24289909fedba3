"""docs/audit.md names every check as it is."""

from __future__ import annotations

import re
from pathlib import Path

from harness.audit.checks import TABLE
from harness.audit.client import PARAMETER, USER_AGENT
from harness.audit.model import Severity
from harness.audit.probes.unkeyed import INPUTS

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "audit.md").read_text(encoding="utf-8")


def test_the_tables_are_the_checks() -> None:
    """In order, with severity, title and remedy."""
    rows = re.findall(r"^\| `([\w-]+)` \| (note|warning|error) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)

    assert rows == [(check.id, check.severity.word, check.title, check.remedy) for check in TABLE]


def test_severities_are_told_once_each() -> None:
    """With the words of ``--fail-on``."""
    assert re.findall(r"^\| (error|warning|note) \|", PAGE, re.MULTILINE) == [each.word for each in reversed(Severity)]


def test_every_input_that_is_sent_is_named() -> None:
    """And so are the parameter and the name under which it is done."""
    sent = PAGE.partition("Sent are ")[2].partition("\n")[0]
    suffixes = {f"X-Forwarded{suffix}" for suffix in re.findall(r"`(-\w+)`", sent)}
    named = {*re.findall(r"`([\w-]+)`", sent), *suffixes}

    assert {name for name in INPUTS if "-" in name or name in {"Forwarded", "Origin"}} <= named
    assert f"`{PARAMETER}=`" in PAGE
    assert f"`{USER_AGENT.partition('/')[0]}`" in PAGE
