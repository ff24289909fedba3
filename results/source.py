"""Which state of the source code a run was made from, as far as git knows it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Final

_PATIENCE_S: Final = 5.0
_MOST_FILES: Final = 100
"""Changed files that are named; a tree with more is dirty all the same."""


def describe(folder: Path | None = None) -> dict[str, Any] | None:
    """Commit, branch and changed files of the git work tree around a folder; ``None`` where there is none.

    Args:
        folder: The present folder by default.

    Returns:
        ``commit`` is ``None`` before the first one, ``branch`` where none is checked out; ``dirty`` lists files that
        differ from the commit or are unknown to it, relative to the top of the tree, the first hundred of them.
    """
    if _git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    status = _git(folder, "status", "--porcelain", "-z") or ""
    return {
        "commit": _git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
        "branch": _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD"),
        "dirty": _files(status)[:_MOST_FILES],
    }


def _files(status: str) -> list[str]:
    """Paths of ``git status --porcelain -z``; a renamed file is followed by an entry with its former name alone."""
    entries = iter(status.split("\0"))
    files = []
    for entry in entries:
        if entry:
            files.append(entry[3:])
            if "R" in entry[:2] or "C" in entry[:2]:
                next(entries, None)
    return files


def _git(folder: Path | None, *words: str) -> str | None:
    """What git says, without the end of its last line; ``None`` where it says no, or is not there."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
