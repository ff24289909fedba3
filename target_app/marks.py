"""Content marks: what a page says it is, so that a reader of the bytes can check it is the right one.

A page of search results also says which search it answers, as the first 12 hex digits of the SHA-256 of the normalised
search in UTF-8. Normalised means: control characters (U+0000 to U+001F, U+007F to U+009F) replaced by spaces, then
Unicode form NFD, then full case folding, then form NFC, then runs of white space made one space and none left at the
ends. The empty search, too, is hashed.
"""

from __future__ import annotations

from target_app.records import ArticleRecord, MemberRecord
from target_app.search import fingerprint

ANONYMOUS = "anonymous"


def mark(
    route: str, viewer: MemberRecord | None, *, article: ArticleRecord | None = None, search: str | None = None
) -> str:
    """The content of ``<meta name="anp-mark">``.

    It names the page's route and the viewer, for an article its id, revision and digest, and for a page of results
    the fingerprint of the (normalised) search.
    """
    what = f" id={article.id} revision={article.revision} digest={article.digest}" if article else ""
    if search is not None:
        what = f" query={fingerprint(search)}"
    return f"page={route}{what} viewer={viewer.id if viewer else ANONYMOUS}"
