"""A JUnit report of another tool's sessions: structure, cases and outcomes are those of a report of records."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from results.errors import ComparisonError
from results.foreign import junit
from results.foreign.compare import ForeignComparison, compare
from results.foreign.sniff import read
from results.verdict import Word
from tests.unit.results.report.test_junit import OUTCOMES
from tests.unit.results.report.test_junit import read as parse


def test_every_primary_cell_is_a_case(decided: ForeignComparison) -> None:
    """The cases are the primary cells by name, below the tool's; their time is the latency after the change."""
    root = parse(junit.render(decided))
    cases = root.findall(".//testcase")

    assert [(case.attrib["classname"], case.attrib["name"]) for case in cases] == [
        ("vegeta", "GET /articles p50"),
        ("vegeta", "GET /articles p95"),
    ]
    assert float(cases[0].attrib["time"]) == pytest.approx(decided.primary[0].after.value_ms / 1000, abs=1e-6)
    assert (cases[0].findtext("system-out") or "").splitlines() == [
        "12.7 ms before, 37.5 ms after",
        "ratio 2.97 [2.90, 3.04]",
        "resolution exact",
        "margin ±3.0 %",
        "by session before: 12.5 ms, 12.6 ms, 12.6 ms, 12.7 ms, 12.8 ms, 12.8 ms",
        "by session after: 37.5 ms, 37.6 ms",
        "requests: 1,500 / 500",
    ]


@pytest.mark.parametrize(("word", "policy", "outcome"), [each for each in OUTCOMES if each[0] != "invalid"])
def test_a_word_becomes_an_outcome(
    decided: ForeignComparison, word: Word, policy: tuple[str, ...], outcome: str | None
) -> None:
    """What fails the exit code fails the case; what the policy lets pass is skipped with its reason, never green."""
    first = decided.primary[0]
    cell = dataclasses.replace(first, verdict=dataclasses.replace(first.verdict, word=word, qualifier="for a reason"))
    overall = dataclasses.replace(decided.overall, word=word)
    comparison = dataclasses.replace(decided, cells=(cell,), overall=overall)

    (case,) = parse(junit.render(comparison, policy)).findall(".//testcase")
    outcomes = [child for child in case if child.tag != "system-out"]

    assert [child.tag for child in outcomes] == ([outcome] if outcome else [])
    assert (comparison.exit_code(policy) != 0) == (outcome in {"failure", "error"})
    for child in outcomes:
        assert "for a reason" in child.attrib["message"]


def test_a_real_slowdown_is_a_failure_with_its_words(decided: ForeignComparison) -> None:
    """The message of a failure is what the terminal says of the cell."""
    failures = parse(junit.render(decided)).findall(".//failure")

    assert [failure.attrib["message"] for failure in failures] == [
        f"slower {cell.verdict.qualifier}" for cell in decided.primary
    ]


def test_what_the_cases_rest_on_are_properties(decided: ForeignComparison) -> None:
    """Verdict, grade, tool, sessions and each condition; the headline and the notes are the suite's output."""
    suite = parse(junit.render(decided))[0]
    properties = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}

    assert {name: properties[name] for name in ("verdict", "grade", "tool", "sessions", "exit_code")} == {
        "verdict": "slower",
        "grade": "C",
        "tool": "vegeta",
        "sessions": "6 before, 2 after",
        "exit_code": "1",
    }
    assert {f"check.{check.code}" for check in decided.checks} <= properties.keys()
    assert properties["check.load"] == "noted: The files do not state the load."
    said = suite.findtext("system-out") or ""
    assert said.splitlines() == [decided.overall.headline, *decided.overall.sentences, *decided.caveats]


def test_a_comparison_without_cells_is_one_case(fixtures: Path) -> None:
    """Different tools have no cell that decides, and the report is still not green."""
    comparison = compare([read(fixtures / "hey.txt")], [read(fixtures / "siege.json")])

    (case,) = parse(junit.render(comparison)).findall(".//testcase")

    assert (case.attrib["classname"], case.attrib["name"]) == ("hey", "comparison")
    assert case.find("error").attrib["message"] == comparison.overall.headline  # type: ignore[union-attr]


def test_hostile_names_stay_names(write_vegeta) -> None:
    """A route named in XML, or with a character that XML does not know, is a name."""
    sides = [
        [read(write_vegeta(name, np.linspace(5, 20 + n, 250), url="/<&\"']]>\x01"))] for n, name in enumerate("ab")
    ]

    cases = parse(junit.render(compare(*sides))).findall(".//testcase")

    assert cases[0].attrib["name"] == "GET /<&\"']]>\N{REPLACEMENT CHARACTER} p50"


def test_the_time_is_that_of_the_first_session_after(decided: ForeignComparison) -> None:
    """Where the files state it, in UTC; a moment that no clock can show in UTC is left out."""
    at = datetime.fromisoformat("2026-11-28T14:00:00.123+02:00")
    never = datetime.fromisoformat("0001-01-01T00:00:00+02:00")
    shown = []
    for started in (at, never, at.astimezone(UTC)):
        after = tuple(dataclasses.replace(session, started=started) for session in decided.after)
        shown.append(parse(junit.render(dataclasses.replace(decided, after=after)))[0].attrib.get("timestamp"))

    assert shown == ["2026-11-28T12:00:00", None, "2026-11-28T12:00:00"]
    assert "timestamp" not in parse(junit.render(decided))[0].attrib


def test_an_unknown_policy_is_refused(decided: ForeignComparison) -> None:
    """A word that no exit code stands for is an error and not a green report."""
    with pytest.raises(ComparisonError, match="cannot fail on"):
        junit.render(decided, ("sluggish",))
