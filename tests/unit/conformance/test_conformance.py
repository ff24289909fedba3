"""What is kept of the public suite's runs: the page says what the results say, and a lost test is seen."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import record, report
from tests.conformance.record import Column, Count, Group, Outcome, Results, Test, count, lost, not_passed

PACKAGE = Path(command.__file__).with_name("package.json")
KEPT = record.read()


def results(**verdicts: str) -> Results:
    """Results of one cache, ``ours``, in one group; names of tests begin with their kind."""
    tests = tuple(Test(name, name.split("_")[0]) for name in verdicts)
    outcomes = {name: Outcome(verdict, "because") for name, verdict in verdicts.items()}
    return Results("suite 1", (Group("group", "A group", tests),), {"ours": Column("ours 1", outcomes)})


def test_the_tables_are_those_of_the_results() -> None:
    """docs/conformance.md holds what docs/conformance/results.json says."""
    text = report.DOCUMENT.read_text(encoding="utf-8")
    assert report.written_into(text, KEPT) == text, "run: make conformance"
    assert list(KEPT.columns) == ["rfc", "site", "nginx", "Varnish"]


def test_the_results_are_of_the_suite_that_is_installed() -> None:
    """The version kept is the one that package.json asks for, and the lock file names no registry."""
    wanted = json.loads(PACKAGE.read_text(encoding="utf-8"))["dependencies"]
    assert {KEPT.suite} == {f"{name} {version}" for name, version in wanted.items()}
    assert "resolved" not in PACKAGE.with_name("package-lock.json").read_text(encoding="utf-8")


def test_every_test_that_is_not_passed_is_explained() -> None:
    """The last table has each required and optimal test that the profile rfc does not pass, and no other."""
    text = report.DOCUMENT.read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.split("## What `rfc` does not pass")[1].splitlines() if "| " in line]
    explained = {(test, row[2].strip()) for row in rows for test in re.findall(r"`([^`]+)`", row[1])}
    kinds = {test.id: test.kind for group in KEPT.groups for test in group.tests}
    assert explained == {(test, kinds[test]) for test in not_passed(KEPT, "rfc", "required", "optimal")}


@pytest.mark.parametrize("profile", ["rfc", "site"])
def test_ours_never_sent_what_it_had_to_ask_for(profile: str) -> None:
    """What our caches fail, they fail by asking the origin once too often."""
    assert count(KEPT.counted(), "required", KEPT.columns[profile]).wrong == 0


def test_passed_failed_and_unreached_add_up() -> None:
    """What the suite judges as prepared wrongly, or as depending on another test, is neither passed nor failed."""
    found = results(required_1="pass", required_2="fail", required_3="setup", required_4="dependency", optimal_1="fail")
    counted = count(found.counted(), "required", found.columns["ours"])
    assert (counted, counted.unreached) == (Count(1, 1, 0, 4), 2)
    wrong = Column("", {"required_1": Outcome("fail", "Response 2 comes from cache")})
    assert count([Group("", "", (Test("required_1", "required"),))], "required", wrong).wrong == 1


@pytest.mark.parametrize("verdict", ["fail", "setup", "dependency", "retry", "untested"])
def test_a_required_test_is_lost_however_it_does_not_pass(verdict: str) -> None:
    """Only tests that are required and passed before can be lost."""
    old = results(required_1="pass", required_2="fail", required_3="pass", optimal_1="pass", check_1="yes")
    new = results(required_1=verdict, required_2=verdict, required_3="pass", optimal_1=verdict, check_1="no")
    assert lost(old, new, "ours") == ["required_1"]
    assert lost(results(), new, "ours") == []
    assert lost(Results("", ()), new, "ours") == []


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Nothing is lost on the way, and the file does not depend on the order of a run."""
    found = results(required_1="pass", optimal_1="fail")
    found = Results(
        found.suite, found.groups, {"ours": dataclasses.replace(found.columns["ours"], again=frozenset("b"))}
    )
    record.write(found, tmp_path / "results.json")
    assert record.read(tmp_path / "results.json") == found
    assert record.read(tmp_path / "none.json") == Results("", ())


def test_what_is_no_suite_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without the package: exit code 2, the folder and the remedy in one line."""
    with pytest.raises(SystemExit) as ended:
        command.main([str(tmp_path)])
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (2, 1)
    assert "make conformance" in said or "Node.js" in said
