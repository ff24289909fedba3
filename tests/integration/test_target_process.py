"""The site as a process of its own, over real sockets."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from synth import Corpus
from tests import warm
from tests.servers import SITE

CORPUS = Corpus(first_id=100, count=25)
COMMAND = [sys.executable, "-m", "target_app"]
IMPORT = ["import", "--first-id", "100", "--count", "25", "--members", "1"]


def _run(*arguments: str) -> warm.Done:
    return warm.run("target_app", *arguments, modules=SITE)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen([*COMMAND, "serve", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An imported database."""
    path = str(tmp_path_factory.mktemp("db") / "site.db")
    done = _run(*IMPORT, "--db", path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"imported": 25, "of": 25}
    return path


def test_an_import_says_how_far_it_is_and_how_long_it_will_take(tmp_path: Path) -> None:
    """A line of JSON now and then: what is stored, of how much, articles a second and seconds left."""
    done = _run("import", "--count", "1100", "--members", "0", "--db", str(tmp_path / "site.db"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert lines[0] == {"imported": 0, "of": 1100}
    assert lines[-1] == {"imported": 1100, "of": 1100}
    (between,) = lines[1:-1]
    assert (between["imported"], between["of"]) == (1000, 1100)
    assert between["left_s"] == pytest.approx(100 / between["per_second"], rel=0.2, abs=0.1)


def test_an_import_from_a_file_takes_no_numbers_of_a_corpus(tmp_path: Path) -> None:
    """One of both is refused, by name."""
    done = _run("import", "--jsonl", "a.jsonl", "--first-id", "3", "--seed", "1", "--db", str(tmp_path / "site.db"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--jsonl a.jsonl says itself which articles there are; leave out --first-id, --seed" in done.stderr


def test_a_served_article_is_a_miss_then_a_hit(db: str) -> None:
    """The announced address answers, with the headers every layer can read, and Date."""
    with _serving("--db", db, "--set", "cache_ttl=60") as (process, announced), httpx.Client() as client:
        assert announced["pid"] == process.pid
        assert announced["articles"] == 25
        assert announced["settings"]["cache_ttl"] == "60"
        path = f"{announced['url']}/articles/{CORPUS.article(100).slug}/"
        answers = [client.get(path) for _ in range(2)]
    assert [answer.headers["cache-status"] for answer in answers] == [
        "anp; fwd=uri-miss; fwd-status=200; stored; ttl=60",
        answers[1].headers["cache-status"],
    ]
    assert answers[1].headers["cache-status"].startswith("anp; hit; ttl=")
    assert answers[0].content == answers[1].content
    assert [answer.headers.get_list("date") for answer in answers] == [[answers[0].headers["date"]]] * 2
    assert "server" not in answers[0].headers


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], socket.gethostname().lower()),
        (["--allow-host", "Site.example", "--allow-host", "other.example"], "Site.example"),
        (["--base-url", "http://named.example"], None),
    ],
    ids=["nothing said", "hosts named", "base named"],
)
def test_a_site_at_every_address_calls_itself_by_a_name(arguments: list[str], name: str | None, db: str) -> None:
    """Nobody can ask 0.0.0.0; where the name is a guess, one line says so and what to do."""
    command = [*COMMAND, "serve", "--db", db, "--host", "0.0.0.0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = httpx.URL(json.loads(process.stdout.readline())["url"]).port
            robots = httpx.get(f"http://127.0.0.1:{port}/robots.txt")
        finally:
            process.terminate()
        warned = process.communicate(timeout=30)[1]
    base = f"http://{name}:{port}" if name else "http://named.example"
    assert robots.text.splitlines()[-1] == f"Sitemap: {base}/sitemap.xml"
    assert warned.count("\n") == (0 if arguments else 1)
    assert not warned or (base in warned and "--base-url" in warned)


def test_without_the_page_cache_every_answer_is_made_anew(db: str) -> None:
    """The before arm says so on each response."""
    with _serving("--db", db, "--set", "page_cache=off") as (_, announced), httpx.Client() as client:
        answers = [client.get(announced["url"]) for _ in range(2)]
    assert {answer.headers["cache-status"] for answer in answers} == {"anp; fwd=bypass; detail=off"}


def test_while_readers_read_no_edit_is_forgotten(db: str, tmp_path: Path) -> None:
    """Among many readers of a few pages, nobody who asks after the answer to an edit reads what was there before it."""
    copy = tmp_path / "site.db"
    shutil.copy(db, copy)
    article = CORPUS.article(100)
    reads: list[tuple[float, int]] = []
    finished: list[tuple[float, int]] = []
    over = threading.Event()

    # A short life and delayed misses: renders, joint renders, expiry and purges all meet.
    settings = ("cache_ttl=1", "inject=article:miss:0.5:2", "inject=edit:any:0.5:2")
    with _serving("--db", str(copy), *(word for one in settings for word in ("--set", one))) as (_, announced):

        def read() -> None:
            with httpx.Client(base_url=announced["url"]) as client:
                while not over.is_set():
                    sent = time.monotonic()
                    page = client.get(f"/articles/{article.slug}/").text
                    found = re.search(r"revision=(\d+) ", page)
                    assert found is not None
                    reads.append((sent, int(found.group(1))))

        with ThreadPoolExecutor(4) as pool, httpx.Client(base_url=announced["url"]) as editor:
            readers = [pool.submit(read) for _ in range(4)]
            try:
                for _ in range(40):
                    answer = editor.post("/anp/edit", json={"article": article.id}).json()
                    finished.append((time.monotonic(), answer["revision"]))
                    seen = len(reads)
                    _until(lambda seen=seen: len(reads) > seen + 4 or any(one.done() for one in readers))
            finally:
                over.set()
            for reader in readers:
                reader.result()
            told = editor.get("/anp/revisions").json()
    assert told == {"revisions": {"100": 40}}
    stale = [
        (sent, revision)
        for sent, revision in reads
        if revision < max((done for when, done in finished if when < sent), default=0)
    ]
    assert stale == []
    assert {revision for _, revision in reads} > {39, 40}


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_site_cleanly(wish: signal.Signals, db: str) -> None:
    """It ends with exit code 0, though a connection is open."""
    with _serving("--db", db) as (process, announced), httpx.Client() as client:
        client.get(announced["url"])
        process.send_signal(wish)
        assert process.wait(timeout=30) == 0


def test_the_site_ends_with_its_parent(db: str) -> None:
    """Killed without a chance to clean up, the parent leaves no site behind."""
    script = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'target_app', 'serve', '--die-with-parent', '--db', sys.argv[1]])\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, db], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    announced = json.loads(parent.stdout.readline())
    parent.kill()
    parent.wait()
    _until(lambda: not _answers(announced["url"]))
    parent.stdout.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.deep
def test_a_killed_import_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    """SIGKILL in the middle, the same command again: the content is that of an undisturbed import."""
    arguments = ["import", "--first-id", "100", "--count", "2200", "--members", "1", "--db"]
    killed = tmp_path / "killed.db"
    process = subprocess.Popen([*COMMAND, *arguments, str(killed)], stdout=subprocess.DEVNULL)
    _until(lambda: _articles(killed) > 0)
    process.kill()
    process.wait()
    assert 0 < _articles(killed) < 2200
    for path in (killed, tmp_path / "whole.db"):
        assert _run(*arguments, str(path)).returncode == 0
    assert _dump(killed) == _dump(tmp_path / "whole.db")


def _articles(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM article").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_port_in_use_is_refused_in_one_line(db: str) -> None:
    """The message names the port and the remedy; exit code 2, nothing on stdout."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run("serve", "--db", db, "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: port {port} of 127.0.0.1 is in use; choose another, or 0 for a free one\n"


def test_a_check_passes_what_serve_would_take() -> None:
    """Known settings and a free port: exit code 0 and no word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = _run("check", "--set", "page_cache=off", "--set", "cache_ttl=5", "--port", str(port))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_check_finds_a_port_in_use() -> None:
    """What serve would refuse after an import, a check refuses before it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = _run("check", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: port {port} of 127.0.0.1 is in use; choose another, or 0 for a free one\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["serve", "--db", "/nowhere/site.db"], "/nowhere/site.db"),
        (["serve", "--db", "{db}", "--set", "page_cach=off"], "did you mean page_cache?"),
        (["serve", "--db", "{db}", "--cpu", "4096"], "4096"),
        (["serve", "--db", "{db}", "--host", "192.0.2.1"], "192.0.2.1"),
        (["serve", "--db", "{db}", "--port", "70000"], "70000"),
        (["serve", "--db", "/"], "/ is a folder"),
        (["check", "--set", "page_cach=off"], "did you mean page_cache?"),
        (["check", "--set", "cache_ttl=soon"], "soon"),
        (["check", "--host", "192.0.2.1"], "192.0.2.1"),
        (["check", "--port", "70000"], "70000"),
        (["import", "--db", "{db}", "--count", "3"], "choose another file"),
        (["import", "--db", "{db}", "--count", "0"], "0"),
        (["import", "--db", "{db}", "--first-id", str(2**53)], str(2**53 - 1)),
        (["import", "--db", "{db}", "--profile", "clasic"], "clasic"),
        (["import", "--db", "{db}", "--members", "-1"], "-1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], word: str, db: str) -> None:
    """Exit code 2 and one line that names the value; no traceback."""
    done = _run(*(argument.format(db=db) for argument in arguments))
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert word in lines[0]


def test_the_site_stays_on_its_processor(db: str) -> None:
    """Pinned to one processor, it is on that one."""
    cpu = min(os.sched_getaffinity(0))
    with _serving("--db", db, "--cpu", str(cpu)) as (process, _):
        assert os.sched_getaffinity(process.pid) == {cpu}


def test_settings_are_listed_as_json() -> None:
    """Every setting has a name, a default, choices and a purpose."""
    listed = json.loads(_run("settings").stdout)
    assert {"page_cache", "cache_ttl", "inject", "fault"} <= {one["name"] for one in listed}
    assert all({"name", "default", "choices", "purpose"} <= one.keys() for one in listed)
