"""What a database file holds, for comparing two of them."""

import sqlite3
from contextlib import closing
from pathlib import Path


def dump(path: Path) -> list[str]:
    """The whole content of a database as SQL, the inner tables of the search index included."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows by table, and every occurrence of every word in the search index.

    The same occurrences can be stored in the index in many ways: that depends on how many articles were written in one
    transaction.
    """
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'article_search*'"
            " AND name NOT GLOB 'sqlite_*' ORDER BY name"
        ).fetchall()
        found = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}
        connection.execute("CREATE VIRTUAL TABLE temp.word USING fts5vocab('main', 'article_search', 'instance')")
        found["words"] = connection.execute("SELECT * FROM temp.word").fetchall()
    return found
