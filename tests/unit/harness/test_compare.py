"""``anp compare`` and ``anp runs promote`` as a person meets them, on records of both kinds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.errors import ExitCode
from results.baselines import promote
from results.record import Record, read_record
from tests import warm
from tests.records import Page, Trial, write_trial

PAGES = [Page("reader", "article", 300), Page("reader", "about", 100)]


def anp(folder: Path, *words: str) -> warm.Done:
    """Run the command in a folder that holds records under ``results/runs``."""
    return warm.anp(*words, folder=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial whose after arm is slower, six sessions of one version, and one slower session after them."""
    home = tmp_path_factory.mktemp("home")
    runs = home / "results" / "runs"
    runs.mkdir(parents=True)
    _write(runs / "20260101T000000Z-trial", Trial(PAGES, factor=1.4))
    for number in range(1, 7):
        _write(runs / f"2026010{number}T120000Z-session", Trial(PAGES, launches=1, seed=number))
    _write(runs / "20260107T120000Z-session", Trial(PAGES, launches=1, seed=7, factor=1.6))
    return home


def _write(path: Path, trial: Trial) -> Record:
    write_trial(path, trial)
    return read_record(path)


def test_every_form_is_written_in_one_call(folder: Path, tmp_path: Path) -> None:
    """One comparison, all of its documents, and the exit code of its verdict."""
    out = {form: tmp_path / f"out.{form}" for form in ("json", "markdown", "note", "junit")}
    words = [word for form, path in out.items() for word in (f"--{form}", str(path))]
    words += ["--benchstat", str(tmp_path / "bench"), "--otava", str(tmp_path / "history.csv")]
    words += ["--figures", str(tmp_path / "figures")]
    done = anp(folder, "compare", "20260101T000000Z-trial", *words)

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("SLOWER")
    assert json.loads(out["json"].read_text())["overall"]["word"] == "slower"
    suites = ET.parse(out["junit"]).getroot()
    assert suites.get("failures") == suites.get("tests") == "3"
    assert "Benchmark" in (tmp_path / "bench-before.txt").read_text()
    assert (tmp_path / "bench-before.txt").read_text() != (tmp_path / "bench-after.txt").read_text()
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    assert "forest.svg" in {path.name for path in (tmp_path / "figures").iterdir()}
    assert out["note"].read_text().startswith("# ")
    assert out["markdown"].stat().st_size > 500


def test_a_document_on_standard_output_is_alone_there(folder: Path) -> None:
    """With a dash the table makes room for the document."""
    done = anp(folder, "compare", "20260101T000000Z-trial", "--junit", "-")

    assert ET.fromstring(done.stdout).tag == "testsuites"


def test_two_sessions_settle_something_once_there_is_a_history(folder: Path, tmp_path: Path) -> None:
    """Without baselines the verdict is not enough data; with five promoted sessions before it, slower."""
    last, after = "20260106T120000Z-session", "20260107T120000Z-session"
    alone = anp(folder, "compare", last, after)
    assert (alone.returncode, alone.stdout.startswith("NOT ENOUGH DATA")) == (0, True)

    first, *rest = (f"2026010{number}T120000Z-session" for number in range(1, 6))
    kept = anp(folder, "runs", "promote", first, "--as", "main", "--arm", "before", "--baselines", str(tmp_path))
    assert (kept.returncode, kept.stdout) == (0, f"{tmp_path / 'main' / first}.json\n")
    for name in rest:
        promote(read_record(folder / "results" / "runs" / name), "before", "main", tmp_path)
    weighed = anp(folder, "compare", last, after, "--baseline", "main", "--baselines", str(tmp_path))

    assert weighed.returncode == 1, weighed.stderr
    assert weighed.stdout.startswith("SLOWER")
    assert "than sessions before it" in " ".join(weighed.stdout.split())


def test_undecided_fails_only_if_asked(folder: Path) -> None:
    """Not enough data is exit code 0, and 3 where --fail-on names it."""
    words = ("compare", "20260105T120000Z-session", "20260106T120000Z-session", "--fail-on", "not-enough-data")

    assert anp(folder, *words).returncode == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["compare", "20260101T000000Z-trial", "--control", "about"], "PERSONA/ROUTE"),
        (["compare", "20260101T000000Z-trial", "--html", "-", "--junit", "-"], "--html - and --junit - ask for"),
        (["compare", "20260101T000000Z-trial", "--baseline", "main"], "leave it out"),
        (["compare", "20260101T000000Z-trial", "latest", "--baseline", "nobody"], "no baselines 'nobody'"),
        (["compare", "20260101T000000Z-trial", "--control", "reader/nowhere"], "no request"),
        (["compare", "20260101T000000Z-trial", "--json", "nowhere/a.json"], "cannot write nowhere/a.json"),
        (["runs", "promote", "20260101T000000Z-trial", "--as", "main"], "--arm before"),
        (["runs", "promote", "20260101T000000Z-trial", "--as", "main", "--arm", "them"], "no arm 'them'"),
        (["runs", "promote", "latest", "--as", "a b", "--arm", "before"], "cannot name a baseline"),
    ],
)
def test_a_refusal_is_one_line(folder: Path, words: list[str], says: str) -> None:
    """Every refusal is one line with the value, on standard error, and exit code 2."""
    done = anp(folder, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert (done.stderr.startswith("error: "), done.stderr.count("\n")) == (True, 1)


@pytest.mark.parametrize("verb", ["compare", "trial"])
def test_the_help_of_a_verb_with_a_verdict_has_every_exit_code(folder: Path, verb: str) -> None:
    """Codes 0 to 4 and 130 stand in the last paragraph of the help."""
    told = anp(folder, verb, "--help").stdout.split("Exit codes: ")[1]

    assert [int(word) for word in re.findall(r"\b\d+\b", told)] == [int(code) for code in ExitCode]
