"""What the site and its cache say of their answers in structured fields; every other test here checks them too."""

from collections.abc import Callable

import httpx
import pytest

from target_app.page_cache.fields import groups
from tests import structured
from tests.unit.target_app.conftest import CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]


def named(answer: httpx.Response, name: str) -> frozenset[str]:
    """The groups in a field, as the cache reads them."""
    return groups([(name.encode(), answer.headers[name].encode())], name.encode())


async def test_the_site_says_all_of_it_in_structured_fields(open_copy: Opener) -> None:
    """A page is kept by its word, an edit names groups of that page in the same words, and the cache reads them so."""
    structured.SEEN.clear()
    opened = open_copy()
    async with opened.client() as client:
        page = await client.get(opened.article_path())
        edit = await client.post("/anp/edit", json={"article": CORPUS.first_id})
    assert f"post-{CORPUS.first_id}" in named(page, "cache-groups") & named(edit, "cache-group-invalidation")
    checked = set(structured.SEEN)
    assert checked == {"cache-status", "cdn-cache-control", "cache-groups", "cache-group-invalidation"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Status", "anp; hit; fwd=stale"),
        ("Cache-Status", "anp"),
        ("Cache-Status", "anp; fwd=gone"),
        ("Cache-Status", "anp; hit; ttl=1.5"),
        ("Cache-Status", "anp; hit; collapsed"),
        ("Cache-Status", "anp; hit; ttl="),
        ("Cache-Groups", "post-1"),
        ("Cache-Groups", '"post-1", "post-1"'),
        ("Cache-Groups", '"häuser"'),
        ("Cache-Groups", '"post-1'),
        ("Cache-Group-Invalidation", '"a\\u00e4"'),
        ("Cache-Group-Invalidation", ""),
        ("CDN-Cache-Control", "max-age=ten"),
        ("CDN-Cache-Control", 'max-age="10"'),
        ("CDN-Cache-Control", "max-age=-1"),
        ("CDN-Cache-Control", "Max-Age=10"),
    ],
)
def test_a_field_that_is_wrong_is_found(name: str, value: str) -> None:
    """No structured field, a type that its standard does not know, or a contradiction."""
    with pytest.raises(AssertionError, match=name.lower()):
        structured.check([(name, value)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Status", '"other cache"; hit; ttl=-3, anp; fwd=uri-miss; fwd-status=200; stored; ttl=300; detail=x'),
        ("Cache-Groups", '"post-1", "list-newest"'),
        ("CDN-Cache-Control", "max-age=10, must-revalidate"),
    ],
)
def test_a_field_that_is_right_passes(name: str, value: str) -> None:
    """As the standards write them."""
    structured.check([(name, value)])
