"""Content marks: what a page says it is, so that a reader of the bytes can check it is the right one."""

from __future__ import annotations

from target_app.records import ArticleRecord, MemberRecord

ANONYMOUS = "anonymous"


def mark(route: str, viewer: MemberRecord | None, article: ArticleRecord | None = None) -> str:
    """The content of ``<meta name="anp-mark">``.

    It names the page's route and the viewer, and for an article its id, revision and digest.
    """
    what = f" id={article.id} revision={article.revision} digest={article.digest}" if article else ""
    return f"page={route}{what} viewer={viewer.id if viewer else ANONYMOUS}"
