"""The site's one SQLite file: its schema, what is read from it and written to it, and every SQL statement there is."""

from target_app.database.desk import Desk, StoredMember, epoch
from target_app.database.files import migrate, prepare
from target_app.database.generations import Generations
from target_app.database.library import Library

__all__ = ["Desk", "Generations", "Library", "StoredMember", "epoch", "migrate", "prepare"]
