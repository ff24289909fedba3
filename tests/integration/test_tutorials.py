"""The tutorials, typed from top to bottom as a newcomer would, in one folder each.

Only what takes long is made short: a trial has one launch of a second, a swarm lasts a second, sites have few articles.
Ports are free ones instead of 8000 and 8080. What is left out is the set-up of the environment, which has run already.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT, commands
from tests.servers import program

TUTORIALS = ROOT / "docs" / "tutorials"
LEFT_OUT = ("make setup", ". .venv/bin/activate")
DEADLINE_S = 60.0
SHORT = {
    "ANP_DEMO_LAUNCHES": "1",
    "ANP_DEMO_SECONDS": "1",
    "BROWSER": "true",
}
SHORT_TRIAL = {"ANP_TRIAL_LAUNCHES": "1", "ANP_TRIAL_SECONDS": "1"}
"""Not for a pilot, which is short, and finds out by itself how many launches a trial wants."""
STAYS = ("anp serve --articles", "nginx ")
"""How commands begin that go on until they are stopped."""
VERDICTS = {"demo": {0, 1, 3, 4}, "trial": {0, 1, 3, 4}, "swarm": {0, 4}, "compare": {0, 1, 3, 4}}
"""Exit codes of verbs that judge: one launch of a second says little, and a busy machine makes it invalid."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"into `([^`]+)`:\s*\Z")


def steps(page: Path) -> Iterator[tuple[str, str]]:
    """What to do, in order: a command, or the name of a file and what to write into it."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        kind, inside = block.groups()
        if kind == "console":
            lines = re.sub(r"\\\n\s*", "", inside).splitlines()
            yield from (("", line[2:]) for line in lines if line.startswith("$ "))
        else:
            named = _FILE.search(text[: block.start()])
            assert named, f"{page.name}: nothing says where the block of {kind} goes"
            yield named[1], inside


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Reader:
    """Somebody who types.

    Attributes:
        folder: Where the terminal is.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._home = home
        self._stays: list[subprocess.Popen[bytes]] = []
        self._ports = {8000: _free_port(), 8080: _free_port()}
        tools = home / "bin"
        tools.mkdir()
        for name, words in (("anp", "-m harness "), ("python", "")):
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n', encoding="utf-8")
            (tools / name).chmod(0o755)
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ANP_", "LOCUST_", "GIT_"))}
        path = f"{tools}:{own['PATH']}:/usr/sbin"
        self._environment = own | SHORT | {"PATH": path, "PYTHONPATH": str(ROOT)}

    def write(self, name: str, text: str) -> None:
        """Save a file."""
        (self.folder / name).write_text(self._here(text), encoding="utf-8")

    def type(self, command: str) -> None:
        """Carry out a command, or start it where it stays."""
        command = re.sub(r"--duration \w+", "--duration 1s", re.sub(r"--articles \d+", "--articles 60", command))
        command = self._here(command)
        if command.startswith(STAYS):
            self._start(command)
            return
        place = self._home / "place"
        script = f'{command}\ncode=$?; pwd > "{place}"; exit $code'
        environment = self._environment | ({} if "--plan-only" in command else SHORT_TRIAL)
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        verb = command.split()[1] if command.startswith("anp ") else ""
        assert done.returncode in VERDICTS.get(verb, {0}), f"{command}\n{done.stdout}\n{done.stderr}"
        self.folder = Path(place.read_text(encoding="utf-8").strip())

    def _here(self, text: str) -> str:
        """With ports that nobody else has."""
        for port, own in self._ports.items():
            text = re.sub(rf"\b{port}\b", str(own), text)
        return text

    def _start(self, command: str) -> None:
        if command.startswith("nginx "):
            program("nginx")
            conf = self.folder / "edge.conf"
            conf.write_text(self._here(conf.read_text(encoding="utf-8")), encoding="utf-8")
            command += " -g 'user root;'" if os.geteuid() == 0 else ""
        port = self._ports[8080 if command.startswith("nginx ") else 8000]
        process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.folder, env=self._environment)
        self._stays.append(process)
        deadline = time.monotonic() + DEADLINE_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command} does not listen on {port}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Press Ctrl-C in every terminal, the last one first."""
        for process in reversed(self._stays):
            process.send_signal(signal.SIGINT)
            process.wait(DEADLINE_S)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A newcomer in a folder with what a checkout holds of the documents."""
    folder = tmp_path / "checkout"
    (folder / "docs").mkdir(parents=True)
    shutil.copytree(ROOT / "docs" / "front-ends", folder / "docs" / "front-ends")
    one = Reader(folder, tmp_path)
    yield one
    one.stop()


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", sorted(TUTORIALS.glob("[!R]*.md")), ids=lambda page: page.stem)
def test_a_tutorial_can_be_followed_to_its_end(page: Path, reader: Reader) -> None:
    """Every command succeeds after those before it, and every file is where it says."""
    for name, text in steps(page):
        if name:
            reader.write(name, text)
        elif text not in LEFT_OUT:
            reader.type(text)


def test_no_command_of_a_tutorial_escapes() -> None:
    """What is typed is every command that the pages show."""
    for page in TUTORIALS.glob("[!R]*.md"):
        shown = [command.text for command in commands(page) if not command.is_inline]
        typed = [re.split(r"\s{2,}", text)[0] for name, text in steps(page) if not name]

        assert typed == shown
