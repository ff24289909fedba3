"""Everything that can be wrong with a record or a comparison, as one small tree.

ResultsError
├── PlanError            a plan that cannot be carried out
├── RecordError          a directory that cannot be read as a run record
│   ├── NotARecord       nothing of ours is in it
│   ├── RecordIncomplete the run never wrote its last file
│   └── RecordTooNew     written by a newer version
└── ComparisonError      records that cannot be put side by side at all
"""

from __future__ import annotations

from pathlib import Path


class ResultsError(Exception):
    """Base of this package's errors; the message is one line with the value and the remedy."""


class PlanError(ResultsError):
    """A swarm plan holds a value that cannot be carried out."""


class RecordError(ResultsError):
    """A directory cannot be read as a run record."""


class NotARecord(RecordError):  # noqa: N818 - reads as the sentence it stands for
    """The path holds no run record."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not a run record: {why}. List the records with: anp runs list")


class RecordIncomplete(RecordError):  # noqa: N818
    """The record has a plan but no ``run.json``: its run was killed or is still going."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"run record {path} is incomplete (no run.json): the run was cut off or is still going. "
            f"See what it kept with: anp runs show {path}; go on with a trial with: anp trial --resume {path}"
        )


class RecordTooNew(RecordError):  # noqa: N818
    """The record was written by a newer version of the format."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"run record {path} has format {found}; this version reads up to {known}. Upgrade anp, or run it again"
        )


class ComparisonError(ResultsError):
    """Two records cannot be put side by side."""
