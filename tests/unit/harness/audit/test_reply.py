"""What headers let a shared cache do."""

from __future__ import annotations

import pytest

from harness.audit.reply import Reply, directives, title

DATE = "Sun, 01 Nov 2026 12:00:00 GMT"
LATER = "Sun, 01 Nov 2026 12:10:00 GMT"


def reply(status: int = 200, **headers: str) -> Reply:
    """A reply with these fields, their names with underscores for hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply("GET", "/", status, fields, (), b"")


POLICIES = [
    ({"cache_control": "max-age=60"}, (True, 60)),
    ({"cache_control": "max-age=60, s-maxage=300"}, (True, 300)),
    ({"cache_control": 'max-age="60"'}, (True, 60)),
    ({"cache_control": "private, max-age=60"}, (False, 0)),
    ({"cache_control": "no-store"}, (False, 0)),
    ({"cache_control": "no-cache, max-age=60"}, (True, 0)),
    ({"cache_control": "max-age=0", "cdn_cache_control": "max-age=300"}, (True, 300)),
    ({"cache_control": "no-store", "cdn_cache_control": "max-age=300"}, (True, 300)),
    ({"cache_control": "max-age=60", "cdn_cache_control": "no-store"}, (False, 0)),
    ({"cache_control": "max-age=60", "surrogate_control": 'content="ESI/1.0"'}, (True, 60)),
    ({"cdn_cache_control": "max-age=60", "cloudflare_cdn_cache_control": "max-age=5"}, (True, 5)),
    ({"cache_control": "max-age=60", "vary": "*"}, (False, 0)),
    ({"expires": LATER, "date": DATE}, (True, 600)),
    ({"expires": DATE, "date": LATER}, (True, 0)),
    ({"expires": "0", "date": DATE}, (True, 0)),
    ({"expires": LATER, "date": DATE, "cache_control": "max-age=5"}, (True, 5)),
    ({}, (None, 0)),
    ({"cache_control": "must-revalidate"}, (None, 0)),
]


@pytest.mark.parametrize(("headers", "expected"), POLICIES, ids=[str(headers) for headers, _ in POLICIES])
def test_a_lifetime_is_read_as_a_shared_cache_reads_it(
    headers: dict[str, str], expected: tuple[bool | None, int]
) -> None:
    """A field for caches replaces ``Cache-Control``, which goes before ``Expires``; its reason is always given."""
    policy = reply(**headers).policy

    assert (policy.shared, policy.seconds) == expected
    assert policy.why


def test_a_status_that_is_not_kept_by_itself_needs_a_lifetime() -> None:
    """Without one a redirect for now is not kept, with one it is."""
    assert reply(302).policy.shared is False
    assert reply(302, cache_control="max-age=60").policy.invites
    assert reply(301).policy.shared is None


def test_directives_are_read_whatever_their_case_and_quotes() -> None:
    """Of two alike the first counts, and a comma within quotes ends nothing."""
    found = directives('Max-Age=5, private="set-cookie, x", max-age=7, NO-CACHE')

    assert found == {"max-age": "5", "private": "set-cookie, x", "no-cache": ""}


def test_names_are_written_as_people_write_them() -> None:
    """Those with letters of their own included."""
    assert [title(name) for name in ("cdn-cache-control", "etag", "last-modified")] == [
        *("CDN-Cache-Control", "ETag", "Last-Modified")
    ]


def test_a_cache_of_fragments_has_not_given_a_page() -> None:
    """Only a layer that answers for pages counts as one that reused."""
    assert reply(x_cache="HIT").reused
    assert not reply(x_drupal_dynamic_cache="HIT").reused
