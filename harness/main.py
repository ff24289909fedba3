"""Where ``anp`` begins: the one place where an error becomes a line and an exit code.

It imports little, so that Ctrl-C is understood from the first moment; the command line proper is imported inside.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Any, Final, NoReturn

from harness.errors import ExitCode, HarnessError, UsageError, unknown
from harness.processes import interruptible

_STDOUT: Final = 1


def main() -> NoReturn:
    """Run ``anp`` and exit with its code; an error is one line on standard error."""
    if sys.stdout is sys.__stdout__:
        sys.stdout = _standard_output()
    try:
        with interruptible():
            code = _command_line()
            sys.stdout.flush()
    except KeyboardInterrupt:
        _fail("interrupted", ExitCode.INTERRUPTED)
    except HarnessError as error:
        _fail(f"error: {error}", error.exit_code)
    except _NobodyReadsError:
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


class _NobodyReadsError(Exception):
    """The reader of standard output has gone, as head does when it has enough; that is no error of ours."""


class _Raw(io.FileIO):
    """Standard output, which tells its own failures from those of other files and pipes."""

    def write(self, data: Any, /) -> int:
        """Write as a file does; after a failure what is left goes nowhere, so that it fails once.

        Raises:
            UsageError: It takes nothing.
        """
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if isinstance(error, BrokenPipeError):
                raise _NobodyReadsError from None
            raise UsageError(
                f"cannot write to standard output ({error.strerror}): make room, or send it somewhere else"
            ) from error


def _standard_output() -> io.TextIOWrapper:
    """Standard output as Python opens it; one that was closed takes nothing, and no other file gets its number."""
    opened = sys.stdout
    if opened is None:
        os.dup2(os.open(os.devnull, os.O_RDONLY), _STDOUT)
    stream = io.BufferedWriter(_Raw(_STDOUT, "w", closefd=False))
    if not isinstance(opened, io.TextIOWrapper):
        return io.TextIOWrapper(stream, "utf-8")
    is_by_lines = opened.line_buffering or opened.write_through
    return io.TextIOWrapper(stream, opened.encoding, opened.errors, newline="\n", line_buffering=is_by_lines)


def _command_line() -> int:
    from typer.exceptions import TyperException

    from harness.cli import app

    try:
        code = app(prog_name="anp", standalone_mode=False)
    except TyperException as error:
        if (wrong := _no_choice(error)) is not None:
            raise UsageError(wrong) from error
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


def _no_choice(error: Exception) -> str | None:
    """What to say of a word that is none of those that an option takes; None: that is not what is wrong."""
    from pydantic import ValidationError
    from typer import BadParameter

    cause = error.__cause__
    if not isinstance(error, BadParameter) or error.param is None or not isinstance(cause, ValidationError):
        return None
    choices = error.param.type_descriptor.choices
    return unknown(f"word for {error.param.opts[0]}", str(cause.errors()[0]["input"]), choices) if choices else None


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
