"""Which method a trial goes on with, and what becomes of a duet in which the arms hold each other up."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness import duet, launches
from harness.progress import Steps
from harness.rig import Rig
from harness.trial_plan import TrialPlan
from results.interference import Interference
from results.measures import Interval
from results.record import launch_directory

FREE = Interference("before", "reader article", 3.0, 3.1, Interval(1.03, 0.99, 1.07), 0.0, is_confirmed=False)
HELD_UP = Interference("after", "reader article", 0.5, 1.0, Interval(2.0, 1.6, 2.4), 0.6, is_confirmed=True)


def begin(
    folder: Path, monkeypatch: pytest.MonkeyPatch, found: tuple[Interference, ...], **plan: Any
) -> tuple[tuple[str, int], str, Path]:
    """Begin a trial whose first duet came to this; give method and launch, what was said, and the record."""

    def checked_launch(rig: Rig) -> tuple[Interference, ...]:
        launch_directory(rig.directory, 0).mkdir(parents=True)
        (rig.directory / "interference" / "before").mkdir(parents=True)
        return found

    monkeypatch.setattr(duet, "checked_launch", checked_launch)
    said = io.StringIO()
    steps = Steps(Console(file=said, soft_wrap=True))
    with Rig.open(TrialPlan.model_validate(plan), folder, [], steps) as rig:
        outcome = launches.begin(rig)
        rig.finish({})
    return outcome, said.getvalue(), rig.directory


def run_of(record: Path) -> dict[str, Any]:
    """The last file of a record."""
    run: dict[str, Any] = json.loads((record / "run.json").read_text())
    return run


@pytest.mark.parametrize("method", ["auto", "duet"])
def test_a_duet_that_is_free_of_interference_goes_on(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first launch counts, nothing is said, and the figures are in the record."""
    outcome, said, record = begin(tmp_path, monkeypatch, (FREE,), method=method)

    assert (outcome, said) == (("duet", 1), "")
    run = run_of(record)
    assert (run["method"], run["fallback"]) == ("duet", None)
    assert run["interference"] == [
        {
            "arm": "before",
            "cell": "reader article",
            "alone_ms": 3.0,
            "duet_ms": 3.1,
            "ratio": {"estimate": 1.03, "low": 0.99, "high": 1.07},
            "certain": 0.0,
            "is_confirmed": False,
        }
    ]


def test_arms_that_hold_each_other_up_are_loaded_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial begins anew with rounds, says so in one line, and the duet is put aside."""
    outcome, said, record = begin(tmp_path, monkeypatch, (FREE, HELD_UP))

    assert outcome == ("rounds", 0)
    assert said.count("\n") == 1
    assert "after answered reader article in 1.00 ms side by side, in 0.500 ms alone" in said
    assert "from here on they are loaded in turn, about " in said
    run = run_of(record)
    assert run["method"] == "rounds"
    assert run["fallback"].endswith("in 0.500 ms alone, so they were loaded in turn.")
    assert not launch_directory(record, 0).exists()
    assert (record / "interference" / "duet").is_dir()


def test_whoever_asks_for_a_duet_gets_one_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With method duet the check is made and told, and the trial goes on."""
    outcome, said, record = begin(tmp_path, monkeypatch, (FREE, HELD_UP), method="duet")

    assert outcome == ("duet", 1)
    assert "hold each other up" in said
    assert "a duet was asked for, so it goes on" in said
    assert run_of(record)["fallback"] is None
    assert launch_directory(record, 0).exists()


@pytest.mark.parametrize("method", ["rounds", "reversal"])
def test_arms_in_turn_need_no_duet(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds and reversal begin with their first launch, and nothing is looked at before."""
    outcome, said, record = begin(tmp_path, monkeypatch, (HELD_UP,), method=method)

    assert (outcome, said) == ((method, 0), "")
    assert run_of(record)["method"] == method
    assert "interference" not in run_of(record)
    assert not (record / "interference").exists()


def test_the_record_says_what_was_asked_and_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``plan.json`` keeps the method that was asked for, the arms and the design; ``run.json`` the method used."""
    control = {"persona": "reader", "route": "search"}
    _, _, record = begin(tmp_path, monkeypatch, (HELD_UP,), again=True, control=control)

    plan = json.loads((record / "plan.json").read_text())
    assert plan["method"] == "auto"
    assert [arm["name"] for arm in plan["arms"]] == ["before", "after", "again"]
    assert plan["design"]["control"] == {**control, "cache": "all"}
    assert set(plan["source"] or {"commit", "branch", "dirty"}) == {"commit", "branch", "dirty"}
    assert run_of(record)["method"] == "rounds"
