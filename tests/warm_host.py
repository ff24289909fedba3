"""Runs one program again and again, each time in a process of its own that has everything imported already.

Usage: ``python warm_host.py PROGRAM [MODULE ...]``. The program is a file or the name of a module; the modules are what
it imports later. Each line of standard input is a JSON object with ``arguments``, ``folder`` and ``environment``, and
is answered by one line: the exit code (negative: the signal that ended it) and what it wrote to standard output and
error. With ``out`` and ``err``, files to write to, the answer is the process's id, and nobody waits for it: it
leads a session of its own, and whoever adopts orphans becomes its parent.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
import traceback
import warnings
from os import close, waitpid  # the system's own: gevent's put off what they are asked for until its loop runs
from typing import Any

LONGEST_S = 120
LONGEST_DETACHED_S = 900


def _child(program: str, asked: dict[str, Any], out: int, err: int, longest_s: int) -> int:
    """The forked process: the program as if it had been started by its name."""
    signal.alarm(longest_s)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(file, number)
        close(file)
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


def _fork() -> int:
    fork = sys.modules["gevent.os"].fork if "gevent.os" in sys.modules else os.fork
    with warnings.catch_warnings():  # later Pythons warn of forks beside threads that a library may have
        warnings.simplefilter("ignore", DeprecationWarning)
        child: int = fork()
    return child


def _waited_for(program: str, asked: dict[str, Any]) -> list[Any]:
    """Exit code and output of a process that has ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if (child := _fork()) == 0:
            os._exit(_child(program, asked, os.dup(out.fileno()), os.dup(err.fileno()), LONGEST_S))
        code = os.waitstatus_to_exitcode(waitpid(child, 0)[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return [code, *texts]


def _detached(program: str, asked: dict[str, Any]) -> int:
    """The id of a process that goes on; the one between it and this one ends at once, so that it is adopted."""
    told, tell = os.pipe()
    if (between := _fork()) == 0:
        if _fork() == 0:
            os.setsid()
            close(told)
            out, err = (os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666) for name in ("out", "err"))
            os.write(tell, str(os.getpid()).encode())  # not before: the files may be somebody's open ones, as in /proc
            close(tell)
            os._exit(_child(program, asked, out, err, LONGEST_DETACHED_S))
        os._exit(0)
    close(tell)
    waitpid(between, 0)
    with os.fdopen(told) as pipe:
        return int(pipe.read())


def _main(program: str, modules: list[str]) -> None:
    if program.endswith(".py"):
        _run(program, "imported")  # once, for what it imports
    elif not modules:
        modules = [program]
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # what is here stays shared with those that are forked
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        print(json.dumps((_detached if "out" in asked else _waited_for)(program, asked)), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
