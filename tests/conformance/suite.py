"""The public suite, as it is published: its origin, its client, and what it makes itself of what the client found."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.record import Group, Outcome, Test

_JUDGE = Path(__file__).with_name("judge.mjs")
_CLIENT_S = 600.0
"""What a run may take at most; a cache that answers takes about a minute."""
_LISTENING = re.compile(r"Listening on http://\S+:(\d+)/")


class SuiteError(Exception):
    """The suite could not be run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Suite:
    """An installed suite.

    Attributes:
        folder: The package ``http-cache-tests``.
    """

    folder: Path

    @property
    def version(self) -> str:
        """Name and version, as its package says."""
        package = json.loads((self.folder / "package.json").read_text(encoding="utf-8"))
        return f"{package['name']} {package['version']}"

    @contextlib.contextmanager
    def origin(self, folder: Path) -> Iterator[str]:
        """Run its server on a free port; gives its URL.

        Args:
            folder: Where the server may write.
        """
        environment = {"protocol": "http", "port": "0", "pidfile": str(folder / "origin.pid")}
        process = self._node("server/server.mjs", environment)
        with process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                found = _LISTENING.search(line)
                if found is None:
                    raise SuiteError(f"the suite's server said {line!r} and no port; is this http-cache-tests?")
                yield f"http://127.0.0.1:{found[1]}"
            finally:
                process.terminate()

    def findings(self, url: str) -> dict[str, Any]:
        """Run its client against a cache, and return what it found, by test.

        Raises:
            SuiteError: The client did not come to an end, or found nothing.
        """
        with self._node("cli.mjs", {"base": url, "id": ""}) as process:
            try:
                out, _ = process.communicate(timeout=_CLIENT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise SuiteError(f"the suite's client was not done with {url} within {_CLIENT_S:.0f} s") from None
        if not out.startswith("{"):
            raise SuiteError(f"the suite's client found nothing at {url}: {out[:200]!r}")
        found: dict[str, Any] = json.loads(out)
        return found

    def judged(self, findings: Mapping[str, Any]) -> tuple[list[Group], dict[str, Outcome]]:
        """Its groups and tests, and by test what its own rules say of the findings."""
        words = ["node", str(_JUDGE), str(self.folder)]
        done = subprocess.run(words, input=json.dumps(findings), capture_output=True, text=True, check=True)
        groups, outcomes = [], {}
        for group in json.loads(done.stdout):
            tests = tuple(Test(test["id"], test["kind"]) for test in group["tests"])
            groups.append(Group(group["id"], group["name"], tests))
            outcomes |= {test["id"]: Outcome(test["verdict"], test["said"]) for test in group["tests"]}
        return groups, outcomes

    def _node(self, program: str, settings: dict[str, str]) -> subprocess.Popen[str]:
        # npm hands options to a package's programs in variables; the programs are started without it here.
        variables = {f"npm_{kind}_{name}": value for name, value in settings.items() for kind in _KINDS}
        return subprocess.Popen(
            ["node", "--no-warnings", program],
            cwd=self.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            text=True,
        )


_KINDS = ("config", "package_config")
