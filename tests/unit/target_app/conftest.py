"""A small imported corpus, and sites opened over copies of it."""

import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from synth import Corpus, people
from target_app.access_log import AccessLog
from target_app.api import make_api
from target_app.app import Layers, build_app
from target_app.importer import import_corpus
from target_app.settings import parse_settings
from target_app.site import Site, open_site
from tests import structured

CORPUS = Corpus(first_id=11730, count=45)
MEMBERS = 3
BASE = "http://site.example"


@dataclass
class Opened:
    """A site in this process: its parts, and a way to talk to it."""

    site: Site
    layers: Layers

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A browser without history."""
        transport = httpx.ASGITransport(app=self.layers.app, raise_app_exceptions=False)
        hooks = {"response": [_check]}
        async with httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks=hooks) as client:
            yield client

    @asynccontextmanager
    async def member(self, index: int) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which a member has signed in."""
        person = people.member(index, seed=CORPUS.seed)
        async with self.client() as client:
            answer = await client.post("/login", data={"login": person.login, "password": person.password})
            assert answer.status_code == 303, answer.text
            yield client

    def article_path(self, place: int = 0) -> str:
        """The path of one of the articles."""
        return f"/articles/{CORPUS.article(CORPUS.first_id + place).slug}/"


async def _check(answer: httpx.Response) -> None:
    """Whatever a test asks, the structured fields of the answer must be right."""
    structured.check(answer.headers.multi_items())


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on the loop the site runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that holds the small corpus; not to be written."""
    path = tmp_path_factory.mktemp("imported") / "site.db"
    import_corpus(path, CORPUS, members=MEMBERS)
    return path


class _ApiWhenAsked:
    """The JSON side of a site, made when it is asked something: most tests ask nothing, and making it takes longest."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    @cached_property
    def _api(self) -> ASGIApp:
        return make_api(*self._parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api(scope, receive, send)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


@pytest.fixture
def open_copy(imported: Path, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens sites over fresh copies of the imported database; arguments are ``NAME=VALUE`` settings."""
    opened: list[Site] = []

    def open_it(
        *assignments: str,
        hosts: tuple[str, ...] = (),
        purge_token: str | None = None,
        log: AccessLog | None = None,
        server_timing: str = "public",
        base_url: str = BASE,
    ) -> Opened:
        path = tmp_path / f"{len(opened)}.db"
        shutil.copy(imported, path)
        site = open_site(path, parse_settings(assignments), base_url=base_url, purge_token=purge_token)
        opened.append(site)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("target_app.app.make_api", _ApiWhenAsked)
            return Opened(site, build_app(site, hosts=hosts, log=log, server_timing=server_timing))

    yield open_it
    for site in opened:
        site.close()


_OF_NOBODY = re.compile(
    r"\s*(?:PRAGMA|BEGIN|COMMIT|ROLLBACK)\b"
    r"|SELECT tag, number FROM generation\b|SELECT coalesce\(max\(number\), 0\) FROM generation\b"
    r"|.* 'main'\.'\w+_(?:config|data|idx|docsize|content)'",
    re.IGNORECASE,
)
"""Statements that look nothing up, those by which a process learns what others have changed, and what the full-text
index asks of its own tables when it is opened for a statement that is prepared."""


@pytest.fixture
def traced() -> Iterator[list[str]]:
    """Every statement that SQLite itself says it runs, on any connection that is opened from now on.

    Left out is what no request is charged with, and what SQLite runs as a part of another statement: triggers, and
    queries of virtual tables.
    """
    statements: list[str] = []
    running: set[int] = set()

    def note(event: dict[str, Any]) -> None:
        if event["code"] == apsw.SQLITE_TRACE_PROFILE:
            running.discard(event["id"])
        elif not event["trigger"] and event["id"] not in running:  # else a foreign key acts, under the same text
            running.add(event["id"])
            if _OF_NOBODY.match(event["sql"]) is None:
                statements.append(event["sql"])

    def watch(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, note, id="tests")

    apsw.connection_hooks.append(watch)
    yield statements
    apsw.connection_hooks.remove(watch)
