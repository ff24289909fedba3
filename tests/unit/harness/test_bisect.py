"""The search among commits: it finds the first slower one, and asks of no commit twice."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Mapping
from math import ceil, log2
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness import trial
from harness.arms_plan import ArmPlan, GitPlan, SitePlan
from harness.bisect import Bisection, Word, about, search, side
from harness.bisect import run as run_bisection
from harness.errors import HarnessError, RunFailed, TargetError, UsageError
from harness.git_arms import resolved
from harness.progress import Steps
from harness.trial_plan import TrialPlan
from results.measures import Interval


@given(st.integers(1, 200), st.data())
def test_the_first_slower_commit_is_found_in_as_many_steps_as_halves(number: int, data: st.DataObject) -> None:
    """Where every step can tell, no more steps than the logarithm are made."""
    first = data.draw(st.integers(0, number - 1))
    asked: list[str] = []

    def look(commit: str) -> Word:
        asked.append(commit)
        return "slower" if int(commit) >= first else "not slower"

    assert search([str(n) for n in range(number)], look) == [str(first)]
    assert len(asked) == len(set(asked)) <= ceil(log2(number)) + 1


@given(st.integers(1, 60), st.data())
def test_the_first_slower_commit_is_among_the_suspects_whatever_cannot_be_told(
    number: int, data: st.DataObject
) -> None:
    """The suspects are the first slower commit, and commits without a word that lie beside it."""
    first = data.draw(st.integers(0, number - 1))
    silent = data.draw(st.sets(st.integers(0, number - 1)))
    asked: list[int] = []

    def look(commit: str) -> Word:
        asked.append(int(commit))
        return "unknown" if int(commit) in silent else "slower" if int(commit) >= first else "not slower"

    suspects = [int(commit) for commit in search([str(n) for n in range(number)], look)]

    assert first in suspects
    assert suspects == list(range(suspects[0], suspects[-1] + 1))
    assert set(suspects[:-1]) <= silent
    assert len(asked) == len(set(asked))


@given(st.floats(0.01, 100), st.floats(1, 10), st.floats(1.001, 50))
def test_a_commit_counts_as_slower_where_its_whole_interval_is_beyond_half_way(
    low: float, width: float, halfway: float
) -> None:
    """What straddles half way, or cannot be relied on, says nothing; a margin has no part in it."""
    high = low * width
    word = side((low, high), halfway)
    assert (word == "slower") == (low > halfway)
    assert (word == "not slower") == (high < halfway)
    assert side(None, halfway) == "unknown"


def test_the_cell_of_a_search_is_the_only_primary_one() -> None:
    """With its cache class, if one is named."""
    plan = about(TrialPlan(), "reader posts HIT p95")
    assert [str(one.question()) for one in plan.primary] == ["reader posts HIT p95"]
    assert [str(one.question()) for one in about(plan, "member me p50").primary] == ["member me p50"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("reader posts", "--bisect 'reader posts' is no cell; name persona, route and quantile"),
        ("reader posts HOT p50", "--bisect 'reader posts HOT p50' is no cell"),
        ("reader posts p51", "--bisect 'reader posts p51': unknown quantile 'p51'"),
        ("reader login p50", "route 'login' never decides"),
    ],
)
def test_a_cell_that_is_none_is_refused(cell: str, says: str) -> None:
    """In one line."""
    with pytest.raises(UsageError) as refusal:
        about(TrialPlan(), cell)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def _told(word: Word, ends: tuple[float, float] | None) -> Any:
    """An outcome of a trial as the search reads it."""
    verdict = SimpleNamespace(word=word, tail="", follows_from_interval=ends is not None)
    low, high = ends or (0.0, 9.0)
    cell = SimpleNamespace(verdict=verdict, ratio=Interval((low * high) ** 0.5, low, high))
    overall = SimpleNamespace(word=word, headline="")
    return SimpleNamespace(comparison=SimpleNamespace(primary=[cell], overall=overall), record=None)


def _repository(folder: Path, commits: int) -> Path:
    git = ["git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    for number in range(commits):
        words = ["commit", "--quiet", "--allow-empty", f"--message=Commit {number}"]
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def bisected(
    folder: Path, monkeypatch: pytest.MonkeyPatch, outcomes: Mapping[str, Any]
) -> tuple[Bisection | HarnessError, str]:
    """A search through four commits whose trials come to these, by the commit's words; and what was said."""
    git = GitPlan(before="main~3", after="main", repository=_repository(folder, 4))
    command = ArmPlan(command="serve {port}")
    plan = about(TrialPlan(git=git, before=command, after=command, site=SitePlan(sitemap="/s")), "reader posts p50")

    def run(plan: TrialPlan, **how: Any) -> Any:
        assert not how["is_whole"]
        outcome = outcomes[plan.after.label.partition(" ")[2]]
        if isinstance(outcome, Exception):
            raise outcome
        (folder / "record").mkdir(exist_ok=True)
        outcome.record = SimpleNamespace(path=folder / "record", name="record")
        return outcome

    monkeypatch.setattr(trial, "run", run)
    said = io.StringIO()
    try:
        found: Bisection | HarnessError = run_bisection(
            resolved(plan), out=folder, commands=[], steps=Steps(Console(file=said, soft_wrap=True))
        )
    except HarnessError as error:
        found = error
    return found, said.getvalue()


SLOW, LIKE = _told("slower", (4.0, 9.0)), _told("not enough data", (0.8, 1.3))


@pytest.mark.parametrize("error", [TargetError("setup failed"), UsageError("no sitemap"), RunFailed("it ended")])
def test_a_commit_between_that_cannot_be_tried_is_passed_over(
    error: HarnessError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it, those beside it are asked, and it stays among the suspects."""
    found, _ = bisected(tmp_path, monkeypatch, {"Commit 3": SLOW, "Commit 2": error, "Commit 1": LIKE})

    assert isinstance(found, Bisection)
    assert [step.word for step in found.steps] == ["slower", "not slower", "unknown"]
    assert len(found.suspects) == 2
    assert found.exit_code == 1


def test_an_end_that_cannot_be_tried_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No quieter machine would help; nothing is kept of a search that never began."""
    found, _ = bisected(tmp_path, monkeypatch, {"Commit 3": TargetError("setup failed")})

    assert str(found) == "setup failed"
    assert not list(tmp_path.rglob("bisection.json"))


def test_a_search_that_breaks_off_says_which_range_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every step what is known so far is kept, without an exit code before the end."""
    with pytest.raises(MemoryError):
        bisected(tmp_path, monkeypatch, {"Commit 3": SLOW, "Commit 1": MemoryError()})

    kept = json.loads((tmp_path / "record" / "bisection.json").read_text())
    assert kept["exit_code"] is None
    assert len(kept["steps"]) == 1


def test_half_of_the_slowdown_divides_the_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that a margin cannot settle is settled by it; what straddles it is made once more."""
    straddling = _told("slower", (1.5, 3.0))
    found, said = bisected(tmp_path, monkeypatch, {"Commit 3": SLOW, "Commit 2": straddling, "Commit 1": LIKE})

    assert isinstance(found, Bisection)
    assert found.halfway == 2.0
    assert [step.word for step in found.steps] == ["slower", "not slower", "unknown", "unknown"]
    assert "taken for not slower" in said
