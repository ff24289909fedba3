"""What a change of a site really changes, beside what a cache drops for it: the judge of purges.

A site is warmed, changed at random, and after every change each page that the cache still holds is compared with the
same page made anew, by a second site over the same file that keeps nothing. A page that is held and differs is *stale*:
a purge must leave none, and here the answer that there is no such page counts as a page. A page that is not held though
it is as it was is *wasted*: the fewer, the better. Beside the real cache, the same changes go through the rules by
which three WordPress plugins choose what to drop.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from target_app.app import Layers, build_app
from target_app.database import Library
from target_app.drafting import from_fields, to_fields
from target_app.editing import TakenError
from target_app.records import ArticleRecord, MemberRecord
from target_app.settings import parse_settings
from target_app.site import Site, open_site

BASE = "http://site.example"
MEMBER = MemberRecord("m000000", "any", "any", "editor")
_NO_PAGE = b"<title>Page not found"
SEARCHES = ("cache", "index", "python", "query time", "zzzz")
USUAL = {
    "revise": 20,
    "body": 20,
    "title": 10,
    "terms": 10,
    "new": 10,
    "draft": 8,
    "publish": 6,
    "delete": 5,
    "comment": 8,
    "uncomment": 3,
}
"""How often what is done, in a hundred changes."""
RENAMES = {"rename": 45, "settle": 10, "title": 5, "revise": 5, "draft": 15, "publish": 15, "delete": 5}
"""Articles that take new slugs and those that they or others had, and new ones that come under such a slug."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of the site.

    Attributes:
        kind: What was done.
        slugs: The addresses that the article had before and has after.
        terms: Tags and categories it had or has, as paths of their lists.
        author: Path of its author's list.
        dates: Paths of the lists of its year and month.
        neighbours: The addresses of the articles published before and after it, of all and of those in its categories.
        is_public: Whether readers could see it before or can now.
        is_visible: Whether it came or went, and was not only changed.
    """

    kind: str
    article_id: int
    slugs: frozenset[str]
    terms: frozenset[str]
    author: str
    dates: frozenset[str]
    neighbours: frozenset[str]
    is_public: bool
    is_visible: bool


@dataclass(slots=True)
class Score:
    """What a way of purging did over all changes.

    Attributes:
        unchanged: Pages that a change left as they were, summed over the changes.
        kept: Of these, those still held.
        stale: Pages held though they had changed.
        stale_changes: Changes after which any page was stale.
        wasted: Pages dropped though they had not changed, by the kind of page.
    """

    unchanged: int = 0
    kept: int = 0
    stale: int = 0
    stale_changes: int = 0
    wasted: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """The share of unchanged pages that are still held."""
        return self.kept / self.unchanged

    def add(self, before: Mapping[str, bytes], fresh: Mapping[str, bytes], held: Mapping[str, bytes]) -> None:
        """Judge one change: pages before it, pages made anew after it, and what is still held."""
        same = {path for path in before if before[path] == fresh[path] and _NO_PAGE not in fresh[path]}
        stale = sum(body != fresh[path] for path, body in held.items())
        self.unchanged += len(same)
        self.kept += len(same & held.keys())
        self.stale += stale
        self.stale_changes += stale > 0
        self.wasted.update(kind_of(path) for path in same - held.keys())


Rule = Callable[[Event, Mapping[str, bytes]], set[str]]
"""The paths that a plugin drops for a change, of those it holds."""


def batcache(event: Event, held: Mapping[str, bytes]) -> set[str]:
    """The article, the home page and its feeds; nothing for a draft."""
    return {*event.slugs, "/", "/feed.xml", "/atom.xml", "/feed.json"} if event.is_public else set()


def wp_rocket(event: Event, held: Mapping[str, bytes]) -> set[str]:
    """The same, the articles before and after it, and lists.

    Those of home page, author, year and month with all their pages, those of its terms the first page. What it drops
    for a term that is new, which is everything, is left out: there are hardly any.
    """
    if not event.is_public:
        return set()
    exact = {*batcache(event, held), *event.neighbours, *event.terms, *event.dates}
    begins = ("/page/", event.author, *(f"{date}page/" for date in event.dates))
    return {path for path in held if path in exact or path.startswith(begins)}


def surge(event: Event, held: Mapping[str, bytes]) -> set[str]:
    """Every page that shows the article, and every list where one comes or goes."""
    named = tuple(slug.encode() for slug in event.slugs)
    shows = {path for path, body in held.items() if path in event.slugs or any(name in body for name in named)}
    lists = {path for path in held if not path.startswith(("/articles/", "/api/", "/sitemap", "/robots"))}
    return shows | lists if event.is_visible else shows


PLUGINS: dict[str, Rule] = {"Batcache": batcache, "WP Rocket": wp_rocket, "Surge": surge}


def kind_of(path: str) -> str:
    """What kind of page stands at a path."""
    first = path.strip("/").partition("?")[0].split("/")[0]
    return {"": "home", "page": "home", "atom.xml": "feed", "feed.xml": "feed", "feed.json": "feed"}.get(first, first)


@contextmanager
def opened(path: Path, *settings: str) -> Iterator[tuple[Site, Layers]]:
    """A site over a file, in whose cache no page ever grows old: only a purge makes it go."""
    with closing(open_site(path, parse_settings(settings), base_url=BASE)) as site:
        yield site, build_app(site, clock=lambda: 0.0)


def addresses(library: Library, every_slug: set[str]) -> list[str]:
    """All pages of a site, with those of articles that are gone."""
    lists = {"/": library.count()}
    lists |= {f"/tags/{term}/": count for term, count in library.terms("tag").entries}
    lists |= {f"/categories/{term}/": count for term, count in library.terms("category").entries}
    lists |= {f"/authors/{slug}/": count for slug, _, count in library.authors().entries}
    months = library.months().entries
    lists |= {f"/archive/{year}/{month:02}/": count for year, month, count in months}
    lists |= {f"/archive/{year}/": sum(count for other, _, count in months if other == year) for year, _, _ in months}
    paths = [path if number == 1 else f"{path}page/{number}/" for path, n in lists.items() for number in pages(n)]
    paths += ["/tags/", "/categories/", "/authors/", "/archive/", "/feed.xml", "/atom.xml", "/feed.json"]
    paths += ["/sitemap.xml", "/robots.txt", "/api/v1/articles", "/api/v1/articles?limit=100"]
    paths += [f"/search?q={words.replace(' ', '+')}" for words in SEARCHES]
    return paths + sorted(every_slug)


def pages(articles: int) -> range:
    """The numbers of the pages of a list, and one beyond, which is not there."""
    return range(1, -(-articles // 20) + 2)


class Changes:
    """Random changes of a site, the same for the same seed."""

    def __init__(self, site: Site, seed: int, mix: Mapping[str, int] = USUAL) -> None:
        self._site = site
        self._mix = mix
        self._slugs: list[str] = []
        self._random = random.Random(seed)
        self._ids = list(site.corpus.ids)
        self._made = 0

    def make(self) -> Event:
        """Change something."""
        kind = self._random.choices(list(self._mix), list(self._mix.values()))[0]
        editing, library = self._site.editing, self._site.library
        article_id = self._random.choice(self._ids)
        before = library.article_by_id(article_id)
        assert before is not None
        fields = to_fields(before, library.meta(article_id))
        neighbours = self._neighbours(before)
        self._made += 1
        if kind == "revise" and article_id in self._site.corpus.ids:
            with suppress(TakenError):
                editing.revise(article_id)
        elif kind == "body":
            text = from_fields(
                {**fields, "body": fields["body"] + f"\n## Addendum {self._made}\n\nAs it turned out.\n"}
            )
            editing.rewrite(article_id, text, None, etags=[before.etag])
        elif kind == "title":
            editing.rewrite(
                article_id, from_fields({**fields, "title": f"{before.title} ({self._made})"}), None, etags=None
            )
        elif kind == "terms":
            fields["tags"] = ", ".join([*before.tags[1:], self._random.choice(["python", "indexes", "late-news"])][:4])
            fields["tags"] = ", ".join(dict.fromkeys(fields["tags"].split(", ")))
            editing.rewrite(article_id, from_fields(fields), None, etags=None)
        elif kind in {"new", "settle"}:
            slug = self._free_slug() if kind == "settle" else ""
            change = editing.create(
                from_fields({**fields, "title": f"News {self._made}", "slug": slug}),
                self._random.choice(["published", "published", "draft"]),
                author_slug="editors",
                author_name="The editors",
            )
            article_id = change.article_id
            self._ids.append(article_id)
        elif kind == "rename":
            status = self._random.choice(["published", None, None])
            editing.rewrite(article_id, from_fields({**fields, "slug": self._free_slug()}), status, etags=None)
            self._slugs.append(before.slug)
        elif kind == "draft":
            editing.set_status(article_id, "draft")
        elif kind == "publish":
            drafts = library.drafts(limit=5)
            article_id = drafts[0].id if drafts else article_id
            before = library.article_by_id(article_id)
            neighbours = self._neighbours(before)
            editing.set_status(article_id, "published")
        elif kind == "delete" and len(self._ids) > 10:
            self._ids.remove(article_id)
            editing.delete(article_id)
        elif kind == "uncomment" and (said := library.comments(article_id, tags=[])[0]):
            editing.uncomment(said[0].id, MEMBER)
        elif before.status == "published":
            editing.comment(article_id, MEMBER, f"Well said, {self._made}")
        after = library.article_by_id(article_id)
        if after is not None:
            neighbours |= self._neighbours(after)
        states = [each for each in (before, after) if each is not None]
        moments = [datetime.fromtimestamp(each.published, UTC) for each in states]
        return Event(
            kind,
            article_id,
            frozenset(f"/articles/{each.slug}/" for each in states),
            frozenset(
                [f"/tags/{tag}/" for each in states for tag in each.tags]
                + [f"/categories/{one}/" for each in states for one in each.categories]
            ),
            f"/authors/{states[-1].author_slug}/",
            frozenset(f"/archive/{moment:{form}}/" for moment in moments for form in ("%Y", "%Y/%m")),
            neighbours,
            any(each.status == "published" for each in states),
            len({each.status for each in states}) > 1 or before is None or after is None or kind in {"new", "settle"},
        )

    def _free_slug(self) -> str:
        """A slug that no article has: one that some article had before, or a new one."""
        free = [slug for slug in self._slugs if self._site.library.article(slug) is None]
        return self._random.choice([*free[-3:], f"renamed-{self._made}"])

    def _neighbours(self, article: ArticleRecord) -> frozenset[str]:
        """The articles published just before and after one, of all and of those that share a category with it."""
        alike = (
            " AND id IN (SELECT article_id FROM article_term WHERE kind = 'category'"
            " AND term IN (SELECT value FROM json_each(?)))"
        )
        found = set()
        for sign, order in (("<", "DESC"), (">", "ASC")):
            for among, bindings in (("", ()), (alike, (json.dumps(article.categories),))):
                found.update(
                    self._site.library._connection.rows(
                        f"SELECT slug FROM article WHERE status = 'published' AND (published, id) {sign} (?, ?){among}"
                        f" ORDER BY published {order}, id {order} LIMIT 1",
                        (article.published, article.id, *bindings),
                    )
                )
        return frozenset(f"/articles/{slug}/" for (slug,) in found)


async def judge(
    path: Path,
    *,
    changes: int,
    seed: int,
    mix: Mapping[str, int] = USUAL,
    settings: tuple[str, ...] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Score]:
    """Change a site at random and judge, after every change, the real cache and the plugins' rules.

    Args:
        path: A database of the site, which is changed.
        changes: How many.
        seed: Of the changes.
        mix: What is done, and how often.
        settings: Of the site with the cache.
        progress: Called after every change with its number.

    Returns:
        Score by the name of the way; the site's own is ``anp``.
    """
    scores = {name: Score() for name in ("anp", *PLUGINS)}
    with opened(path, *settings) as (site, layers), opened(path, *settings, "page_cache=off") as (_, bare):
        cached, uncached = Reader(layers), Reader(bare)
        slugs = {f"/articles/{one.slug}/" for one in site.library.summaries(after=-1, limit=10**6, drafts=True)}
        made = Changes(site, seed, mix)
        paths = addresses(site.library, slugs)
        before = {one: (await uncached.get(one))[1] for one in paths}
        held: dict[str, bytes] = {}
        for number in range(changes):
            for one in paths:
                if one not in held:
                    await cached.get(one)
            event = made.make()
            slugs |= event.slugs
            fresh = {one: (await uncached.get(one))[1] for one in paths}
            answers = {one: await cached.get(one, (b"cache-control", b"only-if-cached")) for one in paths}
            held = {one: body for one, (told, body) in answers.items() if told[b"x-cache"] == b"HIT"}
            scores["anp"].add(before, fresh, held)
            for name, rule in PLUGINS.items():
                dropped = rule(event, before)
                scores[name].add(before, fresh, {one: before[one] for one in before if one not in dropped})
            paths = addresses(site.library, slugs)
            before = {one: fresh.get(one) or (await uncached.get(one))[1] for one in paths}
            # What is stale by mistake is not judged again.
            held = {one: body for one, body in held.items() if one in before and before[one] == body}
            progress(number + 1)
    return scores


class Reader:
    """Asks an application for pages, without a browser around it: there are very many of them."""

    def __init__(self, layers: Layers) -> None:
        self._app = layers.app

    async def get(self, address: str, *headers: tuple[bytes, bytes]) -> tuple[dict[bytes, bytes], bytes]:
        """The header fields and the body of the answer, or where it sends the reader on to."""
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", BASE.removeprefix("http://").encode()), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        told: dict[bytes, bytes] = {}
        parts: list[bytes] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            told.update(message.get("headers", []))
            parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return told, told.get(b"location", b"".join(parts))
