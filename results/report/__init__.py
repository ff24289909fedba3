"""A comparison for its readers: on the terminal, in a pull request, for a machine, as a page, as a change note.

Every module renders one form from a ``Comparison`` and from nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path

from results.comparison import Comparison
from results.errors import ResultsError
from results.report import html, json, note


def write(comparison: Comparison, directory: Path) -> list[Path]:
    """Write ``report.html``, ``compare.json`` and ``note.md`` into ``directory``, each whole or not at all.

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


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text so that ``path`` holds either all of it or what it held before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
