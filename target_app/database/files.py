"""Database files: how an empty one gets its schema, and how an older one is brought to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from target_app.database.migrations import MIGRATIONS
from target_app.database.schema import APPLICATION_ID, FORMAT, SCHEMA
from target_app.errors import DatabaseFileError

_PATIENCE_MS = 60_000
"""How long to wait for another process that does the same."""


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Whatever reads a file inside.

    Raises:
        DatabaseFileError: The file is damaged.
    """
    try:
        yield
    except apsw.CorruptError as error:
        raise DatabaseFileError(f"{path} is damaged ({error}); restore it from a copy, or name another file") from None


def prepare(path: Path) -> None:
    """Make sure that there is a database at ``path``, giving an absent or empty one the schema of this site.

    Schema and identity are one transaction, so that whenever this is interrupted the file is still empty or is ours.
    A file of an older version of this site is brought to this one, and any other is left alone.

    Raises:
        DatabaseFileError: The path is a folder, or its folder is missing or may not be written.
    """
    refuse_folder(path)
    with _opened(path, "cannot create database {path} ({error}); name a writable folder") as connection:
        if _is_empty(connection):
            with _transaction(connection):
                if _is_empty(connection):  # nobody else filled it meanwhile
                    connection.execute(SCHEMA)
    migrate(path)


def migrate(path: Path) -> None:
    """Bring the file of an older version of this site to this one, a transaction for each version.

    Raises:
        DatabaseFileError: It cannot be written, or what it holds does not fit together; it is then of
            a whole version, the old one or one between.
    """
    if not path.is_file():
        return  # opening it says what is wrong, and does not make one
    problem = (
        f"cannot bring {{path}} to format {FORMAT} ({{error}}); it is of a whole version, stop what uses it and see to "
        "the disk"
    )
    with _opened(path, problem) as connection:
        for version, step in sorted(MIGRATIONS.items()):
            if _version(connection) == version:
                # References are checked at the end alone: on the way, tables are made anew under the names of others.
                connection.execute("PRAGMA foreign_keys = OFF")
                with _transaction(connection):
                    if _version(connection) == version:  # nobody else did it meanwhile
                        step(connection)
                        _check(connection)
                        connection.execute(f"PRAGMA user_version = {version + 1}")


def _check(connection: apsw.Connection) -> None:
    """See that every reference leads somewhere.

    Raises:
        apsw.ConstraintError: One does not.
    """
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        raise apsw.ConstraintError(f"a row of {table} names one of {parent} that is not there")


@contextmanager
def _opened(path: Path, problem: str) -> Iterator[apsw.Connection]:
    """A connection to any SQLite file; ``problem`` says what went wrong, with fields for the path and the error."""
    try:
        with undamaged(path), closing(apsw.Connection(str(path))) as connection:
            connection.set_busy_timeout(_PATIENCE_MS)
            yield connection
    except apsw.NotADBError:
        return  # opening it as ours says what is wrong
    except apsw.Error as error:
        raise DatabaseFileError(problem.format(path=path, error=error)) from None


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    """Write lock first, then everything or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # the disk may have ended it
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _is_empty(connection: apsw.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]


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
