import dataclasses
from collections.abc import Callable

import pytest

from results.comparison import Comparison, compare_trial
from results.record import Record
from results.report import note, tables


def test_the_note_answers_every_question(demo_comparison: Comparison) -> None:
    """The note has a heading for why, what, the result, what was ruled out, how, what to expect, and the way back."""
    headings = [line[3:] for line in note.render(demo_comparison).splitlines() if line.startswith("## ")]

    assert headings == [
        "Why",
        "What changed",
        "Result",
        "What was ruled out",
        "What to know with it",
        "How it was measured",
        "After the release",
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

    assert "over all 6 launches, none of which counts. 4,200 requests before and 4,200 after" in text
    assert text.count("other work on the machine") == 1
    assert text.count("The generator was not fit") == 1


def test_failed_gates_are_part_of_the_note(make_trial: Callable[..., Record]) -> None:
    """A note of an invalid run says which gate failed."""
    assert "## Gates that failed" in note.render(compare_trial(make_trial(wrong_pages=1)))


def test_the_note_names_the_state_of_the_source(demo_comparison: Comparison) -> None:
    """Commit, branch and changed files stand with what changed."""
    source = {"commit": "ccc333", "branch": "faster", "dirty": ["notes.txt"]}
    text = note.render(dataclasses.replace(demo_comparison, plan={**demo_comparison.plan, "source": source}))

    assert "Run from commit `ccc333` on `faster`, with 1 file changed since: `notes.txt`." in text


def test_the_note_on_two_sessions_names_the_source_of_each(demo_comparison: Comparison) -> None:
    """Each has a commit of its own, and the one before is what to go back to."""
    sources = {
        "before": {"commit": "aaa111", "branch": "main", "dirty": []},
        "after": {"commit": "bbb222", "branch": None, "dirty": ["site/cache.py", "a`b.py"]},
    }
    plan = {**demo_comparison.plan, "sources": sources, "source": sources["after"]}
    text = note.render(dataclasses.replace(demo_comparison, kind="archived", plan=plan))

    assert "- before was run from commit `aaa111` on `main`, with no file changed since\n" in text
    assert "- after was run from commit `bbb222`, with 2 files changed since: `site/cache.py`, `a'b.py`\n" in text
    assert "Run from commit" not in text
    assert text.rstrip().endswith("- Deploy commit `aaa111` again, which the before arm was.")


def test_a_note_without_git_says_nothing_of_commits(demo_comparison: Comparison) -> None:
    """A trial that was run outside a work tree has no line on commits."""
    text = note.render(dataclasses.replace(demo_comparison, plan={**demo_comparison.plan, "source": None}))

    assert "commit" not in text


def test_what_to_expect_after_the_release_is_named(demo_comparison: Comparison) -> None:
    """Ratios, cache class and database calls of settled pages are there to hold the release against."""
    lines = note.render(demo_comparison).splitlines()
    start = lines.index("## After the release")
    line = next(line for line in lines[start:] if line.startswith("- reader article: "))

    assert "p50 0.0" in line or "p50 0.1" in line
    assert line.endswith("; 0 database calls a page; cache HIT 100 %")


def test_both_arms_stand_side_by_side_as_a_whole(demo_comparison: Comparison) -> None:
    """Error rate and hit ratio of each arm stand in the note."""
    text = note.render(demo_comparison)

    assert "| failed | 0 % | 0 % |" in text
    assert "| served from the cache, reader | 0 % | 100 % |" in text


def test_commands_cannot_leave_their_block(demo_comparison: Comparison) -> None:
    """A command with a fence of its own stays inside a longer one, unchanged."""
    plan = {**demo_comparison.plan, "commands": ["anp trial", "echo ```\n# not a heading"]}
    text = note.render(dataclasses.replace(demo_comparison, plan=plan))

    assert "\n````sh\nanp trial\necho ```\n# not a heading\n````\n" in text


def test_who_made_the_change_and_what_for_is_told(demo_comparison: Comparison) -> None:
    """Expectation and owner of the plan stand with the reason, as the text they are."""
    plan = {**demo_comparison.plan, "expected": "readers gain a lot", "owner": "<b>Ada</b>"}
    text = note.render(dataclasses.replace(demo_comparison, plan=plan))
    why = text.partition("## Why")[2].partition("## ")[0]

    assert "Expected: readers gain a lot" in why
    assert "Owner: " in why
    assert "<b>" not in why


@pytest.mark.parametrize(
    ("kind", "settings", "way"),
    [
        ("command", {"revision": "1a2b Old"}, "- Deploy `1a2b Old` again, which the before arm was."),
        ("command", {"command": "serve --old"}, "- Start the site by `serve --old` again."),
        ("command", {"CACHE": "0"}, "- Set `CACHE=0` again, as the before arm had it, and restart the site."),
        ("url", {"url": "http://127.0.0.1:1"}, "- Send visitors to `http://127.0.0.1:1` again."),
        ("switch", {"switch": "./deploy old"}, "- Run `./deploy old`, as the before arm did."),
    ],
)
def test_the_way_back_on_a_site_of_ones_own_is_what_made_the_before_arm(
    make_trial: Callable[..., Record], kind: str, settings: dict[str, str], way: str
) -> None:
    """And before it what the plan itself runs to roll back."""
    arms = [{"name": "before", "settings": settings}, {"name": "after", "settings": dict.fromkeys(settings, "new")}]
    plan = {"kind_of_arms": kind, "arms": arms, "hooks": {"rollback": "./undo"}}
    text = note.render(compare_trial(make_trial(launches=6, plan=plan)))

    assert text.partition("## How to roll back")[2].split("\n")[2:4] == [
        "- Run what the plan names for it: `./undo`",
        way,
    ]


def test_the_claim_of_deployments_that_run_on_is_about_them(make_trial: Callable[..., Record]) -> None:
    """Nothing was started afresh, and every report says so."""
    comparison = compare_trial(make_trial(launches=6, plan={"kind_of_arms": "url"}))

    assert comparison.caveats[0].startswith("The claim is about these two deployments")
    assert tables.evidence(comparison) == (
        "Evidence grade A: both arms side by side, running on from launch to launch, over 6 launches."
    )
