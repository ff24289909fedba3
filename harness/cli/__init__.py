"""The ``anp`` command: one module a verb, and the one place where an error becomes a line and an exit code.

Standard output is data; whatever tells a person how things go is written to standard error.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from harness import __version__
from harness.cli import compare, demo, runs, serve, swarm, synth, trial
from harness.errors import ExitCode, HarnessError
from harness.processes import terminable
from results.errors import ResultsError
from synth.errors import SynthError

app = typer.Typer(
    name="anp",
    help="Synthesize articles, serve them, swarm a content site, and get a before/after verdict you can trust.",
    epilog="Start with: `anp demo`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "ANP"},
)

for _verb in (demo, synth, serve, swarm, compare, trial, runs):
    _verb.register(app)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"anp {__version__}")
        raise typer.Exit


@app.callback()
def _anp(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Synthesize articles, serve them, swarm a content site, and get a before/after verdict you can trust."""


def main() -> NoReturn:
    """Run ``anp`` and exit with its code; an error is one line on standard error."""
    try:
        with terminable():
            code = app(standalone_mode=False)
    except TyperException as error:
        _fail(_one_line(error), ExitCode.USAGE)
    except HarnessError as error:
        _fail(str(error), error.exit_code)
    except (ResultsError, SynthError) as error:
        _fail(str(error), ExitCode.USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; not an error of ours
        sys.exit(ExitCode.FINE)
    if code == ExitCode.INTERRUPTED:  # Typer has made an exit code of KeyboardInterrupt
        _fail("interrupted; what was recorded is kept", ExitCode.INTERRUPTED)
    sys.exit(code if isinstance(code, int) else ExitCode.FINE)


def _one_line(error: TyperException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    stop = "" if message.endswith((".", "?")) else "."
    return f"{message}{stop} See: {context.command_path} --help"


def _fail(message: str, code: ExitCode) -> NoReturn:
    if "--debug" in sys.argv[1:]:
        traceback.print_exc()
    prefix = "" if code is ExitCode.INTERRUPTED else "error: "
    print(f"{prefix}{message}", file=sys.stderr)
    sys.exit(code)
