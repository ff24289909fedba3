"""The oracle tells every kind of wrong page from the right one."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synth
from locustfiles._oracle import Oracle, expected_mark, judge, query_hash
from target_app.search import fingerprint

RIGHT = "page=article id=7 revision=0 digest=aa viewer=anonymous"
SEARCH = "page=search query=000000000000 viewer=anonymous"
MEMBERS = "page=me viewer=m000001"


def page(mark: str, *, before: int = 0) -> bytes:
    """A page that carries a mark after ``before`` bytes of something else."""
    return f'<head>{" " * before}<meta name="anp-mark" content="{mark}"></head><body>{"x" * 5000}'.encode()


def digest(article: int, revision: int) -> str:
    """The digest of an edition in these tests; no article has a revision beyond 99."""
    if not 0 <= revision < 100:
        raise synth.ArticleError(f"no revision {revision}")
    return "aa" if revision == 0 else f"d{revision}"


def edition(revision: int, viewer: str = "anonymous", article: int = 7) -> str:
    """The mark of an edition of an article."""
    return expected_mark("article", viewer, (article, revision, digest(article, revision)))


def oracle(revisions: dict[int, int] | None = None, allowance: float = 0.0, *, edits: bool = True) -> Oracle:
    """An oracle of articles whose first edition has the digest aa."""
    return Oracle(digest, revisions, allowance, edits=edits)


def found(judges: Oracle, shown: str, sent: float = 0.0, viewer: str = "anonymous") -> str:
    """What the oracle says of article 7 when this mark is shown, whether or not the page is compressed."""
    expected = judges.expect("article", viewer, 7, "/articles/x/")
    findings = [
        judges.check(expected, page(shown), sent=sent),
        judges.check(expected, gzip.compress(page(shown)), b"gzip", sent=sent),
        judges.check_held(expected, shown, sent),
    ]
    checks = {"ok" if finding is None else finding.check for finding in findings}
    assert len(checks) == 1
    return checks.pop()


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
        (MEMBERS, "page=home viewer=anonymous", "wrong_page"),
        (MEMBERS, "page=login viewer=anonymous", "not_logged_in"),
        (MEMBERS, "page=login viewer=m000002", "leak"),
        (RIGHT, "page=login viewer=anonymous", "wrong_page"),
        (SEARCH, SEARCH, "ok"),
        (SEARCH, "page=search query=111111111111 viewer=anonymous", "wrong_page"),
        (SEARCH, "page=search viewer=anonymous", "wrong_page"),
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


def test_expectations_come_from_the_corpus() -> None:
    """Articles carry id, revision and digest; searches what was looked for; other pages only route and viewer."""
    judges = oracle({9: 4})
    assert judges.expect("article", "anonymous", 7, "/articles/x/") == RIGHT
    assert judges.expect("article", "anonymous", 9, "/articles/y/") == edition(4, article=9)
    assert judges.expect("me", "m000001", None, "/me") == MEMBERS
    plum = fingerprint("plum cake")
    assert (
        judges.expect("search", "anonymous", None, "/search?q=plum+cake")
        == f"page=search query={plum} viewer=anonymous"
    )


@given(st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=20))
@settings(deadline=None)
def test_a_search_has_the_sites_own_fingerprint(words: str) -> None:
    """For searches worded as the swarm words them, both sides compute the same hash."""
    assert query_hash(f"/search?q={words}") == fingerprint(words)


@pytest.mark.parametrize(
    ("route", "path", "media"),
    [
        ("static", "/static/site.1.css", b"text/css; charset=utf-8"),
        ("static", "/static/favicon.1.svg", b"image/svg+xml"),
        ("image", "/images/bars-1.svg", b"image/svg+xml"),
        ("feed", "/feed.xml", b"application/rss+xml; charset=utf-8"),
        ("sitemap", "/sitemap.xml", b"Application/XML"),
        ("robots", "/robots.txt", b"text/plain"),
    ],
)
def test_files_without_a_mark_are_checked_by_their_type(route: str, path: str, media: bytes) -> None:
    """A style sheet is one by its media type, and an error page in its place is found out."""
    judges = oracle()
    expected = judges.expect(route, "anonymous", None, path)
    assert judges.check(expected, b"body {}", media=media) is None
    for wrong in (b"text/html; charset=utf-8", b""):
        finding = judges.check(expected, page(RIGHT), media=wrong)
        assert finding is not None
        assert finding.check == "wrong_page"
    assert judges.check_held(expected, expected, 0.0) is None


# -- editions -------------------------------------------------------------------------------------------------------


def test_an_older_edition_is_right_until_the_edit_is_finished_and_its_allowance_over() -> None:
    """What was asked for before the edit bound may show either; later, only the new edition will do."""
    judges = oracle(allowance=2.0)
    judges.edited(7, 1, since=10.0)
    assert [found(judges, edition(0), sent) for sent in (9.0, 11.9, 12.0, 30.0)] == ["ok", "ok", "stale", "stale"]
    assert [found(judges, edition(1), sent) for sent in (9.0, 12.0)] == ["ok", "ok"]


def test_a_newer_edition_is_right_only_while_editors_are_at_work() -> None:
    """The news of an edit may come later than its page; without editors nobody can have changed it."""
    assert found(oracle(), edition(1)) == "ok"
    assert found(oracle(edits=False), edition(1)) == "wrong_revision"


@pytest.mark.parametrize(
    ("shown", "check"),
    [
        (edition(2).replace("d2", "ff"), "wrong_revision"),  # newer, and no edition of the corpus
        (edition(1).replace("d1", "ff"), "wrong_article"),
        (edition(0).replace("aa", "ff"), "wrong_article"),
        (edition(1).replace("revision=1", "revision=100"), "wrong_revision"),
        (edition(1).replace("revision=1", "revision=-1"), "wrong_revision"),
        (edition(1).replace("revision=1", "revision=new"), "wrong_revision"),
        (edition(1).replace("id=7", "id=8"), "wrong_article"),
    ],
)
def test_only_genuine_editions_count(shown: str, check: str) -> None:
    """A mark with a digest, number or article of no edition is wrong whichever edition may be shown."""
    judges = oracle()
    judges.edited(7, 1, since=10.0)
    assert found(judges, shown, sent=5.0) == check


def test_an_edition_from_before_the_run_is_the_oldest_allowed() -> None:
    """What was edited before must not fall back behind the revision the site named at the start."""
    judges = oracle({7: 3}, edits=False)
    assert [found(judges, edition(revision)) for revision in (2, 3, 4)] == ["stale", "ok", "wrong_revision"]


@pytest.mark.parametrize(("viewer", "check"), [("m000001", "ok"), ("anonymous", "wrong_viewer"), ("m000002", "leak")])
def test_an_allowed_edition_must_still_be_the_viewers(viewer: str, check: str) -> None:
    """A member's page of an edition just replaced is right, but not when it was made for somebody else."""
    judges = oracle()
    judges.edited(7, 1, since=10.0)
    assert found(judges, edition(0, viewer), sent=5.0, viewer="m000001") == check
    assert found(judges, edition(2, viewer), sent=15.0, viewer="m000001") == check


def test_a_304_is_judged_by_what_the_visitor_holds() -> None:
    """To be told that an old edition is still good is as wrong as to be shown it."""
    judges = oracle()
    held = judges.shown(judges.expect("article", "anonymous", 7, "/"), page(edition(0)), b"")
    assert held == edition(0)
    judges.edited(7, 1, since=10.0)
    expected = judges.expect("article", "anonymous", 7, "/")
    assert expected == edition(1)
    assert judges.check_held(expected, held, sent=9.0) is None
    finding = judges.check_held(expected, held, sent=10.0)
    assert finding is not None
    assert (finding.check, finding.got) == ("stale", f"304 for {edition(0)}")


@pytest.mark.parametrize(("coding", "encode"), [(b"", bytes), (b"gzip", gzip.compress)])
def test_what_is_held_is_the_edition_that_came(coding: bytes, encode: object) -> None:
    """A page newer or older than expected is remembered as what it is, so that its validator is judged rightly."""
    assert callable(encode)
    judges = oracle()
    expected = judges.expect("article", "anonymous", 7, "/")
    for revision in (0, 1, 0):
        body = encode(page(edition(revision)))
        assert judges.check(expected, body, coding) is None
        assert judges.shown(expected, body, coding) == edition(revision)
    newer = judges.shown(expected, encode(page(edition(1))), coding)
    judges.edited(7, 1, since=10.0)  # the news comes after the page
    assert judges.check_held(judges.expect("article", "anonymous", 7, "/"), newer, sent=20.0) is None


def test_files_without_a_mark_are_held_as_expected() -> None:
    """Of what carries no mark, nothing more is known than what it must be."""
    expected = oracle().expect("static", "anonymous", None, "/x")
    assert oracle().shown(expected, b"body {}", b"") == expected


GAPS = st.lists(st.floats(0.01, 50), max_size=40)


@given(gaps=GAPS, before=st.integers(0, 3), allowance=st.floats(0, 100), asked=st.lists(st.floats(0, 1), max_size=30))
@settings(deadline=None)
def test_a_site_that_keeps_its_word_is_never_accused_and_one_that_does_not_always_is(
    gaps: list[float], before: int, allowance: float, asked: list[float]
) -> None:
    """Whatever the order of edits and requests: at least the newest edition that binds, or stale.

    Requests are judged when their answer comes, half a minute after they were sent at most, with more edits known.
    """
    judges = oracle({7: before} if before else None, allowance)
    edits: list[float] = []  # when edition before + 1, before + 2, ... was finished
    for gap in gaps:
        edits.append((edits[-1] if edits else 0.0) + gap)
    now = 0.0
    for one, other in pairwise([0.0, *edits, (edits[-1] if edits else 0.0) + 200.0]):
        if one:
            now = one
            judges.edited(7, before + edits.index(one) + 1, since=one)
        known = before + sum(moment <= now for moment in edits)
        for share in asked:
            answered = now + share * (other - now)
            sent = answered - share * 30.0
            oldest = before + sum(moment + allowance <= sent and moment <= now for moment in edits)
            for revision in range(known + 3):
                assert found_plainly(judges, revision, sent) == ("ok" if revision >= oldest else "stale")


def found_plainly(judges: Oracle, revision: int, sent: float) -> str:
    """What the oracle says of an edition of article 7, without going through a page."""
    finding = judges.check_held(judges.expect("article", "anonymous", 7, "/"), edition(revision), sent)
    return "ok" if finding is None else finding.check


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 0.5)), min_size=1, max_size=60))
@settings(deadline=None)
def test_editions_told_out_of_order_never_bring_an_older_one_back(news: list[tuple[int, float]]) -> None:
    """Once an edition binds, no older one is right again, however late the news of those comes."""
    judges, now, newest = oracle(), 0.0, 0
    for revision, gap in news:
        now += gap * 100
        judges.edited(7, revision, since=now)
        newest = max(newest, revision)
        assert found_plainly(judges, newest, now) == "ok"
        assert found_plainly(judges, newest - 1, now) == "stale"
        assert judges.expect("article", "anonymous", 7, "/") == edition(newest)
