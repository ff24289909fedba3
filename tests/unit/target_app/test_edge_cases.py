"""Articles as few are: the site takes them from a file, shows them, lists them, finds them, and goes on."""

from __future__ import annotations

from contextlib import closing
from html import escape, unescape
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from synth import Corpus, edge_cases
from synth.dials import read
from synth.export import export
from target_app.app import build_app
from target_app.importer import import_file
from target_app.routes import FEED_SIZE
from target_app.settings import parse_settings
from target_app.site import open_site

pytestmark = pytest.mark.anyio
KINDS = len(edge_cases.KINDS)


@pytest.mark.parametrize("shape", ["wide", "deep", "fat"])
async def test_every_edge_case_is_served(shape: str, tmp_path: Path) -> None:
    """With a meta box of twenty times the size besides: pages, API, lists, feeds and search, none with a failure."""
    corpus = Corpus(0, KINDS, dials=read({"edge_every": 1, "meta_scale": 20, "meta_shape": shape}))
    export(corpus, "jsonl", tmp_path / "articles.jsonl")
    import_file(tmp_path / "site.db", tmp_path / "articles.jsonl", members=0)
    with closing(open_site(tmp_path / "site.db", parse_settings([]), base_url="http://site.example")) as site:
        transport = httpx.ASGITransport(app=build_app(site).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
            for article in corpus:
                page = await client.get(f"/articles/{article.slug}/")
                assert page.status_code == 200, article.title
                assert article.title in unescape(page.text)
                assert (article.title in page.text) == (escape(article.title) == article.title)
                answer = await client.get(f"/api/v1/articles/{article.id}")
                assert answer.json()["title"] == article.title
            for path in ("/", "/atom.xml", "/feed.json", "/sitemap.xml", "/tags/", "/archive/", "/search?q=pneumono"):
                assert (await client.get(path)).status_code == 200, path
            rss = ElementTree.fromstring((await client.get("/feed.xml")).content)
    titles = {title.text for title in rss.iterfind("channel/item/title")}
    assert len(titles) == min(KINDS, FEED_SIZE)
    assert titles <= {article.title for article in corpus}
