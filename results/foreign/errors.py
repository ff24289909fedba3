"""Everything that can be wrong with a file of another tool, all of it an ``anp`` exit code of 2.

ForeignError          (a ResultsError)
├── UnknownFormat     no reader knows its content
├── EmptyFile         nothing in it, or no request
├── CutOff            it ends early, and what is missing cannot be told
└── BadFigure         a figure that cannot be: not a number, negative, or in another unit than its neighbours
"""

from __future__ import annotations

from typing import Final

from results.errors import ResultsError

_LONGEST: Final = 300
"""Characters of what is wrong: a damaged field may be as long as its file."""


class ForeignError(ResultsError):
    """A result file of another tool cannot be read or used."""


class UnknownFormat(ForeignError):  # noqa: N818 - reads as the sentence it stands for
    """No reader knows the content."""


class EmptyFile(ForeignError):  # noqa: N818
    """The file holds nothing, or no request."""

    def __init__(self, name: str, what: str = "is empty") -> None:
        super().__init__(f"{name} {what}; let the tool run to its end and write the file again")


class CutOff(ForeignError):  # noqa: N818
    """The file ends early."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"{name} is cut off or damaged: {where}. Let the tool write it to its end, or copy it again")


class BadFigure(ForeignError):  # noqa: N818
    """A figure that cannot be a latency or a count, or that is in another unit than its neighbours."""

    def __init__(self, name: str, what: str, remedy: str = "Give the file as the tool wrote it") -> None:
        super().__init__(f"{name}: {what if len(what) <= _LONGEST else f'{what[:_LONGEST]}…'}. {remedy}")
