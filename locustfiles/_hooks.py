"""Commands of the user's own that empty or fill the caches of an arm, just before load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from locustfiles._errors import SwarmError
from results.plan import Arm

_HOOK_S: Final = 600.0
"""How long a command may take."""


def run_hook(what: str, command: str, arm: Arm) -> None:
    """Have a shell run a command for an arm, whose name, address and port are in its environment.

    Args:
        what: What it does, for messages: ``purge``, ``warm``.
        command: As a shell reads it. What it says goes to standard error.
        arm: Whose caches are meant.

    Raises:
        SwarmError: It ended with another exit code than 0, or not in time.
    """
    parts = urlsplit(arm.url)
    told = {"ANP_ARM": arm.name, "ANP_URL": arm.url, "ANP_PORT": str(parts.port or "")}
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        code = process.wait(_HOOK_S)
    except subprocess.TimeoutExpired:
        raise SwarmError(
            f"{what} of {arm.name} did not end within {_HOOK_S:g} s; correct the command: {command}"
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if code != 0:
        shown = command.rpartition("\n")[2]
        raise SwarmError(f"{what} of {arm.name} ended with exit code {code}; correct the command: {shown}")
