"""The access log: one JSON object a line for each request, written beside the requests.

A request only leaves what is known of it in a queue; a thread makes the lines and writes them, some at a time, so that
it never keeps the interpreter long. Where it cannot keep up, or the disk is full, lines are dropped and counted: a
visitor never waits for the log.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from starlette.types import Scope

from target_app.accounting import Ledger
from target_app.errors import LogFileError
from target_app.page_cache import Exchange

STANDARD_ERROR = "-"
"""The name that stands for no file."""
_LIMIT = 8192
"""Requests that may wait for their lines to be written."""
_AT_ONCE = 64
"""Lines that are made before the interpreter is given up to write them: well under a millisecond of work."""
_PAUSE = 0.1
"""Seconds between two looks into the queue."""
_LAST_WORDS = 2.0
"""Seconds that the end of the process waits for the last lines, whatever they are written to."""
_encode = json.JSONEncoder(separators=(",", ":")).encode
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_NOTHING = Ledger()

_Noted = tuple[float, str, Scope, Exchange, int, int, float, Ledger]


class AccessLog:
    """Lines about requests, on their way into a file.

    Attributes:
        written: How many lines were written.
        overflowed: How many were dropped because too many waited.
        failed: How many were dropped because they could not be written.
    """

    def __init__(self, path: str, *, limit: int = _LIMIT) -> None:
        """Open the log and begin to write.

        Args:
            path: A file to append to, ``-`` for standard error.
            limit: Requests that may wait for their lines.

        Raises:
            LogFileError: The file cannot be opened.
        """
        self._path = path
        self._limit = limit
        self._file = _open(path)
        self._queue: deque[_Noted] = deque()
        self._numbers = count(1)
        self._name = secrets.token_hex(4)
        self._broken_off = False
        self._reopen = False
        self._over = threading.Event()
        self.written = 0
        self.overflowed = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def next_id(self) -> str:
        """An id for a request: unlike that of any other of this process, and of any other process, most likely."""
        return f"{self._name}-{next(self._numbers)}"

    def note(
        self,
        request_id: str,
        scope: Scope,
        exchange: Exchange,
        status: int,
        size: int,
        seconds: float,
        ago: float,
        ledger: Ledger = _NOTHING,
    ) -> None:
        """Have a line written about a request that was just answered; returns at once.

        Args:
            request_id: From ``next_id``.
            scope: The request.
            exchange: What the layers said of it.
            status: Of the response.
            size: Bytes of the body sent.
            seconds: From the request to the first byte of the response.
            ago: Seconds since the request came.
            ledger: What it cost the database and the templates.
        """
        if len(self._queue) >= self._limit:
            self.overflowed += 1
            return
        self._queue.append((time.time() - ago, request_id, scope, exchange, status, size, seconds, ledger))

    def reopen(self) -> None:
        """Have the file opened anew, soon: a log that was moved away goes on under its old name.

        May be called from a signal handler.
        """
        self._reopen = True

    def close(self) -> None:
        """Write what waits and end; gives up after some seconds, where it is written to nobody who reads."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join(_LAST_WORDS)
        if not self._thread.is_alive() and self._path != STANDARD_ERROR:
            os.close(self._file)

    def _run(self) -> None:
        over = False
        while not over:
            # Both are asked before the queue is looked into: nothing is left in it at the end, and whatever was noted
            # before the file was to be opened anew is in the one before.
            over, reopen = self._over.wait(_PAUSE), self._reopen
            while self._queue:
                self._write([self._queue.popleft() for _ in range(min(len(self._queue), _AT_ONCE))])
            if reopen:
                self._reopen = False
                self._open_anew()

    def _open_anew(self) -> None:
        if self._path == STANDARD_ERROR:
            return
        try:
            file = _open(self._path)
        except LogFileError as error:
            sys.stderr.write(f"warning: {error}; the log goes on where it was\n")
            return
        os.close(self._file)
        self._file, self._broken_off = file, False

    def _write(self, noted: list[_Noted]) -> None:
        lines = [f"{_encode(_fields(*one))}\n".encode() for one in noted]
        rest = memoryview((b"\n" if self._broken_off else b"") + b"".join(lines))
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            # How many lines went out before is not worth working out: the next one begins on a line of its own.
            self.failed += len(noted)
            self._broken_off = True
        else:
            self.written += len(noted)
            self._broken_off = False


def check(path: str) -> None:
    """Find out whether a log can be written to a file.

    Raises:
        LogFileError: It cannot be opened.
    """
    existed = os.path.lexists(path)
    file = _open(path)
    if path != STANDARD_ERROR:
        os.close(file)
        if not existed:
            with contextlib.suppress(OSError):
                Path(path).unlink()


def _open(path: str) -> int:
    if path == STANDARD_ERROR:
        return sys.stderr.fileno()
    try:
        # A pipe that nobody reads is refused at once, in place of waiting for somebody.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    except OSError as error:
        raise LogFileError(f"cannot write the access log {path} ({error.strerror}); name another file") from None
    os.set_blocking(file, True)
    return file


def _fields(
    came: float,
    request_id: str,
    scope: Scope,
    exchange: Exchange,
    status: int,
    size: int,
    seconds: float,
    ledger: Ledger,
) -> dict[str, Any]:
    """One line. It tells of no cookie, no token and no name."""
    said = {b"host": "", b"user-agent": "", b"referer": ""}
    for name, value in scope["headers"]:
        if name in said:
            said[name] = value.decode("utf-8", "backslashreplace")
    query = scope["query_string"]
    client = scope.get("client")
    return {
        "time": datetime.fromtimestamp(came, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "request_id": request_id,
        "client": client[0] if client else None,
        "method": scope["method"],
        "host": said[b"host"],
        "path": quote_from_bytes(scope["raw_path"] + (b"?" + query if query else b""), safe=_ASCII),
        "status": status,
        "bytes": size,
        "route": exchange.route,
        "cache": exchange.word,
        "cache_status": exchange.status.decode("latin-1"),
        "member": ledger.member,
        "seconds": round(seconds, 6),
        "seconds_app": round(exchange.inner, 6),
        "seconds_render": round(ledger.rendering, 6),
        "seconds_db": round(ledger.seconds, 6),
        "statements": ledger.statements,
        "user_agent": said[b"user-agent"],
        "referer": said[b"referer"],
    }
