"""``anp demo``: the main job on its defaults."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli import options
from harness.cli.trial import carry_out

EPILOG = """**Examples**

- `anp demo`
- `anp demo --launches 6 --seconds 5`
- `anp demo --out /tmp/runs --json`
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo", epilog=EPILOG)(demo)


def demo(
    launches: Annotated[int | None, typer.Option(help="Fresh starts of both arms.", show_default="8")] = None,
    seconds: options.Seconds = None,
    out: options.Out = None,
    json: options.Json = False,
) -> int:
    """Measure what the page cache of the reference site is worth, from nothing to a verdict.

    Synthesizes 2,000 articles, starts the site twice (without and with its page cache), swarms both at once over
    several fresh launches, and compares. Takes about six minutes. The same as: anp trial
    --preset page-cache
    """
    return carry_out(
        None, "page-cache", {"launches": launches, "seconds": options.seconds(seconds)}, out=out, json=json
    )
