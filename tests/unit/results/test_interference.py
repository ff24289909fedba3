"""Whether arms hold each other up: each alone against the same arm side by side with the other."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import interference
from results.comparison import compare_trial
from results.interference import GIVEN_UP, TOLERANCE, check, directory, read, tolerance
from results.record import Record

Make = Callable[..., Record]


def session(make_trial: Make, before_ms: float = 4.0, after_ms: float = 4.0, **settings: Any) -> Record:
    """The record of one swarm of eight seconds: readers of articles and, less often, of a home page a third slower."""
    pages = [
        {"persona": "reader", "route": "article", "requests": 320, "before_ms": before_ms, "after_ms": after_ms},
        {"persona": "reader", "route": "home", "requests": 100, "before_ms": 6.0, "after_ms": 6.0},
    ]
    return make_trial(launches=1, pages=settings.pop("pages", pages), launch_sd=0.0, **settings).launches()[0]


@pytest.fixture(scope="module")
def alone(make_trial: Make) -> dict[str, Record]:
    """Each arm alone: 4 ms."""
    return {"before": session(make_trial, seed=2), "after": session(make_trial, seed=3)}


def test_arms_that_are_as_fast_side_by_side_are_not_held_up(make_trial: Make, alone: dict[str, Record]) -> None:
    """Both arms at their level: the ratio's interval holds one, and nothing is confirmed."""
    found = check(alone, session(make_trial), margin=0.03)

    assert [(one.arm, one.cell, one.is_confirmed) for one in found] == [
        ("before", "reader article", False),
        ("after", "reader article", False),
    ]
    for one in found:
        assert one.ratio.low < 1 < one.ratio.high
        assert one.alone_ms == pytest.approx(4.0, rel=0.1)
        assert one.ratio.estimate == pytest.approx(one.duet_ms / one.alone_ms)


def test_the_arm_that_is_held_up_is_named(make_trial: Make, alone: dict[str, Record]) -> None:
    """An arm whose pages take half as long again side by side is confirmed, and the other one is not."""
    before, after = check(alone, session(make_trial, after_ms=6.0), margin=0.03)

    assert (before.is_confirmed, after.is_confirmed) == (False, True)
    assert after.ratio.low > 1 + TOLERANCE
    assert after.certain == pytest.approx(after.ratio.low - 1)
    assert before.certain < TOLERANCE
    assert after.ratio.estimate == pytest.approx(1.5, rel=0.1)


def test_an_arm_that_is_faster_side_by_side_waits_for_nobody(make_trial: Make, alone: dict[str, Record]) -> None:
    """A process that has been at work for longer answers faster; that is no interference."""
    before, after = check(alone, session(make_trial, before_ms=2.0, after_ms=2.0), margin=0.03)

    assert max(before.ratio.high, after.ratio.high) < 0.6
    assert not before.is_confirmed
    assert not after.is_confirmed


def test_a_margin_above_the_tolerance_is_the_limit(make_trial: Make, alone: dict[str, Record]) -> None:
    """Half as slow again is no matter to whoever asks for a doubling."""
    duet = session(make_trial, after_ms=6.0)

    assert check(alone, duet, margin=0.2)[1].is_confirmed
    assert not check(alone, duet, margin=0.9)[1].is_confirmed


def test_a_twentieth_of_a_millisecond_is_no_wait(make_trial: Make) -> None:
    """Hits of 0.1 ms that take 0.13 ms side by side are not held up; those that take 0.2 ms are."""
    fast = {"before": session(make_trial, before_ms=0.1, seed=2)}

    assert not check(fast, session(make_trial, before_ms=0.13), margin=0.03)[0].is_confirmed
    assert check(fast, session(make_trial, before_ms=0.2), margin=0.03)[0].is_confirmed


@given(st.floats(0.001, 0.999), st.floats(0.01, 1e4))
def test_what_is_tolerated_is_never_less_than_a_tenth_nor_than_the_margin(margin: float, alone_ms: float) -> None:
    """The limit is the larger of the two, and more only for pages so fast that a twentieth of a millisecond is."""
    assert tolerance(margin) == max(margin, 0.1)
    assert tolerance(margin, alone_ms) == max(margin, 0.1, 0.05 / alone_ms)


def test_what_was_slow_alone_the_second_time_is_not_confirmed(make_trial: Make, alone: dict[str, Record]) -> None:
    """A machine that became slower meanwhile slows the arm alone as well; one that did not leaves it confirmed."""
    duet = session(make_trial, after_ms=6.0)
    slower, same = session(make_trial, after_ms=6.0, seed=4), session(make_trial, seed=4)

    refuted = check(alone, duet, 0.03, {"after": slower})[1]
    confirmed = check(alone, duet, 0.03, {"after": same})[1]

    assert not refuted.is_confirmed
    assert refuted.alone_ms == pytest.approx(4.9, rel=0.1)
    assert confirmed.is_confirmed


def test_seconds_with_few_requests_say_nothing(make_trial: Make) -> None:
    """A page that is asked for less than five times a second has no medians to compare."""
    pages = [{"persona": "reader", "route": "article", "requests": 16}]
    few = session(make_trial, pages=pages)

    assert check({"before": few}, few, 0.03) == ()


def test_failures_are_no_times(make_trial: Make, alone: dict[str, Record]) -> None:
    """Where every reply of an arm failed there is nothing to hold against alone, and the other arm is judged."""
    found = check(alone, session(make_trial, failures=(0.0, 1.0)), 0.03)

    assert [one.arm for one in found] == ["before"]


def trial_with(record: Record, parts: dict[Path, Record]) -> Record:
    """A trial's record with swarm records put where they belong."""
    for path, part in parts.items():
        shutil.copytree(part.path, path)
    return record


def test_a_trials_record_is_read_from_its_folders(make_trial: Make, alone: dict[str, Record]) -> None:
    """Arms alone, once more, and a duet that was given up are found where a trial leaves them."""
    trial = make_trial(launches=1)
    slow, again = session(make_trial, after_ms=6.0), session(make_trial, seed=4)
    trial_with(trial, {directory(trial.path, arm): record for arm, record in alone.items()})
    trial_with(trial, {directory(trial.path, "after", repeated=True): again, directory(trial.path, GIVEN_UP): slow})

    assert read(trial, 0.03) == check(alone, slow, 0.03, {"after": again})


def test_without_a_given_up_duet_the_first_launch_is_the_duet(make_trial: Make, alone: dict[str, Record]) -> None:
    """A trial that went on as a duet is judged by its first launch."""
    trial = make_trial(launches=2)
    trial_with(trial, {directory(trial.path, arm): record for arm, record in alone.items()})

    assert read(trial, 0.03) == check(alone, trial.launches()[0], 0.03)


def test_a_trial_that_did_not_look_says_nothing(make_trial: Make, alone: dict[str, Record]) -> None:
    """Without arms alone, or with a first launch of one arm, there is nothing to compare."""
    assert read(make_trial(launches=1), 0.03) == ()

    rounds = make_trial(launches=1)
    trial_with(rounds, {directory(rounds.path, arm): record for arm, record in alone.items()})
    shutil.rmtree(rounds.path / "launches")
    assert read(rounds, 0.03) == ()


@pytest.mark.parametrize(("method", "said"), [("duet", "method = rounds"), ("rounds", "That is why")])
def test_whoever_was_loaded_in_turn_is_not_told_to_do_that(
    make_trial: Make, alone: dict[str, Record], method: str, said: str
) -> None:
    """After the fall-back to rounds the note says what followed, and not what to do."""
    trial = make_trial(launches=2, method=method)
    slow = session(make_trial, after_ms=6.0)
    again = session(make_trial, seed=4)
    trial_with(trial, {directory(trial.path, arm): record for arm, record in alone.items()})
    trial_with(trial, {directory(trial.path, "after", repeated=True): again, directory(trial.path, GIVEN_UP): slow})
    (gate,) = (gate for gate in compare_trial(trial).gates if gate.code == "interference")

    assert not gate.ok
    assert "the arm after answered reader article" in gate.words
    assert said in gate.details
    assert ("in turn: method" in gate.details) is (method == "duet")


def test_a_figure_of_interference_is_plain_data(make_trial: Make, alone: dict[str, Record]) -> None:
    """What goes into ``run.json`` holds arm, cell, both times, the interval, what is certain and the decision."""
    (one, _) = check(alone, session(make_trial), 0.03)

    assert list(dataclasses.asdict(one)) == ["arm", "cell", "alone_ms", "duet_ms", "ratio", "certain", "is_confirmed"]
    assert directory(Path("t"), "again") == Path("t") / interference.FOLDER / "again"
