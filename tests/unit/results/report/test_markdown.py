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
