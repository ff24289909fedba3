"""The rows that articles become, made without a database: in any process, and handed to the one that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from synth.model import Article, Section
from synth.record import encoded
from target_app.database.schema import SIMILAR_LIMIT
from target_app.records import Status

COLUMNS = (
    "slug", "status", "version", "written", "revision", "digest", "title", "intro", "figure", "tags", "published",
    "changed", "card_changed", "modified", "last_reviewed", "author_id", "categories", "checklist", "images",
    "final_notes", "sections",
)  # fmt: skip
"""Of an article, but for its id."""

Row = tuple[Any, ...]


class Rows(NamedTuple):
    """The rows of some articles that are new and published, by the table they go into.

    Attributes:
        authors: Numbers of those who signed any of them.
        texts: What a search looks through, for those whose text is known here; as the view ``article_text`` gives it.
        others: Ids of those whose text only the view can tell.
    """

    articles: list[Row]
    meta: list[Row]
    terms: list[Row]
    similar: list[Row]
    authors: list[int]
    texts: list[tuple[int, str, str, str, str]]
    others: list[int]


def imported(articles: Iterable[Article], *, similar: Callable[[Article], Sequence[int]]) -> Rows:
    """The rows of articles that come from elsewhere; ``similar`` gives the similar posts of each."""
    rows = Rows([], [], [], [], [], [], [])
    authors: set[int] = set()
    for article in articles:
        changed = epoch(article.modified)
        columns = article_row(article, "published", article.author, version=1, written=False, changed=changed)
        rows.articles.append((article.id, *columns))
        rows.meta.extend(meta_rows(article))
        rows.terms.extend(term_rows(article))
        rows.similar.extend(similar_rows(article.id, similar(article)))
        authors.add(article.author)
        if (text := search_text(article)) is None:
            rows.others.append(article.id)
        else:
            rows.texts.append(text)
    rows.authors.extend(sorted(authors))
    return rows


def article_row(
    article: Article, status: Status, author_id: int, *, version: int, written: bool, changed: int
) -> tuple[Any, ...]:
    """The columns of an article in the order of ``COLUMNS``; ``changed`` in Unix seconds."""
    return (
        article.slug,
        status,
        version,
        int(written),
        article.revision,
        article.digest,
        article.title,
        article.intro,
        article.images[0].caption if article.images else None,
        dump(article.tags),
        epoch(article.published),
        changed,
        changed,
        epoch(article.modified),
        article.last_reviewed.isoformat(),
        author_id,
        dump(article.categories),
        dump(article.checklist),
        dump(article.images),
        article.final_notes,
        dump(article.sections),
    )


def meta_rows(article: Article) -> list[tuple[int, int, str, str]]:
    """One row for each key of the meta box."""
    return [(article.id, position, key, dump(value)) for position, (key, value) in enumerate(article.meta.items())]


def term_rows(article: Article) -> list[tuple[str, str, int, int]]:
    """One row for each tag and category."""
    published = epoch(article.published)
    tags = [("tag", tag, published, article.id) for tag in article.tags]
    return tags + [("category", category, published, article.id) for category in article.categories]


def similar_rows(article_id: int, others: Sequence[int]) -> list[tuple[int, int, int]]:
    """One row for each of the first similar posts."""
    return [(article_id, position, other) for position, other in enumerate(others[:SIMILAR_LIMIT])]


def search_text(article: Article) -> tuple[int, str, str, str, str] | None:
    """Id, title, summary, body and topic as the view ``article_text`` gives them, which costs the database far more.

    None where the meta box holds something else than words for summary or topic: how the database writes that down is
    for the database to say.
    """
    summary, topic = article.meta.get("summary", ""), article.meta.get("topic", "")
    if not isinstance(summary, str) or not isinstance(topic, str):
        return None
    body = (
        "\n".join([word for section in article.sections for word in _words(section)]),
        "\n".join(article.checklist),
        article.final_notes,
    )
    tags = "\n".join(article.tags)
    return (article.id, article.title, f"{article.intro}\n{summary}", "\n".join(body), f"{topic}\n{tags}")


def _words(section: Section) -> list[str]:
    words = [section.heading, *section.paragraphs]
    if section.code:
        words += [section.code.language, section.code.text]
    return words


def epoch(moment: datetime) -> int:
    """Unix seconds of a moment; one without a zone is in UTC."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def dump(value: Any) -> str:
    """A JSON value, or data classes of them, as JSON, as short as it can be."""
    return encoded(value).decode()
