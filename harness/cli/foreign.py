"""``anp compare`` where the sides are result files of other tools rather than run records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from results.foreign.compare import ForeignComparison


def is_meant(*sides: str | None) -> bool:
    """Whether a side is a file, or a folder of files that is no run record."""
    return any(side is not None and _is_foreign(side) for side in sides)


def compare(before: str, after: str | None, files: Mapping[str, str | None], fail_on: Collection[str]) -> int:
    """Compare result files of another tool and say what can be said.

    Args:
        before: A file, or a folder with a file for each session.
        after: The same for the other side.
        files: Options by name: where to write ``json``, ``markdown`` and ``junit``, a file or ``-``; any other must be
            ``None``.
        fail_on: Verdicts that fail the command.

    Returns:
        The exit code.

    Raises:
        UsageError: A side is missing or is a run record, or an option is given that has no effect here.
        ForeignError: A file cannot be read.
    """
    from results.foreign import compare as comparing
    from results.foreign import junit, report, sniff

    for each in (before, after):
        if each is not None and not _is_record(each) and sniff.is_comparison(Path(each)):
            raise UsageError(f"{each} is a comparison that anp wrote; compare the record it was made from")
    if after is None:
        raise UsageError(f"{before} is a result file of another tool; name the file to judge it against as well")
    for side, other in ((before, after), (after, before)):
        if not _is_foreign(side):
            what = f"the folder {side} holds none" if Path(side).is_dir() else f"{side} is none or is not there"
            if _is_record(side):
                what = f"{side} is a record of anp, which cannot be compared with it"
            raise UsageError(
                f"{other} is a result file of another tool and {what}; compare files with files or records with records"
            )
    renders: dict[str, Callable[[ForeignComparison], str]] = {
        "json": report.render_json,
        "markdown": report.markdown,
        "junit": lambda comparison: junit.render(comparison, fail_on),
    }
    for form, file in files.items():
        if file is not None and form not in renders:
            raise UsageError(
                f"--{form} is for run records; results of other tools take --json, --markdown, --junit and --fail-on "
                "only"
            )
    comparison = comparing.compare(sniff.read_side(Path(before)), sniff.read_side(Path(after)))
    to_stdout = False
    for form, render in renders.items():
        file = files.get(form)
        if file == "-":
            to_stdout = True
            typer.echo(render(comparison))
        elif file is not None:
            options.write_text(Path(file), render(comparison))
    if not to_stdout:
        options.console().print(report.text(comparison))
    return comparison.exit_code(fail_on)


def _is_foreign(side: str) -> bool:
    path = Path(side)
    if path.is_dir():
        holds_files = any(each.is_file() and not each.name.startswith(".") for each in path.iterdir())
        return holds_files and not _is_record(side)
    return side != "latest" and path.is_file()


def _is_record(side: str) -> bool:
    """Whether this is the folder of a run, finished or not; its comparison may lie in it."""
    return any((Path(side) / name).exists() for name in ("plan.json", "run.json"))
