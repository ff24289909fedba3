"""Nobody who reads a page waits for a write or a search: by the order in which answers come, and by no clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import apsw
import httpx
import pytest

from target_app.database import Library
from tests.unit.target_app.conftest import CORPUS, Opened

pytestmark = pytest.mark.anyio

Opener = Callable[..., Opened]
ARTICLE = f"/api/v1/articles/{CORPUS.first_id}"
TIMEOUT_S = 20


class Hold:
    """Keeps a thread where it is until it is let go."""

    def __init__(self) -> None:
        self._come, self._go = threading.Event(), threading.Event()

    def wait(self, *_: object) -> bool:
        """Be held; whether it was let go in time."""
        self._come.set()
        return self._go.wait(TIMEOUT_S)

    async def held(self) -> None:
        """Until somebody is held."""
        while not self._come.is_set():
            await asyncio.sleep(0)

    def release(self) -> None:
        """Let go."""
        self._go.set()


@contextmanager
def written_by_another(opened: Opened) -> Iterator[apsw.Connection]:
    """A program that holds the write lock of the site's file."""
    with closing(apsw.Connection(str(opened.site.path))) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@asynccontextmanager
async def under_way(hold: Hold, request: asyncio.Task[httpx.Response]) -> AsyncIterator[None]:
    """While a request is held; it is let go in any case."""
    try:
        await hold.held()
        yield
        assert not request.done()
    finally:
        hold.release()


async def read(client: httpx.AsyncClient) -> list[int]:
    """The statuses of pages of several routes, of an article for programs, and of readiness."""
    paths = ("/", "/tags/", "/feed.xml", ARTICLE, "/health/ready")
    return [(await client.get(path)).status_code for path in paths]


def patch(client: httpx.AsyncClient, title: str) -> asyncio.Task[httpx.Response]:
    """A change of an article, under way."""
    return asyncio.create_task(client.patch(ARTICLE, json={"title": title}, headers={"if-match": "*"}))


@pytest.mark.parametrize("patience", [True, False])
async def test_pages_and_readiness_do_not_wait_for_a_write_that_waits(open_copy: Opener, patience: bool) -> None:
    """While another program writes a change waits alone; then it is made, or refused with when to come back."""
    opened, hold = open_copy("page_cache=off"), Hold()
    opened.site.desk._connection._connection.set_busy_handler(lambda _: hold.wait() and patience)
    async with opened.client() as client:
        with written_by_another(opened) as other:
            changing = patch(client, "Changed")
            async with under_way(hold, changing):
                assert await read(client) == [200] * 5
                if patience:
                    other.execute("ROLLBACK")
            changed = await changing
    assert changed.status_code == (200 if patience else 503)
    assert changed.headers.get("retry-after") == (None if patience else "5")


@pytest.mark.parametrize(
    ("path", "method"),
    [("/search?q=cache", "found"), ("/api/v1/search?q=cache", "found"), ("/sitemap-1.xml", "sitemap_part")],
)
async def test_pages_and_changes_do_not_wait_for_a_long_read(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch, path: str, method: str
) -> None:
    """A search or a part of the sitemap may take long; pages, readiness and changes come meanwhile."""
    opened, hold, whole = open_copy("page_cache=off"), Hold(), getattr(Library, method)

    def held(*arguments: object, **options: object) -> object:
        assert hold.wait()
        return whole(*arguments, **options)

    monkeypatch.setattr(Library, method, held)
    async with opened.client() as client:
        reading = asyncio.create_task(client.get(path))
        async with under_way(hold, reading):
            assert await read(client) == [200] * 5
            assert (await patch(client, "Changed")).status_code == 200
        answer = await reading
    assert answer.status_code == 200


async def test_a_page_that_was_being_made_during_a_change_is_not_kept(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows what was there before; whoever asks next is shown the change."""
    opened, hold, whole = open_copy(), Hold(), Library.comments

    def held(*arguments: object, **options: object) -> object:
        result = whole(*arguments, **options)  # type: ignore[arg-type]
        assert hold.wait()
        return result

    async with opened.client() as client:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "comments", held)
            reading = asyncio.create_task(client.get(opened.article_path()))
            async with under_way(hold, reading):
                assert (await patch(client, "Quite another title")).status_code == 200
            before = await reading
        after = await client.get(opened.article_path())
    assert "Quite another title" not in before.text
    assert "Quite another title" in after.text
    assert after.headers["x-cache"] == "MISS"


async def test_searches_and_changes_are_charged_to_their_requests(open_copy: Opener) -> None:
    """Whichever thread does the work: its statements are in the answer."""
    async with open_copy("page_cache=off").client() as client:
        answers = [
            await client.get("/search?q=cache"),
            await client.get("/sitemap.xml"),
            await patch(client, "Changed"),
        ]
    for answer in answers:
        calls = answer.headers["server-timing"].partition("db-calls;dur=")[2].partition(",")[0]
        assert int(calls) > 0


async def test_all_writing_is_done_in_one_thread(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the API, of the forms and of the sign-in: the desk has one connection."""
    opened, threads = open_copy(), set()
    rows = opened.site.desk._connection.rows

    def noted(*arguments: object) -> object:
        threads.add(threading.current_thread().name)
        return rows(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(opened.site.desk._connection, "rows", noted)
    async with opened.member(0) as editor:
        path = opened.article_path()
        csrf = (await editor.get(path)).text.partition('name="csrf" value="')[2].partition('"')[0]
        form = {
            "csrf": csrf,
            "text": "Good.",
            "keep": "1",
            "title": "New",
            "intro": "It is new.",
            "body": "## A\n\nB",
            "action": "publish",
        }
        answers = [
            await editor.post(f"{path}comments", data=form),
            await editor.post("/comments/1/delete", data=form),
            await editor.post(f"{path}bookmark", data=form),
            await editor.post("/admin/new", data=form),
            await editor.post("/logout"),
            await editor.post("/anp/edit", json={"article": CORPUS.first_id}),
            await editor.post("/anp/purge", json={"all": True}),
            await patch(editor, "Changed"),
            await editor.delete(ARTICLE, headers={"if-match": "*"}),
        ]
    assert [answer.status_code for answer in answers] == [*[303] * 5, *[200] * 3, 204]
    assert threads == {"writes"}
