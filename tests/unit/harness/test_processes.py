"""Child processes are watched, stopped with all they started, and never outlive the harness."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.processes import Child

DEADLINE_S = 20.0


def _until(condition: object, what: str) -> None:
    """Poll a callable until it is true."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_stop_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    """A grandchild that ignores SIGTERM is gone after stop, as is the child."""
    pid_file = tmp_path / "pid"
    script = (
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = os.fork()\n"
        "if grandchild == 0:\n"
        f"    pathlib.Path({str(pid_file) + '.tmp'!r}).write_text(str(os.getpid()))\n"
        f"    os.rename({str(pid_file) + '.tmp'!r}, {str(pid_file)!r})\n"
        "while True: time.sleep(60)\n"
    )
    child = Child("stubborn", [sys.executable, "-c", script], tmp_path / "log")
    _until(pid_file.exists, "the grandchild never started")
    grandchild = int(pid_file.read_text())

    child.stop(patience_s=0.2)

    assert child.exit_code == -signal.SIGKILL
    _until(lambda: _gone(grandchild), "the grandchild outlived its session")


def test_a_child_that_was_asked_to_stop_is_not_asked_again(tmp_path: Path) -> None:
    """A second signal would end this child at once; it is left to end in its own time, until patience is over."""
    ready, asked = tmp_path / "ready", tmp_path / "asked"
    script = (
        "import pathlib, signal\n"
        "def once(*_):\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        f"    pathlib.Path({str(asked)!r}).touch()\n"
        "signal.signal(signal.SIGTERM, once)\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "while True: signal.pause()\n"
    )
    child = Child("slow to end", [sys.executable, "-c", script], tmp_path / "log")
    _until(ready.exists, "the child never came up")

    child.ask_to_stop()
    _until(asked.exists, "the child was not asked")
    child.stop(patience_s=0.2)

    assert child.exit_code == -signal.SIGKILL


def test_a_child_dies_with_a_killed_harness(tmp_path: Path) -> None:
    """When the process that started a child is killed outright, the child ends too."""
    script = (
        "import pathlib, sys, time\n"
        "from harness.processes import Child\n"
        "sleeper = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        f"child = Child('c', sleeper, pathlib.Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    _until(lambda: _gone(pid), "the child outlived its parent")


def test_a_child_is_pinned_to_its_core(tmp_path: Path) -> None:
    """A child runs on the core it was given, from its first instruction."""
    core = max(os.sched_getaffinity(0))
    out = tmp_path / "out"
    child = Child(
        "pinned",
        [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"],
        tmp_path / "log",
        cores={core},
        stdout=out,
    )

    assert child.wait(time.monotonic() + DEADLINE_S) == 0
    assert out.read_text().strip() == str({core})


def test_wait_gives_up_at_its_deadline(tmp_path: Path) -> None:
    """A child that does not end in time is reported with its name and process id."""
    child = Child("slow", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
    try:
        with pytest.raises(TimeoutError, match=rf"slow \(pid {child.pid}\) did not end in time"):
            child.wait(time.monotonic(), every_s=0.01)
    finally:
        child.stop()


def test_last_words_prefer_the_error_line(tmp_path: Path) -> None:
    """The line that begins with ``error:`` is what a child said last, whatever came after it."""
    log = tmp_path / "log"
    script = "import sys; print('error: no disk', file=sys.stderr); print('bye', file=sys.stderr); sys.exit(2)"
    child = Child("talker", [sys.executable, "-c", script], log)
    child.wait(time.monotonic() + DEADLINE_S)

    assert child.last_words() == "no disk"
