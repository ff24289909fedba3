"""What the swarm asks a site besides pages: who it is, what it has counted, log-ins, edits and purges."""

from __future__ import annotations

import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote_plus, urljoin, urlsplit

import synth
from locustfiles._client import Client
from locustfiles._coding import decode
from locustfiles._errors import LoginError, SwarmError
from locustfiles._oracle import Finding, expected_mark, head, judge, mark
from locustfiles._origin import Origin, follow
from locustfiles._pages import Pages, reference_pages
from locustfiles._reply import Reply
from locustfiles._tls import certified_names
from results.cache_status import read
from results.plan import Arm, SwarmPlan
from synth.people import member

PURGE_TOKEN = "ANP_PURGE_TOKEN"
"""Environment variable with the token that the reference site was started with, if any."""

_TAG_SOURCE = 60  # the most read articles; their tags are the ones people follow
_QUERIES = 200
_SITEMAP_PART = 50_000  # addresses in one part of the reference site's sitemap
_HOPS = 5
_SAMPLE = 8  # addresses tried before a site is said to answer none of them
_NAMES = 5  # of a certificate, in an error
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Site:
    """An arm's site, and what it says of itself at ``/anp/about``; nothing where it is not the reference site.

    Attributes:
        revisions: Article id to revision, of those that were edited before.
    """

    arm: Arm
    origin: Origin
    about: dict[str, Any] | None
    revisions: dict[int, int]


def reach(arm: Arm, plan: SwarmPlan) -> Origin:
    """The origin of an arm."""
    return Origin(arm.url, ca_file=plan.ca_file, insecure=plan.insecure)


def survey(arm: Arm, plan: SwarmPlan, *, listed: bool) -> Site:
    """Ask the site of an arm who it is.

    Args:
        arm: Which.
        plan: How it is reached.
        listed: Its addresses are known from elsewhere; it need not be the reference site.

    Raises:
        SwarmError: It does not answer, speaks only TLS, or is not the reference site and its addresses are not known.
    """
    origin = reach(arm, plan)
    client = Client(origin)
    try:
        reply = client.get("/anp/about")
        if reply.error != "none":
            raise SwarmError(
                f"the target {arm.url} does not answer ({_outcome(reply)}); {_remedy(origin, plan, reply)}"
            )
        if _wants_tls(origin, reply):
            raise SwarmError(
                f"the target {arm.url} speaks TLS and refuses plain HTTP (status {reply.status}); give its address as "
                f"{_over_tls(origin)}"
            )
        about = _json(reply)
        if about is None or about.get("site") != "anp-reference":
            if not listed:
                if elsewhere := _elsewhere(origin, "/anp/about", reply):
                    raise SwarmError(_is_elsewhere(arm, "/anp/about", elsewhere))
                raise SwarmError(
                    f"{arm.url} is not the anp reference site (nothing of it at /anp/about); start one with anp serve, "
                    "or say what to ask for: --urls, --sitemap or --access-log"
                )
            return Site(arm, origin, None, {})
        revisions = (_json(client.get("/anp/revisions")) or {}).get("revisions", {})
    finally:
        client.close()
    return Site(arm, origin, about, {int(article): int(revision) for article, revision in revisions.items()})


def require_pages(site: Site, paths: Sequence[str]) -> None:
    """Refuse a site that sends whoever asks for a page to another origin: no load would reach a page of it.

    Some of the addresses are asked for, spread over all of them, until one is answered in another way. Redirects within
    the site are followed, as they are under load.

    Args:
        site: As surveyed.
        paths: What will be asked for.

    Raises:
        SwarmError: Every address that was tried leads elsewhere.
    """
    tried = list(dict.fromkeys(paths[len(paths) * number // _SAMPLE] for number in range(_SAMPLE)))
    elsewhere = ""
    client = Client(site.origin)
    try:
        for path in tried:
            elsewhere = _leads_elsewhere(client, path)
            if not elsewhere:
                return
    finally:
        client.close()
    what = tried[0] if len(tried) == 1 else f"each of the {len(tried)} addresses tried"
    raise SwarmError(_is_elsewhere(site.arm, what, elsewhere))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a log-in.

    Attributes:
        is_checked: Whether its answer was checked; ``finding`` is what was wrong with it.
        problem: The same in words for whoever set the log-in up, with the remedy; empty where nothing more is known.
    """

    route: str
    method: str
    path: str
    reply: Reply
    is_checked: bool
    finding: Finding | None
    problem: str = ""


class Accounts(Protocol):
    """Members of a site, by number."""

    def name(self, index: int) -> str:
        """Who a member is, as checks name the viewer."""

    def login(self, index: int) -> str:
        """What a member types to get in."""

    def enter(self, client: Client, index: int) -> Iterator[Exchange]:
        """Log a member in, request by request, up to a page that shows who has come in; ends early where it failed."""


class Editing(Protocol):
    """How articles are edited."""

    def edit(self, client: Client, article: int) -> tuple[Reply, int | None, Finding | None]:
        """Store the next edition of an article; gives its revision where that was done, and what was wrong with it."""


class Purging(Protocol):
    """How pages are dropped from a cache."""

    method: str

    def purge(self, client: Client, path: str) -> Reply:
        """Drop what is at ``path``, or everything."""


def log_in(accounts: Accounts, client: Client, index: int, tell: Callable[[Exchange], object] | None = None) -> float:
    """Log a member in and make sure of it; gives the milliseconds that the log-in itself took, checks apart.

    Args:
        accounts: Who can log in.
        client: Whose connection and cookies it will be.
        index: Which member.
        tell: Called with each exchange.

    Raises:
        LoginError: The site refused, or shows somebody else's page.
    """
    spent, was_checked = 0.0, False
    for exchange in accounts.enter(client, index):
        reply = exchange.reply
        if tell is not None:
            tell(exchange)
        if reply.error != "none" or exchange.finding is not None:
            asked = f"{exchange.method} {exchange.path}"
            if reply.error != "none":
                what = f"{asked} was not answered ({_outcome(reply)}); see the log of the site"
            elif exchange.problem:
                what = exchange.problem
            else:
                assert exchange.finding is not None
                what = f"{asked} gave {_outcome(reply)}; expected {exchange.finding.expected}"
                if exchange.finding.got != f"status {reply.status}":
                    what += f", got {exchange.finding.got}"
                what += "; does the site have this account?"
            raise LoginError(f"member {accounts.name(index)} could not log in at {client.origin.url}: {what}")
        if exchange.route == "login":
            spent += reply.end - reply.sent
        was_checked = was_checked or exchange.is_checked
    if not was_checked:
        raise LoginError(f"nothing shows that {accounts.name(index)} is logged in at {client.origin.url}")
    return spent * 1e3


class ReferenceAccounts:
    """The members of the reference site, made from its corpus's seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def name(self, index: int) -> str:
        """The member's id."""
        return member(index, self._seed).id

    def login(self, index: int) -> str:
        """See ``Accounts``."""
        return member(index, self._seed).login

    def enter(self, client: Client, index: int) -> Iterator[Exchange]:
        """See ``Accounts``."""
        person = member(index, self._seed)
        reply = client.post_form("/login", {"login": person.login, "password": person.password})
        refused = None
        if reply.error == "none" and reply.status != 303:
            refused = Finding("not_logged_in", "status 303", f"status {reply.status}")
        yield Exchange("login", "POST", "/login", reply, False, refused)
        if reply.error != "none" or refused is not None:
            return
        reply = client.get("/me")
        expected = expected_mark("me", person.id)
        got = mark(head(reply.body, reply.headers.get(b"content-encoding", b"")) or b"")
        verdict = judge(expected, got)
        wrong = None if verdict == "ok" else Finding(verdict, expected, got or f"no mark, status {reply.status}")
        yield Exchange("me", "GET", "/me", reply, True, wrong)


class ReferenceDesk:
    """Edits and purges of the reference site."""

    method = "POST"

    def __init__(self, corpus: synth.Corpus) -> None:
        self._corpus = corpus

    def edit(self, client: Client, article: int) -> tuple[Reply, int | None, Finding | None]:
        """See ``Editing``; the digest that the site stored must be the corpus's."""
        reply = client.post("/anp/edit", json.dumps({"article": article}).encode(), _JSON, _token())
        answer = _json(reply)
        if answer is None:
            return reply, None, None
        expected = {"article": article, "revision": answer.get("revision")}
        try:
            expected["digest"] = self._corpus.article(article, revision=int(answer["revision"])).digest
        except (synth.SynthError, KeyError, TypeError, ValueError):
            return reply, None, Finding("wrong_revision", "a revision that the corpus has", str(answer)[:200])
        got = {name: answer.get(name) for name in expected}
        if got != expected:
            return reply, None, Finding("wrong_article", str(expected), str(got))
        return reply, int(answer["revision"]), None

    def purge(self, client: Client, path: str) -> Reply:
        """Empty the page cache."""
        return client.post(path, b'{"all": true}', _JSON, _token())


class PurgeMethod:
    """Purges of other sites' caches by the ``PURGE`` method, as Varnish, nginx and Squid set-ups understand it."""

    method = "PURGE"

    def purge(self, client: Client, path: str) -> Reply:
        """Drop the page at ``path``."""
        return client.request("PURGE", path)


def fetch(url: str, plan: SwarmPlan) -> bytes:
    """The body at a URL, such as a sitemap's; redirects on its host are followed.

    Raises:
        SwarmError: There is no whole answer of status 200.
    """
    origin = Origin(url, ca_file=plan.ca_file, insecure=plan.insecure)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    client = Client(origin)
    try:
        reply = client.get(path)
        for _ in range(_HOPS):
            target = origin.resolve(path, reply.location)
            if follow(reply.status, "GET") is None or target is None:
                break
            path = target
            reply = client.get(path)
    finally:
        client.close()
    if reply.error != "none" or reply.status != 200:
        remedy = _remedy(origin, plan, reply) if reply.error == "tls" else "check the address"
        raise SwarmError(f"{url} cannot be fetched ({_outcome(reply)}); {remedy}")
    body = decode(reply.body, reply.headers.get(b"content-encoding", b""))
    if body is None:
        raise SwarmError(f"{url} came in a form that cannot be read; fetch it by hand and give the file")
    return body


def statistics(site: Site) -> dict[str, Any] | None:
    """The site's own counters; None where it no longer answers."""
    client = Client(site.origin)
    try:
        return _json(client.get("/anp/stats"))
    finally:
        client.close()


def purge(site: Site) -> None:
    """Empty the page cache.

    Raises:
        SwarmError: The site did not do it, or a cache stands before it, which keeps its pages whatever the site does.
    """
    client = Client(site.origin)
    try:
        if outer := " and ".join(_outer_caches(client.get("/"))):
            raise SwarmError(
                f"--prepare cold empties the site's own cache, not one before it, and {outer} tells of one at "
                f"{site.arm.url}; empty that by hand and use natural, or swarm the site itself"
            )
        reply = client.post("/anp/purge", b'{"all": true}', _JSON, _token())
    finally:
        client.close()
    if reply.error != "none" or reply.status not in {200, 204}:
        raise SwarmError(f"{site.arm.url} did not purge its cache ({_outcome(reply)}); see its log")


def pages_of(corpus: synth.Corpus, assets: list[str]) -> Pages:
    """The URL table of the reference site over a corpus."""
    articles = corpus.by_popularity()
    popular = [corpus.article(article) for article in articles[:_TAG_SOURCE]]
    tags = Counter(tag for article in popular for tag in article.tags)

    def slug(id: int) -> str:
        return synth.slug(id, profile=corpus.profile, seed=corpus.seed)

    queries = [f"/search?q={quote_plus(words)}" for words in _queries(popular)]
    parts = -(-len(articles) // _SITEMAP_PART)
    return reference_pages(articles, slug, dict(tags), queries, assets, parts if parts > 1 else 0)


def _queries(articles: list[synth.Article]) -> list[str]:
    """What people look for: the tags of popular articles and the first words of their titles, mixed."""
    found: dict[str, None] = {}
    for article in articles:
        words = article.title.casefold().split()
        for query in (*article.tags[:1], " ".join(words[:2]), *article.tags[1:2], " ".join(words[-2:])):
            cleaned = " ".join("".join(c if c.isalnum() else " " for c in query).split())
            if cleaned:
                found[cleaned] = None
    return list(found)[:_QUERIES]


def _token() -> list[tuple[str, str]]:
    """What the reference site asks of whoever changes it from another machine."""
    token = os.environ.get(PURGE_TOKEN)
    return [("X-Anp-Token", token)] if token else []


def _outcome(reply: Reply) -> str:
    """What is known of how a request ended, in words."""
    status = f"status {reply.status}" if reply.status else ""
    if reply.error == "none":
        return status
    failure = f"{reply.error}: {reply.reason}" if reply.reason else reply.error
    return f"{status}, then {failure}" if status else failure


def _remedy(origin: Origin, plan: SwarmPlan, reply: Reply) -> str:
    """What helps against an exchange that failed."""
    if reply.error != "tls":
        is_cut_off = origin.tls is None and reply.error in {"closed", "protocol"}
        return "start it, or check the URL" + (f"; if it speaks TLS, write {_over_tls(origin)}" if is_cut_off else "")
    if "version" in reply.reason or "record layer" in reply.reason:
        return f"if it speaks plain HTTP, write http://{origin.url.partition('://')[2]}"
    if "mismatch" not in reply.reason:
        return "name its authority with --ca-file FILE, or trust it as it is with --insecure"
    names = certified_names(origin.addresses[0], origin.host, plan.ca_file)
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    known = f": {', '.join(names[:_NAMES])}{more}" if names else ""
    return f"give the host by a name that its certificate is for{known}; or trust it as it is with --insecure"


def _wants_tls(origin: Origin, reply: Reply) -> bool:
    """Whether a server says that it expected TLS, as web servers do on a port of theirs that speaks it."""
    if origin.tls is not None or reply.status != 400:
        return False
    words = (decode(reply.body, reply.headers.get(b"content-encoding", b"")) or b"").lower()
    return b"plain http" in words or b"http request to an https server" in words


def _over_tls(origin: Origin) -> str:
    return f"https://{origin.url.partition('://')[2]}"


def _leads_elsewhere(client: Client, path: str) -> str:
    """The origin that a page's redirects lead to, beyond the site; empty where they do not."""
    for _ in range(_HOPS):
        reply = client.get(path)
        if reply.error != "none" or follow(reply.status, "GET") is None:
            return ""
        target = client.origin.resolve(path, reply.location)
        if target is None:
            return _elsewhere(client.origin, path, reply)
        path = target
    return ""


def _elsewhere(origin: Origin, path: str, reply: Reply) -> str:
    """The other origin that an answer redirects to; empty where it does not."""
    if follow(reply.status, "GET") is None or origin.resolve(path, reply.location) is not None:
        return ""
    try:
        target = urlsplit(urljoin(origin.url + path, reply.location))
    except ValueError:
        return ""
    is_origin = target.scheme in {"http", "https"} and target.hostname
    return f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if is_origin else ""


def _is_elsewhere(arm: Arm, what: str, elsewhere: str) -> str:
    return (
        f"{arm.url} redirects {what} to {elsewhere}, and the swarm asks nobody but the target it was given; "
        f"if you may load that one, give {elsewhere} instead of {arm.url}"
    )


def _outer_caches(reply: Reply) -> list[str]:
    """The caches that an answer passed after the application's own."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.headers.items()}
    rings = {layer.provider: layer.ring for layer in read(headers).layers}
    return [provider for provider, ring in rings.items() if ring not in {"part", "application"}]


def _json(reply: Reply) -> dict[str, Any] | None:
    if reply.error != "none" or reply.status != 200:
        return None
    try:
        body = reply.body
        if reply.headers.get(b"content-encoding") == b"gzip":
            body = zlib.decompress(body, wbits=47)
        data = json.loads(body)
    except (ValueError, zlib.error):
        return None
    return data if isinstance(data, dict) else None
