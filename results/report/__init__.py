"""A comparison for its readers: on the terminal, in a pull request, on a build server, as a page, as a change note.

Every module renders one form from a ``Comparison`` and from nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from results.comparison import Comparison
from results.errors import ResultsError
from results.report import gobench, html, json, note, otava


def write(comparison: Comparison, directory: Path) -> list[Path]:
    """Write ``report.html``, ``compare.json`` and ``note.md`` into ``directory``, each whole or not at all.

    Every other form can be had from the record at any time, so it is written on request only.

    Returns:
        The paths written, the report first.

    Raises:
        ResultsError: The folder cannot be written to.
    """
    texts = {
        "report.html": html.render(comparison),
        "compare.json": json.render(comparison),
        "note.md": note.render(comparison),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [write_text(directory / name, text) for name, text in texts.items()]
    except OSError as error:
        raise ResultsError(
            f"cannot write the report to {directory}: {error.strerror}. Choose another folder with --out"
        ) from error


def write_benchstat(comparison: Comparison, prefix: Path) -> list[Path]:
    """Write ``PREFIX-before.txt`` and ``PREFIX-after.txt`` for ``benchstat`` to compare.

    Raises:
        ResultsError: They cannot be written there.
    """
    try:
        return [
            write_text(prefix.with_name(f"{prefix.name}-{arm}.txt"), gobench.render(comparison, arm))
            for arm in ("before", "after")
        ]
    except OSError as error:
        raise ResultsError(f"cannot write {prefix}-before.txt: {error.strerror}. Choose another place") from error


def write_figures(comparison: Comparison, directory: Path) -> list[Path]:
    """Write every figure that the comparison has data for into ``directory``, as ``forest.svg`` and so on.

    Raises:
        ResultsError: The folder cannot be written to.
    """
    from results.report import figures  # late, as for the page: the plotting library takes its time

    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [
            write_text(directory / f"{name}.svg", plot.standalone()) for name, plot in figures.draw(comparison).items()
        ]
    except OSError as error:
        raise ResultsError(f"cannot write figures to {directory}: {error.strerror}. Choose another folder") from error


def write_history(comparisons: Sequence[Comparison], path: Path) -> Path:
    """Add comparisons to the history in ``path``, a CSV file for Otava; the first row begins a new one.

    Raises:
        ResultsError: The file holds something else, or cannot be read or written.
    """
    try:
        history = path.read_text(encoding="utf-8") if path.exists() else ""
        text = otava.render(comparisons, history)
        return write_text(path, text) if text else path
    except UnicodeDecodeError as error:
        raise ResultsError(f"{path} is not a history that anp wrote: it is not text. Name a new file") from error
    except OSError as error:
        raise ResultsError(f"cannot write the history {path}: {error.strerror}. Choose another place") from error


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text so that ``path``, or what it links to, holds either all of it or what it held before."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return path
