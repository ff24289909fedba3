"""``anp synth`` where something goes wrong on the way: full disks, readers that have enough, signals."""

from __future__ import annotations

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
