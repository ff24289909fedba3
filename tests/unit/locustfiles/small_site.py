"""A URL table of a small reference site, for tests of what is planned on it."""

from __future__ import annotations

from locustfiles._pages import Pages, reference_pages


def small_site(articles: int = 200) -> Pages:
    """Articles by descending popularity of ascending ids, two tags, three searches, three files."""
    return reference_pages(
        list(range(articles)),
        lambda article: f"slug-{article}",
        {"one": 3, "two": 1},
        ("/search?q=plum", "/search?q=apple", "/search?q=tart"),
        ("/static/site.css", "/images/plum.svg", "/images/pear.svg"),
    )
