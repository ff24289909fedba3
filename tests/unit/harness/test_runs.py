"""``anp runs export`` as a person meets it: files, standard output, refusals."""

from __future__ import annotations

import csv
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
