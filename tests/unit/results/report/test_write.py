import json
from pathlib import Path

import pytest

from results.comparison import Comparison
from results.errors import ResultsError
from results.report import write


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
    assert json.loads(paths[1].read_text())["format"] == 1


def test_a_folder_that_cannot_be_written_is_one_clear_error(demo_comparison: Comparison, tmp_path: Path) -> None:
    """A path that is a file is refused with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ResultsError, match="--out"):
        write(demo_comparison, tmp_path / "file")
