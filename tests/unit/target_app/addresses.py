"""Every kind of address that the small site has: those of the policy table filled in, and their odd forms."""

from __future__ import annotations

from collections.abc import Iterator

from target_app.policy import TABLE, RoutePolicy
from tests.unit.target_app.conftest import CORPUS
from tests.unit.target_app.test_policy_table import FIELDS

FIRST = CORPUS.article(CORPUS.first_id)
ARTICLE = f"/articles/{FIRST.slug}/"
TAG = FIRST.tags[0]
_MISSING = ("/articles/none/", "/tags/none/", "/page/99/", "/authors/none/", "/archive/1901/", "/sitemap-9.xml")


def _addresses(policy: RoutePolicy) -> Iterator[str]:
    """Those of one route: as the table has them, the first page of each list, and without the last slash."""
    readable = [address for address, methods in policy.takes.items() if "GET" in methods]
    for address in (*policy.kept, *readable):
        for number in ("2", "1"):
            path = address.format(**{**FIELDS, "number": number})
            yield path
            if len(path) > 1 and path.endswith("/"):
                yield path.removesuffix("/")
    if policy.route == "search":
        yield from ("/search", "/search?q=the&page=2", "/search?q=zzzz", "/search?q=zzzz&page=2")
    if policy.route == "error":
        yield from _MISSING


ADDRESSES = [(policy.route, path) for policy in TABLE for path in dict.fromkeys(_addresses(policy))]
"""(route, path) of each; some lists are too short for a second page, and answer that there is none."""
