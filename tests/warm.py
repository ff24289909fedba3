"""Programs in processes of their own, without the second that each would take to import what it needs."""

from __future__ import annotations

import atexit
import ctypes
import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.cli import VERBS

HOST = Path(__file__).with_name("warm_host.py")

_ANP = (
    *(f"harness.cli.{verb}" for verb in VERBS),
    *("typer._adapters", "typer.rich_utils", "harness.cli.figures", "harness.trial", "harness.planning"),
    *("harness.audit.conduct", "harness.audit.render.table", "harness.audit.render.junit"),
    *("results.baselines", "results.export", "results.foreign.compare", "results.report.text", "synth.export"),
)
"""What the ``anp`` command imports, once it does what it is asked."""


@dataclass(frozen=True)
class Done:
    """How a program ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run(
    program: str,
    *arguments: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    modules: tuple[str, ...] = (),
    strict: bool = False,
) -> Done:
    """Run a program to its end.

    Args:
        program: A file, or the name of a module.
        arguments: Its own.
        folder: Where it runs; here, where none is given.
        environment: Its variables; those of this process, where none are given.
        modules: What it imports later than at its start.
        strict: Whether a warning is an error.
    """
    return Done(*_ask(_host(program, modules, strict), arguments, folder, environment))


def start(
    program: str,
    *arguments: str,
    out: str,
    err: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    modules: tuple[str, ...] = (),
) -> psutil.Process:
    """Start a program that goes on, as a child of this process and at the head of a session of its own.

    Args:
        program: A file, or the name of a module.
        arguments: Its own.
        out: The file that it writes its standard output to.
        err: That of its standard error.
        folder: Where it runs; here, where none is given.
        environment: Its variables; those of this process, where none are given.
        modules: What it imports later than at its start.
    """
    _adopt_orphans()
    return psutil.Process(_ask(_host(program, modules, False), arguments, folder, environment, out=out, err=err))


def probe(program: Path, *arguments: str, strict: bool = True) -> str:
    """What a probe prints; it must succeed, and write nothing to standard error."""
    done = run(str(program), *arguments, strict=strict)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr or f"{program.name} ended with {done.returncode}"
    return done.stdout


def anp(*words: str, folder: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run the ``anp`` command in a folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANP_", "LOCUST_"))}
    return run("harness", *words, folder=folder, environment=own | (environment or {}), modules=_ANP)


def _ask(
    host: subprocess.Popen[str],
    arguments: tuple[str, ...],
    folder: Path | None,
    environment: Mapping[str, str] | None,
    **files: str,
) -> Any:
    """What a host answers."""
    assert host.stdin is not None
    assert host.stdout is not None
    asked = {
        "arguments": arguments,
        "folder": str(folder or Path.cwd()),
        "environment": dict(os.environ if environment is None else environment),
        **files,
    }
    host.stdin.write(json.dumps(asked) + "\n")
    host.stdin.flush()
    answer = host.stdout.readline()
    assert answer, f"the host ended with {host.wait()}"
    return json.loads(answer)


@functools.cache
def _adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends (Linux: PR_SET_CHILD_SUBREAPER)."""
    assert ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())


@functools.cache
def _host(program: str, modules: tuple[str, ...], strict: bool) -> subprocess.Popen[str]:
    """One for each program and process of tests; it ends when its standard input does."""
    words = [sys.executable, *(["-W", "error"] if strict else []), str(HOST), program, *modules]
    host = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    atexit.register(_end, host)
    return host


def _end(host: subprocess.Popen[str]) -> None:
    with host:  # closes its standard input, and waits
        pass
