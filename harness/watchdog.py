"""Ends what a harness that was killed leaves behind: servers of the user's own, and states that must be undone.

Our own children die with us (``processes``); what a command of the user's started in turn does not know us. So one
process of its own holds a pipe from the harness. Where the pipe ends without a word of farewell, it stops the process
groups it was told of and runs the commands that undo, the last first.

    python -m harness.watchdog        reads one JSON object a line from standard input
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import psutil

PATIENCE_S: Final = 10.0
"""How long a group may take to end before it is killed."""

MARK: Final = "ANP_TRIAL_MARK"
"""Variable by which whatever a server has started is known for its, even where it has left its process group."""

UNDO_S: Final = 600.0
"""How long a command that undoes may take."""


class Watchdog:
    """The harness's end of the pipe."""

    def __init__(self, stdin: IO[bytes]) -> None:
        self._stdin = stdin

    @classmethod
    @contextlib.contextmanager
    def on_guard(cls, log: Path, lock: IO[bytes] | None = None) -> Iterator[Watchdog]:
        """Have somebody on guard while the block runs.

        Args:
            log: For the words of commands that undo.
            lock: A locked file that stays locked until all is cleaned up, whoever was killed.
        """
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "harness.watchdog"],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=() if lock is None else (lock.fileno(),),
                start_new_session=True,  # neither Ctrl-C nor the end of a terminal is for it
            )
        assert process.stdin is not None
        dog = cls(process.stdin)
        try:
            yield dog
        finally:
            dog._tell(farewell=True)
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait()

    def watch_group(self, group: int) -> None:
        """Stop this process group, should we be killed."""
        self._tell(group=group)

    def forget_group(self, group: int) -> None:
        """It has ended."""
        self._tell(ended=group)

    def watch_marked(self, mark: str) -> None:
        """End whatever carries this mark, should we be killed."""
        self._tell(mark=mark)

    def undo_later(
        self, name: str, argv: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """Run this command, should we be killed."""
        told = None if environment is None else dict(environment)
        self._tell(undo=name, argv=list(argv), folder=None if folder is None else str(folder), environment=told)

    def undone(self, name: str) -> None:
        """We have done it ourselves."""
        self._tell(undone=name)

    def _tell(self, **words: Any) -> None:
        with contextlib.suppress(OSError):  # it was killed itself: then nobody is on guard, and the work goes on
            self._stdin.write(json.dumps(words).encode() + b"\n")
            self._stdin.flush()


def main() -> None:
    """Listen until the harness has gone; clean up after it where it did not say so."""
    groups: list[int] = []
    marks: set[str] = set()
    undo: dict[str, dict[str, Any]] = {}
    for line in sys.stdin.buffer:
        words = json.loads(line)
        if words.get("farewell"):
            return
        if "group" in words:
            groups.append(words["group"])
        elif "ended" in words and words["ended"] in groups:
            groups.remove(words["ended"])
        elif "mark" in words:
            marks.add(words["mark"])
        elif "undo" in words:
            undo[words["undo"]] = words
        elif "undone" in words:
            undo.pop(words["undone"], None)
    _end(groups)
    for mark in marks:
        end_marked(mark)
    for name, command in reversed(undo.items()):
        print(f"the harness was killed; {name}: {command['argv']}", flush=True)
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                command["argv"],
                cwd=command["folder"],
                env=command["environment"],
                stdin=subprocess.DEVNULL,
                timeout=UNDO_S,
                check=False,
            )


def end_marked(mark: str) -> None:
    """Kill every process that carries a mark in its environment, and wait until they are gone."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                process.kill()
                found.append(process)
    psutil.wait_procs(found, PATIENCE_S)


def _end(groups: Sequence[int]) -> None:
    """Ask all to end, and kill those that do not."""
    for group in reversed(groups):
        _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while any(_signal(group, 0) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
