"""One version of a site that is not ours: started on a free port, or found running, and stopped again."""

from __future__ import annotations

import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import ValidationError

from harness import hooks
from harness.arms_plan import ArmPlan
from harness.errors import TargetError, UsageError
from harness.processes import Child, check_interrupted, ending, uninterrupted

STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Arm:
    """One version of the site.

    Attributes:
        name: ``before`` or ``after``.
        plan: How it is reached, as a plan says it.
    """

    name: str
    plan: ArmPlan

    @classmethod
    def of(cls, name: str, **said: Any) -> Arm:
        """An arm by the keys of a plan.

        Raises:
            UsageError: The plan of a trial would be refused.
        """
        try:
            return cls(name, ArmPlan(**said))
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"{name}: {first.get('ctx', {}).get('error', first['msg'])}") from None


@contextmanager
def serving(
    arm: Arm,
    folder: Path,
    *,
    slot: str | None = None,
    ready: str = "/",
    seconds: float = 60.0,
    trust: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Give the address of an arm while it answers; one that was started for this is stopped afterwards.

    Args:
        arm: How it is reached.
        folder: Where its command runs.
        slot: Where it is, if it is brought there by a switch, which is not run.
        ready: The path asked for until it is answered with a page.
        seconds: How long that may take.
        trust: Whose certificates to believe.

    Raises:
        TargetError: It cannot be started, ends, or does not answer in time; with its last words.
    """
    if arm.plan.command is None:
        url = slot or arm.plan.url or ""
        _wait(arm.name, url, ready, None, 0.0, trust)
        yield url
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    words = arm.plan.argv({"port": str(port), "url": url, "arm": arm.name})
    environment = hooks.environment(arm.name, url, arm.plan.environment())
    with tempfile.TemporaryDirectory(prefix="anp-") as scratch:
        try:
            child = Child(arm.name, words, Path(scratch) / "site.log", folder=folder, environment=environment)
        except OSError as error:
            raise TargetError(
                f"the command of {arm.name}, {arm.plan.command!r}, cannot be started in {folder.absolute()} "
                f"({error.strerror}: {error.filename}); check its first word and --folder"
            ) from None
        try:
            _wait(arm.name, url, ready, child, seconds, trust)
            yield url
        finally:
            with uninterrupted():
                child.stop(patience_s=STOP_SECONDS)


def _wait(name: str, url: str, ready: str, child: Child | None, seconds: float, trust: ssl.SSLContext | None) -> None:
    """Ask until the site answers; one that was not started for this is asked once."""
    deadline = time.monotonic() + seconds
    while True:
        check_interrupted()
        try:
            status = httpx.get(
                url + ready, timeout=max(seconds, 10.0), trust_env=False, verify=trust or True
            ).status_code
            answer = f"status {status}"
            if status < 400:
                return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer = str(error) or type(error).__name__
        if child is None:
            raise TargetError(f"{name}: {url}{ready} does not answer with a page ({answer}). Is the site running?")
        if (code := child.exit_code) is not None:
            raise TargetError(
                f"the command of {name} {ending(code)} before it answered at {url}{ready}; "
                f"its last words: {child.last_words() or 'none'}"
            )
        if time.monotonic() > deadline:
            raise TargetError(
                f"the command of {name} did not answer {url}{ready} with a page within {seconds:g} s ({answer}); is "
                f"that its port? Its last words: {child.last_words() or 'none'}"
            )
        time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
