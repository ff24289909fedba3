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
from results.comparison import compare_trial
from results.interference import Interference
from results.measures import Interval
from results.record import launch_directory, read_record
from tests.records import Trial, demo_pages, write_launch

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


def made(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trial: Trial,
    second: Trial | None = None,
    *,
    is_whole: bool = True,
    **plan: Any,
) -> tuple[list[int], str, Path]:
    """The launches (from 0) that a trial makes, what it says, and its record; the second launch may be another."""
    numbers: list[int] = []

    def launch(rig: Rig, number: int) -> tuple[Interference, ...]:
        numbers.append(number)
        this = second if second is not None and number == 1 else trial
        write_launch(launch_directory(rig.directory, number), this, number, number)
        return (FREE,)

    monkeypatch.setattr(duet, "checked_launch", lambda rig: launch(rig, 0))
    monkeypatch.setitem(launches._LAUNCH, "duet", launch)
    monkeypatch.setattr(Rig, "show", lambda rig: None)
    said = io.StringIO()
    steps = Steps(Console(file=said, soft_wrap=True))
    with Rig.open(TrialPlan.model_validate(plan), folder, [], steps, is_whole=is_whole) as rig:
        launches.carry_out_all(rig)
        rig.finish({})
    return numbers, said.getvalue(), rig.directory


@pytest.mark.parametrize(
    ("late_in", "spare", "in_all"),
    [
        ([99], 2, 10),
        ([1], 2, 11),
        ([1], 0, 10),
        ([1, 4], 2, 12),
        ([1, 4], 1, 11),
        ([9, 10], 2, 12),
        ([0, 1, 2], 5, 10),
        ([8, 9, 10], 5, 11),
    ],
)
def test_a_launch_whose_generator_was_late_is_made_anew_as_often_as_the_plan_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_in: list[int], spare: int, in_all: int
) -> None:
    """One more for each, a late one among those included, and never more than the plan has or than can help."""
    trial = Trial(pages=demo_pages(requests=60), lag_ms=3.0, lag_in=late_in)
    numbers, said, _ = made(tmp_path, monkeypatch, trial, launches=10, spare=spare)

    assert numbers == list(range(in_all))
    assert said.count("so one more") == in_all - 10


@pytest.mark.parametrize(
    ("late_in", "spare", "said_after"),
    [([1, 2], 0, None), ([1, 2, 4], 0, 5), ([0, 1, 2, 3, 4], 0, 3), ([1, 2, 4], 5, 5), ([1, 5, 9], 0, None)],
)
def test_a_trial_that_can_only_end_invalid_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_in: list[int], spare: int, said_after: int | None
) -> None:
    """As soon as more launches are lost than all to come can make up for; not where none is to come."""
    monkeypatch.setattr(launches, "_spare_due", lambda rig: 0)
    trial = Trial(pages=demo_pages(requests=60), lag_ms=3.0, lag_in=late_in)
    _, said, _ = made(tmp_path, monkeypatch, trial, launches=10, spare=spare)

    told = [line for line in said.splitlines() if "can only end invalid; Ctrl-C ends it now" in line]
    assert len(told) == (said_after is not None)
    if said_after is not None:
        assert f"not fit in {sum(number < said_after for number in late_in)} launches" in told[0]


def test_a_step_of_something_larger_ends_where_it_can_only_end_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record is complete, and is judged invalid."""
    trial = Trial(pages=demo_pages(requests=60), lag_ms=3.0, lag_in=[1, 2])
    numbers, said, record = made(tmp_path, monkeypatch, trial, is_whole=False, launches=8)

    assert numbers == [0, 1, 2]
    assert "can only end invalid; it ends here" in said
    assert compare_trial(read_record(record)).overall.word == "invalid"


@pytest.mark.parametrize(
    "second",
    [
        Trial(pages=demo_pages(40.0, requests=60)),
        Trial(pages=demo_pages(requests=60), failures=(0.0, 0.5)),
        Trial(pages=demo_pages(requests=60), achieved=0.9),
    ],
    ids=["slow", "failing", "behind its rate"],
)
def test_nothing_that_may_be_the_sites_doing_makes_a_launch_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: Trial
) -> None:
    """Neither latencies nor failures nor a rate that was not held, since a slow site holds none."""
    trial = Trial(pages=demo_pages(requests=60))

    assert made(tmp_path, monkeypatch, trial, second, launches=6, spare=3)[0] == list(range(6))


def test_the_report_says_which_launches_stand_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of eight launches lost would be invalid; with two spare ones, eight of ten count, and that is said."""
    trial = Trial(pages=demo_pages(requests=60), lag_ms=3.0, lag_in=[2, 3])
    verdicts = {}
    for spare in (0, 2):
        _, _, record = made(tmp_path / str(spare), monkeypatch, trial, launches=8, spare=spare)
        comparison = compare_trial(read_record(record))
        (gate,) = [gate for gate in comparison.gates if gate.code == "launches"]
        verdicts[spare] = comparison.overall.word, gate.words

    assert verdicts == {
        0: ("invalid", "6 of 8 planned launches count."),
        2: ("faster", "8 of 10 launches count, 2 of them made in place of others."),
    }


def test_spare_launches_do_not_excuse_a_rig_that_is_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The share that may be lost is of all launches made: three of eleven would be too many, so none is made."""
    trial = Trial(pages=demo_pages(requests=60), lag_ms=3.0, lag_in=[2, 3, 4])
    numbers, _, record = made(tmp_path, monkeypatch, trial, launches=8, spare=5)

    assert len(numbers) == 8
    assert compare_trial(read_record(record)).overall.word == "invalid"
