"""Tags of the pages of lists: where an article comes or goes all is dropped that changes, and nothing before it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.model import MAX_ID
from target_app import staleness
from target_app.records import PAGE_SIZE, Face, Move, Place, Standing, period

LIST = "list-newest"
pages = st.integers(1, 5000)


@given(first=pages, last=pages)
def test_a_part_of_a_list_is_its_last_pages(first: int, last: int) -> None:
    """From any page to the last, every page has one of the tags that are touched, and no page before has one."""
    first, last = sorted((first, last))
    touched = set(staleness._from_page(LIST, first, last))
    for number in (1, first - 1, first, first + 1, (first + last) // 2, last):
        if 1 <= number <= last:
            assert bool(touched & set(staleness.on_page(LIST, number))) == (number >= first)


@given(st.integers(1, 1 << 20))
def test_a_page_has_few_tags_and_a_move_touches_few(number: int) -> None:
    """As many as the number of the page has digits of four, and every one of them is short enough for any cache."""
    tag = staleness.listed("tag", "x" * 60)
    on_page, touched = staleness.on_page(tag, number), staleness._from_page(tag, number, 1 << 20)
    assert len(on_page) <= 1 + ((number - 1).bit_length() + 1) // 2
    assert len(on_page) + PAGE_SIZE <= 32
    assert len(touched) <= 31
    assert all(len(tag) <= 32 for tag in [*on_page, *touched])
    assert len(set(on_page)) == len(on_page)


def test_the_first_page_has_the_tag_of_its_list_alone() -> None:
    """It changes with everything that comes or goes before it, which is nothing, or with the whole list."""
    assert staleness.on_page(LIST, 1) == [LIST]
    assert staleness._from_page(LIST, 1, 9) == [LIST]


@pytest.mark.parametrize(
    ("standing", "come", "expected"),
    [
        (Standing(0, 100), 0, [LIST]),
        (Standing(PAGE_SIZE, 95), 1, [f"{LIST}:0.1", f"{LIST}:0.2", f"{LIST}:0.3", f"{LIST}:1.1"]),
        (Standing(PAGE_SIZE, 81), 1, [LIST]),  # there is one more page now, which all of them say
        (Standing(PAGE_SIZE, 80), -1, [LIST]),
        (Standing(3 * PAGE_SIZE, 79), -1, [f"{LIST}:0.3"]),
        (Standing(0, 0), -1, [LIST]),
    ],
)
def test_a_move_touches_the_pages_from_its_place_on(standing: Standing, come: int, expected: list[str]) -> None:
    """All of them where the number of pages has changed."""
    assert staleness._moved(Move(Place("newest", ""), 0, come), standing)[: len(expected)] == expected


ids = st.lists(st.integers(0, MAX_ID) | st.integers(11_700, 11_999), max_size=100, unique=True)


@given(ids, st.integers(11_700, 11_999))
def test_a_page_of_many_articles_has_few_tags_and_is_dropped_with_any_of_them(shown: list[int], other: int) -> None:
    """Up to thirty by tags of their own, so that no other drops it; more by those of their hundreds, or by one."""
    tags = staleness.posts(shown)
    assert len(tags) <= 30
    assert all(len(tag) <= 32 for tag in tags)
    assert all(staleness.whole(each) & set(tags) for each in shown)
    if len(shown) <= 30 and other not in shown:
        assert not staleness.whole(other) & set(tags)


def test_a_run_of_a_hundred_articles_has_the_tags_of_two_hundreds() -> None:
    """An article two hundred further on leaves it alone."""
    tags = staleness.posts(range(11_730, 11_830))
    assert tags == ["posts-117", "posts-118"]
    assert all(staleness.whole(each) & set(tags) for each in range(11_730, 11_830))
    assert not staleness.whole(11_930) & set(tags)
    assert staleness.posts(range(0, 9_900, 100)) == ["posts"]


def _face(published: int, *, tags: tuple[str, ...] = ("a",), status: str = "published") -> Face:
    terms = frozenset(("tag", tag) for tag in tags)
    return Face(9, "nine", status, "0" * 24, (), terms, "amber-1", published)  # type: ignore[arg-type]


JUNE = int(datetime(2026, 6, 3, tzinfo=UTC).timestamp())
MAY = int(datetime(2026, 5, 3, tzinfo=UTC).timestamp())


def test_an_article_moves_where_its_lists_or_its_moment_change() -> None:
    """A text alone moves nothing; another tag, its lists; another moment, all, at the later of the two."""
    assert staleness.moves(_face(JUNE), _face(JUNE)) == []
    assert staleness.moves(_face(JUNE, status="draft"), _face(JUNE, status="draft")) == []
    assert staleness.moves(_face(JUNE), _face(JUNE, tags=("b",))) == [
        Move(Place("tag", "a"), JUNE, -1),
        Move(Place("tag", "b"), JUNE, 1),
    ]
    assert staleness.moves(_face(MAY), _face(JUNE)) == [
        Move(Place("author", "amber-1"), JUNE, 0),
        Move(Place("date", "2026"), JUNE, 0),
        Move(Place("date", "2026-05"), MAY, -1),
        Move(Place("date", "2026-06"), JUNE, 1),
        Move(Place("newest", ""), JUNE, 0),
        Move(Place("tag", "a"), JUNE, 0),
    ]
    assert {move.come for move in staleness.moves(_face(JUNE, status="draft"), _face(JUNE))} == {1}
    assert {move.come for move in staleness.moves(_face(JUNE), None)} == {-1}


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("2024", datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2024-02", datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_is_a_year_or_a_month(name: str, begin: datetime, end: datetime) -> None:
    """From its first moment to the first after it, leap years included."""
    assert period(name) == (begin.timestamp(), end.timestamp())
