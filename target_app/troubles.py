"""What is wrong with the database: in a word to those who ask, in full to whoever runs the site."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from target_app.editing import UnwrittenError
from target_app.errors import DatabaseFileError

_LOG = logging.getLogger("anp.site")
_PAUSE_S = 60
_WORDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (DatabaseFileError, "the database is gone"),
    ((apsw.BusyError, apsw.LockedError), "the database is busy"),
    ((apsw.CorruptError, apsw.NotADBError), "the database is damaged"),
)


class Troubles:
    """Keeps the path of the file and what SQLite says out of every answer; both are in the log."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Know whose troubles they are; ``clock`` gives seconds."""
        self._path = path
        self._clock = clock
        self._last = ("", 0.0)

    def note(self, error: Exception) -> str:
        """What to tell the client; the log, which is standard error, has one line a minute of the same trouble."""
        reason, now = str(error), self._clock()
        last, then = self._last
        if reason != last or now - then >= _PAUSE_S:  # without its database the site has one with every request
            self._last = reason, now
            _LOG.error("error: database %s: %s", self._path, " ".join(reason.split()))
        cause = error.__cause__ if isinstance(error, UnwrittenError) else error
        return next((words for kinds, words in _WORDS if isinstance(cause, kinds)), "the database failed")
