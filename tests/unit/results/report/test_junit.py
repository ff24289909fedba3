import dataclasses
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.comparison import Comparison, compare_archived, compare_trial
from results.errors import ComparisonError
from results.record import Record
from results.report import junit
from results.samples import Cell
from results.verdict import Word

CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "properties": ["property"],
    "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
}
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "timestamp"},
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
}
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "property": {"name", "value"}, "testcase": {"name"}}
OUTCOMES = [
    ("faster", ("slower", "invalid"), None),
    ("no difference", ("slower", "invalid"), None),
    ("slower", ("slower", "invalid"), "failure"),
    ("slower", ("invalid",), "skipped"),
    ("invalid", ("slower", "invalid"), "error"),
    ("not comparable", ("slower", "invalid"), "error"),
    ("invalid", ("slower",), "skipped"),
    ("not enough data", ("slower", "invalid"), "skipped"),
    ("not enough data", ("slower", "not enough data"), "failure"),
]
"""Word of a cell, policy of the exit code, and what becomes of the case."""
COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def read(text: str) -> ET.Element:
    """The root of a report that has the structure that the schema of Jenkins's xUnit plugin (junit-10) allows.

    The order of children, which that schema leaves free, is the one that stricter schemas ask for.
    """
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        order = [CHILDREN.get(element.tag, []).index(child.tag) for child in element]
        assert order == sorted(order), element.tag
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), element.tag
        assert set(element.attrib) >= REQUIRED.get(element.tag, set()), element.tag
        for name in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
            assert int(element.attrib[name]) == len(element.findall(f".//{COUNTED[name]}"))
        if element.tag == "testcase":
            assert element.attrib["name"]
            assert element.attrib["classname"]
            assert sum(child.tag in {"failure", "error", "skipped"} for child in element) <= 1
    return root


def judged(comparison: Comparison, word: Word) -> Comparison:
    """The comparison with one cell, of that word."""
    first = comparison.primary[0]
    verdict = dataclasses.replace(first.verdict, word=word, qualifier="for a reason")
    overall = dataclasses.replace(comparison.overall, word=word)
    return dataclasses.replace(comparison, cells=(dataclasses.replace(first, verdict=verdict),), overall=overall)


def test_every_primary_cell_is_a_case(demo_comparison: Comparison) -> None:
    """The cases are the primary cells by name, each with its ratio, interval and margin."""
    root = read(junit.render(demo_comparison))
    cases = root.findall(".//testcase")

    assert [case.attrib["name"] for case in cases] == [result.label for result in demo_comparison.primary]
    assert "ratio 0." in (cases[0].findtext("system-out") or "")
    assert "margin ±" in (cases[0].findtext("system-out") or "")
    assert float(cases[0].attrib["time"]) == pytest.approx(demo_comparison.primary[0].latency_ms.after / 1000, abs=1e-6)


@pytest.mark.parametrize(("word", "policy", "outcome"), OUTCOMES)
def test_a_word_becomes_an_outcome(
    demo_comparison: Comparison, word: Word, policy: tuple[str, ...], outcome: str | None
) -> None:
    """What fails the exit code fails the case; what the policy lets pass is skipped with its reason, never green."""
    comparison = judged(demo_comparison, word)
    (case,) = read(junit.render(comparison, policy)).findall(".//testcase")
    outcomes = [child for child in case if child.tag != "system-out"]

    assert [child.tag for child in outcomes] == ([outcome] if outcome else [])
    assert (comparison.exit_code(policy) != 0) == (outcome in {"failure", "error"})
    for child in outcomes:
        assert "for a reason" in child.attrib["message"]


def test_a_cell_that_leans_slower_fails_where_that_is_asked_for(demo_comparison: Comparison) -> None:
    """An undecided cell is skipped with its reason; with direction gating the one that leans slower is a failure."""
    comparison = judged(demo_comparison, "not enough data")
    (cell,) = comparison.cells
    leaning = dataclasses.replace(cell, verdict=dataclasses.replace(cell.verdict, direction="slower"))
    comparison = dataclasses.replace(comparison, cells=(leaning,))

    for policy, outcome in ((("slower", "invalid"), "skipped"), (("leaning slower", "invalid"), "failure")):
        (case,) = read(junit.render(comparison, policy)).findall(".//testcase")
        (child,) = [child for child in case if child.tag != "system-out"]
        assert (child.tag, comparison.exit_code(policy)) == (outcome, int(outcome == "failure"))
        assert child.attrib["message"].startswith("not enough data: for a reason")
        assert child.attrib.get("type") == ("leaning slower" if outcome == "failure" else None)


def test_grade_gates_and_seeds_are_properties(demo_comparison: Comparison) -> None:
    """The suite says what its cases rest on, and what can be repeated."""
    root = read(junit.render(demo_comparison))
    properties = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}

    assert (properties["grade"], properties["method"], properties["seed"]) == ("A", "duet", "7")
    assert properties["gate.launches"] == "passed: 8 launches (limit: at least 6 launches)"
    assert properties["gate.hit_ratio"].startswith("noted: ")
    assert {f"gate.{gate.code}" for gate in demo_comparison.gates} <= properties.keys()


@pytest.mark.parametrize("case", [{"launches": 1}, {"cpu": 0.95}, {"failures": (0.0, 0.5)}, {"cut_off": range(8)}])
def test_whatever_became_of_a_trial_is_a_report(make_trial: Callable[..., Record], case: dict[str, object]) -> None:
    """Every trial gives a report that can be read, and none of a trial without a verdict is green."""
    record, other = make_trial(**case), make_trial(**case)
    for comparison in (compare_trial(record), compare_archived(record, other)):
        root = read(junit.render(comparison))
        cases = root.findall(".//testcase")

        assert cases
        assert all(any(child.tag in {"failure", "error", "skipped"} for child in case) for case in cases)


def test_a_comparison_without_cells_is_one_case(demo_comparison: Comparison) -> None:
    """A report without a primary cell still has a case, which is not green."""
    overall = dataclasses.replace(demo_comparison.overall, word="not enough data", headline="No page had enough.")
    root = read(junit.render(dataclasses.replace(demo_comparison, cells=(), overall=overall)))

    (case,) = root.findall(".//testcase")
    assert case.find("skipped") is not None


@given(st.text(min_size=1), st.text())
def test_hostile_names_stay_names(demo_comparison: Comparison, persona: str, reason: str) -> None:
    """Whatever characters a name has, the report is XML, and what XML allows of them is kept."""
    first = dataclasses.replace(demo_comparison.cells[0], cell=Cell(persona, "<&\"']]>\x00\ud800"))
    root = read(
        junit.render(dataclasses.replace(demo_comparison, cells=(first,), name=f"n{reason}", caveats=(reason,)))
    )

    assert (
        "<&\"']]>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} p50"
        in root.findall(".//testcase")[0].attrib["name"]
    )


def test_the_time_is_written_as_the_schemas_have_it(demo_comparison: Comparison) -> None:
    """The time stamp has neither zone nor fraction; one that is no time is left out."""
    at = {**demo_comparison.plan, "started": "2026-11-28T14:00:00.123+02:00"}
    suite = read(junit.render(dataclasses.replace(demo_comparison, plan=at)))[0]
    none = read(junit.render(dataclasses.replace(demo_comparison, plan={**at, "started": "yesterday"})))[0]

    assert suite.attrib["timestamp"] == "2026-11-28T12:00:00"
    assert "timestamp" not in none.attrib


def test_an_unknown_policy_is_refused(demo_comparison: Comparison) -> None:
    """A word that no exit code stands for is an error and not a green report."""
    with pytest.raises(ComparisonError, match="cannot fail on"):
        junit.render(demo_comparison, ("sluggish",))
