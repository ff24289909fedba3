"""Everything the harness itself can refuse or fail at, as one small tree, and the exit codes of ``anp``.

HarnessError        carries its exit code
├── UsageError      a wrong word, value or plan key: nothing was started           (2)
├── TargetError     a site that cannot be started, does not answer, or is wrong    (2)
└── RunFailed       load had begun, and what came of it cannot be trusted          (4)
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """What ``anp`` tells the shell."""

    FINE = 0
    SLOWER = 1
    FOUND = 1
    """Of an audit: it found something of the severity that was named."""
    USAGE = 2
    NOT_ENOUGH_DATA = 3
    INVALID = 4
    DEFECT = 70
    """The usual code for a fault of the program itself (``EX_SOFTWARE``): no verdict is ever told by it."""
    INTERRUPTED = 130


class HarnessError(Exception):
    """Base of this package's errors; the message is one line: what happened, the value, the remedy."""

    exit_code = ExitCode.USAGE


class UsageError(HarnessError):
    """What was asked for cannot be done, and nothing was started."""


class TargetError(HarnessError):
    """A site cannot be started, does not answer, or is not what it must be; no load was sent."""


class RunFailed(HarnessError):  # noqa: N818 - reads as the sentence it stands for
    """Load had begun and did not end as planned; what was recorded is kept."""

    exit_code = ExitCode.INVALID


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """The message for a word nobody knows: with the nearest known one, or else with all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(words)}"
    return f"unknown {what} {word!r}; {remedy}"
