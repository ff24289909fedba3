import dataclasses
import json
from pathlib import Path

import pytest

from results.comparison import FORMAT, Comparison
from results.errors import ResultsError
from results.report import html, write, write_benchstat, write_history


@pytest.fixture(autouse=True)
def _no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is drawn, at length, by its own tests."""
    monkeypatch.setattr(html, "render", lambda comparison: f"<!doctype html><title>{comparison.name}</title>")


def test_three_files_are_written_and_nothing_else(demo_comparison: Comparison, tmp_path: Path) -> None:
    """Report, data and note lie in the folder, which is made where it is missing."""
    paths = write(demo_comparison, tmp_path / "new")

    assert [path.name for path in paths] == ["report.html", "compare.json", "note.md"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["compare.json", "note.md", "report.html"]


def test_a_second_report_replaces_the_first(demo_comparison: Comparison, tmp_path: Path) -> None:
    """Writing again leaves the same three files, whole."""
    write(demo_comparison, tmp_path)
    paths = write(demo_comparison, tmp_path)

    assert len(list(tmp_path.iterdir())) == 3
    assert json.loads(paths[1].read_text())["format"] == FORMAT


def test_a_folder_that_cannot_be_written_is_one_clear_error(demo_comparison: Comparison, tmp_path: Path) -> None:
    """A path that is a file is refused with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ResultsError, match="--out"):
        write(demo_comparison, tmp_path / "file")


def test_both_arms_are_written_for_benchstat(demo_comparison: Comparison, tmp_path: Path) -> None:
    """Two files with one beginning hold as many results each."""
    before, after = write_benchstat(demo_comparison, tmp_path / "bench")

    assert (before.name, after.name) == ("bench-before.txt", "bench-after.txt")
    assert before.read_text().count("\nBenchmark") == after.read_text().count("\nBenchmark") > 0


def test_a_history_grows(demo_comparison: Comparison, tmp_path: Path) -> None:
    """A second trial is added to the file of the first, and the same trial once more changes nothing."""
    later = dataclasses.replace(demo_comparison, plan={**demo_comparison.plan, "started": "2027-01-01T00:00:00Z"})
    path = tmp_path / "history.csv"
    for comparison in (demo_comparison, later, later):
        write_history([comparison], path)

    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == [
        demo_comparison.plan["started"],
        "2027-01-01T00:00:00Z",
    ]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_history_is_left_alone(demo_comparison: Comparison, tmp_path: Path, content: bytes) -> None:
    """Another file is not taken for a history, and not written over."""
    path = tmp_path / "other.csv"
    path.write_bytes(content)

    with pytest.raises(ResultsError, match="new"):
        write_history([demo_comparison], path)

    assert path.read_bytes() == content


def test_places_that_cannot_be_written_are_named(demo_comparison: Comparison, tmp_path: Path) -> None:
    """Where a file cannot be made, the error names it and what to do."""
    with pytest.raises(ResultsError, match="Choose another place"):
        write_benchstat(demo_comparison, tmp_path / "missing" / "bench")
    with pytest.raises(ResultsError, match="Choose another place"):
        write_history([demo_comparison], tmp_path / "missing" / "history.csv")


def test_a_link_stays_one(demo_comparison: Comparison, tmp_path: Path) -> None:
    """What it leads to is replaced, as a person who links a report means it."""
    (tmp_path / "note.md").symlink_to(tmp_path / "kept.md")
    write(demo_comparison, tmp_path)

    assert (tmp_path / "note.md").is_symlink()
    assert (tmp_path / "kept.md").read_text().startswith("# Change note")
