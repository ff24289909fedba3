"""Processes that serve one file, and one of them killed in the middle of a change: nobody is served what was before."""

import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import httpx

from tests.servers import import_site, reference_site

FIRST = 500


def test_a_change_through_one_process_is_served_by_the_other_at_its_next_answer(tmp_path: Path) -> None:
    """Thirty edits, by turns; pages that an edit does not touch stay hits in both."""
    database = import_site(tmp_path / "site.db", first_id=FIRST, count=30, members=1)
    with (
        reference_site(database) as one,
        reference_site(database) as two,
        httpx.Client(base_url=one.url) as first,
        httpx.Client(base_url=two.url) as second,
    ):
        page = httpx.URL(first.get(f"/api/v1/articles/{FIRST}").json()["url"]).path
        other = httpx.URL(first.get(f"/api/v1/articles/{FIRST + 9}").json()["url"]).path
        for client in (first, second):
            client.get(other)
        for revision in range(1, 31):
            editor, reader = (first, second) if revision % 2 else (second, first)
            reader.get(page)
            assert reader.get(page).headers["x-cache"] == "HIT"
            assert editor.post("/anp/edit", json={"article": FIRST}).json()["revision"] == revision
            assert f"revision={revision} " in reader.get(page).text
            assert reader.get(other).headers["x-cache"] == "HIT"


def test_a_site_keeps_its_lock_on_what_is_shared(tmp_path: Path) -> None:
    """A program looks into the database, and another site comes and goes, while pages are edited.

    A site that lost its lock on SQLite's index of the WAL would have it cut off by the next who opens the file, and be
    killed by its next look.
    """
    database = import_site(tmp_path / "site.db", first_id=FIRST, count=30, members=1)
    index = tmp_path / "site.db-shm"
    with reference_site(database) as site, httpx.Client(base_url=site.url) as client:
        page = httpx.URL(client.get(f"/api/v1/articles/{FIRST}").json()["url"]).path
        for revision in range(1, 5):
            assert client.post("/anp/edit", json={"article": FIRST}).json()["revision"] == revision
            assert _holders(index) == {site.process.pid}
            with closing(sqlite3.connect(database)) as stranger:
                assert stranger.execute("SELECT count(*) FROM article").fetchall() == [(30,)]
            with reference_site(database) as other:
                assert f"revision={revision} " in httpx.get(other.url + page).text
                assert _holders(index) == {site.process.pid, other.process.pid}
            assert f"revision={revision} " in client.get(page).text


def _holders(index: Path) -> set[int]:
    """The processes that hold the lock by which SQLite knows that somebody uses an index of the WAL (byte 128)."""
    number = index.stat().st_ino
    return {
        int(process)
        for process, place, begin, end in re.findall(
            r"POSIX +ADVISORY +READ +(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) (\d+) (\d+)", Path("/proc/locks").read_text()
        )
        if int(place) == number and int(begin) <= 128 <= int(end)
    }


def test_killed_between_the_change_and_its_answer_no_process_serves_the_old_page(tmp_path: Path) -> None:
    """The change is in the file, its author was never told: the other process serves it, and so does a new one."""
    database = import_site(tmp_path / "site.db", first_id=FIRST, count=30, members=1)
    with reference_site(database) as two, httpx.Client(base_url=two.url) as reader:
        with reference_site(database, "inject=edit:any:1:60000") as one:
            page = httpx.URL(reader.get(f"/api/v1/articles/{FIRST}").json()["url"]).path
            assert "revision=0 " in httpx.get(one.url + page).text
            reader.get(page)
            failures: list[Exception] = []

            def edit() -> None:
                try:
                    httpx.post(f"{one.url}/anp/edit", json={"article": FIRST}, timeout=60)
                except httpx.TransportError as error:
                    failures.append(error)

            author = threading.Thread(target=edit)
            author.start()
            for _ in range(10_000):
                if reader.get("/anp/revisions").json()["revisions"]:
                    break
            assert "revision=1 " in reader.get(page).text
            one.process.kill()
            author.join(30)
        assert failures
        assert "revision=1 " in reader.get(page).text
    with reference_site(database) as three:
        assert "revision=1 " in httpx.get(three.url + page).text
