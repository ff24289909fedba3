"""What the swarm asks a site besides pages: who it is, what it has counted, and to empty its cache.

Everything here runs outside the measured window.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import synth
from locustfiles._client import Client, Origin, Reply
from locustfiles._errors import LoginError, SwarmError
from locustfiles._oracle import expected_mark, head, mark
from locustfiles._plan import Pages
from results.plan import Arm
from synth.people import member

_TAG_SOURCE = 60  # the most read articles; their tags are the ones people follow


@dataclass(frozen=True, slots=True)
class Site:
    """An arm's site as it describes itself at ``/anp/about``."""

    arm: Arm
    origin: Origin
    about: dict[str, Any]


def survey(arm: Arm) -> Site:
    """Ask the site of an arm who it is.

    Raises:
        SwarmError: It does not answer, or is not the reference site.
    """
    origin = Origin(arm.url)
    client = Client(origin)
    try:
        reply = client.get("/anp/about")
    finally:
        client.close()
    if reply.error != "none":
        raise SwarmError(f"the target {arm.url} does not answer ({reply.error}); start it, or check the URL")
    about = _json(reply)
    if about is None or about.get("site") != "anp-reference":
        raise SwarmError(f"{arm.url} is not the anp reference site (nothing of it at /anp/about); start one: anp serve")
    return Site(arm, origin, about)


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
        SwarmError: The site did not do it.
    """
    client = Client(site.origin)
    try:
        reply = client.post("/anp/purge", b'{"all": true}', "application/json")
    finally:
        client.close()
    if reply.error != "none" or reply.status not in {200, 204}:
        raise SwarmError(f"{site.arm.url} did not purge its cache (status {reply.status}, {reply.error}); see its log")


def log_in(client: Client, index: int, seed: int) -> str:
    """Log a member in and make sure of it on the member's own page.

    Args:
        client: A visitor without cookies.
        index: The member's number.
        seed: The corpus's seed, which also makes its members.

    Returns:
        The member's id, as content marks name the viewer.

    Raises:
        LoginError: The site refused, or shows somebody else's page.
    """
    person = member(index, seed)
    reply = client.post_form("/login", {"login": person.login, "password": person.password})
    if reply.error != "none" or reply.status != 303:
        raise LoginError(
            f"member {person.id} could not log in at {client.url} (status {reply.status}, {reply.error}); "
            "was the site imported with enough members?"
        )
    reply = client.get("/me")
    page = head(reply.body, reply.headers.get(b"content-encoding", b"")) or b""
    if (got := mark(page)) != (expected := expected_mark("me", person.id)):
        raise LoginError(f"after the login of {person.id} at {client.url}, /me says {got!r} instead of {expected!r}")
    return person.id


def corpus_of(about: dict[str, Any]) -> synth.Corpus:
    """The corpus a site says it serves.

    Raises:
        SwarmError: This version of the synthesizer does not know it.
    """
    try:
        return synth.Corpus.from_dict(about["corpus"])
    except (synth.SynthError, KeyError, TypeError) as error:
        raise SwarmError(f"the site serves a corpus this version cannot make: {error}") from error


def pages_of(corpus: synth.Corpus) -> Pages:
    """The URL table of the reference site over a corpus."""
    articles = corpus.by_popularity()
    tags = Counter(tag for article in articles[:_TAG_SOURCE] for tag in corpus.article(article).tags)

    def slug(id: int) -> str:
        return synth.slug(id, profile=corpus.profile, seed=corpus.seed)

    return Pages(articles, slug, dict(tags))


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
