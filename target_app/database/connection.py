"""One connection to the site's database, whose statements are counted by the driver and timed here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from target_app.accounting import charge_seconds, count_statement, nobody_pays
from target_app.database.files import refuse_folder
from target_app.database.migrations import MIGRATIONS
from target_app.database.schema import APPLICATION_ID, FORMAT
from target_app.errors import DatabaseFileError


class Connection:
    """One connection whose statements are counted by the driver and timed here."""

    def __init__(self, path: Path, *, writable: bool, counted: bool = True) -> None:
        """Open an existing file.

        Args:
            path: Of the file.
            writable: Whether anything may be written.
            counted: Off where no request pays and many rows go by, each of which would be a statement to count.

        Raises:
            DatabaseFileError: There is no such file, or it is not a database of this site and format.
        """
        refuse_folder(path)
        flags = apsw.SQLITE_OPEN_READWRITE
        try:
            self._connection = apsw.Connection(str(path), flags=flags)
        except apsw.CantOpenError:
            raise DatabaseFileError(
                f"cannot open database {path}; create it with: anp serve --articles N --db {path}"
            ) from None
        self._connection.set_busy_timeout(5000)
        try:
            application_id = self._connection.pragma("application_id")
            version = self._connection.pragma("user_version")
        except apsw.Error as error:
            self._connection.close()
            raise DatabaseFileError(f"{path} cannot be read as a database ({error}); name another file") from None
        if application_id != APPLICATION_ID:
            self._connection.close()
            raise DatabaseFileError(f"{path} is a database of another program; name another file")
        if version != FORMAT:
            self._connection.close()
            raise DatabaseFileError(
                f"{path} has format {version}, this version reads {min(MIGRATIONS)} to {FORMAT}; name a new file"
            )
        # Else SQLite plans most statements anew for every value they are given (it was built with STAT4), which takes
        # it several times as long as carrying them out.
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._connection.pragma("synchronous", "NORMAL")
        self._connection.pragma("foreign_keys", "ON")
        self._connection.pragma("mmap_size", 256 * 2**20)
        self._connection.pragma("cache_size", -64_000)
        self._connection.pragma("temp_store", "MEMORY")
        if writable:
            self._connection.pragma("journal_mode", "WAL")
        else:
            self._connection.pragma("query_only", "ON")
        if counted:
            self._connection.exec_trace = self._count

    @staticmethod
    def _count(_cursor: apsw.Cursor, sql: str, _bindings: Any) -> bool:
        count_statement(sql)
        return True

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement to its end and give all rows."""
        begun = time.perf_counter()
        try:
            return self._connection.execute(sql, bindings).fetchall()
        finally:
            charge_seconds(time.perf_counter() - begun)

    def uncharged(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement that serves the site as a whole, and no request."""
        with nobody_pays():
            return self.rows(sql, bindings)

    def run_many(self, sql: str, bindings: Iterable[Sequence[Any]]) -> None:
        """Run one statement once per row of bindings."""
        self._connection.executemany(sql, bindings)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside is of one moment, whatever others commit meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write lock first, then everything or nothing."""
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # the disk may have ended it
                self.rows("ROLLBACK")
            raise
        self.rows("COMMIT")

    def checkpoint(self, *, wait: bool = False) -> int:
        """Move pages from the write-ahead log to the file itself; gives how many the log has, as far as can be told.

        Args:
            wait: For those who read or write meanwhile, so that the log can begin anew; else nobody is held up.
        """
        mode = apsw.SQLITE_CHECKPOINT_RESTART if wait else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            return self._connection.wal_checkpoint(mode=mode)[0]
        except apsw.BusyError:  # somebody reads what was there before; the next one gets further
            return 0

    def pragma(self, name: str, value: str | None = None) -> Any:
        """Read or set a pragma."""
        return self._connection.pragma(name, value) if value is not None else self._connection.pragma(name)

    def close(self) -> None:
        """Close; the connection is of no use afterwards."""
        self._connection.close()
