"""Options that more than one verb has, so that they read the same everywhere."""

from __future__ import annotations

import json
import math
import os
import shlex
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import UsageError, unknown

if TYPE_CHECKING:
    from rich.console import Console

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder for run records.", show_default="$ANP_RUNS_DIR, else results/runs", metavar="DIR"
    ),
]
Baselines = Annotated[
    Path | None,
    typer.Option(
        "--baselines",
        help="Folder of baselines.",
        show_default="$ANP_BASELINES_DIR, else results/baselines",
        metavar="DIR",
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        help="Verdicts that fail the command: slower, leaning-slower (that, and undecided cells that lean slower), "
        "invalid, not-enough-data.",
    ),
]
Markdown = Annotated[
    str | None, typer.Option("--markdown", help="Write a pull-request comment there.", metavar="FILE|-")
]
JUnit = Annotated[str | None, typer.Option("--junit", help="Write a JUnit report there.", metavar="FILE|-")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting of the site, NAME=VALUE; repeatable. See anp serve --list-settings.",
        metavar="NAME=VALUE",
    ),
]
Seconds = Annotated[
    str | None,
    typer.Option(
        "--seconds",
        help="Measured seconds of each launch, or auto: as long as 250 requests to each arm take, from 35 to 60.",
        show_default="auto",
        metavar="S|auto",
    ),
]
Start = Annotated[int, typer.Option("--start", help="First article id.", metavar="ID")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the corpus: another seed is another corpus.")]
Profile = Annotated[str, typer.Option("--profile", help="natural (varied prose) or classic (the original's shape).")]


def settings(words: list[str] | None) -> list[str]:
    """Check that each word is NAME=VALUE.

    Raises:
        UsageError: One is not.
    """
    for word in words or []:
        name, equals, _ = word.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {word!r} is not NAME=VALUE; for instance --set page_cache=off")
    return words or []


def seconds(word: str | None) -> float | str | None:
    """What ``--seconds`` says.

    Raises:
        UsageError: Neither a number nor ``auto``.
    """
    return number_or_auto("--seconds", word, "measured seconds such as 10")


def number_or_auto(option: str, word: str | None, wanted: str) -> float | str | None:
    """An option that takes a number or the word ``auto``; the plan judges the number.

    Raises:
        UsageError: Neither.
    """
    if word is None or word == "auto":
        return word
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{option} is {word!r}; give {wanted}, or auto") from None


def duration(option: str, word: str) -> float:
    """A time such as 30s, 5m or 1h, in seconds.

    Raises:
        UsageError: It is none.
    """
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    for unit, factor in units.items():
        number = word.removesuffix(unit)
        if number != word or unit == "s":
            try:
                seconds = float(number) * factor
            except ValueError:
                continue
            if math.isfinite(seconds) and seconds >= 0:
                return seconds
    raise UsageError(f"{option} {word!r} is not a time; write 30s, 5m or 1h")


def fail_on(words: str) -> frozenset[str]:
    """The verdicts named by ``--fail-on``.

    Raises:
        UsageError: One is not a verdict.
    """
    from results.verdict import FAIL_ON

    known = {word.replace(" ", "-"): word for word in FAIL_ON}
    asked = [word.strip() for word in words.split(",") if word.strip()]
    for word in asked:
        if word not in known:
            raise UsageError(unknown("verdict for --fail-on", word, known))
    return frozenset(known[word] for word in asked)


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and wide enough for any table where there is none."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


_SECRET = "ANP_SERVE_PURGE_TOKEN"


def typed_command() -> str:
    """The command line as a person would type it again, with the variables that stood in for options; no secret."""
    variables = [
        f"{name}={shlex.quote(value)}"
        for name, value in sorted(os.environ.items())
        if name.startswith("ANP_") and name != _SECRET
    ]
    return " ".join([*variables, shlex.join(["anp", *sys.argv[1:]])])


def one_to_stdout(files: Mapping[str, str | None]) -> None:
    """Check that at most one document goes to standard output.

    Args:
        files: Where each option, by name, writes to; ``-`` is standard output.

    Raises:
        UsageError: Several do, which no reader could tell apart.
    """
    asked = [f"--{name} -" for name, file in files.items() if file == "-"]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} ask for standard output, which takes one document; name a file")


def print_json(data: Any) -> None:
    """JSON on standard output, for programs."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def write_text(path: Path, content: str) -> None:
    """Write a file so that it holds all of ``content`` or what it held before.

    A symbolic link stays one, and what it leads to is written. A device or a pipe takes what it is given, and stays
    what it is.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        if _is_special(path):
            path.write_text(content, encoding="utf-8")
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}. Name a file in a folder that exists and has room"
        ) from error


def _is_special(path: Path) -> bool:
    """Whether what has this name, or what it leads to, is there and is no file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, content: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
