"""Where ``anp`` begins: the one place where an error becomes a line and an exit code.

It imports little, so that Ctrl-C is understood from the first moment; the command line proper is imported inside.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from harness.errors import ExitCode, HarnessError
from harness.processes import interruptible


def main() -> NoReturn:
    """Run ``anp`` and exit with its code; an error is one line on standard error."""
    try:
        with interruptible():
            code = _command_line()
    except KeyboardInterrupt:
        _fail("interrupted", ExitCode.INTERRUPTED)
    except HarnessError as error:
        _fail(f"error: {error}", error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; not an error of ours
        sys.exit(ExitCode.FINE)
    except Exception as error:
        if isinstance(error, _errors_of_the_rooms()):
            _fail(f"error: {error}", ExitCode.USAGE)
        _fail(
            f"error: {type(error).__name__}: {' '.join(str(error).split())}. "
            f"This is a defect of anp; anp --debug shows where",
            ExitCode.DEFECT,
        )
    sys.exit(code)


def _command_line() -> int:
    from typer.exceptions import TyperException

    from harness.cli import app

    try:
        code = app(prog_name="anp", standalone_mode=False)
    except TyperException as error:
        if not (message := " ".join(error.format_message().split())):  # the help was asked for, and printed
            sys.exit(ExitCode.USAGE)
        context = getattr(error, "ctx", None)
        stop = "" if message.endswith((".", "?")) else "."
        _fail(
            f"error: {message}" + (f"{stop} See: {context.command_path} --help" if context is not None else ""),
            ExitCode.USAGE,
        )
    if code == ExitCode.INTERRUPTED:  # Typer has made an exit code of KeyboardInterrupt
        raise KeyboardInterrupt
    return code if isinstance(code, int) else ExitCode.FINE


def _errors_of_the_rooms() -> tuple[type[Exception], ...]:
    """What the other rooms raise about what they were given; asked for only when something was raised."""
    from results.errors import ResultsError
    from synth.errors import SynthError

    return ResultsError, SynthError


def _fail(line: str, code: ExitCode) -> NoReturn:
    if "--debug" in sys.argv[1:] or os.environ.get("ANP_DEBUG"):
        traceback.print_exc()
    print(line, file=sys.stderr)
    sys.exit(code)
