"""Lines come out of a file one by one, compressed or not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from locustfiles._errors import SwarmError
from locustfiles._lines import lines


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_lines_come_without_their_ends(tmp_path: Path, pack: object) -> None:
    """A byte order mark and both kinds of line ends are taken off, whatever the file is called."""
    assert callable(pack)
    path = tmp_path / "some.name"
    path.write_bytes(pack("\ufeffone\r\ntwo\n\nlast ä".encode()))
    assert list(lines(path)) == ["one", "two", "", "last ä"]


def test_bytes_that_are_not_utf_8_survive(tmp_path: Path) -> None:
    """Any byte can be had back."""
    path = tmp_path / "latin"
    path.write_bytes(b"caf\xe9\n")
    assert next(lines(path)).encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_a_file_without_line_ends_comes_in_pieces(tmp_path: Path) -> None:
    """A file of one endless line never has to be held as a whole."""
    path = tmp_path / "endless"
    path.write_bytes(b"x" * 200_000)
    assert max(len(line) for line in lines(path)) <= 65_536


def test_a_file_cut_off_within_gzip_is_said_to_be(tmp_path: Path) -> None:
    """Half a gzip file gives its lines and then one error that names it."""
    path = tmp_path / "half.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 1000)[:-20])
    with pytest.raises(SwarmError, match=r"half\.gz begins as gzip but cannot be unpacked"):
        list(lines(path))


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """The error names the file and what is wrong with it."""
    with pytest.raises(SwarmError, match=r"nowhere cannot be read \(No such file"):
        list(lines(tmp_path / "nowhere"))
