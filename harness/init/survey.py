"""A look at a site that is not ours, some dozen questions long: its addresses, its caches, its login form.

Nothing is sent but GET, one request at a time, and to nobody but the site. What is found is told as data; what follows
from it for a trial, ``texts`` says.
"""

from __future__ import annotations

import gzip
import io
import re
import ssl
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import ParseError

import httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from harness.errors import TargetError, UsageError
from locustfiles._html import Page
from locustfiles._urls import split_url
from results.cache_status import Reading, read
from results.design import NEVER_DECIDE
from results.routes import routes_of

SITEMAPS: Final = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
LOGIN_PAGES: Final = ("/login", "/wp-login.php", "/accounts/login/", "/account/login", "/users/sign_in", "/user/login")
MOST_SITEMAPS: Final = 50
MOST_BYTES: Final = 50 * 2**20
"""Of one sitemap, as the format has it."""

_ZIPF: Final = 0.8
"""How popularity falls with the place in a sitemap, as a swarm supposes."""

Trust = ssl.SSLContext | None
"""Whose certificates are believed; ``None``: the usual authorities'."""

_HEADERS: Final = {"user-agent": "anp-init"}
_HOPS: Final = 5
_TO_A_LOGIN: Final = re.compile(r"(?<![a-z])(?:log|sign)[ _-]?in|anmeld|connexion", re.IGNORECASE)
_TO_AN_ACT: Final = re.compile(
    r"(?:log|sign)[ _-]?(?:out|off)|delete|remove|cancel|subscribe|cart|basket|checkout|action=|[?&]add",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """What can be asked for.

    Attributes:
        source: The sitemap as a plan names it; ``None`` where there is none and the home page's links stand in.
        paths: In the order of the source.
        aliases: Hosts that the addresses name instead of the site's own.
    """

    source: str | None
    paths: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    def weights(self) -> list[float]:
        """How often each is asked for, relative to the others: a sitemap's order is taken for popularity."""
        return [1.0 if self.source is None else float(rank**-_ZIPF) for rank in range(1, len(self.paths) + 1)]

    def routes(self) -> dict[str, int]:
        """Addresses by route, the most requested route first."""
        count_of = Counter(routes_of(self.paths, self.weights()))
        return {route: count_of[route] for route in sorted(count_of, key=self.share, reverse=True)}

    def share(self, route: str) -> float:
        """The part of the requests that are for a route."""
        weights = self.weights()
        named = zip(routes_of(self.paths, weights), weights, strict=True)
        return sum(weight for name, weight in named if name == route) / sum(weights)

    def busiest(self) -> str:
        """The route of pages that is asked for most, home page and files aside where there is another."""
        routes = self.deciding()
        pages = [route for route in routes if route not in {"home", "asset", "other"}]
        return (pages or routes)[0]

    def deciding(self) -> list[str]:
        """Routes of which one may decide, the most requested first."""
        return [route for route in self.routes() if route not in NEVER_DECIDE]

    def example(self, route: str) -> str:
        """The first address of a route."""
        named = routes_of(self.paths, self.weights())
        return next((path for path, name in zip(self.paths, named, strict=True) if name == route), "/")


@dataclass(frozen=True, slots=True)
class LoginForm:
    """Where members log in.

    Attributes:
        page: Path of the page with the form.
        id: The form's id, or nothing.
        login: Name of the field for the name.
        password: That of the field for the password.
        link: The end of the link that leads there, as it stands on the home page for readers; or nothing.
    """

    page: str
    id: str
    login: str
    password: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        addresses: What can be asked for.
        login: Where members log in; ``None`` where no form was found.
    """

    addresses: Addresses
    login: LoginForm | None


@contextmanager
def visitor(url: str, trust: Trust = None) -> Iterator[httpx.Client]:
    """An HTTP client with cookies of its own, for one visitor of the site.

    Args:
        url: Origin of the site.
        trust: Whose certificates to believe.

    Raises:
        TargetError: The site no longer answers, or not in HTTP.
    """
    try:
        with httpx.Client(
            base_url=url, timeout=20.0, trust_env=False, verify=trust or True, headers=_HEADERS
        ) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TargetError(f"{url} does not answer ({error or type(error).__name__}). Is the site running?") from error


def ask(client: httpx.Client, path: str) -> httpx.Response:
    """Ask for a page, and follow redirects as long as they stay on the site."""
    return follow(client, client.get(path))


def follow(client: httpx.Client, response: httpx.Response) -> httpx.Response:
    """Follow redirects as long as they stay on the site."""
    for _ in range(_HOPS):
        after = response.next_request
        if after is None or _origin(after.url) != _origin(client.base_url):
            break
        response = client.send(after)
    return response


def survey(
    url: str,
    *,
    sitemap: str | None = None,
    aliases: Collection[str] = (),
    login_page: str | None = None,
    trust: Trust = None,
) -> Survey:
    """Look at a site.

    Args:
        url: Its origin.
        sitemap: Its sitemap, where that is known: a path, an address or a file.
        aliases: Further names of the site, as its addresses have them.
        login_page: Path of the page with the login form, where that is known.
        trust: Whose certificates to believe.

    Raises:
        TargetError: It does not answer, or sends its home page elsewhere.
        UsageError: The sitemap or login page that was given is none.
    """
    with visitor(url, trust) as client:
        home = ask(client, "/")
        if home.next_request is not None:
            raise TargetError(
                f"{url} sends its home page to {home.next_request.url.copy_with(raw_path=b'/')}, and nobody but the "
                "site itself is asked; if that is the site to try, give its address"
            )
        return Survey(
            _addresses(client, home, sitemap, aliases),
            _login_form(client, home, login_page),
        )


def cache_readings(url: str, path: str, trust: Trust = None) -> tuple[Reading, Reading]:
    """What the headers of a page say about caches, for the first reader and for the second."""
    found = []
    for _ in range(2):
        with visitor(url, trust) as client:
            found.append(read(dict(ask(client, path).headers)))
    return found[0], found[1]


def paths_of(urls: Sequence[str], own: str, aliases: Collection[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths among addresses that are the site's own, and the names other than ``own`` under which they are.

    Where the addresses hardly know the site under its own name, the host that most of them name is one of its names,
    as a copy of a site goes on to speak of the public one.
    """
    parts = [(host or own, path) for host, path in filter(None, map(_split, urls))]
    hosts = Counter(host for host, _ in parts)
    names = {own, *aliases}
    if not aliases and hosts and (most := hosts.most_common(1)[0][0]) != own:
        names.add(most)
    paths = dict.fromkeys(path for host, path in parts if host in names)
    return tuple(paths), tuple(sorted(name for name in hosts if name in names and name != own))


def _addresses(client: httpx.Client, home: httpx.Response, sitemap: str | None, aliases: Collection[str]) -> Addresses:
    own = client.base_url.host
    for source in [sitemap] if sitemap is not None else [*_of_robots(client), *SITEMAPS]:
        urls = _sitemap(client, source)
        if urls:
            paths, names = paths_of(urls, own, aliases)
            if paths:
                return Addresses(source, paths, names)
        if sitemap is not None:
            raise UsageError(
                f"--sitemap {sitemap} of {client.base_url} gives no address of the site; name a sitemap, or leave "
                "--sitemap out to have one looked for"
            )
    links = [
        urljoin(str(home.url), link.target) for link in Page(home.text).links if not _TO_AN_ACT.search(link.target)
    ]
    paths, names = paths_of([str(home.url.join("/")), *(link for link in links if "#" not in link)], own, [own])
    return Addresses(None, paths, names)


def _of_robots(client: httpx.Client) -> Iterator[str]:
    """The sitemaps that robots.txt names, by their paths: a copy of a site has them under its own address."""
    answer = ask(client, "/robots.txt")
    if answer.status_code == 200:
        for address in re.findall(r"(?im)^sitemap:\s*(\S+)", answer.text):
            if (split := _split(address)) is not None:
                yield split[1]


def _sitemap(client: httpx.Client, source: str) -> list[str]:
    """The addresses in a sitemap and those it leads to; none where it is none."""
    waiting, urls, asked = [source], [], 0
    while waiting and asked < MOST_SITEMAPS:
        content = _content(client, waiting.pop(0))
        asked += 1
        try:
            root = fromstring(content)
        except (ParseError, DefusedXmlException, ValueError):
            continue
        places = [(element.text or "").strip() for element in root.iter() if element.tag.rpartition("}")[2] == "loc"]
        kind = root.tag.rpartition("}")[2]
        if kind == "urlset":
            urls += places
        elif kind == "sitemapindex":
            waiting += [path for _, path in filter(None, map(_split, places))]
    return urls


def _content(client: httpx.Client, source: str) -> bytes:
    if source.startswith(("/", "http://", "https://")):
        answer = ask(client, source)
        content = answer.content if answer.status_code == 200 else b""
    else:
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise UsageError(f"--sitemap {source} cannot be read ({error.strerror})") from None
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MOST_BYTES + 1)
        except (OSError, EOFError):
            return b""
    return content if len(content) <= MOST_BYTES else b""


def _login_form(client: httpx.Client, home: httpx.Response, known: str | None) -> LoginForm | None:
    links: dict[str, str] = {}
    for link in Page(home.text).links:
        host, path = _split(urljoin(str(home.url), link.target)) or (None, "")
        is_own = host == client.base_url.host
        if is_own and (_TO_A_LOGIN.search(link.target) or _TO_A_LOGIN.search(link.words)):
            links.setdefault(path.partition("?")[0], f">{link.words}</a>")
    for page in [known] if known is not None else dict.fromkeys([*links, *LOGIN_PAGES]):
        answer = ask(client, page)
        form = next((form for form in Page(answer.text).forms if form.is_for_logins), None)
        if answer.status_code == 200 and form is not None:
            words = links.get(page, "")
            return LoginForm(page, form.id, form.login_field, form.passwords[0], words if words in home.text else "")
    if known is not None:
        raise UsageError(
            f"--login-page {known}: no form with a name and a password on that page of {client.base_url}; name the "
            "page that has one, or write the recipe by hand (docs/foreign-sites.md)"
        )
    return None


def is_act(target: str) -> bool:
    """Whether following a link may change something."""
    return bool(_TO_AN_ACT.search(target))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _split(address: str) -> tuple[str | None, str] | None:
    """Host and path of an http(s) address, as the swarm will send it; ``None`` where it is none."""
    try:
        return split_url(address)
    except ValueError:
        return None
