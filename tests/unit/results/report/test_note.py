from collections.abc import Callable

from results.comparison import Comparison, compare_trial
from results.record import Record
from results.report import note


def test_the_note_answers_every_question(demo_comparison: Comparison) -> None:
    """The note has a heading for why, what, the result, what was ruled out, how, and the way back."""
    headings = [line[3:] for line in note.render(demo_comparison).splitlines() if line.startswith("## ")]

    assert headings == [
        "Why",
        "What changed",
        "Result",
        "What was ruled out",
        "How it was measured",
        "How to roll back",
    ]


def test_the_note_tells_what_the_cache_did(demo_comparison: Comparison) -> None:
    """Each cell stands with its cache classes and database calls before and after."""
    row = next(line for line in note.render(demo_comparison).splitlines() if line.startswith("| reader article p50"))

    assert "| BYPASS 100 % | HIT 100 % | 5 → 0 |" in row


def test_the_way_back_is_the_old_setting(demo_comparison: Comparison) -> None:
    """Rolling back means the before arm's settings."""
    assert "Set `page_cache=off` again" in note.render(demo_comparison)


def test_commands_are_part_of_the_note(demo_comparison: Comparison) -> None:
    """The commands of the plan can be copied from the note."""
    assert "```sh\nanp serve --set page_cache=off\n" in note.render(demo_comparison)


def test_what_was_ruled_out_does_not_contradict_itself(make_trial: Callable[..., Record]) -> None:
    """A note without a verdict says that of latency alone, and lists what else was ruled out apart from it."""
    lines = note.render(compare_trial(make_trial(launches=6, lag_ms=3.0, cpu=0.1))).splitlines()
    start = lines.index("## What was ruled out")

    assert lines[start + 2].startswith("Nothing about latency")
    assert [lines[start + offset] for offset in (3, 5)] == ["", ""]
    assert lines[start + 6].startswith("- ")


def test_a_note_counts_what_it_shows(make_trial: Callable[..., Record]) -> None:
    """Requests and launches of a note are those its figures are over, and its advice stands once."""
    text = note.render(compare_trial(make_trial(launches=6, lag_ms=3.0, cpu=0.1)))

    assert "Over all 6 launches, none of which counts: 4,200 requests before and 4,200 after" in text
    assert text.count("other work on the machine") == 1
    assert text.count("The generator was not fit") == 1


def test_failed_gates_are_part_of_the_note(make_trial: Callable[..., Record]) -> None:
    """A note of an invalid run says which gate failed."""
    assert "## Gates that failed" in note.render(compare_trial(make_trial(wrong_pages=1)))
