"""What does not fit is told in a sentence: where it stands, what it is, and what is expected; and once, not by type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from target_app import validation
from target_app.validation import misfits
from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.test_articles_api import TEXT

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
ROOT, PURGE, SEARCH = "/api/v1/articles", "/api/v1/purge", "/api/v1/search"
ONE = f"{ROOT}/{CORPUS.first_id}"
PRINTABLE = r"text that matches ^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]*$"
LINE = rf"{PRINTABLE.removesuffix(']*$')}\t\n]*$"
DEEP: dict[str, Any] = {}
for _ in range(300):
    DEEP = {"a": DEEP}
FAR_DOWN = f"/meta{'/a' * 97}/…"
MANY = {"tags": [f"t{number}" for number in range(101)]}

Case = tuple[str, str, Any, list[tuple[str, str, str]]]
CASES: list[Case] = [
    ("GET", f"{ROOT}?limit=x", None, [("limit", 'limit is "x"', "a whole number")]),
    ("GET", f"{ROOT}?limit=0", None, [("limit", 'limit is "0"', "1 or more")]),
    ("GET", f"{ROOT}?limit=101", None, [("limit", 'limit is "101"', "100 or less")]),
    ("GET", f"{ROOT}?after={'9' * 5000}", None, [("after", f'after is "{"9" * 59}…', "a whole number")]),
    ("GET", f"{ROOT}/nine", None, [("id", 'id is "nine"', "a whole number")]),
    ("GET", f"{SEARCH}?q={'x' * 1001}", None, [("q", "q has 1001 characters", "at most 1000")]),
    (
        "GET",
        f"{SEARCH}?page=0&q={'x' * 1001}",
        None,
        [("q", "q has 1001 characters", "at most 1000"), ("page", 'page is "0"', "1 or more")],
    ),
    ("POST", ROOT, {}, [("/title", "/title is missing", "a value"), ("/intro", "/intro is missing", "a value")]),
    ("POST", ROOT, 5, [("", "the body is 5", "an object")]),
    ("POST", ROOT, {"colour": "red"}, [("/colour", "/colour is not known", "no such field")]),
    ("POST", ROOT, {"a/b~c": 1}, [("/a~1b~0c", "/a~1b~0c is not known", "no such field")]),
    ("POST", ROOT, {"title": ""}, [("/title", "/title has 0 characters", "at least 1")]),
    ("POST", ROOT, {"title": "\u200b\u00a0\u202e"}, [("/title", "/title holds no visible character", "at least one")]),
    ("POST", ROOT, {"meta": {" ": 1}}, [("/meta/ ", "/meta/  holds no visible character", "at least one")]),
    ("POST", ROOT, {"title": None}, [("/title", "/title is null", "text")]),
    ("POST", ROOT, {"title": "a\nb"}, [("/title", '/title is "a\\nb"', LINE)]),
    ("POST", ROOT, {"title": "\ud800"}, [("/title", "/title holds what is no character", "text in Unicode")]),
    ("POST", ROOT, {"status": "gone"}, [("/status", '/status is "gone"', '"published" or "draft"')]),
    ("POST", ROOT, {"sections": {}}, [("/sections", "/sections is an object", "a list")]),
    ("POST", ROOT, {"sections": [5]}, [("/sections/0", "/sections/0 is 5", "an object")]),
    ("POST", ROOT, {"sections": [{}]}, [("/sections/0/heading", "/sections/0/heading is missing", "a value")]),
    ("POST", ROOT, MANY, [("/tags", "/tags has 101 entries", "at most 100")]),
    ("POST", ROOT, {"tags": ["a", "a"]}, [("/tags", "/tags names one of them twice", "each of them once")]),
    ("POST", ROOT, {"meta": []}, [("/meta", "/meta is a list", "an object")]),
    ("POST", ROOT, {"meta": {"": 1}}, [("/meta/", "/meta/ has 0 characters", "at least 1")]),
    ("POST", ROOT, {"meta": {"a": "\0"}}, [("/meta/a", '/meta/a is "\\u0000"', PRINTABLE)]),
    (
        "POST",
        ROOT,
        {"meta": {"a": [1, {"b": 0.5}]}},
        [("/meta/a/1/b", "/meta/a/1/b is 0.5", "text or a whole number or a list or an object")],
    ),
    ("POST", ROOT, {"meta": {str(n): "ü" * 50_000 for n in range(9)}}, [
        ("/meta", "/meta is longer than 1048576 characters as JSON", "at most 1048576 characters")
    ]),
    ("POST", ROOT, {"meta": {"a": json.loads("[" * 70 + "]" * 70)}}, [
        ("/meta", "/meta is nested more than 64 deep", "at most 64 levels")
    ]),
    ("POST", ROOT, {"meta": DEEP}, [(FAR_DOWN, f"{FAR_DOWN} is nested too deep", "a flatter value")]),
    ("POST", ROOT, {"meta": {"api_token": 0.5}}, [
        (
            "/meta/api_token",
            "/meta/api_token is a value that is not repeated",
            "text or a whole number or a list or an object",
        )
    ]),
    ("PATCH", ONE, [], [("", "the body is a list", "an object")]),
    ("PATCH", ONE, {"sections": [5]}, [("/sections/0", "/sections/0 is 5", "an object")]),
    ("PATCH", ONE, {"title": None}, [("/title", "/title is missing", "a value")]),
    ("PATCH", ONE, {"images": [{"source": 1, "url": "ftp:", "caption": "x"}]}, [
        ("/images/0/source", "/images/0/source is 1", "text"),
        ("/images/0/url", '/images/0/url is "ftp:"', "text that matches ^https?://[!-~]+$"),
    ]),
    ("POST", PURGE, {"all": False}, [("/all", "/all is false", "true")]),
    ("POST", PURGE, {"article": 1.5}, [("/article", "/article is 1.5", "a whole number")]),
    ("POST", PURGE, {"article": True}, [("/article", "/article is true", "a whole number")]),
    ("POST", PURGE, {"article": "1"}, [("/article", '/article is "1"', "a whole number")]),
    ("POST", "/anp/edit", {"article": True}, [("/article", "/article is true", "a whole number")]),
    ("POST", PURGE, {"article": -1}, [("/article", "/article is -1", "0 or more")]),
    ("POST", PURGE, {"tags": []}, [("/tags", "/tags has 0 entries", "at least 1")]),
    ("POST", PURGE, {"tags": "x"}, [("/tags", '/tags is "x"', "a list")]),
    ("POST", PURGE, {"path": None}, [("", "the body holds null, which names nothing", "a value, or no such field")]),
]  # fmt: skip


def _options(sent: Any) -> dict[str, Any]:
    """A body, which may hold whatever JSON can say."""
    headers = {"if-match": "*", "content-type": "application/json"}
    return (
        {"headers": headers}
        if sent is None
        else {"headers": headers, "content": json.dumps(sent, ensure_ascii=False).encode(errors="backslashreplace")}
    )


@pytest.mark.parametrize(("method", "path", "body", "expected"), CASES, ids=lambda one: str(one)[:30])
async def test_it_says_where_what_and_what_is_expected(
    method: str, path: str, body: Any, expected: list[tuple[str, str, str]], open_copy: Opener
) -> None:
    """Each fault by itself, all of them in one sentence, and nothing in the words of a library."""
    sent = {**TEXT, **body} if path == ROOT and body and isinstance(body, dict) else body
    async with open_copy().client() as client:
        answer = await client.request(method, path, **_options(sent))
    problem = answer.json()
    assert (answer.status_code, problem["retryable"]) == (422, False)
    assert [(one["at"], one["detail"], one["expected"]) for one in problem["errors"]] == expected
    assert problem["detail"] == "; ".join(f"{detail} (expected: {fits})" for _, detail, fits in expected)
    assert all(fits in problem["expected"] for _, _, fits in expected)


@pytest.mark.parametrize("cache", ["on", "off"])
@pytest.mark.parametrize("asked", [f"{ROOT}?after=", f"{ROOT}?limit=", f"{SEARCH}?q=the&page="])
async def test_an_empty_number_is_none_whether_pages_are_kept_or_not(asked: str, cache: str, open_copy: Opener) -> None:
    """Where they are kept it was taken for its absence, and refused where they are not."""
    async with open_copy(f"page_cache={cache}").client() as client:
        answer = await client.get(asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"].endswith('is ""')


async def test_every_kind_of_fault_is_tried(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has words for nothing else than what requests can have wrong, and has them for all of that."""
    seen: set[str] = set()
    in_words = validation._in_words

    def noted(error: Any, *, is_secret: bool) -> tuple[str, str]:
        seen.add(error["type"])
        return in_words(error, is_secret=is_secret)

    monkeypatch.setattr(validation, "_in_words", noted)
    async with open_copy().client() as client:
        for method, path, body, _ in CASES:
            sent = {**TEXT, **body} if path == ROOT and body and isinstance(body, dict) else body
            await client.request(method, path, **_options(sent))
    assert seen == validation._WORDS.keys()


async def test_of_many_faults_the_first_are_told(open_copy: Opener) -> None:
    """A body can have thousands; it is said that there are more."""
    async with open_copy().client() as client:
        answer = await client.post(ROOT, json={**TEXT, "sections": [{}] * 40, **{f"f{n}": 1 for n in range(9_000)}})
    problem = answer.json()
    assert len(problem["errors"]) == 10
    assert problem["detail"].endswith("; and more")
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("name", ["password", "x-anp-token", "client_secret", "Authorization", "session_cookie"])
def test_a_secret_is_not_repeated(name: str) -> None:
    """Whatever was sent under such a name, wherever it stands."""
    error = {"type": "string_type", "loc": ("body", name, "list", 0), "msg": "", "input": 12345}
    (found,) = misfits([error], {name: [12345]})
    assert "12345" not in found.detail


def test_what_the_table_does_not_know_is_told_as_the_library_tells_it() -> None:
    """Without its preamble."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(float).validate_python("x")
    (found,) = misfits([{**one, "loc": ("query", "at")} for one in caught.value.errors()], None)
    assert (found.at, found.detail) == ("at", 'at is "x"')
    assert found.expected == "a valid number, unable to parse string as a number"
