"""Database files: how an empty one gets its schema, and how an older one is brought to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from target_app.database.migrations import MIGRATIONS
from target_app.database.schema import APPLICATION_ID, SCHEMA
from target_app.errors import DatabaseFileError


def prepare(path: Path) -> None:
    """Make sure that there is a database at ``path``, giving an absent or empty one the schema of this site.

    Schema and identity are one transaction, so that whenever this is interrupted the file is still empty or is ours.
    A file of an older version of this site is brought to this one, and any other is left alone.

    Raises:
        DatabaseFileError: The path is a folder, or its folder is missing or may not be written.
    """
    refuse_folder(path)
    with _opened(path) as connection:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]:
            with connection:
                connection.execute(SCHEMA)
    migrate(path)


def migrate(path: Path) -> None:
    """Bring the file of an older version of this site to this one, a transaction for each version.

    Raises:
        DatabaseFileError: It cannot be written.
    """
    if not path.is_file():
        return  # opening it says what is wrong, and does not make one
    with _opened(path) as connection:
        connection.set_busy_timeout(60_000)
        for version, step in MIGRATIONS.items():
            if _version(connection) == version:
                _run(connection, version, step)


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    try:
        with closing(apsw.Connection(str(path))) as connection:
            yield connection
    except apsw.NotADBError:
        return  # opening it as ours says what is wrong
    except apsw.Error as error:
        raise DatabaseFileError(f"cannot create database {path} ({error}); name a writable folder") from None


def _run(connection: apsw.Connection, version: int, step: Callable[[apsw.Connection], None]) -> None:
    # References are checked at the end alone: on the way, tables are made anew under the names of others.
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) == version:  # nobody else did it meanwhile
            step(connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: apsw.Connection) -> int | None:
    """The version of a file of this site; None for another program's."""
    ours = connection.pragma("application_id") == APPLICATION_ID
    return int(connection.pragma("user_version")) if ours else None


def refuse_folder(path: Path) -> None:
    """Say that a folder is no database.

    Raises:
        DatabaseFileError: It is one.
    """
    if path.is_dir():  # the driver would only say that it cannot open it
        raise DatabaseFileError(f"{path} is a folder; name a file in it, such as {path / 'anp.sqlite'}")
