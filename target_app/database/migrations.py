"""How a database file of an older version becomes one of the next: one step for each version, in order.

The step to format 3 makes the tables of ``SCHEMA``, but for what came later, and each further step adds to them. Before
anything else of ``SCHEMA`` or ``INDEX_ALL`` becomes another, what they are is written down here, for that step.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from synth import people
from target_app.database.schema import CHANGED_INDEX, EDITORS, FORMER_SLUGS, INDEX_ALL, SCHEMA

_ASIDE = """
DROP TABLE article_search;
DROP VIEW article_text;
DROP INDEX article_by_date;
DROP INDEX article_edited;
ALTER TABLE site RENAME TO old_site;
ALTER TABLE author RENAME TO old_author;
ALTER TABLE article RENAME TO old_article;
ALTER TABLE article_meta RENAME TO old_article_meta;
ALTER TABLE article_tag RENAME TO old_article_tag;
ALTER TABLE similar_article RENAME TO old_similar_article;
ALTER TABLE member RENAME TO old_member;
ALTER TABLE reading_list RENAME TO old_reading_list;
ALTER TABLE session RENAME TO old_session;
"""

_OVER = f"""
INSERT INTO site SELECT * FROM old_site;
INSERT INTO author SELECT id, name, author_slug(id) FROM old_author;
INSERT INTO article SELECT id, slug, 'published', 1 + revision, 0, revision, digest, title, intro, figure, tags,
    published, changed, changed, modified, last_reviewed, author_id, categories, checklist, images, final_notes,
    sections FROM old_article;
INSERT INTO article_meta SELECT * FROM old_article_meta;
INSERT INTO article_term SELECT 'tag', tag, published, article_id FROM old_article_tag;
INSERT INTO article_term SELECT DISTINCT 'category', each.value, a.published, a.id
    FROM old_article AS a, json_each(a.categories) AS each;
INSERT INTO similar_article SELECT * FROM old_similar_article;
INSERT INTO member SELECT id, login, name, email, 'reader', password_hash FROM old_member;
UPDATE member SET role = 'editor' WHERE CAST(substr(id, 2) AS INTEGER) % {EDITORS} = 0;
INSERT INTO reading_list SELECT * FROM old_reading_list;
INSERT INTO session SELECT * FROM old_session;
DROP TABLE old_session;
DROP TABLE old_reading_list;
DROP TABLE old_member;
DROP TABLE old_similar_article;
DROP TABLE old_article_tag;
DROP TABLE old_article_meta;
DROP TABLE old_article;
DROP TABLE old_author;
DROP TABLE old_site;
"""


def _to_3(connection: apsw.Connection) -> None:
    """Drafts, archives, comments, editors, generations of tags: every table is made anew and filled from the old."""
    connection.execute(_ASIDE)
    seeds = connection.execute("SELECT value ->> '$.seed' FROM old_site WHERE name = 'corpus'").fetchall()

    def author_slug(*arguments: object) -> str:
        return people.author(int(str(arguments[0])), seed=int(str(seeds[0][0]))).login

    connection.create_scalar_function("author_slug", author_slug, 1)
    connection.execute(SCHEMA.replace(CHANGED_INDEX, "").replace(FORMER_SLUGS, ""))
    connection.execute(_OVER)
    connection.execute(INDEX_ALL)
    if connection.execute("SELECT 1 FROM site WHERE name = 'complete'").fetchall():
        connection.execute("ANALYZE")


def _to_4(connection: apsw.Connection) -> None:
    """What was changed last is found without a walk through every article."""
    connection.execute(CHANGED_INDEX)


def _to_5(connection: apsw.Connection) -> None:
    """The slugs that articles had before lead to them; of those given up until now nobody knows."""
    connection.execute(FORMER_SLUGS)


MIGRATIONS: dict[int, Callable[[apsw.Connection], None]] = {2: _to_3, 3: _to_4, 4: _to_5}
"""Version to the step that leads to the next one, in a transaction that is the caller's."""
