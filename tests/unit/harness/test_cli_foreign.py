"""``anp compare`` with result files of other tools: which sides it takes, what it writes, how it exits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app, foreign
from harness.errors import HarnessError
from results.errors import ResultsError

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "foreign_results"
EXAMPLE = Path(__file__).resolve().parents[3] / "results" / "example"
HEADER = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,50%,95%,99%\n"


def run(*words: str | Path) -> Result:
    """The command with its arguments."""
    return CliRunner().invoke(app, ["compare", *map(str, words)], standalone_mode=False)


def locust(path: Path, p50: int, failed: int = 0) -> Path:
    """A statistics CSV of locust."""
    row = f"5000,{failed},{p50},{p50},{p50},{2 * p50},{3 * p50}\n"
    path.write_text(f"{HEADER}GET,/articles,{row},Aggregated,{row}")
    return path


def test_two_milliseconds_against_one_is_instrument_resolution(tmp_path: Path) -> None:
    """The command says not enough data and why, and exits with 0, or with 3 where that is asked for."""
    files = locust(tmp_path / "a.csv", 2), locust(tmp_path / "b.csv", 1)

    result, strict = run(*files), run(*files, "--fail-on", "not-enough-data")

    assert result.stdout.startswith("NOT ENOUGH DATA")
    assert "instrument resolution" in result.stdout
    assert (result.return_value, strict.return_value) == (0, 3)


def test_folders_are_sides_of_several_sessions(tmp_path: Path) -> None:
    """Six sessions a side, five times as slow: slower, and exit code 1."""
    for side, p50 in (("before", 20), ("after", 100)):
        (tmp_path / side).mkdir()
        for number in range(6):
            locust(tmp_path / side / f"{number}.csv", p50 + number)

    result = run(tmp_path / "before", tmp_path / "after", "--json", "-")

    found = json.loads(result.stdout)
    assert (result.return_value, found["overall"]["word"], found["grade"]) == (1, "slower", "C")
    assert [session["file"] for session in found["sessions"]["before"]][:2] == ["before/0.csv", "before/1.csv"]


def test_not_comparable_exits_with_four() -> None:
    """Different tools: exit code 4, and 0 where invalid does not count."""
    files = FIXTURES / "hey.txt", FIXTURES / "wrk.txt"

    assert run(*files).return_value == 4
    assert run(*files, "--fail-on", "slower").return_value == 0


def test_reports_go_to_files(tmp_path: Path) -> None:
    """JSON, Markdown and JUnit are written, and the terminal still gets the verdict."""
    result = run(
        *(FIXTURES / "hey.txt", FIXTURES / "wrk.txt"),
        *("--json", tmp_path / "x.json", "--markdown", tmp_path / "x.md", "--junit", tmp_path / "x.xml"),
    )

    assert json.loads((tmp_path / "x.json").read_text())["kind"] == "foreign"
    assert (tmp_path / "x.md").read_text().startswith("<!-- anp-comparison -->")
    assert '<property name="exit_code" value="4" />' in (tmp_path / "x.xml").read_text()
    assert result.stdout.startswith("NOT COMPARABLE")


def test_the_policy_decides_what_a_case_of_junit_is(tmp_path: Path) -> None:
    """What --fail-on does not name is skipped in the report that goes to standard output, as the exit code lets it."""
    files = locust(tmp_path / "a.csv", 2), locust(tmp_path / "b.csv", 1)

    lenient, strict = run(*files, "--junit", "-"), run(*files, "--junit", "-", "--fail-on", "not-enough-data")

    assert (lenient.return_value, strict.return_value) == (0, 3)
    assert lenient.stdout.startswith("<?xml")
    assert ("<skipped" in lenient.stdout, "<failure" in lenient.stdout) == (True, False)
    assert ("<skipped" in strict.stdout, "<failure" in strict.stdout) == (False, True)


def error(*words: str | Path) -> str:
    """The message with which the command refuses."""
    result = run(*words)
    assert isinstance(result.exception, HarnessError | ResultsError), result.output
    return str(result.exception)


def test_a_file_beside_a_record_is_refused_in_one_line(tmp_path: Path) -> None:
    """Records and files of other tools do not mix, whichever comes first."""
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "plan.json").write_text("{}")

    for sides in ((FIXTURES / "wrk.txt", tmp_path / "record"), (tmp_path / "record", FIXTURES / "wrk.txt")):
        message = error(*sides)
        assert "compare files with files or records with records" in message
        assert "\n" not in message


def test_a_record_with_its_comparison_in_it_is_a_record(tmp_path: Path) -> None:
    """The compare.json that a trial left in its record does not make a comparison of the folder."""
    record = tmp_path / "record"
    record.mkdir()
    for name in ("plan.json", "run.json"):
        (record / name).write_text("{}")
    shutil.copyfile(EXAMPLE / "compare.json", record / "compare.json")
    file = FIXTURES / "wrk.txt"

    for sides in ((record, file), (file, record)):
        assert error(*sides) == (
            f"{file} is a result file of another tool and {record} is a record of anp, which cannot be compared with "
            "it; compare files with files or records with records"
        )


def test_one_file_alone_is_refused() -> None:
    """A session needs another beside it."""
    assert "name the file to judge it against" in error(FIXTURES / "wrk.txt")


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("no result of anything\n", "is of no format"), (HEADER, "holds no request")],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    """The reason names the file; the exit code of such an error is 2."""
    bad = tmp_path / "bad.csv"
    bad.write_text(content)

    message = error(FIXTURES / "locust_stats.csv", bad)

    assert "bad.csv" in message
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("option", ["html", "note", "benchstat", "otava", "figures", "baseline", "control"])
def test_options_without_effect_are_refused(tmp_path: Path, option: str) -> None:
    """What is for run records alone is refused before anything is written."""
    page = tmp_path / "x"

    assert f"--{option} is for run records" in error(FIXTURES / "hey.txt", FIXTURES / "wrk.txt", f"--{option}", page)
    assert list(tmp_path.iterdir()) == []


def test_names_of_records_are_not_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """latest, a record's folder and an empty folder are no result files, also where a file is called latest."""
    monkeypatch.chdir(tmp_path)
    Path("latest").write_text("x")
    Path("record").mkdir()
    Path("record/plan.json").write_text("{}")
    Path("empty").mkdir()
    shutil.copyfile(FIXTURES / "wrk.txt", "wrk.txt")

    assert not foreign.is_meant("latest", "record")
    assert not foreign.is_meant("empty", None)
    assert foreign.is_meant("record", "wrk.txt")


def test_only_one_document_goes_to_standard_output() -> None:
    """Two dashes are refused with both options, before a file is read."""
    message = error(FIXTURES / "hey.txt", "nowhere.txt", "--json", "-", "--markdown", "-")

    assert message.startswith("--json - and --markdown - ask for standard output")


@pytest.mark.parametrize("inside", ["", "compare.json"])
def test_a_comparison_that_anp_wrote_is_named_as_such(tmp_path: Path, inside: str) -> None:
    """Its own comparisons are no results of another tool, of records or of files, alone or beside one."""
    (tmp_path / "own").mkdir()
    run(FIXTURES / "hey.txt", FIXTURES / "wrk.txt", "--json", tmp_path / "own" / "compare.json")

    for sides in ((EXAMPLE / inside,), (EXAMPLE / inside, FIXTURES / "wrk.txt"), (tmp_path / "own" / inside,)):
        assert error(*sides) == f"{sides[0]} is a comparison that anp wrote; compare the record it was made from"
    assert f"{EXAMPLE / inside} is a comparison" in error(FIXTURES / "wrk.txt", EXAMPLE / inside)


def test_an_empty_folder_holds_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone it is no record, by path or by name; beside a file it holds no result."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()

    assert error(tmp_path / "empty").startswith(f"{tmp_path / 'empty'} is not a run record: the folder holds none")
    assert error("empty").startswith("empty is not a run record: the folder holds none")
    assert "the folder empty holds none" in error(FIXTURES / "wrk.txt", "empty")
