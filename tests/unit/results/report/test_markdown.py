from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from results.comparison import Comparison, compare_trial
from results.record import Record
from results.report import markdown


def test_the_comment_can_be_found_again(demo_comparison: Comparison) -> None:
    """The first line is the marker and the second the verdict."""
    lines = markdown.render(demo_comparison).splitlines()

    assert lines[0] == markdown.MARKER
    assert lines[1].startswith("### Faster: The median of reader article pages")


def test_the_table_is_well_formed(demo_comparison: Comparison) -> None:
    """Every row of the first table has as many cells as its head."""
    lines = markdown.render(demo_comparison).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| cell"))
    rows = lines[start : start + 2 + len(demo_comparison.primary)]

    assert {row.count(" | ") for row in rows if not row.startswith("| ---")} == {5}


def test_launches_that_do_not_count_are_not_passed_off(make_trial: Callable[..., Record]) -> None:
    """The comment names the launches its figures are over and the direction of every limit."""
    text = markdown.render(compare_trial(make_trial(launches=6, lag_ms=3.0)))

    assert "all 6 launches, none of which counts" in text
    assert "| 0 launches | at least 6 launches | **failed** |" in text
    assert "| 100 % | at most 20 % | **failed** |" in text
    assert "would have called slower" not in text


def test_some_launches_left_out_are_told(make_trial: Callable[..., Record]) -> None:
    """Where some launches count, the figures are said to be over those."""
    assert "the 7 of 8 launches that count" in markdown.render(compare_trial(make_trial(lag_ms=3.0, lag_in=[2])))


def test_hostile_names_break_nothing(make_trial: Callable[..., Record]) -> None:
    """Names full of markup stay text, on their line, and the comment stays below the limit of its host."""
    page = {"persona": "a|b<img src=x>\n# c `d` " * 40, "route": "*x* @everyone " * 40, "requests": 1100}
    trial = make_trial(pages=[page | {"route": f"{i}{page['route']}"} for i in range(4)], plan={"reason": "<b>" * 9})
    text = markdown.render(compare_trial(trial))

    assert len(text) < 65_536
    assert "<img" not in text
    assert "\n# c" not in text
    assert " @everyone" not in text


@given(st.text())
def test_escaped_text_holds_no_markup(text: str) -> None:
    """Whatever is escaped is one line without a tag."""
    escaped = markdown.escape(text)

    assert "\n" not in escaped
    assert "<" not in escaped
    assert ">" not in escaped.replace("\\>", "")
