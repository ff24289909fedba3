"""The reference site as processes: its database made, copied and served, seen only from outside.

The site is started as ``python -m target_app``; nothing of it is imported.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import TargetError, UsageError
from harness.processes import Child, check_interrupted, ending

if TYPE_CHECKING:
    from harness.progress import Count
    from synth import Corpus

START_SECONDS = 60.0
"""How long a site may take from its start to its first word."""


def command(*words: str) -> list[str]:
    """The argv of the site's own command; ``-P`` keeps what lies in the current folder out of it."""
    return [sys.executable, "-P", "-m", "target_app", *words]


def import_command(database: Path, corpus: Corpus, members: int) -> list[str]:
    """The argv that fills ``database`` with a corpus and its members."""
    return command(
        "import",
        *("--db", str(database)),
        *("--first-id", str(corpus.first_id)),
        *("--count", str(corpus.count)),
        *("--profile", corpus.profile),
        *("--seed", str(corpus.seed)),
        *("--members", str(members)),
    )


def import_file_command(database: Path, file: Path, members: int) -> list[str]:
    """The argv that fills ``database`` with the articles of a file, and with members."""
    return command("import", "--db", str(database), "--jsonl", str(file), "--members", str(members))


def run_import(argv: Sequence[str], log: Path, count: Count) -> None:
    """Fill a database; one that already holds all this is left as it is, a half-filled one is completed.

    Args:
        argv: One of the two above.
        log: For what the import says of errors.
        count: Told how many articles are stored, and of how many.

    Raises:
        UsageError: The database holds something else, or cannot be written, or the file of articles is at fault.
    """
    report = log.with_suffix(".progress")
    child = Child("import", argv, log, stdout=report)

    def poll() -> None:
        line = _last_line(report)
        if line:
            count(line["imported"], line["of"])

    try:
        code = child.wait(time.monotonic() + 3600, poll=poll)
        poll()
    finally:
        child.stop()
        report.unlink(missing_ok=True)
    if code != 0:
        raise UsageError(child.last_words() or f"the import {ending(code)}; see {log}")


def copy_database(source: Path, target: Path) -> None:
    """Give an arm a database of its own; the importer leaves everything in the one file."""
    shutil.copyfile(source, target)


@dataclass(frozen=True, slots=True)
class Site:
    """A site that answers.

    Attributes:
        name: Of the arm it serves.
        url: Its origin.
        child: Its process; ``None`` where it is not ours.
        settings: All its settings as a reference site reports them.
    """

    name: str
    url: str
    child: Child | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def check_alive(self) -> None:
        """Raise ``TargetError`` where the process has ended."""
        if self.child is not None and (code := self.child.exit_code) is not None:
            raise TargetError(
                f"site {self.name!r} {ending(code)} while it was needed "
                f"({self.child.last_words() or 'it said nothing'}). See {self.child.log}"
            )


def serve_command(
    database: Path,
    settings: Sequence[str] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    options: Sequence[str] = (),
) -> list[str]:
    """The argv that serves ``database``; ``settings`` are words such as ``page_cache=off``."""
    argv = command("serve", "--db", str(database), "--host", host, "--port", str(port), *options)
    for setting in settings:
        argv += ["--set", setting]
    return argv


def cache_command(
    origin: str,
    *,
    profile: str,
    host: str,
    port: int,
    max_bytes: int,
    timeout: float,
    session_cookies: Sequence[str],
) -> list[str]:
    """The argv that puts the page cache before another server."""
    return command(
        "cache",
        *("--origin", origin),
        *("--profile", profile),
        *("--host", host),
        *("--port", str(port)),
        *("--max-bytes", str(max_bytes)),
        *("--timeout", str(timeout)),
        *(f"--session-cookie={name}" for name in session_cookies),
    )


def spawn(
    name: str, database: Path, settings: Sequence[str], log: Path, *, core: int | None = None, port: int = 0
) -> Child:
    """Start a site, on a free port where none is given; ``listening`` waits until it can be used.

    It goes to its core by itself, once it has imported what it needs: sites that share a core need not start one after
    another.
    """
    argv = serve_command(database, settings, port=port)
    if core is not None:
        argv += ["--cpu", str(core)]
    return Child(name, argv, log, stdout=_said(log))


def listening(child: Child) -> Site:
    """Wait until a spawned site says that it listens.

    Raises:
        TargetError: It ended, or said nothing within ``START_SECONDS``.
    """
    deadline = time.monotonic() + START_SECONDS
    said = _said(child.log)
    while (line := _last_line(said)) is None:
        check_interrupted()
        if (code := child.exit_code) is not None:
            raise TargetError(child.last_words() or f"site {child.name!r} {ending(code)}; see {child.log}")
        if time.monotonic() > deadline:
            raise TargetError(f"site {child.name!r} did not listen within {START_SECONDS:.0f} s; see {child.log}")
        time.sleep(0.01)
    said.unlink()
    return Site(child.name, line["url"], child, line["settings"])


def _said(log: Path) -> Path:
    """Where a site's standard output goes until its address has been read from it."""
    return log.with_suffix(".url")


def known_settings() -> list[dict[str, Any]]:
    """Every setting of the site: name, default, choices, what it is good for."""
    done = subprocess.run(command("settings"), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TargetError(f"the site cannot list its settings: {done.stderr.strip().splitlines()[-1:]}")
    settings: list[dict[str, Any]] = json.loads(done.stdout)
    return settings


def check(settings: Sequence[str], *, host: str = "127.0.0.1", port: int = 0, options: Sequence[str] = ()) -> None:
    """Have the site itself judge settings, address and further options, before anything is made or started.

    Raises:
        UsageError: In the site's own words.
    """
    argv = command("check", "--host", host, "--port", str(port), *options)
    for setting in settings:
        argv += ["--set", setting]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise UsageError((words[-1] if words else f"the site refuses {settings}").removeprefix("error: "))


def _last_line(path: Path) -> dict[str, Any] | None:
    """The last whole JSON line of a file that is still being written."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return None
    lines = text.split("\n")[:-1]
    if not lines:
        return None
    line: dict[str, Any] = json.loads(lines[-1])
    return line
