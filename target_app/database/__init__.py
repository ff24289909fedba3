"""The site's one SQLite file: its schema, what is read from it and written to it, and every SQL statement there is."""

from target_app.database.desk import Desk
from target_app.database.files import migrate, prepare, undamaged
from target_app.database.generations import Generations
from target_app.database.library import Library
from target_app.database.loader import Loader, StoredMember
from target_app.database.rows import epoch

__all__ = ["Desk", "Generations", "Library", "Loader", "StoredMember", "epoch", "migrate", "prepare", "undamaged"]
