import dataclasses
import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

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
    """Names full of markup stay text, on their line, and call nobody; the comment stays below its host's limit."""
    page = {"persona": "a|b<img src=x>\n# c `d` " * 40, "route": "*x* @everyone " * 40, "requests": 1100}
    trial = make_trial(pages=[page | {"route": f"{i}{page['route']}"} for i in range(4)], plan={"reason": "<b>" * 9})
    text = markdown.render(compare_trial(trial))

    assert len(text) < 65_536
    assert "<img" not in text
    assert "\n# c" not in text
    assert "@everyone" not in text
    assert all(line.count(" | ") == 5 for line in text.splitlines() if line.startswith("| 0"))


@pytest.mark.parametrize("character", ["x", "|", "\N{WOMAN}", "<"])
def test_a_comment_is_never_too_long(demo_comparison: Comparison, character: str) -> None:
    """Whatever is written into a comparison, its comment has fewer than 65,536 characters and closes what it opens."""
    word = character * 1000
    caveats = tuple(f"{number} {word}" for number in range(200))
    gates = tuple(dataclasses.replace(gate, title=word, words=word) for gate in demo_comparison.gates)
    overall = dataclasses.replace(demo_comparison.overall, headline=word, sentences=(word,) * 30)
    text = markdown.render(dataclasses.replace(demo_comparison, overall=overall, gates=gates, caveats=caveats))

    assert len(text.encode("utf-16-le")) // 2 < 65_536
    assert text.count("<details>") == text.count("</details>")
    assert text.startswith(markdown.MARKER)
    assert text.endswith("the whole is in report.html.\n")


def test_at_most_twelve_cells_are_shown(demo_comparison: Comparison) -> None:
    """Of many primary cells the table shows twelve, slower ones first, and says how many are left."""
    first = demo_comparison.primary[0]
    slower = dataclasses.replace(first, verdict=dataclasses.replace(first.verdict, word="slower"), quantile="p99")
    text = markdown.render(dataclasses.replace(demo_comparison, cells=(first,) * 14 + (slower,)))
    rows = [line for line in text.splitlines() if line.startswith("| reader article")]

    assert len(rows) == 12
    assert "**slower**" in rows[0]
    assert "3 more primary cells are in report.html" in text


def test_the_change_stands_with_its_interval(demo_comparison: Comparison) -> None:
    """A row tells the change in percent with both ends of its interval, the margin and the verdict in words."""
    row = next(
        line for line in markdown.render(demo_comparison).splitlines() if line.startswith("| reader article p50")
    )

    assert re.search(
        r"\| −\d\d\.\d % \[−\d\d\.\d %, −\d\d\.\d %\] \| ±\d\.\d % \| \*\*faster\*\* by at least \d\d %", row
    )


def test_the_comment_says_what_could_have_been_found(demo_comparison: Comparison) -> None:
    """The slowdowns that the run had the power to find stand below the table, and the mix sentence above it."""
    text = markdown.render(demo_comparison)

    assert text.index("all of it because the hit ratio rose") < text.index("| cell |")
    assert text.index("| cell |") < text.index("Slowdowns that this run would have called slower")


@given(st.sampled_from(["@someone", "#12", "GH-7", "https://example.org/x", "www.example.org", "@org/team"]))
def test_nothing_becomes_a_link(reference: str) -> None:
    """Mentions, references and addresses are broken up, so that GitHub finds none in the finished page."""
    escaped = markdown.escape(f"see {reference} now")

    assert reference not in escaped.replace("\\", "")
    assert escaped.replace("\\", "").replace("\N{ZERO WIDTH SPACE}", "") == f"see {reference} now"


HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\\\\`*_[]()|#~@<>&!-+=.1 \n{}:/\"'")))


PLACES = ("{}", "| h |\n| --- |\n| {} |", "- {}", "# {}")
NASTY = (
    *(
        "- a",
        "+ a",
        "1. a",
        "12) a",
        "===",
        "---",
        "# a",
        "> a",
        "    a",
        "```",
        "~~a~~",
        "a  \nb",
        "[a]: /b",
        "| a | b |",
    ),
    *("<b>a</b>", "<!-- a -->", "&lt;", "a|b", "\\", "\\|", "`a`", "*a*", "__a__", "![a](b)", "<http://a.example>"),
)


def shows(text: str, place: str) -> bool:
    """Whether a Markdown reader shows the text in its place as it is, less its control characters, and no markup."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    before, after = page.render(place.format("x")).split("x")
    shown = page.render(place.format(markdown.literal(text)))
    wanted = re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", " ".join(text.split())).strip()
    inside = shown.removeprefix(before).removesuffix(after)
    return not wanted or ("<" not in inside and html.unescape(inside).strip() == wanted)


@given(HOSTILE, st.sampled_from(PLACES))
def test_text_stays_text(text: str, place: str) -> None:
    """Whatever text comes from outside, it is shown as it is."""
    assert shows(text, place)


@pytest.mark.parametrize("text", NASTY)
def test_markup_is_shown_as_text(text: str) -> None:
    """What would be a list, a heading, a table, a link or a tag is shown as it was written, in every place."""
    assert all(shows(text, place) for place in PLACES)
