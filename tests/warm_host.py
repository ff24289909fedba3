"""Runs one program again and again, each time in a process of its own that has everything imported already.

Usage: ``python warm_host.py PROGRAM [MODULE ...]``. The program is a file or the name of a module; the modules are what
it imports later. Each line of standard input is a JSON object with ``arguments``, ``folder`` and ``environment``, and
is answered by one line: the exit code (negative: the signal that ended it) and what it wrote to standard output and
error.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
import traceback
import warnings
from typing import IO, Any

LONGEST_S = 120


def _child(program: str, asked: dict[str, Any], out: IO[bytes], err: IO[bytes]) -> int:
    """The forked process: the program as if it had been started by its name."""
    signal.alarm(LONGEST_S)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (out.fileno(), 1), (err.fileno(), 2)):
        os.dup2(file, number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = [program, *asked["arguments"]]
    try:
        _run(program, "__main__")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _run(program: str, name: str) -> None:
    if program.endswith(".py"):
        runpy.run_path(program, run_name=name)
    else:
        runpy.run_module(program, run_name=name)


def _main(program: str, modules: list[str]) -> None:
    _run(program, "imported")  # once, for what it imports
    for module in modules:
        importlib.import_module(module)
    fork = sys.modules["gevent.os"].fork if "gevent.os" in sys.modules else os.fork
    for line in sys.stdin.buffer:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with warnings.catch_warnings():  # later Pythons warn of forks beside threads that a library may have
                warnings.simplefilter("ignore", DeprecationWarning)
                child = fork()
            if child == 0:
                os._exit(_child(program, json.loads(line), out, err))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        print(json.dumps([code, *texts]), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
