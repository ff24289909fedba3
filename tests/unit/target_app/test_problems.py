"""Whatever goes wrong for a program is a problem that says what failed, what was expected, and whether to try again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import apsw
import httpx
import pytest

from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.test_articles_api import TEXT

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
ROOT, PURGE = "/api/v1/articles", "/api/v1/purge"
ALL = '{"all": true}'
ONE = f"{ROOT}/{CORPUS.first_id}"
ANY = {"if-match": "*"}
JSON_TYPE = "Content-Type: application/json"
TYPED = {"content-type": "application/json"}


def told(answer: httpx.Response, status: int, *, retryable: bool) -> dict[str, Any]:
    """A problem with this status and advice, in which every member says something."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() - {"errors"} == {"title", "status", "detail", "expected", "retryable"}
    assert ("errors" in problem) <= (status == 422)
    assert problem["status"] == status
    assert all(problem[member] for member in ("title", "detail", "expected"))
    assert problem["detail"] != problem["title"]
    assert problem["retryable"] is retryable
    return problem


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "detail", "expected"),
    [
        ("GET", "/api/v1/none", {}, 404, "/api/v1/none", "openapi.json"),
        ("GET", f"{ROOT}/9", {}, 404, "no article 9", ROOT),
        ("POST", ONE, {"json": {}}, 405, f"POST is nothing that {ONE} takes", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", ROOT, {"json": {}}, 422, "/title is missing", "/title: a value; /intro: a value"),
        ("POST", ROOT, {"content": b"{"}, 415, "of no type", JSON_TYPE),
        ("POST", ROOT, {"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "text/plain", JSON_TYPE),
        ("PATCH", ONE, {"data": {"title": "x"}}, 415, "x-www-form-urlencoded", "merge-patch+json, application/json"),
        ("POST", ROOT, {"content": b'{"a":', "headers": TYPED}, 400, "Expecting value at character 5", "JSON"),
        ("POST", ROOT, {"content": b'"\xff"', "headers": TYPED}, 400, "cannot be read", "JSON in UTF-8"),
        ("POST", ROOT, {"content": b'"\xed\xa0\x80"', "headers": TYPED}, 400, "not in UTF-8", "JSON in UTF-8"),
        ("POST", PURGE, {"content": ALL.encode("utf-16"), "headers": TYPED}, 400, "not in UTF-8", "JSON in UTF-8"),
        ("POST", PURGE, {"content": ALL.encode("utf-16-le"), "headers": TYPED}, 400, "not JSON", "JSON in UTF-8"),
        ("POST", PURGE, {"content": b'{"all":true,"all":true}', "headers": TYPED}, 400, "twice", "field named once"),
        ("POST", ROOT, {"content": b'{"meta":{"a":1,"\\u0061":2}}', "headers": TYPED}, 400, "twice", "named once"),
        ("POST", PURGE, {"content": b"x", "headers": {**TYPED, "content-encoding": "gzip"}}, 415, "gzip", "without"),
        ("POST", "/anp/purge", {"json": {}, "headers": {"content-encoding": "identity, br"}}, 415, ", br", "without"),
        ("PATCH", ONE, {"json": {}, "headers": {"content-encoding": "deflate"}}, 415, "deflate", "Content-Encoding"),
        ("POST", ROOT, {"content": b"[" * 99_999, "headers": TYPED}, 400, "cannot be read", "JSON in UTF-8"),
        ("POST", ROOT, {"headers": TYPED}, 400, "there is no body", "JSON in UTF-8"),
        ("POST", ROOT, {}, 400, "there is no body", "JSON in UTF-8"),
        ("POST", ROOT, {"content": b" " * 2**21}, 413, "1048576 bytes", "shorter"),
        ("POST", ROOT, {"json": TEXT, "headers": {"sec-fetch-site": "cross-site"}}, 403, "another site", "program"),
        ("POST", "/anp/edit", {"json": {"article": 1}}, 404, "no article 1", str(CORPUS.first_id)),
        ("DELETE", ONE, {}, 428, "no state", "If-Match"),
        ("DELETE", ONE, {"headers": {"if-match": '"x"'}}, 412, "changed", "ETag"),
        ("GET", ROOT, {"headers": {"host": "a@b"}}, 400, "host name", "a name"),
        ("POST", "/anp/purge", {"headers": {"host": "a@b"}}, 400, "host name", "a name"),
    ],
)
async def test_a_refusal_says_what_failed_and_what_was_expected(
    method: str, path: str, options: dict[str, Any], status: int, detail: str, expected: str, open_copy: Opener
) -> None:
    """And that the same request will be refused again."""
    async with open_copy().client() as client:
        problem = told(await client.request(method, path, **options), status, retryable=False)
    assert detail in problem["detail"]
    assert expected in problem["expected"]


@pytest.mark.parametrize(
    ("method", "taken"),
    [("POST", "application/json"), ("PATCH", "application/merge-patch+json, application/json")],
)
async def test_a_body_of_another_type_is_told_which_is_taken(method: str, taken: str, open_copy: Opener) -> None:
    """By the fields that are for it, and what they name is taken."""
    async with open_copy().client() as client:
        refused = await client.request(method, ROOT if method == "POST" else ONE, content=b"x")
        for kind in taken.split(", "):
            options = {"content": json.dumps(TEXT), "headers": {"content-type": kind, **ANY}}
            answer = await client.request(method, ROOT if method == "POST" else ONE, **options)
            assert answer.status_code in {200, 201}
    assert (refused.status_code, refused.headers["accept"]) == (415, taken)
    assert refused.headers.get("accept-patch") == (taken if method == "PATCH" else None)


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
async def test_a_body_as_it_is_may_be_called_so(coding: str, open_copy: Opener) -> None:
    """What is coded otherwise is told that this is what is taken; a byte order mark before UTF-8 does no harm."""
    headers = {**TYPED, **({"content-encoding": coding} if coding else {})}
    async with open_copy().client() as client:
        answer = await client.post(PURGE, content=ALL.encode("utf-8-sig"), headers=headers)
        refused = await client.post(PURGE, content=ALL, headers={**TYPED, "content-encoding": "gzip"})
    assert answer.status_code == 200
    assert (refused.status_code, refused.headers["accept-encoding"]) == (415, "identity")


async def test_a_page_is_refused_in_words(open_copy: Opener) -> None:
    """A host name that is none of the site's is told to browsers as text."""
    async with open_copy().client() as client:
        answer = await client.get("/", headers={"host": "a@b"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


async def test_what_is_not_kept_is_told_to_programs(open_copy: Opener) -> None:
    """Who wants only what is kept is told that it is not, and how to have it made; that request is then answered."""
    async with open_copy().client() as client:
        answer = await client.get(ONE, headers={"cache-control": "only-if-cached"})
        problem = told(answer, 504, retryable=False)
        head = await client.head(ONE, headers={"cache-control": "only-if-cached"})
        made = await client.get(ONE)
        kept = await client.get(ONE, headers={"cache-control": "only-if-cached"})
    assert "keeps no such answer" in problem["detail"]
    assert "without only-if-cached, which is safe" in problem["expected"]
    assert (head.status_code, head.content, head.headers["content-length"]) == (504, b"", str(len(answer.content)))
    assert (made.status_code, kept.status_code, kept.content) == (200, 200, made.content)


async def test_what_is_not_kept_is_told_in_words(open_copy: Opener) -> None:
    """Browsers and whatever reads pages get a line of text."""
    async with open_copy().client() as client:
        answer = await client.get("/", headers={"cache-control": "only-if-cached"})
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/plain; charset=utf-8")
    assert "without only-if-cached is safe" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "options", "retryable"),
    [
        ("GET", ONE, {}, True),
        ("PUT", ONE, {"json": TEXT, "headers": ANY}, True),
        ("DELETE", ONE, {"headers": ANY}, True),
        ("POST", ROOT, {"json": TEXT}, False),
        ("PATCH", ONE, {"json": {"title": "Other"}, "headers": ANY}, False),
        ("POST", "/api/v1/purge", {"json": {"all": True}}, False),
    ],
)
async def test_after_a_defect_only_what_may_be_done_twice_is_to_be_sent_again(
    method: str, path: str, options: dict[str, Any], retryable: bool, open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what became of the request; where that matters the answer says so."""
    opened = open_copy()
    monkeypatch.setattr("target_app.worker.Worker.run", None)
    async with opened.client() as client:
        problem = told(await client.request(method, path, **options), 500, retryable=retryable)
    assert ("may have been done" in problem["detail"]) is not retryable


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [ROOT, "/"])
async def test_a_defect_of_the_layers_before_is_told_as_well(
    path: str, method: str, open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To programs as a problem, to browsers in words; and no word says that a POST may be sent again."""
    opened = open_copy()
    monkeypatch.setattr(opened.layers.cache, "_app", None)
    async with opened.client() as client:
        answer = await client.request(method, path)
    if path == ROOT:
        told(answer, 500, retryable=method == "GET")
    else:
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain; charset=utf-8")
        assert ("safe" in answer.text) is (method == "GET")
        assert ("look before" in answer.text) is (method == "POST")


async def test_a_post_that_never_began_may_be_sent_again(open_copy: Opener) -> None:
    """While another writes, nothing is done; afterwards the same request is carried out, once."""
    opened = open_copy()
    opened.site.desk._connection._connection.set_busy_timeout(0)
    async with opened.client() as client:
        with closing(apsw.Connection(str(opened.site.path))) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await client.post(ROOT, json=TEXT)
            other.execute("ROLLBACK")
        again = await client.post(ROOT, json=TEXT)
    told(refused, 503, retryable=True)
    assert refused.json()["detail"] == "the database is busy"
    assert refused.headers["retry-after"] == "5"
    assert (again.status_code, again.json()["id"]) == (201, CORPUS.ids[-1] + 1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (apsw.BusyError("database is locked"), "the database is busy"),
        (apsw.CorruptError("database disk image is malformed"), "the database is damaged"),
        (apsw.NotADBError("file is not a database"), "the database is damaged"),
        (apsw.IOError("disk I/O error"), "the database failed"),
    ],
)
async def test_path_and_words_of_the_database_are_in_the_log_alone(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: apsw.Error, words: str
) -> None:
    """Whoever asks gets what can be said to all; the log has the same trouble once a minute."""
    opened, now = open_copy("page_cache=off"), [0.0]
    opened.site.troubles._clock = lambda: now[0]

    def fail(*_: object, **__: object) -> None:
        raise error

    for method in ("check", "article_by_id", "newest", "summaries"):
        monkeypatch.setattr(f"target_app.database.Library.{method}", fail)
    async with opened.client() as client:
        answers = [await client.get(path) for path in ("/health/ready", f"{ROOT}/{CORPUS.first_id}", ROOT, "/")]
        now[0] = 60
        await client.get("/health/ready")
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert str(opened.site.path) not in answer.text
        assert str(error) not in answer.text
    assert [told(answer, 503, retryable=True)["detail"] for answer in answers[:3]] == [words] * 3
    assert [record.getMessage() for record in caplog.records] == [f"error: database {opened.site.path}: {error}"] * 2


async def test_a_post_that_was_rolled_back_may_be_sent_again(open_copy: Opener) -> None:
    """A table is gone: whatever was written before that is taken back."""
    opened = open_copy()
    async with opened.client() as client:
        with closing(apsw.Connection(str(opened.site.path))) as other:
            other.execute("DROP TABLE similar_article")
        told(await client.post(ROOT, json=TEXT), 503, retryable=True)
        total = (await client.get(ROOT)).json()["total"]
    assert total == CORPUS.count


async def test_a_post_that_failed_after_it_was_written_is_not_to_be_sent_again(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The article is there; what could not be read any more is the answer."""
    opened = open_copy()

    def fail(*_: object) -> None:
        raise apsw.IOError("no more reading")

    async with opened.client() as client:
        with monkeypatch.context() as patched:
            patched.setattr("target_app.database.Library.article_by_id", fail)
            problem = told(await client.post(ROOT, json=TEXT), 503, retryable=False)
        total = (await client.get(ROOT)).json()["total"]
    assert "may have been done" in problem["detail"]
    assert total == CORPUS.count + 1


async def test_a_change_that_failed_while_it_was_committed_is_not_called_unwritten(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a commit that fails is kept, the next start may show; the answer does not guess."""
    opened = open_copy()

    @contextmanager
    def failing(*_: object) -> Iterator[None]:
        yield
        raise apsw.IOError("the disk is gone")

    monkeypatch.setattr("target_app.database.Desk.transaction", failing)
    async with opened.client() as client:
        told(await client.post("/api/v1/purge", json={"all": True}), 503, retryable=False)


async def test_an_editor_is_told_the_same_of_a_form(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that failed is not to be sent again unseen, unless nothing of it was done."""
    opened = open_copy()
    async with opened.member(0) as editor:
        with monkeypatch.context() as patched:
            patched.setattr("target_app.sessions.Sessions.close", None)
            broken = await editor.post("/logout")
        path = opened.article_path()
        page = (await editor.get(path)).text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        opened.site.desk._connection._connection.set_busy_timeout(0)
        with closing(apsw.Connection(str(opened.site.path))) as other:
            other.execute("BEGIN IMMEDIATE")
            busy = await editor.post(f"{path}comments", data={"text": "Good.", "csrf": csrf})
    assert broken.status_code == 500
    assert "look before you send it again" in broken.text
    assert "safe" not in broken.text
    assert busy.status_code == 503
    assert "Trying again in a while is safe" in busy.text


async def test_too_many_wrong_tokens_may_be_tried_later(open_copy: Opener) -> None:
    """429 is refused before anything is done."""
    async with open_copy(purge_token="right").client() as client:
        for _ in range(10):
            told(
                await client.post("/anp/purge", json={"all": True}, headers={"x-anp-token": "wrong"}),
                403,
                retryable=False,
            )
        told(await client.post("/anp/purge", json={"all": True}, headers={"x-anp-token": "wrong"}), 429, retryable=True)


async def test_what_an_outage_refuses_may_be_sent_again(open_copy: Opener) -> None:
    """It is refused before anything is done."""
    opened = open_copy("errors=1:0.000001:0.000002")
    async with opened.client() as client:
        answers = [await client.post(ROOT, json={}) for _ in range(200)]
    refused = [one for one in answers if one.status_code == 503]
    assert refused
    told(refused[0], 503, retryable=True)


async def test_the_description_tells_of_problems_as_they_are(open_copy: Opener) -> None:
    """Every member is always there."""
    async with open_copy().client() as client:
        schema = (await client.get("/api/v1/openapi.json")).json()["components"]["schemas"]["Problem"]
    assert set(schema["required"]) == {"title", "status", "detail", "expected", "retryable"}
