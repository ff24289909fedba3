"""The ``anp`` command: one module a verb.

Standard output is data; whatever tells a person how things go is written to standard error.
"""

from __future__ import annotations

from typing import Annotated

import typer

from harness import __version__
from harness.cli import cache, compare, demo, runs, serve, swarm, synth, trial

app = typer.Typer(
    name="anp",
    help="Synthesize articles, serve them, swarm a content site, and get a before/after verdict you can trust.",
    epilog="Start with: `anp demo`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "ANP"},
)

for _verb in (demo, synth, serve, cache, swarm, compare, trial, runs):
    _verb.register(app)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"anp {__version__}")
        raise typer.Exit


@app.callback()
def _anp(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True, show_envvar=False
        ),
    ] = False,
) -> None:
    """Synthesize articles, serve them, swarm a content site, and get a before/after verdict you can trust."""
