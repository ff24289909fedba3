"""Reports as table, JSON, SARIF and JUnit."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from rich.console import Console

from harness.audit.checks import CHECKS, FAMILIES, TABLE
from harness.audit.model import SITE, Finding, Report, Seen, Severity, Skipped, Subject
from harness.audit.render import document, junit, sarif, table
from harness.audit.reply import Reply

URL = "https://kitchen.example"
STARTED = datetime(2026, 11, 1, 12, tzinfo=UTC)

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_RULE = _closed(
    ["id"],
    id={"type": "string"},
    shortDescription=_TEXT,
    fullDescription=_TEXT,
    help=_TEXT,
    defaultConfiguration=_closed([], level=_LEVEL),
    properties={"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}},
)
_LOCATION = _closed(
    [],
    physicalLocation=_closed([], artifactLocation=_closed([], uri={"type": "string", "format": "uri-reference"})),
    logicalLocations={"type": "array", "items": _closed([], name={"type": "string"}, kind={"type": "string"})},
)
_RESULT = _closed(
    ["message"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_TEXT,
    locations={"type": "array", "items": _LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
)
_DRIVER = _closed(
    ["name"], name={"type": "string"}, semanticVersion={"type": "string"}, rules={"type": "array", "items": _RULE}
)
_RUN = _closed(
    ["tool"],
    tool=_closed(["driver"], driver=_DRIVER),
    invocations={"type": "array", "items": _closed(["executionSuccessful"], executionSuccessful={"type": "boolean"})},
    results={"type": "array", "items": _RESULT},
    properties={"type": "object"},
)
SARIF = _closed(
    ["version", "runs"],
    **{
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": _RUN},
    },
)
"""The part of SARIF 2.1.0 that is written, as narrow as the standard has it: nothing else may be in these objects."""


@pytest.fixture
def report() -> Report:
    """Two kinds, of which one has a finding of each severity, one is sound, and something was not tried."""
    headers = {"cache-status": "anp; hit; ttl=5", "cache-control": "max-age=60", "content-type": "text/html"}
    replies = (
        Reply("GET", "/", 200, headers | {"cache-status": "anp; fwd=uri-miss"}, (), b"<p>"),
        Reply("GET", "/", 200, headers, (), b"<p>"),
    )
    seen = [Seen(Subject("home", "/"), replies), Seen(Subject("recipes", "/recipes/plum-cake/"), replies)]
    found = [
        Finding(CHECKS["validator-missing"], "home", f"{URL}/", "no ETag and no Last-Modified"),
        Finding(CHECKS["not-compressed"], "home", f"{URL}/", "2,048 bytes of text/html"),
        Finding(CHECKS["cookie-on-kept"], "home", f"{URL}/", "a hit sets [bold]session[/bold]\x00"),
        Finding(CHECKS["no-cache-seen"], SITE, f"{URL}/", "of 2 kinds of pages none"),
    ]
    made = [(kind, family) for kind in ("home", "recipes") for family in ("cookies", "validators", "variants")]
    skipped = [Skipped(SITE, "changes", "it writes: allow it with --allow-writes")]
    return Report([URL], seen, found, [*made, (SITE, "reuse")], skipped, 42)


def test_sarif_is_what_the_standard_allows_and_names_every_check(report: Report) -> None:
    """Results point at their rules, the worst first, and say where and what to do."""
    log = json.loads(sarif.render(report))

    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in TABLE]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "note"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["text"] in result["message"]["text"]
        assert rule["defaultConfiguration"]["level"] == result["level"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"{URL}/"


def test_a_finding_is_the_same_one_next_time_wherever_it_is_seen(report: Report) -> None:
    """A fingerprint goes by check and kind, not by an address with a random part."""
    (first, *_) = json.loads(sarif.render(report))["runs"][0]["results"]
    moved = Finding(CHECKS["cookie-on-kept"], "home", f"{URL}/?x", "another")
    (second,) = json.loads(sarif.render(Report([URL], findings=[moved])))["runs"][0]["results"]

    assert first["partialFingerprints"] == second["partialFingerprints"]


@pytest.mark.parametrize(
    ("fail_on", "failed"),
    [(Severity.NOTE, 4), (Severity.WARNING, 2), (Severity.ERROR, 1), (None, 0)],
    ids=["note", "warning", "error", "never"],
)
def test_junit_has_a_case_for_each_check_of_each_kind(report: Report, fail_on: Severity | None, failed: int) -> None:
    """What the policy lets pass is skipped with its reason; what was not tried is skipped too."""
    root = ET.fromstring(junit.render(report, fail_on, STARTED))
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    counted = [check for _, family in report.made for check in TABLE if check.family == family]

    assert root.get("name") == "anp audit"
    assert len(cases) == len(counted) + 1
    assert root.get("failures") == str(failed)
    assert len(root.findall(".//skipped")) == 4 - failed + 1
    assert len(cases["recipes", "cookie-on-kept"]) == 0
    assert cases[SITE, "changes"][0].get("message") == "it writes: allow it with --allow-writes"
    shown = cases["home", "cookie-on-kept"][0].get("message") or ""
    assert "a hit sets [bold]session[/bold]\ufffd" in shown


def test_json_holds_findings_pages_and_what_was_not_tried(report: Report) -> None:
    """The worst first, each page with its layers and its headers in words."""
    data = json.loads(document.render(report))

    assert data["counts"] == {"error": 1, "warning": 1, "note": 2}
    assert [each["severity"] for each in data["findings"]] == ["error", "warning", "note", "note"]
    assert data["findings"][0]["remedy"] == CHECKS["cookie-on-kept"].remedy
    assert (data["requests"], data["sites"], data["skipped"][0]["family"]) == (42, [URL], "changes")
    page = data["pages"][0]
    assert (page["kept"], page["fresh_s"], page["why"]) == (True, 60, "Cache-Control says max-age=60")
    assert [reply["verdict"] for reply in page["replies"]] == ["MISS", "HIT"]
    assert page["replies"][1]["layers"][0]["means"] == "anp answered from its store"
    assert page["headers"][0] == {"name": "Cache-Control", "value": "max-age=60", "means": "all: fresh for 1 minute"}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_table_fits_the_terminal_and_has_the_worst_first(report: Report, width: int, verbose: bool) -> None:
    """Each check once with reason and remedy; brackets are text; headers only where they are asked for."""
    page = io.StringIO()
    table.render(report, Console(file=page, width=width), verbose=verbose)
    text = page.getvalue()
    lines = text.splitlines()

    assert max(map(len, lines)) <= width
    assert ["anp MISS → anp HIT" in line for line in lines[1:3]] == [True, True]
    order = [text.index(f"[{check}]") for check in ("cookie-on-kept", "not-compressed", "no-cache-seen")]
    assert order == sorted(order)
    assert "home /: a hit sets [bold]session[/bold]\ufffd" in text
    assert text.count("Why: ") == text.count("Do: ") == 4
    assert ("anp answered from its store" in text) is verbose
    assert lines[-1] == "1 error, 1 warning, 2 notes; 2 kinds of pages, 42 requests"


def test_people_read_the_letters_of_an_address_and_programs_what_is_sent() -> None:
    """In each place where the table names a kind or an address; JSON and SARIF keep the wire form."""
    kind, path = "caf%C3%A9", "/caf%C3%A9/"
    seen = Seen(Subject(kind, path), (Reply("GET", path, 200, {}, (), b"<p>"),) * 2)
    report = Report(
        [URL],
        [seen],
        [Finding(CHECKS["not-compressed"], kind, URL + path, "2,048 bytes of text/html")],
        skipped=[Skipped(kind, "unkeyed", "it is as it is")],
    )
    page = io.StringIO()
    table.render(report, Console(file=page, width=120), verbose=True)
    text = page.getvalue()

    assert "%C3" not in text
    for line in ("café  /café/", "  café /café/: 2,048 bytes", "not tried: unkeyed of café (it is as it is)"):
        assert line in text
    data = json.loads(document.render(report))
    assert (data["findings"][0]["url"], data["pages"][0]["kind"]) == (URL + path, kind)
    assert f"{URL}{path}" in sarif.render(report)


def test_every_check_says_what_why_and_what_to_do() -> None:
    """One sentence or more each, and ids that read as words."""
    for check in TABLE:
        assert check.id == check.id.lower().replace(" ", "-")
        assert not check.title.endswith(".")
        assert check.why.endswith(".")
        assert check.remedy.endswith((".", "?"))
    assert len(FAMILIES) == len({check.family for check in TABLE})
