"""The rival of an import: article after article, a statement for each row, the text for the search from the view.

Run as ``python plain_import.py DATABASE FIRST_ID COUNT``. This is what an import is before anybody has looked where its
time goes; it commits every hundred articles, as it may be killed.
"""

from __future__ import annotations

import json
import sys
from functools import cache

import apsw

from synth import Corpus, people
from synth.record import record
from target_app.database.rows import COLUMNS
from target_app.database.schema import SCHEMA

BATCH = 100


author = cache(people.author)


def main(database: str, first_id: int, count: int) -> None:
    """Import a corpus without members."""
    corpus = Corpus(first_id, count)
    connection = apsw.Connection(database)
    connection.execute(SCHEMA)
    connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", "NORMAL")
    connection.pragma("cache_size", -64_000)
    for start in range(0, count, BATCH):
        with connection:
            for article_id in corpus.ids[start : start + BATCH]:
                _add(connection, corpus, article_id)
    connection.execute("ANALYZE")
    connection.close()


def _add(connection: apsw.Connection, corpus: Corpus, article_id: int) -> None:
    article = corpus.article(article_id)
    fields = record(article)
    published, modified = int(article.published.timestamp()), int(article.modified.timestamp())
    signed = author(article.author, corpus.seed)
    connection.execute("INSERT OR IGNORE INTO author VALUES (?, ?, ?)", (signed.index, signed.name, signed.login))
    told = {
        **{name: json.dumps(value) if isinstance(value, list | tuple) else value for name, value in fields.items()},
        "status": "published",
        "version": 1,
        "written": 0,
        "figure": article.images[0].caption if article.images else None,
        "published": published,
        "changed": modified,
        "card_changed": modified,
        "modified": modified,
        "author_id": article.author,
    }
    row = (article_id, *(told[name] for name in COLUMNS))
    connection.execute(f"INSERT INTO article (id, {', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(row))})", row)
    for position, (key, value) in enumerate(article.meta.items()):
        connection.execute(
            "INSERT INTO article_meta VALUES (?, ?, ?, ?)", (article_id, position, key, json.dumps(value))
        )
    for kind, terms in (("tag", article.tags), ("category", article.categories)):
        for term in terms:
            connection.execute("INSERT INTO article_term VALUES (?, ?, ?, ?)", (kind, term, published, article_id))
    for position, other in enumerate(corpus.similar(article_id)):
        connection.execute("INSERT INTO similar_article VALUES (?, ?, ?)", (article_id, position, other))
    connection.execute(
        "INSERT INTO article_search (rowid, title, summary, body, topic)"
        " SELECT id, title, summary, body, topic FROM article_text WHERE id = ?",
        (article_id,),
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
