"""Options that verbs have in common: what they take, and what they do to files."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.options import write_text
from harness.errors import UsageError


def test_a_written_file_holds_the_text_and_lies_alone(tmp_path: Path) -> None:
    """A second text takes the place of the first; nothing lies beside it."""
    for text in ("one\n", "zwei – 2\n"):
        write_text(tmp_path / "a.txt", text)
        assert (tmp_path / "a.txt").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_symbolic_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, is_there: bool) -> None:
    """Also where that is not there yet."""
    (tmp_path / "there").mkdir()
    if is_there:
        (tmp_path / "there" / "b.txt").write_text("old\n")
    link = tmp_path / "a.txt"
    link.symlink_to(Path("there") / "b.txt")

    write_text(link, "new\n")
    assert link.is_symlink()
    assert (tmp_path / "there" / "b.txt").read_text() == "new\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "b.txt", "there"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """As a device is: it takes the text, and no file takes its name."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "for a reader\n")
        assert os.read(reader, 100) == b"for a reader\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_that_leads_to_itself_is_refused_and_stays(tmp_path: Path) -> None:
    """It leads to nothing that could be written."""
    link = tmp_path / "a.txt"
    link.symlink_to("a.txt")

    with pytest.raises(UsageError, match=r"a\.txt: .*symbolic links"):
        write_text(link, "x")
    assert list(tmp_path.iterdir()) == [link]
    assert link.is_symlink()


@pytest.mark.parametrize("name", ["missing/a.txt", "."])
def test_a_place_that_takes_no_file_is_one_line(tmp_path: Path, name: str) -> None:
    """The name, the reason and what to do."""
    with pytest.raises(
        UsageError, match=r"^cannot write .*: (No such file|Is a directory).*\. Name a file in a folder"
    ):
        write_text(tmp_path / name, "x")
    assert list(tmp_path.iterdir()) == []


def test_without_room_what_was_there_stays_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    """A disk that fills up while a file is written, here a bound on the length of files."""
    (tmp_path / "a.txt").write_text("old\n")
    program = "import sys; from pathlib import Path; from harness.cli.options import write_text; "
    done = subprocess.run(
        [sys.executable, "-c", program + "write_text(Path(sys.argv[1]), 'x' * 100_000)", tmp_path / "a.txt"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert f"UsageError: cannot write {tmp_path}/a.txt: File too large. Name a file" in done.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old\n"]
