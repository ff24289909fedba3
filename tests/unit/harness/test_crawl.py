"""The pages that a sitemap names, from a site that is made up."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from harness import crawl
from harness.crawl import pages
from harness.errors import UsageError

HOST = "127.0.0.1:8000"


def _answered(monkeypatch: pytest.MonkeyPatch, root: str, places: list[str]) -> None:
    """Let a site answer every question: the one for its sitemap with these places, the others with a page."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/sitemap.xml":
            named = "".join(f"<url><loc>{place}</loc></url>" for place in places)
            return httpx.Response(200, text=f"<{root}>{named}</{root}>")
        return httpx.Response(200, html="<p>a page")

    monkeypatch.setattr(crawl.httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(answer)))


BROKEN = ["http://[x/one", "http://127.0.0.1:x/two", "not an address", ""]


def test_places_of_a_sitemap_that_are_no_addresses_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages beside them are read."""
    _answered(monkeypatch, "urlset", [*BROKEN, f"http://{HOST}/page"])

    found = list(pages(f"http://{HOST}/sitemap.xml", limit=10, allowed=frozenset()))
    assert found == [(f"http://{HOST}/page", "<p>a page")]


def test_a_sitemap_that_is_no_address_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where an index names it."""
    _answered(monkeypatch, "sitemapindex", BROKEN)

    with pytest.raises(UsageError, match=r"^http://127\.0\.0\.1:x/two cannot be read \(Invalid port"):
        list(pages(f"http://{HOST}/sitemap.xml", limit=10, allowed=frozenset()))
    with pytest.raises(UsageError, match=r"^http://\[x is not this machine"):
        list(pages("http://[x", limit=10, allowed=frozenset()))
