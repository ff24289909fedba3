"""Commands of the user's own that bring an arm to its state: run by a shell, with the arm in their environment."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from harness.errors import TargetError
from harness.processes import Child, ending, uninterrupted
from harness.targets import Stage

SHELL = "/bin/sh"


def environment(arm: str, url: str, more: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a command: our own, the arm's variables, and who the arm is.

    Args:
        arm: Its name.
        url: Its origin; empty where there is none yet.
        more: Variables of the arm.
    """
    port = url.rpartition(":")[2] if url.count(":") > 1 else ""
    return {**os.environ, **more, "ANP_ARM": arm, "ANP_URL": url, "ANP_PORT": port}


def run(
    name: str, command: str, stage: Stage, log: Path, *, folder: Path | None, values: Mapping[str, str], seconds: float
) -> None:
    """Run a command to its end.

    Args:
        name: What it is called in messages.
        command: As a shell reads it.
        stage: Of the trial.
        log: For its words.
        folder: Its working folder.
        values: Its environment.
        seconds: How long it may take.

    Raises:
        TargetError: It ended with another exit code than 0, or not in time.
    """
    child = Child(name, [SHELL, "-c", command], log, folder=folder, environment=values)
    stage.watchdog.watch_group(child.pid)
    code: int | None = None
    try:
        code = child.wait(time.monotonic() + seconds)
    except TimeoutError:
        raise TargetError(f"{name} did not end within {seconds:g} s ({command}); see {log}") from None
    finally:
        with uninterrupted():
            child.stop()
        stage.watchdog.forget_group(child.pid)
    if code != 0:
        words = child.last_words()
        raise TargetError(
            f"{name} {ending(code)}{f' ({words})' if words else ''}; correct the command: {command}. Its log: {log}"
        )
