"""Looking at a site before any load: is it what it should be, does a login really log in."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from harness.errors import TargetError
from synth import Corpus
from synth.people import member

_MARK: Final = re.compile(rb'<meta name="anp-mark" content="([^"]*)">')
_APP_MS: Final = re.compile(r"\bapp;dur=([0-9.]+)")
_TIMEOUT: Final = httpx.Timeout(10.0)


@contextmanager
def _visit(url: str) -> Iterator[httpx.Client]:
    """An HTTP client for a probe; it takes nothing from the environment, so no proxy stands between.

    Raises:
        TargetError: Nothing answers, or what answers is not HTTP.
    """
    try:
        with httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False) as http:
            yield http
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TargetError(f"{url} does not answer ({error or type(error).__name__}). Is the site running?") from error


def verify_pages(name: str, url: str, corpus: Corpus) -> None:
    """See that the site serves this corpus: its most popular article, whole and unedited, to an anonymous reader.

    Raises:
        TargetError: Saying what was expected and what came.
    """
    article = corpus.article(corpus.by_popularity()[0])
    path = f"/articles/{article.slug}/"
    with _visit(url) as http:
        response = http.get(path)
    want = {
        "page": "article",
        "id": str(article.id),
        "revision": str(article.revision),
        "digest": article.digest,
        "viewer": "anonymous",
    }
    got = _mark(response)
    if response.status_code != 200 or got != want:
        raise TargetError(
            f"site {name!r} answers {path} with status {response.status_code} and mark {got}; expected {want}. "
            f"It serves another corpus, or a broken build"
        )


def verify_login(name: str, url: str, seed: int = 0) -> None:
    """See that a member's login logs in that member, and that nobody is logged in without one.

    Raises:
        TargetError: Saying what was expected and what came.
    """
    one = member(0, seed)
    with _visit(url) as http:
        before = http.get("/me")
        login = http.post("/login", data={"login": one.login, "password": one.password})
        viewer = _mark(http.get("/me")).get("viewer")
    if before.status_code == 200 or viewer != one.id:
        raise TargetError(
            f"site {name!r}: login of {one.login!r} answered {login.status_code} and /me then shows viewer {viewer!r}; "
            f"expected {one.id!r}. Was the database imported with --members 0?"
        )


def purge(name: str, url: str) -> None:
    """Empty the page cache of a reference site.

    Raises:
        TargetError: It did not do it.
    """
    with _visit(url) as http:
        response = http.post("/anp/purge", json={"all": True})
    if response.status_code != 200:
        raise TargetError(f"site {name!r} answers a purge with status {response.status_code}; see its log")


def page_cost_ms(url: str, corpus: Corpus, pages: int = 60) -> float:
    """Median time the site itself needs for an article, milliseconds, from its ``Server-Timing``.

    The articles are taken from the unpopular end, so that neither page cache nor database has them at hand. The first
    third only warms the process up.
    """
    costs = []
    with _visit(url) as http:
        for article in map(corpus.article, corpus.by_popularity()[-pages:]):
            response = http.get(f"/articles/{article.slug}/")
            if match := _APP_MS.search(response.headers.get("server-timing", "")):
                costs.append(float(match.group(1)))
    if not costs:
        raise TargetError(f"{url} sends no Server-Timing app;dur; a rate cannot be found. Give one with --rate")
    return statistics.median(costs[len(costs) // 3 :])


def _mark(response: httpx.Response) -> Mapping[str, str]:
    found = _MARK.search(response.content[:2048])
    if found is None:
        return {}
    return dict(part.split("=", 1) for part in found.group(1).decode().split())
