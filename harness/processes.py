"""Child processes: started in a group of their own, watched, stopped in order, and never left behind.

A child gets its own process group so that Ctrl-C reaches the harness alone, which then stops the children in the order
that keeps their records whole. It stays in the harness's session, so that the scheduler treats all children alike (see
``wakefulness``). Should the harness itself be killed, the kernel sends each child SIGTERM.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Run in the child between fork and exec; the library is loaded before, so that nothing is allocated here."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def ending(code: int) -> str:
    """How a process ended, by its exit code: ``ended with exit code 3``, or ``was killed by SIGKILL``."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class Child:
    """One child process with its log.

    Attributes:
        name: What it is called in messages.
        log: File its standard error goes to.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        cores: Collection[int] = (),
        stdout: Path | None = None,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the child.

        Args:
            name: What it is called in messages.
            argv: Program and arguments.
            log: Its standard error is appended here, and its standard output too unless ``stdout`` is given.
            cores: Pin it, and whatever it starts, to these cores; none leaves it to the operating system.
            stdout: File for its standard output.
            folder: Its working folder; ``None`` is this process's own.
            environment: Its whole environment; ``None`` is this process's own.
        """
        self.name = name
        self.argv = list(argv)
        self.log = log
        self._is_asked = False

        def before_exec() -> None:
            _die_with_parent()
            if cores:
                os.sched_setaffinity(0, cores)

        with contextlib.ExitStack() as files:
            err = files.enter_context(log.open("ab"))
            out = err if stdout is None else files.enter_context(stdout.open("wb"))
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env=environment,
                process_group=0,
                preexec_fn=before_exec,  # noqa: PLW1509 - pinning and the death signal must precede exec
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or ``None`` while it runs."""
        return self._process.poll()

    def wait(self, deadline: float, *, poll: Callable[[], None] | None = None, every_s: float = 0.1) -> int:
        """Wait for its end.

        Args:
            deadline: On the monotonic clock.
            poll: Called between looks; what it raises ends the wait.
            every_s: Seconds between looks.

        Raises:
            TimeoutError: It still runs at the deadline.
        """
        while True:
            check_interrupted()
            try:
                return self._process.wait(timeout=every_s)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name} (pid {self.pid}) did not end in time") from None
                if poll is not None:
                    poll()

    def ask_to_stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask it once to stop, without waiting until it has."""
        if not self._is_asked and self._process.poll() is None:
            self._process.send_signal(by)
        self._is_asked = True

    def stop(self, *, first: signal.Signals = signal.SIGTERM, patience_s: float = 5.0) -> None:
        """Ask it to stop, and kill its whole group where it has not after ``patience_s``."""
        self.ask_to_stop(first)
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started and left behind, or itself
        self._process.wait()

    def last_words(self) -> str:
        """The last line of its log that says something: the ``error:`` line where there is one."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("error: ")]
        return (errors or lines or [""])[-1].removeprefix("error: ")


class _Interruption:
    """Whether somebody asked this process to end, and whether it may be told at the moment."""

    asked = False
    held = False


def check_interrupted() -> None:
    """Raise KeyboardInterrupt where somebody asked for an end; whatever takes long calls this now and then."""
    if _Interruption.asked and not _Interruption.held:
        raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP unwind this process at the next ``check_interrupted``: children stop in order.

    Python would raise wherever it happens to be, a destructor or a library's callback included, where the exception is
    printed and lost. The second signal does raise at once, for whoever will not wait.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        again, _Interruption.asked = _Interruption.asked, True
        if again:
            check_interrupted()

    wishes = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` has it
        wishes.append(signal.SIGHUP)
    previous = {number: signal.signal(number, interrupt) for number in wishes}
    try:
        yield
        check_interrupted()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold an interruption back while children are being stopped; the next ``check_interrupted`` acts on it."""
    before, _Interruption.held = _Interruption.held, True
    try:
        yield
    finally:
        _Interruption.held = before
