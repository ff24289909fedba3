"""A real Chromium without a screen, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

DEADLINE_S = 60.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--remote-debugging-port=0",
    # No other machine is reached: a page that wants something from elsewhere does not get it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class CallError(AssertionError):
    """The browser could not do what it was asked."""


class Page:
    """One page of the browser."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._number = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and return its result."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise CallError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        """Go to an address; a page that cannot be loaded fails the test."""
        assert "errorText" not in self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; an exception in it fails the test."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, condition: str) -> Any:
        """The first true value of a JavaScript expression, on this page or on the one that takes its place."""
        until = time.monotonic() + DEADLINE_S
        while True:
            # A page that is left while it is asked does not answer; the next one will.
            with contextlib.suppress(CallError):
                if value := self.run(condition):
                    return value
            assert time.monotonic() < until, f"waited in vain for {condition}: {self.run('document.body.innerText')}"
            time.sleep(0.05)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Show the page on a screen of another size, in CSS pixels, that prefers dark or light."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def shoot(self, path: Path) -> None:
        """Save what the screen shows as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Run Chromium with a new profile folder; gone when the context is left."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("Chromium is not installed")
    words = [binary, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port = _port(profile / "DevToolsActivePort", process)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                [target] = [each for each in json.load(answer) if each["type"] == "page"]
            connection = websocket.create_connection(
                target["webSocketDebuggerUrl"], timeout=DEADLINE_S, suppress_origin=True
            )
            with contextlib.closing(connection):
                yield Page(connection)
        finally:
            process.terminate()


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + DEADLINE_S
    while not (file.exists() and file.read_text().count("\n")):
        assert process.poll() is None, f"Chromium ended at its start, exit code {process.returncode}"
        assert time.monotonic() < until, "Chromium did not start"
        time.sleep(0.02)
    return int(file.read_text().split()[0])
