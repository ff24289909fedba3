"""``anp runs`` and ``anp report`` as a person meets them: files, standard output, refusals."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import warm

GOLDEN = Path(__file__).parents[2] / "data" / "record-format-1"


def export(folder: Path, *words: str) -> warm.Done:
    """Run the verb on the record that was kept, in a folder."""
    return warm.anp("runs", "export", str(GOLDEN), *words, folder=folder)


@pytest.mark.parametrize(
    ("format", "what"),
    [("hlog", "histograms of 48 requests"), ("parquet", "48 requests"), ("csv", "series by the second of 48 requests")],
)
def test_a_file_is_named_after_the_record(format: str, what: str, tmp_path: Path) -> None:
    """Without a name the file is the record's in this folder; what was written is said on standard error."""
    done = export(tmp_path, "--format", format)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == f"{what} written to record-format-1.{format}"
    assert [path.name for path in tmp_path.iterdir()] == [f"record-format-1.{format}"]


def test_standard_output_is_nothing_but_the_data(tmp_path: Path) -> None:
    """A dash sends text to standard output, and no file is made."""
    done = export(tmp_path, "--format", "csv", "--out", "-")

    assert done.returncode == 0
    lines = list(csv.DictReader(done.stdout.splitlines()))
    assert sum(int(line["completed"]) for line in lines if line["cache"] == "all") == 48
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    """A file that is there stays, unless --force is given."""
    (tmp_path / "a.parquet").write_text("mine")

    refused = export(tmp_path, "--format", "parquet", "--out", "a.parquet")
    assert (refused.returncode, (tmp_path / "a.parquet").read_text()) == (2, "mine")
    assert "--force" in refused.stderr

    assert export(tmp_path, "--format", "parquet", "--out", "a.parquet", "--force").returncode == 0
    assert pq.read_metadata(tmp_path / "a.parquet").num_rows == 48


REFUSED = [
    (["--format", "hdr"], "unknown export format 'hdr'"),
    (["--format", "csv", "--arm", "target"], "its arms are before, after"),
    (["--format", "csv", "--phase", "warmup"], "holds no request of phase warmup"),
    (["--format", "parquet", "--out", "-"], "standard output"),
    (["--format", "hlog", "--interval", "-1"], "the interval is -1 s"),
    (["--format", "hlog", "--out", "nowhere/a.hlog"], "there is no folder nowhere"),
    ([], "--format"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_a_refusal_is_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    """Every refusal is a line with the value on standard error, exit code 2, and nothing left behind."""
    done = export(tmp_path, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert (done.stderr.startswith("error: "), done.stderr.count("\n")) == (True, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of four records: three complete ones, of three years, and one that was cut off."""
    for year in (2024, 2025, 2026):
        shutil.copytree(GOLDEN, tmp_path / "runs" / f"{year}0101T000000Z-trial")
        plan = tmp_path / "runs" / f"{year}0101T000000Z-trial" / "plan.json"
        said = {**json.loads(plan.read_text()), "started": f"{year}-01-01T00:00:00Z"}
        plan.write_text(json.dumps({**said, "kind": "swarm" if year == 2025 else "trial"}))
    cut = shutil.copytree(tmp_path / "runs" / "20240101T000000Z-trial", tmp_path / "runs" / "20240601T000000Z-cut")
    (cut / "run.json").unlink()
    return tmp_path


def prune(folder: Path, *words: str) -> tuple[list[str], warm.Done]:
    """Run it; and the records that are left."""
    done = warm.anp("runs", "prune", "--out", "runs", *words, folder=folder)
    return sorted(path.name[:4] + path.name[-4:] for path in (folder / "runs").iterdir()), done


ALL = ["2024-cut", "2024rial", "2025rial", "2026rial"]


def test_what_would_be_deleted_is_listed_first(kept: Path) -> None:
    """Nothing is gone without --yes."""
    left, done = prune(kept, "--keep", "1")
    assert (left, done.returncode) == (ALL, 0)
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [
        "20240101T000000Z-trial",
        "20250101T000000Z-trial",
    ]
    assert "2 records, " in done.stderr
    assert "nothing is deleted without --yes" in done.stderr


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--keep", "1"], ["2024-cut", "2026rial"]),
        (["--keep", "0"], ["2024-cut"]),
        (["--keep", "9"], ALL),
        (["--older-than", "36500"], ALL),
        (["--older-than", "inf"], ALL),
        (["--older-than", "1", "--keep", "3"], ["2024-cut", "2025rial", "2026rial"]),
        (["--incomplete"], ["2024rial", "2025rial", "2026rial"]),
        (["--incomplete", "--older-than", "36500"], ALL),
    ],
)
def test_what_is_asked_for_is_deleted_and_nothing_else(words: list[str], left: list[str], kept: Path) -> None:
    """All that is asked must hold; what was cut off is deleted only where that is asked for."""
    found, done = prune(kept, *words, "--yes")
    assert (found, done.returncode) == (left, 0)
    assert ("deleted: " in done.stderr) == (left != ALL)


def test_what_a_link_leads_to_is_not_deleted(kept: Path) -> None:
    """The link is, as it is all that lies there."""
    (kept / "runs" / "20240101T000000Z-trial").rename(kept / "elsewhere")
    (kept / "runs" / "20240101T000000Z-trial").symlink_to(kept / "elsewhere")
    left, done = prune(kept, "--older-than", "1", "--keep", "3", "--yes")
    assert (left, done.returncode) == (["2024-cut", "2025rial", "2026rial"], 0)
    assert (kept / "elsewhere" / "plan.json").is_file()


@pytest.mark.parametrize("started", ["yesterday", "2024-01-01", None])
def test_a_record_that_does_not_say_when_it_began_is_named(started: str | None, kept: Path) -> None:
    """Where its age is asked for."""
    plan = kept / "runs" / "20250101T000000Z-trial" / "plan.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "started": started}))
    left, done = prune(kept, "--older-than", "1", "--yes")
    assert (left, done.returncode) == (ALL, 2)
    assert "20250101T000000Z-trial does not say when it began" in done.stderr


def test_nothing_is_deleted_unasked(kept: Path) -> None:
    """Without a choice it is refused, and the choices are named."""
    left, done = prune(kept, "--yes")
    assert (left, done.returncode) == (ALL, 2)
    assert "--keep, --older-than or --incomplete" in done.stderr


def test_a_list_tells_sizes(kept: Path) -> None:
    """For a person in a column, and in bytes for a program."""
    listed = json.loads(warm.anp("runs", "list", "--out", "runs", "--json", folder=kept).stdout)
    for each in listed:
        assert (
            each["bytes"] == sum(path.stat().st_size for path in (kept / each["path"]).rglob("*") if path.is_file()) > 0
        )
    table = warm.anp("runs", "list", "--out", "runs", folder=kept).stdout.splitlines()
    assert table[0].split()[-1] == "size"
    assert all(line.rstrip().endswith(("kB", "bytes", "MB")) for line in table[1:])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_report_is_opened_in_the_browser(kept: Path, *, is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever that is; where there is none, a person is told the file."""
    page = kept / "runs" / "20260101T000000Z-trial" / "report.html"
    page.write_text("<!doctype html>")
    seen, browser = kept / "seen", kept / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}\n')
    browser.chmod(0o755)
    done = warm.anp(
        "report", "--out", "runs", folder=kept, environment={"BROWSER": str(browser if is_there else kept / "none")}
    )
    assert done.returncode == 0
    assert done.stdout.strip() == "runs/20260101T000000Z-trial/report.html"
    if is_there:
        assert seen.read_text() == page.as_uri()


def test_what_has_no_report_says_how_to_get_one(kept: Path) -> None:
    """A trial without one, one that was cut off, a swarm."""
    done = warm.anp("report", "--out", "runs", folder=kept)
    assert done.returncode == 2
    assert "20260101T000000Z-trial has no report, as none was written; write one with: anp compare" in done.stderr
    cut = warm.anp("report", "20240601T000000Z-cut", "--out", "runs", folder=kept)
    assert "as the trial was cut off; go on with it: anp trial --resume" in cut.stderr
    swarm = warm.anp("report", "20250101T000000Z-trial", "--out", "runs", folder=kept)
    assert "as a swarm alone compares nothing; see its figures with: anp runs show" in swarm.stderr
