"""Several processes over one file, here as several sites in one: what one changes, the others serve at once."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.app import Layers
from target_app.database import Desk, Generations
from target_app.site import Site
from tests.purge_oracle import BASE, opened
from tests.unit.target_app.conftest import CORPUS

pytestmark = pytest.mark.anyio
ARTICLE = f"/articles/{CORPUS.article(CORPUS.first_id).slug}/"
OTHER = f"/articles/{CORPUS.article(CORPUS.first_id + 7).slug}/"


@pytest.fixture
def path(imported: Path, tmp_path: Path) -> Path:
    """A copy of the imported database."""
    copy = tmp_path / "shared.db"
    copy.write_bytes(imported.read_bytes())
    return copy


@pytest.fixture
def pair(path: Path) -> Iterator[list[tuple[Site, Layers]]]:
    """Two sites over one file."""
    with ExitStack() as stack:
        yield [stack.enter_context(opened(path)) for _ in range(2)]


def client(layers: Layers) -> httpx.AsyncClient:
    """A browser of one of them."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=layers.app), base_url=BASE)


async def test_a_change_through_one_is_seen_through_the_other_at_the_next_request(
    pair: list[tuple[Site, Layers]],
) -> None:
    """A hundred times, back and forth: the very next answer is the new page, and pages it does not touch stay hits."""
    async with client(pair[0][1]) as one, client(pair[1][1]) as two:
        for browser in (one, two):
            await browser.get(OTHER)
        for revision in range(1, 101):
            editor, reader = (one, two) if revision % 2 else (two, one)
            await reader.get(ARTICLE)
            assert (await reader.get(ARTICLE)).headers["x-cache"] == "HIT"
            edit = await editor.post("/anp/edit", json={"article": CORPUS.first_id})
            answer = await reader.get(ARTICLE)
            assert edit.json()["revision"] == revision
            assert f"revision={revision} " in answer.text
            assert (await reader.get(OTHER)).headers["x-cache"] == "HIT"


async def test_a_purge_through_one_drops_the_pages_of_the_other(pair: list[tuple[Site, Layers]]) -> None:
    """Though nothing in the database has changed but the word of the purge."""
    async with client(pair[0][1]) as one, client(pair[1][1]) as two:
        await two.get(ARTICLE)
        await two.get(OTHER)
        assert (await one.post("/anp/purge", json={"path": ARTICLE})).status_code == 200
        assert (await two.get(ARTICLE)).headers["x-cache"] == "MISS"
        assert (await two.get(OTHER)).headers["x-cache"] == "HIT"


class _Held:
    """An application whose answers wait once they are made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.made, self.gate = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the answer, then hold it."""

        async def hold(message: Message) -> None:
            self.made.set()
            await self.gate.wait()
            await send(message)

        await self._app(scope, receive, hold)


async def test_a_page_read_before_the_others_change_is_not_kept(pair: list[tuple[Site, Layers]]) -> None:
    """Rendered from the old text, held up until the other has changed it: it goes to who asked and is not stored."""
    cache = pair[1][1].cache
    held = cache._app = _Held(cache._app)
    async with client(pair[0][1]) as one, client(pair[1][1]) as two:
        early = asyncio.create_task(two.get(ARTICLE))
        await held.made.wait()
        assert (await one.post("/anp/edit", json={"article": CORPUS.first_id})).status_code == 200
        held.gate.set()
        first, second = await early, await two.get(ARTICLE)
    assert "revision=0 " in first.text
    assert "stored" not in first.headers["cache-status"]
    assert "revision=1 " in second.text


async def test_what_was_changed_before_a_process_came_is_no_news_to_it(path: Path) -> None:
    """A process begins with nothing kept, so that old purges do not concern it."""
    with opened(path) as (site, _):
        site.editing.revise(CORPUS.first_id)
    with opened(path) as (site, _):
        assert site.generations.changed() == []
        site.editing.revise(CORPUS.first_id)
        assert f"post-{CORPUS.first_id}" in site.generations.changed()
        assert site.generations.changed() == []


async def test_without_commits_nothing_is_read(path: Path) -> None:
    """A thousand questions between two commits cost one statement."""
    with opened(path) as (site, _):
        site.generations.changed()
        before = site.generations.reads
        for _ in range(1000):
            assert site.generations.changed() == []
        assert site.generations.reads == before
        site.desk.keep("m000000", CORPUS.first_id + 9)  # a commit that makes nothing stale
        assert site.generations.changed() == []
        assert site.generations.reads == before + 1


async def test_a_change_that_fails_makes_nothing_stale(path: Path) -> None:
    """Text and generation are one transaction: rolled back together."""
    with opened(path) as (site, _):
        site.generations.changed()

        def fail() -> None:
            with site.desk.transaction():
                site.desk.outdate(["post-1"], now=0)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert site.generations.changed() == []


async def test_changes_survive_a_checkpoint_that_restarts_the_log(path: Path) -> None:
    """Whatever SQLite does with its log, no change is missed and none is told twice."""
    with opened(path) as (site, _):
        desk, watch = Desk(path), Generations(path)
        for number in range(50):
            with desk.transaction():
                desk.outdate([f"tag-{number}"], now=0)
            if number % 7 == 0:
                site.desk._connection.pragma("wal_checkpoint(TRUNCATE)")
            assert watch.changed() == [f"tag-{number}"]
            assert watch.changed() == []
        desk.close()
        watch.close()


def test_a_database_may_be_named_by_a_link(path: Path, tmp_path: Path) -> None:
    """SQLite keeps what is shared beside the file that is meant, and there it is looked for."""
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with opened(path) as (one, _), opened(link) as (two, _):
        two.generations.changed()
        one.editing.revise(CORPUS.first_id)
        assert two.generations.changed()
