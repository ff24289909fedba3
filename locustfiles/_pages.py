"""The pages of a site as the traffic sees them: a table of addresses in sections, one section a route.

A row of the table has a number, which is the ``url`` of the record; a section says how its rows are worded and how
popular each is. Nothing here depends on who asks or when.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CARDS: Final = 20
"""Articles on one listing page of the reference site."""

_LISTINGS = 50  # nobody turns more pages than this

WRITES: Final = frozenset({"login", "edit", "purge"})
"""Routes that are asked with something other than GET."""

REDIRECT: Final = "redirect"
"""The route of a row that was answered with an address to follow."""


@dataclass(frozen=True, slots=True)
class Section:
    """The pages of one route.

    Attributes:
        size: Number of pages, at least one.
        path: Row of the section, from 0, to the path that is asked for, edited or purged.
        weights: How often each page is asked for, relative to the others; ``None``: by rank, with the plan's exponent.
        article: Row to article id, where a page belongs to one.
    """

    route: str
    size: int
    path: Callable[[int], str]
    weights: Sequence[float] | None = None
    article: Callable[[int], int] | None = None

    def cumulated(self, zipf: float) -> Floats:
        """Popularity summed up over the rows and scaled to one."""
        weights = np.arange(1, self.size + 1) ** -zipf if self.weights is None else np.asarray(self.weights, np.float64)
        sums = np.cumsum(weights)
        return np.asarray(sums / sums[-1])


class Pages:
    """The URL table of a site.

    Args:
        sections: In the order of their rows; the first is where requests go that a site has no page for.
        tour: Rows in the order in which a crawler visits them.
    """

    def __init__(self, sections: Sequence[Section], tour: Ints) -> None:
        self.sections = {section.route: section for section in sections}
        self.routes = tuple(self.sections)
        self.tour = tour
        sizes = [section.size for section in sections]
        self._firsts = np.concatenate([[0], np.cumsum(sizes)]).astype(int).tolist()
        self._paths: dict[int, str] = {}

    def __len__(self) -> int:
        return int(self._firsts[-1])

    def first(self, route: str) -> int:
        """The first row of a route's section."""
        return int(self._firsts[self.routes.index(route)])

    def code(self, url: int) -> int:
        """Position in ``routes`` of a row's route."""
        return bisect_right(self._firsts, url) - 1

    def route(self, url: int) -> str:
        """The route of a row."""
        return self.routes[self.code(url)]

    def article(self, url: int) -> int | None:
        """The article a row belongs to; None for any other page."""
        code = self.code(url)
        article = self.sections[self.routes[code]].article
        return None if article is None else article(url - self._firsts[code])

    def path(self, url: int) -> str:
        """The path of a row."""
        path = self._paths.get(url)
        if path is None:
            code = self.code(url)
            path = self._paths[url] = self.sections[self.routes[code]].path(url - self._firsts[code])
        return path


def reference_pages(
    articles: Sequence[int],
    slug: Callable[[int], str],
    tags: Mapping[str, int],
    queries: Sequence[str] = (),
    assets: Sequence[str] = (),
    sitemap_parts: int = 0,
) -> Pages:
    """The table of the reference site.

    Args:
        articles: Ids, the most popular first.
        slug: The slug of an article id.
        tags: How many of the most read articles carry each tag.
        queries: Search addresses, the most frequent first.
        assets: Addresses of style sheets and drawings.
        sitemap_parts: Parts of the sitemap beyond its index; 0 where it is one file.
    """
    listings = min(_LISTINGS, -(-len(articles) // CARDS)) - 1
    names = sorted(tags)
    images = [path for path in assets if path.startswith("/images/")]
    files = [path for path in assets if not path.startswith("/images/")]
    article = articles.__getitem__

    def address(row: int) -> str:
        return f"/articles/{slug(article(row))}/"

    found = [
        _one("home", "/"),
        _one("me", "/me"),
        Section("listing", listings, lambda row: f"/page/{row + 2}/", [(row + 1) ** -2.0 for row in range(listings)]),
        Section("tag", len(names), lambda row: f"/tags/{names[row]}/", [tags[name] for name in names]),
        Section("article", len(articles), address, None, article),
        Section("search", len(queries), queries.__getitem__),
        Section("static", len(files), files.__getitem__, [1.0] * len(files)),
        Section("image", len(images), images.__getitem__, [1.0] * len(images)),
        _one("feed", "/feed.xml"),
        _one("robots", "/robots.txt"),
        Section("sitemap", 1 + sitemap_parts, lambda row: f"/sitemap-{row}.xml" if row else "/sitemap.xml"),
        _one("login", "/login"),
        Section("edit", len(articles), address, None, article),  # what is edited; editors know where to send it
        _one("purge", "/anp/purge"),
    ]
    sections = [section for section in found if section.size]
    pages = Pages(sections, np.empty(0, np.int64))
    by_id = pages.first("article") + np.argsort(np.asarray(articles, np.int64), kind="stable")
    maps = pages.first("sitemap") + np.arange(1 + sitemap_parts)
    return Pages(sections, np.concatenate([[pages.first("robots")], maps, by_id]).astype(np.int64))


def listed_pages(
    paths: Sequence[str],
    routes: Sequence[str],
    weights: Sequence[float],
    own: Sequence[str] = (),
    login: str = "",
    apart: Collection[str] = (),
) -> Pages:
    """The table of a site of which only addresses are known.

    Args:
        paths: Addresses.
        routes: The route of each.
        weights: How often each is asked for.
        own: Addresses that only members ask for; route ``member``.
        login: Where members log in, if they can.
        apart: Routes that no tour leads to.
    """
    by_route: dict[str, list[int]] = {}
    for number, route in enumerate(routes):
        by_route.setdefault(route, []).append(number)
    sections = [
        Section(
            route,
            len(numbers),
            lambda row, numbers=numbers: paths[numbers[row]],  # type: ignore[misc]
            [weights[number] for number in numbers],
        )
        for route, numbers in by_route.items()
    ]
    tour = np.empty(len(paths), np.int64)
    tour[np.concatenate([np.asarray(numbers) for numbers in by_route.values()])] = np.arange(len(paths))
    if apart:
        tour = tour[[route not in apart for route in routes]]
    if own:
        sections.append(Section("member", len(own), own.__getitem__, [1.0] * len(own)))
    if login:
        sections.append(_one("login", login))
    sections.append(Section("purge", len(paths), paths.__getitem__, weights))
    return Pages(sections, tour)


def _one(route: str, path: str) -> Section:
    return Section(route, 1, lambda row: path, [1.0])
