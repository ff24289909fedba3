"""``anp synth`` where something goes wrong on the way: full disks, readers that have enough, signals."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synth import Corpus

DEADLINE_S = 60.0
ANP = [sys.executable, "-m", "harness"]


def synth(folder: Path, *words: str, most_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run it, with a bound on the size of what it writes."""

    def bound() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        [*ANP, "synth", *words], cwd=folder, capture_output=True, text=True, timeout=120, preexec_fn=bound, check=False
    )


def test_a_full_target_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """The name, the reason, and what to do."""
    done = synth(tmp_path, "--count", "500", "--out", "a.jsonl", most_bytes=200_000)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr.splitlines()[-1] == "error: cannot write a.jsonl (File too large): make room, or name another file"
    )
    assert list(tmp_path.iterdir()) == []

    full = synth(tmp_path, "--count", "5", "--out", "/dev/full")
    assert full.returncode == 2
    assert "cannot write /dev/full (No space left on device)" in full.stderr
    assert Path("/dev/full").is_char_device()


def test_with_resume_the_same_command_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """What was written is kept beside the name, and not made again."""
    words = ["--count", "500", "--resume", "--out", "a.jsonl"]
    done = synth(tmp_path, *words, most_bytes=1_200_000)
    assert done.returncode == 2
    assert "what there is stands in a.jsonl.part, and the same command goes on from there" in done.stderr
    assert not (tmp_path / "a.jsonl").exists()

    assert synth(tmp_path, *words).returncode == 0
    assert (tmp_path / "a.jsonl").read_bytes() == b"".join(
        Corpus(count=500).line(each) + b"\n" for each in Corpus(count=500).ids
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_is_one_line_for_a_database_too(workers: str, tmp_path: Path) -> None:
    """SQLite has words of its own for it."""
    done = synth(
        tmp_path, "--count", "500", "--format", "sqlite", "--workers", workers, "--out", "a.db", most_bytes=400_000
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: cannot write a.db (")
    assert done.stderr.splitlines()[-1].endswith("make room, or name another file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_whatever_stops_it_leaves_nothing(kill: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, a terminal that is closed, and a service that ends; the exit code is that of an interruption."""
    words = [*ANP, "synth", "--count", "1000000", "--workers", "2", "--out", "a.jsonl"]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            assert time.monotonic() < deadline
            select.select([], [], [], 0.01)
        child.send_signal(kill)
    finally:
        _, said = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_command_goes_on(kill: signal.Signals, tmp_path: Path) -> None:
    """After Ctrl-C and after SIGKILL, whatever moment it was."""
    words = [*ANP, "synth", "--count", "1500", "--workers", "2", "--resume", "--out", "a.jsonl.zst"]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    part = tmp_path / "a.jsonl.zst.part"
    try:
        deadline = time.monotonic() + DEADLINE_S
        while child.poll() is None and not (part.exists() and part.stat().st_size):
            assert time.monotonic() < deadline
            select.select([], [], [], 0.01)
        child.send_signal(kill)
    finally:
        _, said = child.communicate(timeout=DEADLINE_S)
    assert child.returncode in {130, -9, 0}, said
    done = synth(tmp_path, *words[len(ANP) + 1 :])
    assert done.returncode == 0, done.stderr
    plain = synth(tmp_path, "--count", "1500", "--out", "b.jsonl.zst")
    assert plain.returncode == 0
    assert (tmp_path / "a.jsonl.zst").read_bytes() == (tmp_path / "b.jsonl.zst").read_bytes()


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    """As head does: no error, and exit code 0."""
    with subprocess.Popen(
        [*ANP, "synth", "--count", "20000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith('{"id":11730,')
        child.stdout.close()
        said = child.stderr.read()
        assert child.wait(timeout=DEADLINE_S) == 0, said
    assert "error" not in said


PRINTING = [
    ["synth", "--count", "3"],
    ["synth", "--count", "1", "--format", "text"],
    ["synth", "--count", "100", "--format", "parquet"],
    ["synth", "show", "3"],
    ["synth", "fingerprint"],
    ["synth", "dials"],
    ["synth", "dials", "--json"],
    ["synth", "learn", "articles.jsonl"],
    ["runs", "list", "--json"],
    ["--help"],
]
"""Commands that print what they are asked for: by every way there is."""


def printed(folder: Path, words: list[str], stdout: int | None) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output is this; None: closed."""
    (folder / "articles.jsonl").write_text('{"html": "<p>two words"}\n' * 2)
    return subprocess.run(
        [*ANP, *words],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        preexec_fn=(lambda: os.close(1)) if stdout is None else None,
        check=False,
    )


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_standard_output_that_takes_nothing_is_one_line(tmp_path: Path, words: list[str]) -> None:
    """Full or closed: what was asked for did not arrive, which is told once, and is no defect of anp."""
    with Path("/dev/full").open("wb") as device:
        full = printed(tmp_path, words, device.fileno())
    closed = printed(tmp_path, words, None)

    for done, reason in ((full, "No space left on device"), (closed, "Bad file descriptor")):
        assert done.returncode == 2, done.stderr
        assert [line for line in done.stderr.splitlines() if not line.startswith("  ")] == [
            f"error: cannot write to standard output ({reason}): make room, or send it somewhere else"
        ]


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_standard_output_that_nobody_reads_ends_it_quietly(tmp_path: Path, words: list[str]) -> None:
    """Not with the exit code of a verdict."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = printed(tmp_path, words, writer)
    finally:
        os.close(writer)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("  ")] == []


def test_what_writes_a_file_needs_no_standard_output(tmp_path: Path) -> None:
    """Closed, its number goes to no other file."""
    done = printed(tmp_path, ["synth", "--count", "3", "--out", "a.jsonl"], None)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == b"".join(
        Corpus(count=3).line(each) + b"\n" for each in Corpus(count=3).ids
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--format", "wxr", "--shard-size", "inf", "--out", "a.xml"], "--shard-size is inf; give megabytes"),
        (["--format", "wxr", "--shard-size", "1e305", "--out", "a.xml"], "--shard-size is 1e+305; give megabytes"),
        (["learn", "http://[x/sitemap.xml"], "http://[x/sitemap.xml is no address; give that of a sitemap"),
        (["learn", "http://127.0.0.1:x/sitemap.xml"], "http://127.0.0.1:x/sitemap.xml cannot be read (Invalid port"),
        (["--out", "a.jsonl/"], "cannot write a.jsonl/, which names a folder: name a file"),
        (["--out", "a.jsonl/."], "cannot write a.jsonl/., which names a folder: name a file"),
        (["learn", "missing.jsonl", "--out", "site.toml/"], "cannot write site.toml/, which names a folder"),
    ],
)
def test_what_names_no_length_no_address_and_no_file_is_refused(tmp_path: Path, words: list[str], problem: str) -> None:
    """In one line, before anything is made."""
    done = synth(tmp_path, *words)

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {problem}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
