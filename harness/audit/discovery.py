"""Which pages stand for a site: one kind for each first segment of an address, as the swarm names its routes.

They come from the home page, the sitemaps and robots.txt. Only the path of an address counts: whatever host a sitemap
speaks of, the site that was named is asked and no other. What could change something by being asked for, such as an
address that logs out, is left alone, and so is what robots.txt disallows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, urlencode, urljoin, urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from harness.audit.client import USER_AGENT, Client, token
from harness.audit.model import Subject
from harness.audit.reply import Reply
from harness.errors import TargetError, UsageError

MISSING: Final = "missing"
"""The kind of an address where nothing is."""

_MOST_KINDS: Final = 12
_ALWAYS: Final = ("home", "asset", "other")
_HOPS: Final = 3
_MOST_SITEMAPS: Final = 3
_MOST_ADDRESSES: Final = 50_000
_SIBLINGS: Final = 4
_ASSET: Final = re.compile(
    r"\.(?:css|m?js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|mp3|mp4|webm|pdf|wasm)$", re.IGNORECASE
)
_CHANGES: Final = re.compile(
    r"(?i)log-?out|sign-?out|log-?off|unsubscribe|delete|remove|destroy|add-to-|cart|checkout|confirm|activate|nonce="
)
_AS_SENT: Final = "!$%&'()*+,/:;=?@[]|~"
_FEEDS: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json")


@dataclass(slots=True)
class Site:
    """What was found.

    Attributes:
        subjects: The kinds.
        listed: Paths that the site itself calls addresses of pages, in a sitemap.
        asked: Replies by path, which need not be asked for again.
    """

    subjects: list[Subject] = field(default_factory=list)
    listed: frozenset[str] = frozenset()
    asked: dict[str, Reply] = field(default_factory=dict)


def named(paths: Iterable[str]) -> list[Subject]:
    """The kinds of addresses that were given; each is one of its own."""
    return [Subject(kind_of(path), path) for path in paths]


def discover(client: Client, sitemap: str | None) -> Site:
    """Find the kinds of pages of a site.

    Args:
        client: A reader.
        sitemap: Path of its sitemap; None: those that robots.txt names, else ``/sitemap.xml``.

    Raises:
        UsageError: The sitemap that was named is none.
    """
    robots = client.get("/robots.txt")
    rules = RobotFileParser()
    rules.parse(robots.body.decode("utf-8", "replace").splitlines() if robots.status == 200 else [])
    places = [sitemap] if sitemap else [_path_of(place, client.origin) for place in rules.site_maps() or ()]
    listed = list(_listed(client, [place for place in places if place] or ["/sitemap.xml"], required=bool(sitemap)))
    home = landing = client.get("/")
    for _ in range(_HOPS):
        leads = urljoin(client.origin + landing.path, landing.headers.get("location", ""))
        if not 300 <= landing.status < 400 or leads == client.origin + landing.path:
            break
        if not (path := _own(leads, client.origin)):
            raise TargetError(f"{client.origin} leads to {leads}; if you may audit that site, name it instead")
        landing = client.get(path)
    links = _Links()
    if landing.is_html:
        links.feed(landing.body.decode("utf-8", "replace"))
        links.close()
    addresses = [path for link in links.pages if (path := _own(link, client.origin + landing.path))]
    files = [path for link in links.files if (path := _own(link, client.origin + landing.path))]
    feeds = [path for link in links.feeds if (path := _own(link, client.origin + landing.path))]
    paths = [
        path
        for path in (*([landing.path] if landing.path != "/" else []), *listed, *addresses, *files)
        if rules.can_fetch(USER_AGENT, client.origin + path) and not _CHANGES.search(path) and path not in feeds
    ]
    subjects = [
        Subject(kind, found[0], tuple(dict.fromkeys(found[1:]))[:_SIBLINGS]) for kind, found in _kinds(paths).items()
    ]
    subjects += [Subject("feed", feeds[0], tuple(feeds[1:]))] if feeds else []
    if links.search is not None and (path := _own(links.search, client.origin + landing.path)):
        subjects.append(Subject("search", f"{path}?{urlencode({links.word: _a_word(landing)})}"))
    subjects += _redirect(subjects)
    subjects.append(Subject(MISSING, f"/{token()}"))
    return Site(subjects, frozenset(listed), {"/": home, landing.path: landing})


def kind_of(path: str) -> str:
    """The kind of an address, named as the swarm names routes."""
    place = urlsplit(path).path
    if _ASSET.search(place):
        return "asset"
    first, slash, _ = place.lstrip("/").partition("/")
    if not first:
        return "home" if path == "/" else "other"
    return first if slash or "." not in first else "other"


def _kinds(paths: Iterable[str]) -> dict[str, list[str]]:
    """Addresses by kind; where there are too many kinds, the largest, and the rest as one."""
    kinds: dict[str, list[str]] = {"home": ["/"]}
    for path in paths:
        kinds.setdefault(kind_of(path), []).append(path)
    if len(kinds) > _MOST_KINDS:
        largest = sorted((kind for kind in kinds if kind not in _ALWAYS), key=lambda kind: -len(set(kinds[kind])))
        for kind in largest[_MOST_KINDS - len(_ALWAYS) :]:
            kinds.setdefault("other", []).extend(kinds.pop(kind))
    return kinds


def _redirect(subjects: Iterable[Subject]) -> Iterator[Subject]:
    """A list without the slash at its end: many sites redirect there."""
    for subject in subjects:
        if subject.path.endswith("/") and subject.path.count("/") == 2:
            yield Subject("redirect", subject.path[:-1])
            return


def _listed(client: Client, places: list[str], *, required: bool) -> Iterator[str]:
    """The paths that sitemaps name."""
    waiting, read, found = list(places), 0, 0
    while waiting and read < _MOST_SITEMAPS:
        place = waiting.pop(0)
        read += 1
        answer = client.get(place)
        try:
            if answer.status != 200:
                raise ParseError
            root = fromstring(answer.body)
        except (ParseError, DefusedXmlException):
            if required:
                raise UsageError(
                    f"{client.origin}{place} is no sitemap (status {answer.status}); name one, such as /sitemap.xml"
                ) from None
            continue
        texts = [(element.text or "").strip() for element in root.iter() if element.tag.rpartition("}")[2] == "loc"]
        paths = [path for text in texts if (path := _path_of(text, client.origin))]
        if root.tag.rpartition("}")[2] == "sitemapindex":
            waiting += paths
            continue
        yield from paths[: _MOST_ADDRESSES - found]
        found += len(paths)


def _path_of(address: str, origin: str) -> str:
    """Path and query of an address of whatever host; empty where it has none."""
    try:
        parts = urlsplit(urljoin(origin, address))
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    return quote(parts.path or "/", _AS_SENT) + (f"?{quote(parts.query, _AS_SENT)}" if parts.query else "")


def _own(link: str, page: str) -> str:
    """Path and query of a link on a page, where it leads to the same site."""
    try:
        leads, site = urlsplit(urljoin(page, link.strip())), urlsplit(page)
    except ValueError:
        return ""
    same = (leads.scheme, leads.netloc) == (site.scheme, site.netloc)
    return _path_of(link.strip(), page) if same and link.strip() else ""


def _a_word(page: Reply) -> str:
    """A word to search for: one that a page has."""
    text = re.sub(rb"<(script|style).*?</\1>|<[^>]*>", b" ", page.body, flags=re.DOTALL | re.IGNORECASE)
    words = re.findall(r"\b[a-z]{5,12}\b", text.decode("utf-8", "replace"))
    return max(words, key=words.count, default="hello")


class _Links(HTMLParser):
    """Collects what a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.files: list[str] = []
        self.feeds: list[str] = []
        self.search: str | None = None
        self.word = ""
        self._form: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        relation = has.get("rel", "").lower().split()
        if tag == "a" and has.get("href"):
            self.pages.append(has["href"])
        elif tag == "link" and has.get("type", "").lower() in _FEEDS:
            self.feeds.append(has.get("href", ""))
        elif tag == "link" and {"stylesheet", "icon"} & set(relation):
            self.files.append(has.get("href", ""))
        elif tag in {"script", "img"} and has.get("src"):
            self.files.append(has["src"])
        elif tag == "form":
            self._form = has.get("action", "") if has.get("method", "get").lower() == "get" else None
        elif tag == "input" and self._form is not None and self.search is None:
            kind, name = has.get("type", "text").lower(), has.get("name", "")
            if name and (kind == "search" or name in {"q", "s", "query", "search"}):
                self.search, self.word = self._form, name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
