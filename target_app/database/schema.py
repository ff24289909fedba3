"""The shape of the site's one SQLite file."""

APPLICATION_ID = 0x616E7031
"""``anp1`` in ASCII: what marks a SQLite file as ours."""
FORMAT = 5
"""Version of the schema, kept in ``user_version``."""
SITEMAP_PART = 50_000
"""How many ids a part of the sitemap covers: as many addresses as a sitemap may hold."""
SIMILAR_LIMIT = 4
"""Most similar posts of an article."""
EVERYTHING = "*"
"""The tag that every page has."""
EDITORS = 50
"""Of the imported members every so manieth is an editor, beginning with the first."""

INDEX_ALL = """
INSERT INTO article_search (rowid, title, summary, body, topic)
SELECT t.id, t.title, t.summary, t.body, t.topic FROM article AS a JOIN article_text AS t USING (id)
WHERE a.status = 'published' ORDER BY a.id
"""
"""Makes all published articles findable in an empty index."""

CHANGED_INDEX = """
CREATE INDEX article_changed ON article (changed DESC, id DESC)
    WHERE status = 'published' AND (written OR version > 1);
"""
"""Came with format 4: what editors changed last. An import puts nothing into it."""

FORMER_SLUGS = """
-- The slugs that articles had before, none of which any article has now.
CREATE TABLE former_slug (
    slug       TEXT PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX former_slug_of_article ON former_slug (article_id);
"""
"""Came with format 5: where an address that no article has may lead to."""

SCHEMA = f"""
CREATE TABLE site (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE author (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE article (
    id            INTEGER PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL CHECK (status IN ('published', 'draft')),
    version       INTEGER NOT NULL,  -- counts every change
    written       INTEGER NOT NULL,  -- 1 where the text is not what was imported
    revision      INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    title         TEXT NOT NULL,
    intro         TEXT NOT NULL,
    figure        TEXT,              -- caption of the first figure
    tags          TEXT NOT NULL,     -- JSON list
    published     INTEGER NOT NULL,  -- Unix seconds, as are the next three
    changed       INTEGER NOT NULL,
    card_changed  INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    last_reviewed TEXT NOT NULL,
    author_id     INTEGER NOT NULL REFERENCES author,
    categories    TEXT NOT NULL,     -- JSON list
    checklist     TEXT NOT NULL,     -- JSON list
    images        TEXT NOT NULL,     -- JSON list of {{source, url, caption}}
    final_notes   TEXT NOT NULL,
    sections      TEXT NOT NULL      -- JSON list of {{heading, paragraphs, code}}
) STRICT;
CREATE INDEX article_by_date ON article (published DESC, id DESC) WHERE status = 'published';
CREATE INDEX article_by_author ON article (author_id, published DESC, id DESC) WHERE status = 'published';
CREATE INDEX article_edited ON article (id, revision) WHERE revision <> 0;
CREATE INDEX article_unpublished ON article (id) WHERE status <> 'published';
{CHANGED_INDEX}
{FORMER_SLUGS}
CREATE TABLE article_meta (
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,        -- JSON
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE VIEW article_text AS          -- what a search looks through
SELECT a.id,
       a.title,
       a.intro || char(10) || coalesce((
           SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'summary'
       ), '') AS summary,
       coalesce((SELECT group_concat(atom, char(10)) FROM json_tree(a.sections) WHERE type = 'text'), '') || char(10)
           || coalesce((SELECT group_concat(value, char(10)) FROM json_each(a.checklist)), '') || char(10)
           || a.final_notes AS body,
       coalesce((SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'topic'), '') || char(10)
           || coalesce((SELECT group_concat(value, char(10)) FROM json_each(a.tags)), '') AS topic
FROM article AS a;

-- The words alone: the text stays where it is, and is read through the view for the passages shown. FTS5 looks single
-- articles up through it but does not walk it, so that its own "rebuild" cannot be used. Drafts are not in it.
CREATE VIRTUAL TABLE article_search USING fts5 (
    title, summary, body, topic,
    content = article_text, content_rowid = id, tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO article_search (article_search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 1.0)');

-- The tags and categories of published articles, in the order of their lists.
CREATE TABLE article_term (
    kind       TEXT NOT NULL CHECK (kind IN ('tag', 'category')),
    term       TEXT NOT NULL,
    published  INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    PRIMARY KEY (kind, term, published DESC, article_id DESC)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_term_by_article ON article_term (article_id);

CREATE TABLE similar_article (
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    similar_id INTEGER NOT NULL,
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    id            TEXT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('reader', 'editor')),
    password_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_list (
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    PRIMARY KEY (member_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reading_list_once ON reading_list (article_id, member_id);

CREATE TABLE comment (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    written    INTEGER NOT NULL,     -- Unix seconds
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX comment_of_article ON comment (article_id, id);

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires);

-- When the pages with a tag last became stale: written in the transaction of the change itself.
CREATE TABLE generation (
    tag    TEXT PRIMARY KEY,
    number INTEGER NOT NULL,         -- of the change, counted over the whole file
    moment INTEGER NOT NULL          -- Unix seconds
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_by_number ON generation (number);

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""
