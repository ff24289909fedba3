"""The access log: a true line for every answer, nothing secret in it, and nobody who waits for it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from synth import people
from target_app.access_log import AccessLog, check
from target_app.errors import LogFileError
from target_app.page_cache import Exchange
from tests.contract import Reply, breaches, parsed
from tests.unit.target_app.addresses import ADDRESSES
from tests.unit.target_app.conftest import BASE, CORPUS, Opened
from tests.unit.target_app.test_query_budgets import calls
from tests.unit.target_app.test_response_contract import ask

Opener = Callable[..., Opened]
ANN = people.member(0, seed=CORPUS.seed)
FIELDS = [
    *("time", "request_id", "client", "method", "host", "path", "status", "bytes"),
    *("route", "cache", "cache_status", "member"),
    *("seconds", "seconds_app", "seconds_render", "seconds_db", "statements"),
    *("user_agent", "referer"),
]
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "observability.md"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log goes."""
    return tmp_path / "access.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[AccessLog]:
    """A log that is closed after the test."""
    with closing(AccessLog(str(path))) as opened:
        yield opened


def lines(path: Path) -> list[dict[str, Any]]:
    """What stands in a log; each line is an object, and whole."""
    text = path.read_text(encoding="ascii")
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.splitlines()]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is bound to come."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def scope(path: str = "/", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request as the server hands it on."""
    return {
        "type": "http",
        "method": "GET",
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "headers": [(b"host", b"site.example"), *headers],
        "client": ("192.0.2.7", 5),
    }


def note(log: AccessLog, *headers: tuple[bytes, bytes], path: str = "/") -> None:
    """Have a line written about a request that never was."""
    log.note(log.next_id(), scope(path, *headers), Exchange(), 200, 5, 0.001, 0.001)


@pytest.mark.anyio
async def test_every_answer_has_a_line_that_says_what_its_headers_say(
    path: Path, log: AccessLog, open_copy: Opener
) -> None:
    """Method, address, status, size, cache, cost and request id are those of the response, for whoever asked."""
    opened = open_copy(log=log)
    begun = datetime.now(UTC)
    replies: list[Reply] = []
    own: list[Reply] = []
    asked = {"referer": "http://r.example/"}
    async with opened.client() as client, opened.member(0) as member:
        for _, address in ADDRESSES:
            replies += [await ask(client, address, headers=asked) for _ in range(2)]
            own.append(await ask(member, address, headers=asked))
        replies.append(await ask(client, opened.article_path(), "HEAD"))
        etag = (await client.get(opened.article_path())).headers["etag"]
        replies.append(await ask(client, opened.article_path(), headers={"if-none-match": etag}))
        replies.append(await ask(client, "/", "M-SEARCH"))
        replies.append(await ask(client, "/", headers={"host": "x/y"}))
    log.close()
    by_id = {line["request_id"]: line for line in lines(path)}
    assert len(by_id) == len(lines(path)) == len(replies) + len(own) + 2  # the sign-in, and the one for the entity tag
    for reply in (*replies, *own):
        line = by_id[reply["x-request-id"]]
        assert list(line) == FIELDS
        assert line["path"] == reply.url.removeprefix(BASE)
        assert (line["method"], line["status"], line["bytes"]) == (reply.method, reply.status, len(reply.body))
        assert (line["cache"], line["cache_status"]) == (reply["x-cache"], reply["cache-status"])
        sent = dict(reply.asked)
        assert (line["client"], line["host"]) == ("127.0.0.1", sent["host"])
        assert (line["user_agent"], line["referer"]) == (sent["user-agent"], sent.get("referer", ""))
        cost = {name: float(one["dur"]) for name, one in parsed(reply["server-timing"])}
        assert line["statements"] == cost["db-calls"]
        assert line["seconds"] == pytest.approx(cost["app"] / 1e3, abs=2e-6)
        assert line["seconds_app"] == pytest.approx((cost["app"] - cost["cache"]) / 1e3, abs=3e-6)
        assert line["seconds_db"] == pytest.approx(cost["db"] / 1e3, abs=2e-6)
        assert line["seconds_render"] == pytest.approx(cost["render"] / 1e3, abs=2e-6)
        assert begun.replace(microsecond=0) <= datetime.fromisoformat(line["time"]) <= datetime.now(UTC)
    assert not any(by_id[reply["x-request-id"]]["member"] for reply in replies)
    of_members = {line["route"] for reply in own if (line := by_id[reply["x-request-id"]])["member"]}
    assert {"home", "article", "tag", "search", "me", "login", "error"} <= of_members
    assert log.written == len(by_id)
    assert log.overflowed == log.failed == 0


@pytest.mark.anyio
async def test_no_secret_and_no_name_is_ever_logged(path: Path, log: AccessLog, open_copy: Opener) -> None:
    """Not a cookie, a token, a password or a login, wherever the request carried it."""
    opened = open_copy(log=log, purge_token="T0KEN-of-the-site")
    secrets = [ANN.login, ANN.name, ANN.password, ANN.email, "T0KEN-of-the-site", "GUESSED-T0KEN", "BASIC-SECRET"]
    async with opened.client() as client, opened.member(0) as member:
        session = member.cookies["anp_session"]
        await client.post("/login", data={"login": ANN.login, "password": "not-" + ANN.password})
        for browser in (client, member):
            await browser.get("/me")
            await browser.get("/metrics", headers={"x-anp-token": "T0KEN-of-the-site"})
            await browser.get("/metrics", headers={"authorization": "Bearer GUESSED-T0KEN"})
            await browser.get("/", headers={"authorization": "Basic BASIC-SECRET", "cookie": "other=BASIC-SECRET"})
            await browser.post("/anp/purge", json={"all": True}, headers={"x-anp-token": "T0KEN-of-the-site"})
        await member.post("/logout")
    log.close()
    text = path.read_text()
    assert len(text.splitlines()) == 13
    assert [secret for secret in (*secrets, session) if secret in text] == []
    assert '"member":true' in text


@pytest.mark.parametrize(
    ("headers", "field", "logged"),
    [
        ([(b"user-agent", 'Mozilla "5.0" \\ ü'.encode())], "user_agent", 'Mozilla "5.0" \\ ü'),
        ([(b"user-agent", b"\xff\x1b[31m")], "user_agent", "\\xff\x1b[31m"),
        ([(b"referer", b'x"}\r\n{"status":200}')], "referer", 'x"}\r\n{"status":200}'),
        ([], "user_agent", ""),
    ],
)
def test_whatever_a_client_sends_stays_within_its_field(
    headers: list[tuple[bytes, bytes]], field: str, logged: str, path: Path, log: AccessLog
) -> None:
    """Quotes, line ends and control characters are escaped: one request is one line of plain ASCII."""
    note(log, *headers)
    log.close()
    assert [line[field] for line in lines(path)] == [logged]
    assert not re.search(rb"[^\n -~]", path.read_bytes())


@pytest.mark.parametrize(
    ("sent", "logged"), [("/a%20b", "/a%20b"), ("/\xfc", "/%FC"), ("/a b", "/a%20b"), ('/"', '/"'), ("/%", "/%")]
)
def test_an_address_stays_an_address(sent: str, logged: str, path: Path, log: AccessLog) -> None:
    """It is logged as it was sent, and what no address may hold is percent-encoded."""
    note(log, path=sent)
    log.close()
    assert [line["path"] for line in lines(path)] == [logged]


def test_too_much_is_dropped_and_counted(tmp_path: Path) -> None:
    """While the reader of a pipe is away, requests go on at once; every line is written or counted as dropped."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    log = AccessLog(str(pipe), limit=100)
    until(lambda: note(log) or log.overflowed > 50)  # type: ignore[func-returns-value]
    noted = next(log._numbers) - 1
    read = bytearray()
    os.set_blocking(reader, True)

    def drain() -> None:
        while chunk := os.read(reader, 65_536):
            read.extend(chunk)

    draining = threading.Thread(target=drain)
    draining.start()
    log.close()
    draining.join(30)
    os.close(reader)
    assert log.overflowed > 50
    assert log.written + log.overflowed == noted
    assert log.failed == 0
    assert [json.loads(line)["path"] for line in read.splitlines()] == ["/"] * log.written


def test_nobody_waits_for_a_reader_that_never_comes(tmp_path: Path) -> None:
    """The end of the process does not either."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    log = AccessLog(str(pipe), limit=200)
    for _ in range(200):
        note(log)
    log.close()
    assert log.written < 200
    os.close(reader)  # breaks the pipe, and so ends the thread
    log._thread.join(30)
    assert not log._thread.is_alive()
    assert log.written + log.failed + log.overflowed == 200


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    """What cannot be written is counted."""
    with closing(AccessLog("/dev/full")) as log:
        for _ in range(100):
            note(log)
    assert (log.written, log.failed) == (0, 100)


def test_after_a_failure_lines_begin_on_lines_of_their_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line that a full disk left behind spoils no other one."""
    write, fails = os.write, [True]

    def full(file: int, content: bytes) -> int:
        if file == log._file and fails:
            fails.pop()
            write(file, content[:10])
            raise OSError(28, "No space left on device")
        return write(file, content)

    with closing(AccessLog(str(path))) as log:
        monkeypatch.setattr("target_app.access_log.os.write", full)
        note(log)
        until(lambda: log.failed == 1)
        note(log, path="/whole")
    half, whole = path.read_text().splitlines()
    assert half == '{"time":"2'
    assert json.loads(whole)["path"] == "/whole"


def test_a_log_that_was_moved_away_goes_on_under_its_name(path: Path, log: AccessLog) -> None:
    """After the file was renamed and the log told, new lines are in a new file, and none is lost."""
    moved = path.with_suffix(".1")
    note(log, path="/1")
    until(lambda: log.written == 1)
    path.rename(moved)
    log.reopen()
    until(path.exists)
    note(log, path="/2")
    log.close()
    assert [[line["path"] for line in lines(one)] for one in (moved, path)] == [["/1"], ["/2"]]


def test_a_log_that_cannot_be_opened_anew_goes_on_where_it_was(
    path: Path, log: AccessLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and no line is lost."""
    note(log, path="/1")
    until(lambda: log.written == 1)
    moved = path.with_suffix(".1")
    path.rename(moved)
    path.mkdir()
    log.reopen()
    until(lambda: not log._reopen)
    note(log, path="/2")
    log.close()
    assert [line["path"] for line in lines(moved)] == ["/1", "/2"]
    assert "cannot write the access log" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["no/such/folder/log", "."])
def test_a_log_that_cannot_be_is_refused(where: str, tmp_path: Path) -> None:
    """In one line that names the file; a pipe without a reader is refused at once, too."""
    os.mkfifo(tmp_path / "pipe")
    for place in (where, "pipe"):
        for attempt in (AccessLog, check):
            with pytest.raises(LogFileError, match=f"cannot write the access log {re.escape(str(tmp_path / place))} "):
                attempt(str(tmp_path / place))


def test_a_check_leaves_nothing_behind(path: Path) -> None:
    """A file that was not there is not there afterwards; one that was is as it was."""
    check(str(path))
    assert not path.exists()
    path.write_text("line\n")
    check(str(path))
    assert path.read_text() == "line\n"


@pytest.mark.anyio
async def test_without_a_log_no_answer_has_an_id(open_copy: Opener) -> None:
    """An id that stands nowhere else is of no use."""
    async with open_copy().client() as client:
        for _ in range(2):
            assert "x-request-id" not in (await client.get("/")).headers


@pytest.mark.anyio
async def test_answers_with_an_id_keep_to_the_contract(log: AccessLog, open_copy: Opener) -> None:
    """One id, on hits as on others, and unlike any other."""
    ids = []
    async with open_copy(log=log).client() as client:
        for path in ("/", "/", "/none", "/login"):
            reply = await ask(client, path)
            assert breaches(reply) == []
            ids.append(reply["x-request-id"])
    assert len(set(ids)) == 4


@pytest.mark.anyio
async def test_metrics_tell_of_the_log(path: Path, log: AccessLog, open_copy: Opener) -> None:
    """How many lines were written, and how many lost."""
    async with open_copy(log=log).client() as client:
        for _ in range(3):
            await client.get("/")
        until(lambda: log.written == 3)
        log.overflowed, log.failed = 5, 7
        text = (await client.get("/metrics")).text
    for result, count in {"written": 3, "overflowed": 5, "failed": 7}.items():
        assert f'anp_access_log_lines_total{{result="{result}"}} {count}.0' in text


@pytest.mark.anyio
async def test_an_application_that_breaks_has_its_line(path: Path, log: AccessLog, open_copy: Opener) -> None:
    """What the front answers in its place is logged like any other answer."""
    opened = open_copy(log=log)

    async def broken(*_: object) -> None:
        raise RuntimeError

    opened.layers.app._app = broken  # type: ignore[attr-defined]
    opened.layers.app._hit = None  # type: ignore[attr-defined]
    async with opened.client() as client:
        assert (await client.get("/")).status_code == 500
    log.close()
    assert [line["status"] for line in lines(path)] == [500]


def test_the_document_lists_the_fields() -> None:
    """In their order, and none besides."""
    table = DOCUMENT.read_text(encoding="utf-8").partition("## Access log")[2].partition("\n## ")[0]
    names = [name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
    assert names == FIELDS


@pytest.mark.anyio
async def test_a_stored_page_and_a_purge_have_lines_of_members_and_others(
    path: Path, log: AccessLog, open_copy: Opener
) -> None:
    """Refreshes beside the requests have none: nobody asked for them."""
    opened = open_copy("early_refresh=off", log=log)
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    async with opened.client() as client:
        first = await client.get(opened.article_path())
        now[0] += 3601
        await client.get(opened.article_path())
        await opened.layers.cache.drain()
    log.close()
    assert [(line["cache"], line["statements"]) for line in lines(path)] == [("MISS", calls(first)), ("STALE", 0)]
