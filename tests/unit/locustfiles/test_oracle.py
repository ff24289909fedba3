"""The oracle tells every kind of wrong page from the right one."""

from __future__ import annotations

import gzip
import zlib

import pytest

from locustfiles._oracle import Oracle, expected_mark, judge

RIGHT = "page=article id=7 revision=0 digest=aa viewer=anonymous"
MEMBERS = "page=me viewer=m000001"


def page(mark: str, *, before: int = 0) -> bytes:
    """A page that carries a mark after ``before`` bytes of something else."""
    return f'<head>{" " * before}<meta name="anp-mark" content="{mark}"></head><body>{"x" * 5000}'.encode()


def oracle() -> Oracle:
    """An oracle of articles at revision 0 whose digest is aa."""
    return Oracle(lambda article: (article, 0, "aa"))


@pytest.mark.parametrize(
    ("expected", "got", "verdict"),
    [
        (RIGHT, RIGHT, "ok"),
        (RIGHT, None, "no_mark"),
        (RIGHT, "", "wrong_page"),
        (RIGHT, "page=home viewer=anonymous", "wrong_page"),
        (RIGHT, RIGHT.replace("id=7", "id=8"), "wrong_article"),
        (RIGHT, RIGHT.replace("digest=aa", "digest=bb"), "wrong_article"),
        (RIGHT, RIGHT.replace("revision=0 digest=aa", "revision=1 digest=bb"), "wrong_revision"),
        (RIGHT, RIGHT.replace("anonymous", "m000001"), "leak"),
        (RIGHT, "page=home viewer=m000001", "leak"),
        (RIGHT, RIGHT.replace(" viewer=anonymous", ""), "wrong_viewer"),
        (RIGHT, RIGHT.replace("page=article id=7", "id=7 page=article"), "no_mark"),
        (MEMBERS, MEMBERS, "ok"),
        (MEMBERS, "page=me viewer=m000002", "leak"),
        (MEMBERS, "page=me viewer=anonymous", "wrong_viewer"),
        (MEMBERS, "page=login viewer=anonymous", "wrong_page"),
    ],
)
def test_each_difference_has_its_name(expected: str, got: str | None, verdict: str) -> None:
    """The gravest difference between two marks names the finding."""
    assert judge(expected, got) == verdict


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"", bytes), (b"identity", bytes), (b"gzip", gzip.compress), (b"deflate", zlib.compress)],
)
def test_a_page_is_checked_in_every_coding_it_comes_in(coding: bytes, encode: object) -> None:
    """Right and wrong pages are told apart whether compressed or not, the first time and every time after."""
    assert callable(encode)
    judges = oracle()
    for _ in range(2):
        assert judges.check(RIGHT, encode(page(RIGHT)), coding) is None
        finding = judges.check(RIGHT, encode(page(RIGHT.replace("id=7", "id=8"))), coding)
        assert finding is not None
        assert finding.check == "wrong_article"


def test_a_right_page_for_one_is_not_right_for_another() -> None:
    """Bytes found right for one viewer are looked at again for the next."""
    judges = oracle()
    body = gzip.compress(page(MEMBERS))
    assert judges.check(MEMBERS, body, b"gzip") is None
    finding = judges.check(expected_mark("me", "m000002"), body, b"gzip")
    assert finding is not None
    assert finding.check == "leak"


def test_what_cannot_be_read_is_unchecked_not_right() -> None:
    """An unknown coding and broken compressed data are said to be unchecked."""
    for body, coding in ((b"whatever", b"zstd"), (b"not gzip", b"gzip")):
        finding = oracle().check(RIGHT, body, coding)
        assert finding is not None
        assert finding.check == "unchecked"


def test_a_mark_must_come_in_the_first_kilobyte() -> None:
    """A mark further down does not count."""
    finding = oracle().check(RIGHT, page(RIGHT, before=2000))
    assert finding is not None
    assert finding.check == "no_mark"


@pytest.mark.parametrize(("cache", "is_wrong"), [("HIT", True), ("STALE", True), ("MISS", False), ("BYPASS", False)])
def test_a_stored_page_must_not_set_cookies(cache: str, *, is_wrong: bool) -> None:
    """Set-Cookie on a reused response hands one visitor's cookie to all."""
    finding = oracle().check(RIGHT, page(RIGHT), cache=cache, sets_cookie=True)
    assert (finding is not None and finding.check == "set_cookie_on_hit") == is_wrong


def test_expectations_come_from_the_corpus() -> None:
    """Articles carry id, revision and digest; every other page only its route and viewer."""
    judges = oracle()
    assert judges.expect("article", "anonymous", 7) == RIGHT
    assert judges.expect("me", "m000001", None) == MEMBERS
