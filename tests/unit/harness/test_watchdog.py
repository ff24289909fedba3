"""What a harness that was killed leaves behind is cleaned up; what says farewell is left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from harness.watchdog import Watchdog
from tests.trials import until

SLEEPER = [sys.executable, "-c", "import threading; threading.Event().wait()"]


def start(log: Path) -> subprocess.Popen[bytes]:
    """A watchdog whose pipe the test holds."""
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-P", "-m", "harness.watchdog"], stdin=subprocess.PIPE, stdout=out)


def tell(dog: subprocess.Popen[bytes], **words: object) -> None:
    """One line."""
    assert dog.stdin is not None
    dog.stdin.write(json.dumps(words).encode() + b"\n")
    dog.stdin.flush()


def undo(folder: Path, name: str) -> dict[str, object]:
    """A command that writes its name down."""
    return {
        "undo": name,
        "argv": ["/bin/sh", "-c", f"echo {name} >> {folder}/undone"],
        "folder": None,
        "environment": None,
    }


def test_groups_end_and_commands_undo_where_the_pipe_breaks_off(tmp_path: Path) -> None:
    """Only what was not said to be over; the last command first."""
    dog = start(tmp_path / "log")
    kept, ended = (subprocess.Popen(SLEEPER, process_group=0) for _ in range(2))
    try:
        tell(dog, group=kept.pid)
        tell(dog, group=ended.pid)
        tell(dog, ended=kept.pid)
        for name in ("first", "second", "third"):
            tell(dog, **undo(tmp_path, name))
        tell(dog, undone="second")
        assert dog.stdin is not None
        dog.stdin.close()
        dog.wait(60)

        assert ended.wait(60) == -signal.SIGTERM
        assert kept.poll() is None
        assert (tmp_path / "undone").read_text().split() == ["third", "first"]
        assert "the harness was killed; third" in (tmp_path / "log").read_text()
    finally:
        for process in (kept, ended):
            process.kill()
            process.wait()


def test_after_a_farewell_nothing_is_touched(tmp_path: Path) -> None:
    """A harness that ends in order has done everything itself."""
    sleeper = subprocess.Popen(SLEEPER, process_group=0)
    try:
        with Watchdog.on_guard(tmp_path / "log") as dog:
            dog.watch_group(sleeper.pid)
            dog.undo_later("undo", ["/bin/sh", "-c", f"touch {tmp_path}/undone"])
        assert sleeper.poll() is None
        assert not (tmp_path / "undone").exists()
        assert (tmp_path / "log").read_text() == ""
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_killed_watchdog_does_not_disturb_the_work(tmp_path: Path) -> None:
    """Whoever tells it something then goes on."""
    with Watchdog.on_guard(tmp_path / "log") as dog:
        (child,) = until(lambda: [one for one in psutil.Process().children() if _is_dog(one)], "there is no watchdog")
        child.kill()
        until(lambda: not _is_dog(child), "it lives")
        dog.watch_group(1_000_000_000)
        dog.undone("nothing")


def _is_dog(process: psutil.Process) -> bool:
    return process.status() != psutil.STATUS_ZOMBIE and "harness.watchdog" in process.cmdline()
