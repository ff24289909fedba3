"""The ``anp`` command: one module a verb.

Standard output is data; whatever tells a person how things go is written to standard error.

Nobody waits for what was not asked for: a verb's module is imported when the verb is named, and imports at its top what
its options are declared with; what it works with, it imports when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from harness import __version__

VERBS: Final = ("demo", "serve", "cache", "audit", "swarm", "compare", "init", "trial", "report", "synth", "runs")
"""Names of the verbs, and of their modules here."""


class _Verbs(Mapping[str, Any]):
    """The commands by name, each of which is built when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name not in VERBS:
            raise KeyError(name)
        return _verb(name)

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


@cache
def _verb(name: str) -> Any:
    alone = typer.Typer(rich_markup_mode="markdown")
    import_module(f"harness.cli.{name}").register(alone)
    return typer.main.get_group(alone).commands[name]


class _Anp(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Verbs()  # type: ignore[assignment]  # nobody adds to them


app = typer.Typer(
    name="anp",
    cls=_Anp,
    help="Synthesize articles, serve them, swarm a content site, and get a before/after verdict you can trust.",
    epilog="Start with: `anp demo`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "ANP"},
)


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
