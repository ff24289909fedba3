"""RSS 2.0: one feed, in which the content of an item is the page of an article below its title."""

from __future__ import annotations

from collections.abc import Iterator

from synth import site
from synth.dates import AS_OF
from synth.formats import html
from synth.formats._xml import cdata, rfc822
from synth.layout import Pages
from synth.model import Article

_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>{site.TITLE}</title>
<link>{site.ADDRESS}/</link>
<description>{site.DESCRIPTION}</description>
<language>en-US</language>
<pubDate>{rfc822(AS_OF)}</pubDate>
"""


def render(article: Article) -> str:
    """Return one item, with a newline at the end."""
    return "\n".join(_lines(article)) + "\n"


def _lines(article: Article) -> Iterator[str]:
    yield "<item>"
    yield f"<title>{cdata(article.title)}</title>"
    yield f"<link>{site.address(article)}</link>"
    yield f"<description>{cdata(site.excerpt(article))}</description>"
    yield f"<dc:creator>{cdata(site.author(article.author, article.seed).name)}</dc:creator>"
    for domain, slugs in (("category", article.categories), ("tag", article.tags)):
        for slug in slugs:
            yield f'<category domain="{site.ADDRESS}/{domain}/">{cdata(slug)}</category>'
    yield f'<guid isPermaLink="false">{site.guid(article)}</guid>'
    yield f"<pubDate>{rfc822(article.published)}</pubDate>"
    yield f"<atom:updated>{article.modified:%Y-%m-%dT%H:%M:%SZ}</atom:updated>"
    page = "\n".join((html.content(article), html.meta_box(article)))
    yield f"<content:encoded>{cdata(page)}</content:encoded>"
    yield "</item>"


FORMAT = Pages(render, head=_HEAD, tail="</channel>\n</rss>\n")
