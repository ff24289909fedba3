"""The comparison on a terminal, in a pull request and for a machine."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from results.foreign import report
from results.foreign.compare import ForeignComparison, compare
from results.foreign.sniff import read


@pytest.fixture
def coarse(write_locust) -> ForeignComparison:
    """Two locust sessions that the tool cannot tell apart."""
    return compare([read(write_locust("a.csv", 2))], [read(write_locust("b.csv", 1))])


@pytest.fixture
def refused(fixtures: Path) -> ForeignComparison:
    """Sessions of different tools."""
    return compare([read(fixtures / "hey.txt")], [read(fixtures / "siege.json")])


def shown(comparison: ForeignComparison, width: int = 120) -> str:
    """What a terminal of that width shows."""
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(report.text(comparison))
    return capture.get()


def test_the_terminal_begins_with_the_word(
    coarse: ForeignComparison, decided: ForeignComparison, refused: ForeignComparison
) -> None:
    """The verdict is the first thing, with its sentence."""
    assert shown(coarse).startswith("NOT ENOUGH DATA  GET /articles p50 cannot be settled: instrument resolution")
    assert shown(decided).startswith("SLOWER  The sessions after are slower at GET /articles p50 by at least")
    assert shown(refused).startswith("NOT COMPARABLE  Different tools measure different things: hey and Siege.")


def test_the_terminal_shows_figures_grade_and_resolution(coarse: ForeignComparison) -> None:
    """Both figures, what the instruments leave of the ratio, the grade and how the tool writes latencies."""
    text = " ".join(shown(coarse).split())

    for part in ("2.00 ms", "1.00 ms", "0.500", "[0.200, 1.000]", "Grade C", "two significant digits"):
        assert part in text


@pytest.mark.parametrize("width", [80, 120, 200])
def test_any_width_will_do(decided: ForeignComparison, width: int) -> None:
    """No line is longer than the terminal is wide."""
    assert max(len(line) for line in shown(decided, width).splitlines()) <= width


def test_the_comment_has_a_row_a_cell(decided: ForeignComparison) -> None:
    """Marker, heading, and one row for each primary cell."""
    text = report.markdown(decided)

    assert text.startswith("<!-- anp-comparison -->\n### Slower: ")
    assert sum(line.startswith("| GET /articles p") for line in text.splitlines()) == len(decided.primary)
    assert "**slower** by at least" in text


def test_the_comment_takes_names_literally(write_vegeta) -> None:
    """A route named in Markdown or HTML changes nothing of the comment."""
    hostile = "/a|b<script>*x*`"
    sides = [[read(write_vegeta(name, np.linspace(5, 20 + n, 250), url=hostile))] for n, name in enumerate("ab")]

    text = report.markdown(compare(*sides))

    assert "<script>" not in text
    rows = [line for line in text.splitlines() if "p50" in line and line.startswith("| ")]
    assert [line.replace("\\|", "").count("|") for line in rows] == [7]


@pytest.mark.parametrize("which", ["coarse", "decided", "refused"])
def test_the_json_fulfils_its_schema(request: pytest.FixtureRequest, which: str) -> None:
    """Every comparison, of whatever verdict, is as the schema says, and is JSON that any reader knows."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    comparison = request.getfixturevalue(which)

    document = json.loads(report.render_json(comparison), parse_constant=refuse)

    jsonschema.Draft202012Validator.check_schema(report.schema())
    jsonschema.Draft202012Validator(report.schema()).validate(document)
    assert document["format"] == 1
    assert document["overall"]["word"] == comparison.overall.word


def test_the_schema_refuses_what_is_not_written(decided: ForeignComparison) -> None:
    """A key that nobody writes, or a word that is no verdict, is against the schema."""
    validator = jsonschema.Draft202012Validator(report.schema())
    document = report.to_dict(decided)

    assert not validator.is_valid({**document, "more": 1})
    assert not validator.is_valid({**document, "overall": {**document["overall"], "word": "better"}})


def test_files_are_named_and_paths_are_not(coarse: ForeignComparison, tmp_path: Path) -> None:
    """The JSON names files by their name alone."""
    assert str(tmp_path) not in report.render_json(coarse)
    assert [session["file"] for session in report.to_dict(coarse)["sessions"]["before"]] == ["a.csv"]


def test_what_was_not_measured_has_no_tick_in_any_form(fixtures: Path, tmp_path: Path) -> None:
    """A file that does not tell its failures: a note on the terminal, in the comment and in the JSON."""
    copy = tmp_path / "other.csv"
    copy.write_bytes((fixtures / "hey.csv").read_bytes() + (fixtures / "hey.csv").read_bytes().splitlines()[-1] + b"\n")
    comparison = compare([read(fixtures / "hey.csv")], [read(copy)])

    words = "Failed requests: The files do not say how many requests failed."
    assert f"  · note: {words}" in shown(comparison)
    assert f"- **noted**: {words}" in report.markdown(comparison)
    (errors,) = (each for each in report.to_dict(comparison)["checks"] if each["code"] == "errors")
    assert (errors["ok"], errors["effect"]) == (False, "note")
