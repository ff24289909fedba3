"""One version of a site that is not ours: started on a free port, or found running, and stopped again."""

from __future__ import annotations

import os
import shlex
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from harness.errors import TargetError, UsageError
from harness.processes import Child, check_interrupted, uninterrupted

PORT: Final = "{port}"
"""Stands in a command for the port that the site is to listen on."""

STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Arm:
    """One version of the site, by the one of three ways in which it comes about.

    Attributes:
        name: ``before`` or ``after``.
        command: Starts it; ``PORT`` stands for the port.
        env: Variables for the command, beside those of this process.
        url: Where it runs already.
        switch: Brings the one slot into its state.
    """

    name: str
    command: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    switch: str | None = None

    def __post_init__(self) -> None:
        """Refuse a command that cannot be started on a port of ours."""
        if self.command is None:
            return
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise UsageError(f"--{self.name}-command {self.command!r} cannot be split into words ({error})") from None
        if not any(PORT in word for word in words):
            raise UsageError(
                f"--{self.name}-command {self.command!r} has no {PORT}: the site must listen where it is told to; "
                f"write for instance --port {PORT}, or env PORT={PORT} in front"
            )


@contextmanager
def serving(arm: Arm, folder: Path, *, ready: str = "/", seconds: float = 60.0) -> Iterator[str]:
    """Give the address of an arm while it answers; one that was started for this is stopped afterwards.

    Args:
        arm: With a command or an address.
        folder: Where the command runs.
        ready: The path asked for until it is answered with less than 500.
        seconds: How long that may take.

    Raises:
        TargetError: It cannot be started, ends, or does not answer in time; with its last words.
    """
    if arm.command is None:
        url = arm.url or ""
        _wait(arm.name, url, ready, None, 0.0)
        yield url
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    words = [word.replace(PORT, str(port)) for word in shlex.split(arm.command)]
    with tempfile.TemporaryDirectory(prefix="anp-") as scratch:
        try:
            child = Child(
                arm.name, words, Path(scratch) / "site.log", folder=folder, environment={**os.environ, **arm.env}
            )
        except OSError as error:
            raise TargetError(
                f"the command of {arm.name}, {arm.command!r}, cannot be started in {folder} ({error.strerror}: "
                f"{error.filename}); check its first word and --folder"
            ) from None
        try:
            _wait(arm.name, url, ready, child, seconds)
            yield url
        finally:
            with uninterrupted():
                child.stop(patience_s=STOP_SECONDS)


def _wait(name: str, url: str, ready: str, child: Child | None, seconds: float) -> None:
    """Ask until the site answers; one that was not started for this is asked once."""
    deadline = time.monotonic() + seconds
    while True:
        check_interrupted()
        try:
            status = httpx.get(url + ready, timeout=max(seconds, 10.0), trust_env=False).status_code
            answer = f"status {status}"
            if status < 500:
                return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer = str(error) or type(error).__name__
        if child is None:
            raise TargetError(f"{name}: {url}{ready} does not answer ({answer}). Is the site running?")
        if (code := child.exit_code) is not None:
            raise TargetError(
                f"the command of {name} ended with exit code {code} before it answered at {url}{ready}; "
                f"its last words: {child.last_words() or 'none'}"
            )
        if time.monotonic() > deadline:
            raise TargetError(
                f"the command of {name} did not answer {url}{ready} within {seconds:g} s ({answer}); is that its port? "
                f"Its last words: {child.last_words() or 'none'}"
            )
        time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
