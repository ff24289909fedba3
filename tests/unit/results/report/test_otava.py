import csv
import dataclasses
import io
import math
from pathlib import Path

import pytest

from results.comparison import Comparison
from results.errors import ResultsError
from results.measures import Pair
from results.report import otava, write_history


def at(comparison: Comparison, started: str, **plan: object) -> Comparison:
    """The same comparison of another time."""
    return dataclasses.replace(comparison, plan={**comparison.plan, "started": started, **plan})


def rows(text: str) -> list[dict[str, str]]:
    """What a reader of CSV makes of it, as Otava reads it: comma, double quotes, a heading."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_trial_is_a_row_with_its_primary_cells(demo_comparison: Comparison) -> None:
    """The row holds time, commit, branch and the latency after the change of every primary cell, in milliseconds."""
    source = {"commit": "abc123", "branch": "main", "dirty": []}
    (row,) = rows(otava.render([at(demo_comparison, "2026-11-28T10:00:00Z", source=source)]))

    assert (row["time"], row["commit"], row["branch"]) == ("2026-11-28T10:00:00Z", "abc123", "main")
    assert float(row["reader_article_p95_ms"]) == pytest.approx(
        next(each for each in demo_comparison.primary if each.label == "reader article p95").latency_ms.after, rel=1e-5
    )
    assert len(row) == len(otava.ABOUT) + len(demo_comparison.primary)


def test_the_commit_of_the_after_arm_comes_before_that_of_the_run(demo_comparison: Comparison) -> None:
    """Of two sessions, the history is of the one that came after."""
    plan = {"source": {"commit": "run"}, "sources": {"before": None, "after": {"commit": "mine"}}}
    (row,) = rows(otava.render([at(demo_comparison, "2026-11-28T10:00:00Z", **plan)]))

    assert row["commit"] == "mine"


def test_the_oldest_trial_comes_first(demo_comparison: Comparison) -> None:
    """Otava takes rows in their order, so they are in that of time."""
    text = otava.render([at(demo_comparison, f"2026-11-2{day}T10:00:00Z") for day in (3, 1, 2)])

    assert [row["time"][8:10] for row in rows(text)] == ["21", "22", "23"]


def test_a_history_is_added_to(demo_comparison: Comparison) -> None:
    """A new trial joins the earlier ones; one that is there already takes its own place again."""
    first = otava.render([at(demo_comparison, "2026-11-21T10:00:00Z"), at(demo_comparison, "2026-11-23T10:00:00Z")])
    again = at(demo_comparison, "2026-11-23T10:00:00Z", source={"commit": "new"})
    both = otava.render([at(demo_comparison, "2026-11-22T10:00:00Z"), again], first)

    assert [(row["time"][8:10], row["commit"]) for row in rows(both)] == [("21", ""), ("22", ""), ("23", "new")]
    assert otava.render([], both) == both


def test_cells_that_a_trial_lacks_are_not_a_number(demo_comparison: Comparison) -> None:
    """Trials of other cells share a file; what a trial has not measured, or failed in, is nan there."""
    first, second, *_ = demo_comparison.primary
    failed = dataclasses.replace(second, latency_ms=Pair(1.0, math.inf))
    one = dataclasses.replace(at(demo_comparison, "2026-11-21T10:00:00Z"), cells=(first,))
    other = dataclasses.replace(at(demo_comparison, "2026-11-22T10:00:00Z"), cells=(failed,))
    early, late = rows(otava.render([one, other]))

    assert early["reader_article_p95_ms"] == late["reader_article_p95_ms"] == late["reader_article_p50_ms"] == "nan"
    assert float(early["reader_article_p50_ms"]) > 0


@pytest.mark.parametrize("word", ["invalid", "not comparable"])
def test_trials_that_do_not_stand_are_no_history(demo_comparison: Comparison, word: str) -> None:
    """Latencies that mean nothing are left out of the history."""
    overall = dataclasses.replace(demo_comparison.overall, word=word)

    assert otava.render([dataclasses.replace(demo_comparison, overall=overall)]) == ""


def test_a_history_begins_with_its_first_row(demo_comparison: Comparison, tmp_path: Path) -> None:
    """An invalid trial makes no file and leaves a file as it is; a valid one begins it."""
    file = tmp_path / "history.csv"
    overall = dataclasses.replace(demo_comparison.overall, word="invalid")
    invalid = dataclasses.replace(demo_comparison, overall=overall)

    write_history([invalid], file)
    assert not file.exists()

    write_history([demo_comparison], file)
    begun = file.read_text()
    write_history([invalid], file)
    assert len(rows(begun)) == 1
    assert file.read_text() == begun


def test_a_name_of_several_lines_stays_one_row(demo_comparison: Comparison) -> None:
    """Line ends, commas and quotes in a name do not end its row."""
    name = 'a,"b"\nc'
    (row,) = rows(otava.render([dataclasses.replace(demo_comparison, name=name)]))

    assert row["name"] == 'a,"b" c'


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("time,value\n1,2\n", "begins with the columns time, value"),
        ("time,name,commit,branch,verdict,x_ms\n1,a,,,faster\n", "not as many values"),
        ("time,name,commit,branch,verdict,x_ms\n1,a,,,faster,2,3\n", "not as many values"),
    ],
)
def test_another_file_is_not_a_history(demo_comparison: Comparison, history: str, message: str) -> None:
    """What was not written by an earlier call is refused, and said why."""
    with pytest.raises(ResultsError, match=message):
        otava.render([demo_comparison], history)


def test_a_trial_without_a_time_has_no_place(demo_comparison: Comparison) -> None:
    """A comparison that does not say when it began cannot be put into an order."""
    plan = {key: value for key, value in demo_comparison.plan.items() if key != "started"}

    with pytest.raises(ResultsError, match="does not say when it started"):
        otava.render([dataclasses.replace(demo_comparison, plan=plan)])
