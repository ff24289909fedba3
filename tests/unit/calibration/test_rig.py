"""The rig's own logic: what it takes for seen, how it goes on after being cut off, how it keeps its budget."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.trial_plan import load
from results.comparison import compare_trial
from results.record import Record
from target_app.settings import parse_settings
from tests.calibration.rig import __main__ as command
from tests.calibration.rig import expectations as expect
from tests.calibration.rig import ledger, quiet, report, swap, trial, words
from tests.calibration.rig.campaign import Campaign, refusals_allowed, remaining
from tests.calibration.rig.case import Case, Expectation
from tests.calibration.rig.cases import CASES, find
from tests.calibration.rig.disturb import busy
from tests.calibration.rig.ledger import Line, Tally
from tests.calibration.rig.quiet import Ticks
from tests.calibration.rig.reading import primary
from tests.calibration.rig.trial import TrialError, judge, plan_text, seed_of

ARTICLE = "reader article p50"
SMALL_PLAN = "launches = 6\nseconds = {seconds}\n"


def cell(
    label: str,
    word: str = "no difference",
    ratio: tuple[float | None, ...] = (1.0, 0.99, 1.01),
    ms: tuple[float | None, ...] = (0.0, -0.01, 0.01),
    *,
    is_primary: bool = True,
    service: tuple[float, float] = (0.1, 0.1),
) -> dict[str, Any]:
    """A cell as ``compare.json`` has it."""
    persona, route, *cache, quantile = label.split()
    names = ("estimate", "low", "high")
    return {
        "cell": {"persona": persona, "route": route, "cache": (cache or ["all"])[0]},
        "quantile": quantile,
        "primary": is_primary,
        "ratio": dict(zip(names, ratio, strict=True)),
        "change_ms": dict(zip(names, ms, strict=True)),
        "margin": 0.03,
        "verdict": {"word": word, "direction": "none"},
        "service_ms": {"before": service[0], "after": service[1]},
        "server_ms": {"before": 0.05, "after": 0.069},
    }


def slower(label: str, ms: tuple[float, float, float] = (0.02, 0.015, 0.025), **more: Any) -> dict[str, Any]:
    """A cell called slower."""
    return cell(label, "slower", (1.1, 1.07, 1.13), ms, **more)


def comparison(
    *cells: dict[str, Any], word: str = "no difference", gates: tuple[tuple[str, str], ...] = (), headline: str = ""
) -> dict[str, Any]:
    """A comparison with these cells and failed gates (code, effect)."""
    return {
        "overall": {"word": word, "headline": headline, "sentences": []},
        "gates": [
            {"code": "traffic", "ok": True, "effect": "not comparable"},
            *({"code": code, "ok": False, "effect": effect} for code, effect in gates),
        ],
        "cells": list(cells),
        "plan": {"machine": {"cpu": "test", "cores": 2, "system": "Linux", "kernel": "6"}},
    }


EQUAL = cell(ARTICLE)
UNDECIDED = cell(ARTICLE, "not enough data", (1.02, 0.97, 1.07))
LEANING = cell(ARTICLE, "no difference", (1.01, 1.002, 1.018))
UNBOUNDED = cell(ARTICLE, "not enough data", (None, None, None), (None, None, None))
FASTER = cell(ARTICLE, "faster", (0.9, 0.87, 0.93), (-0.02, -0.03, -0.01))
HOME = cell("reader home p50")
HIT, MISS = cell("reader article HIT p50"), cell("reader article MISS p50")
TELLS = "The hit ratio of reader replies fell from 90 % to 70 %."
STALLED = cell("reader article p99", "slower", (4000, 3000, 5000), (1800, 1700, 1900), service=(0.8, 0.9))
COLD = slower(ARTICLE, (3.0, 2.9, 3.1))


@pytest.mark.parametrize(
    ("expectation", "seen", "passes"),
    [
        (expect.no_alarm(), comparison(EQUAL), True),
        (expect.no_alarm(), comparison(UNDECIDED), True),
        (expect.no_alarm(), comparison(UNBOUNDED), True),
        (expect.no_alarm(), comparison(EQUAL, LEANING), False),
        (expect.no_alarm(), comparison(slower(ARTICLE)), False),
        (expect.no_alarm(), comparison(EQUAL, slower("reader tag p50", is_primary=False)), True),
        (expect.no_claim(), comparison(LEANING), True),
        (expect.no_claim(), comparison(FASTER), False),
        (expect.slower_only(ARTICLE), comparison(slower(ARTICLE), HOME), True),
        (expect.slower_only(ARTICLE), comparison(EQUAL, HOME), False),
        (expect.slower_only(ARTICLE), comparison(LEANING, HOME), False),
        (expect.slower_only(ARTICLE), comparison(FASTER, HOME), False),
        (expect.slower_only(ARTICLE), comparison(HOME), False),
        (expect.slower_only(ARTICLE), comparison(slower(ARTICLE), slower("reader home p50")), False),
        (expect.slower_only(ARTICLE), comparison(slower(ARTICLE), cell("reader home p50", "faster")), False),
        (
            expect.slower_only(ARTICLE, may_follow=["reader article p95"]),
            comparison(slower(ARTICLE), slower("reader article p95")),
            True,
        ),
        (
            expect.slower_only(ARTICLE, may_follow=["reader article p95"]),
            comparison(slower(ARTICLE), cell("reader article p95", "faster")),
            False,
        ),
        (expect.stall_in_response_time_only("reader article p99"), comparison(STALLED), True),
        (
            expect.stall_in_response_time_only("reader article p99"),
            comparison({**STALLED, "service_ms": {"before": 0.8, "after": 1500.0}}),
            False,
        ),
        (expect.stall_in_response_time_only("reader article p99"), comparison(slower("reader article p99")), False),
        (expect.stall_in_response_time_only("reader article p99"), comparison(EQUAL), False),
        (expect.mix_alone("reader article HIT p50"), comparison(HIT, MISS, headline=TELLS), True),
        (expect.mix_alone("reader article HIT p50"), comparison(HIT, MISS, headline="Nothing."), False),
        (expect.mix_alone("reader article HIT p50"), comparison(MISS, headline=TELLS), False),
        (
            expect.mix_alone("reader article HIT p50"),
            comparison(HIT, slower("reader article MISS p50"), headline=TELLS),
            False,
        ),
        (expect.cold_arm(ARTICLE), comparison(COLD, headline=TELLS), True),
        (expect.cold_arm(ARTICLE), comparison(COLD, HIT, headline=TELLS), False),
        (expect.cold_arm(ARTICLE), comparison(COLD), False),
        (expect.cold_arm(ARTICLE), comparison(EQUAL, headline=TELLS), False),
        (
            expect.not_comparable(),
            comparison(cell(ARTICLE, "not comparable"), word="not comparable", gates=(("errors", "not comparable"),)),
            True,
        ),
        (
            expect.not_comparable(),
            comparison(FASTER, word="not comparable", gates=(("errors", "not comparable"),)),
            False,
        ),
        (expect.not_comparable(), comparison(FASTER, word="faster"), False),
        (
            expect.not_comparable(),
            comparison(cell(ARTICLE, "not comparable"), word="not comparable", gates=(("traffic", "not comparable"),)),
            False,
        ),
        (
            expect.invalid_by_generator(),
            comparison(cell(ARTICLE, "invalid"), word="invalid", gates=(("saturated", "invalid"),)),
            True,
        ),
        (
            expect.invalid_by_generator(),
            comparison(cell(ARTICLE, "invalid"), word="invalid", gates=(("checks", "invalid"),)),
            False,
        ),
        (expect.invalid_by_generator(), comparison(EQUAL), False),
        (expect.classes_withheld(), comparison(EQUAL, gates=(("cache_class", "class verdicts withheld"),)), True),
        (expect.classes_withheld(), comparison(EQUAL), False),
        (expect.classes_withheld(), comparison(HIT, gates=(("cache_class", "class verdicts withheld"),)), False),
        (expect.classes_withheld(), comparison(FASTER, gates=(("cache_class", "class verdicts withheld"),)), False),
    ],
)
def test_an_expectation_tells_what_should_be_seen_from_what_should_not(
    expectation: Expectation, seen: dict[str, Any], passes: bool
) -> None:
    """Each judge passes the comparison it was made for and fails those that resemble it."""
    outcome = expectation(seen)

    assert outcome.passed is passes, outcome.why
    assert outcome.why


def test_alarms_are_counted_by_interval_and_not_by_word() -> None:
    """An interval that leaves out one is an alarm, however small and whatever was said of it."""
    outcome = expect.no_claim()(comparison(LEANING, cell("reader home p50", "no difference", (0.98, 0.97, 0.99))))

    assert outcome.passed
    assert outcome.facts == {"alarms": 2}


@pytest.mark.parametrize(("injected_ms", "covered"), [(0.02, True), (0.024, True), (0.026, False), (0.014, False)])
def test_the_interval_is_held_against_what_was_injected(injected_ms: float, covered: bool) -> None:
    """Whether it holds it is noted, with what the site itself saw; the trial passes all the same, unless it must."""
    seen = comparison(slower(ARTICLE))
    outcome = expect.slower_only(ARTICLE, injected_ms=injected_ms)(seen)
    strict = expect.slower_only(ARTICLE, injected_ms=injected_ms, must_hold=True)(seen)

    assert outcome.passed
    assert (strict.passed, strict.facts) == (covered, outcome.facts)
    assert ("leaves them out" in strict.why) is not covered
    assert outcome.facts["covered"] is covered
    assert outcome.facts["injected_ms"] == injected_ms
    assert outcome.facts["site_ms"] == pytest.approx(0.019)


@pytest.mark.parametrize(
    ("case", "seen", "result"),
    [
        ("same", comparison(EQUAL), "passed"),
        ("same", comparison(LEANING), "failed"),
        ("same", comparison(cell(ARTICLE, "invalid"), word="invalid", gates=(("saturated", "invalid"),)), "refused"),
        ("same", comparison(LEANING, word="not enough data", gates=(("launches", "not enough data"),)), "refused"),
        ("same", comparison(EQUAL, gates=(("cache_class", "class verdicts withheld"),)), "passed"),
        ("same", comparison(EQUAL, gates=(("lag", "launch left out"),)), "passed"),
        (
            "starved-generator",
            comparison(cell(ARTICLE, "invalid"), word="invalid", gates=(("saturated", "invalid"),)),
            "passed",
        ),
        ("starved-generator", comparison(EQUAL), "failed"),
        (
            "errors-503",
            comparison(cell(ARTICLE, "invalid"), word="invalid", gates=(("saturated", "invalid"),)),
            "refused",
        ),
        (
            "errors-503",
            comparison(cell(ARTICLE, "not comparable"), word="not comparable", gates=(("errors", "not comparable"),)),
            "passed",
        ),
    ],
)
def test_a_refused_trial_is_neither_a_pass_nor_an_alarm(case: str, seen: dict[str, Any], result: str) -> None:
    """What a gate withholds is refused, unless the withholding is what the case is about."""
    assert judge(find(case), seen)[0] == result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_of_every_case_is_one_that_trials_accept(case: Case, tmp_path: Path) -> None:
    """Plan and site settings are read without complaint, and enough launches are planned for a verdict."""
    file = tmp_path / "plan.toml"
    file.write_text(plan_text(case, 3), encoding="utf-8")

    plan = load(file, None, {})

    assert plan.launches >= 6
    assert plan.seed == seed_of(case.name, 3)
    for arm in (plan.before, plan.after):
        parse_settings(arm.assignments())


def test_trials_differ_in_their_seed_and_in_nothing_else() -> None:
    """Two trials of a case have plans that differ in one line, and no two trials share a seed."""
    one, other = (plan_text(find("same"), number).splitlines() for number in (1, 2))

    assert [a.partition(" ")[0] for a, b in zip(one, other, strict=True) if a != b] == ["seed"]
    seeds = [seed_of(case.name, number) for case in CASES for number in range(1, 60)]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 2**53


def test_names_of_cases_are_unique_and_a_wrong_one_is_answered_with_the_nearest() -> None:
    """A case is found by its name; a misspelt name is told the right one."""
    assert len({case.name for case in CASES}) == len(CASES)
    with pytest.raises(KeyError, match="did you mean hit-ratio-only"):
        find("hit-ratio-onyl")


def test_the_cases_ask_for_the_figures_that_were_promised() -> None:
    """Forty trials of equal arms may raise five alarms; twenty with 0.02 ms on hits may miss it once."""
    promised = {"same": (40, 5), "hit-0.02ms": (20, 1), "hit-0.02ms-interval": (20, 1)}
    assert {name: (find(name).wanted, find(name).failures) for name in promised} == promised
    assert all(case.failures == 0 for case in CASES if case.name not in promised)


# -- exchanged arms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", [1.0, 1.3])
def test_exchanging_the_arms_of_a_real_record_is_seen_to_flip_everything(
    make_trial: Callable[..., Record], effect: float
) -> None:
    """The comparison with exchanged arms is the mirror image; the same one twice is not, unless nothing differs."""
    record = make_trial(launches=6, factor=effect, pages=[{"persona": "reader", "route": "article", "requests": 300}])
    straight = compare_trial(record).to_dict()

    assert swap.differences(straight, swap.compare_swapped(record)) == []
    assert swap.differences(straight, straight) != []


@pytest.mark.parametrize(
    ("mirrored", "words"),
    [
        (comparison(cell(ARTICLE, "no difference", (1 / 1.1, 1 / 1.13, 1 / 1.07)), word="faster"), "is slower and no"),
        (comparison(cell(ARTICLE, "faster", (1 / 1.1, 1 / 1.14, 1 / 1.07)), word="faster"), "has the ratios"),
        (comparison(cell(ARTICLE, "faster", (1 / 1.1, 1 / 1.13, 1 / 1.07)), word="slower"), "the whole is"),
        (comparison(HOME, word="faster"), "primary cells are"),
    ],
)
def test_what_does_not_flip_is_named(mirrored: dict[str, Any], words: str) -> None:
    """A word, an interval, the whole or the family that does not turn round is said to."""
    straight = comparison(slower(ARTICLE), word="slower")

    assert any(words in found for found in swap.differences(straight, mirrored))


def test_a_whole_that_is_slower_either_way_is_no_asymmetry() -> None:
    """With one cell slower and one faster the whole is slower from both sides."""
    mirror = [cell(ARTICLE, "faster", (1 / 1.1, 1 / 1.13, 1 / 1.07)), slower("reader home p50")]
    straight = [slower(ARTICLE), cell("reader home p50", "faster", (1 / 1.1, 1 / 1.13, 1 / 1.07))]

    assert swap.differences(comparison(*straight, word="slower"), comparison(*mirror, word="slower")) == []


# -- the lines --------------------------------------------------------------------------------------------------------


def line(case: str = "same", number: int = 1, result: ledger.Result = "passed", **more: Any) -> Line:
    """A finished trial."""
    seen = primary(comparison(EQUAL, UNBOUNDED))
    values: dict[str, Any] = {
        "case": case,
        "number": number,
        "plan": next((one.key for one in CASES if one.name == case), KEY),
        "seed": seed_of(case, number),
        "date": "2026-11-28T12:00:00Z",
        "anp": "0.1.0",
        "commit": "abcdef1",
        "machine": {"cpu": "test", "cores": 2, "system": "Linux", "kernel": "6"},
        "seconds": 60.0,
        "load": (0.01, 0.02),
        "overrides": {},
        "launches": 8,
        "word": "no difference",
        "gates": (),
        "cells": tuple(seen),
        "swap": (),
        "result": result,
        "why": "no interval leaves out no change",
        "facts": {"alarms": 0},
    }
    return Line(**(values | more))


def test_a_line_is_read_back_as_it_was_written_and_is_short(tmp_path: Path) -> None:
    """What is appended is read back, infinite ends included, and a trial with twelve cells takes less than 3 KB."""
    many = line(cells=tuple(primary(comparison(*[UNBOUNDED, EQUAL] * 6))))

    ledger.append(tmp_path / "rig.jsonl", line())
    ledger.append(tmp_path / "rig.jsonl", many)

    assert repr(ledger.read(tmp_path / "rig.jsonl")) == repr([line(), many])  # repr, because NaN is not itself
    assert len(line().to_json()) < 1000
    assert len(many.to_json()) < 3000


def test_a_line_that_was_cut_off_is_neither_read_nor_left_in_the_way(tmp_path: Path) -> None:
    """A campaign killed while it wrote goes on with whole lines, and the next one takes the place of the torn one."""
    data = tmp_path / "rig.jsonl"
    ledger.append(data, line(number=1))
    with data.open("a") as file:
        file.write(line(number=2).to_json()[:200])

    assert [one.number for one in ledger.read(data)] == [1]
    ledger.append(data, line(number=2))
    assert [one.number for one in ledger.read(data)] == [1, 2]


def test_the_committed_data_can_be_read() -> None:
    """Every line of docs/calibration/rig.jsonl is of a known case and of the committed plan."""
    lines = ledger.read(ledger.DATA)

    assert {one.case for one in lines} <= {case.name for case in CASES}
    assert all(one.overrides == {} and one.seed == seed_of(one.case, one.number) for one in lines)


# -- the campaign -----------------------------------------------------------------------------------------------------


def small(name: str, wanted: int, seconds: float = 2.0) -> Case:
    """A case that costs 30 + 6 * (5 + seconds) seconds a trial."""
    return Case(name, "It is so.", "It is seen.", SMALL_PLAN.format(seconds=seconds), expect.no_alarm(), wanted)


KEY = small("any", 1).key


@dataclasses.dataclass
class Bench:
    """Trials without a site: every one takes its time on a clock of its own and ends as it is told to."""

    data: Path
    results: Iterator[ledger.Result] = dataclasses.field(default_factory=lambda: itertools.repeat("passed"))
    seconds: float = 60.0
    load: float | None = 0.01
    now: float = 0.0
    told: list[str] = dataclasses.field(default_factory=list)
    broken: frozenset[str] = frozenset()

    def run(self, case: Case, number: int, **more: Any) -> Line:
        """One trial."""
        if case.name in self.broken:
            raise TrialError("the site does not start")
        self.now += self.seconds
        return line(
            case.name, number, next(self.results), seconds=self.seconds, overrides=more["overrides"], plan=case.key
        )

    def campaign(self, **more: Any) -> Campaign:
        """A campaign over it."""
        return Campaign(
            self.data,
            run=self.run,
            wait=lambda patience: self.load,
            clock=lambda: self.now,
            say=self.told.append,
            **more,
        )

    def trials(self) -> list[tuple[str, int]]:
        """What was run, in order."""
        return [(one.case, one.number) for one in ledger.read(self.data)]


def test_a_campaign_gives_every_case_its_number_the_soonest_complete_first(tmp_path: Path) -> None:
    """The case with the least work left goes first; all get what they want."""
    bench = Bench(tmp_path / "rig.jsonl")

    assert bench.campaign().complete([small("long", 3), small("short", 2)])
    assert bench.trials() == [("short", 1), ("short", 2), ("long", 1), ("long", 2), ("long", 3)]


def test_a_campaign_goes_on_where_another_was_cut_off(tmp_path: Path) -> None:
    """Trials in the data are not run again, and numbers go on."""
    bench = Bench(tmp_path / "rig.jsonl")
    ledger.append(bench.data, line("one", 1))
    ledger.append(bench.data, line("one", 2, "failed"))

    assert bench.campaign().complete([small("one", 3)])
    assert bench.trials() == [("one", 1), ("one", 2), ("one", 3)]
    assert bench.campaign().complete([small("one", 3)])
    assert len(bench.trials()) == 3


def test_trials_by_an_earlier_plan_of_a_case_stay_and_do_not_count(tmp_path: Path) -> None:
    """A case whose plan was changed begins anew, with numbers, and so seeds, that were not used before."""
    bench = Bench(tmp_path / "rig.jsonl")
    ledger.append(bench.data, line("one", 1, plan=small("one", 2, seconds=9).key))

    assert bench.campaign().complete([small("one", 2)])
    assert bench.trials() == [("one", 1), ("one", 2), ("one", 3)]


def test_a_refused_trial_is_kept_and_repeated_with_another_seed(tmp_path: Path) -> None:
    """It does not count towards the number, and its own number is used up."""
    bench = Bench(tmp_path / "rig.jsonl", iter(["refused", "passed", "refused", "passed"]))

    assert bench.campaign().complete([small("one", 2)])
    assert [(one.number, one.result) for one in ledger.read(bench.data)] == [
        (1, "refused"),
        (2, "passed"),
        (3, "refused"),
        (4, "passed"),
    ]


def test_a_case_that_is_refused_again_and_again_is_given_up(tmp_path: Path) -> None:
    """There is a bound on refusals, the others are run all the same, and the command says that not all is done."""
    results = itertools.chain(["refused"] * refusals_allowed(2), itertools.repeat("passed"))
    bench = Bench(tmp_path / "rig.jsonl", results)

    assert not bench.campaign().complete([small("sick", 2), small("well", 3)])
    tally = {case.name: Tally.of(ledger.read(bench.data), case) for case in (small("sick", 2), small("well", 3))}
    assert (tally["sick"].count("refused"), tally["sick"].finished) == (refusals_allowed(2), 0)
    assert tally["well"].finished == 3
    assert "given up for now: sick" in bench.told


def test_a_case_whose_trials_break_is_left_and_the_others_go_on(tmp_path: Path) -> None:
    """An error of one case is told and costs the others nothing."""
    bench = Bench(tmp_path / "rig.jsonl", broken=frozenset({"bad"}))

    assert not bench.campaign().complete([small("bad", 1), small("good", 2)])
    assert bench.trials() == [("good", 1), ("good", 2)]
    assert "bad: the site does not start; left for now" in bench.told


def test_no_trial_begins_that_would_not_end_in_time(tmp_path: Path) -> None:
    """With five minutes four trials of 60 s (and a look before each) fit, a fifth does not."""
    bench = Bench(tmp_path / "rig.jsonl")

    assert not bench.campaign(minutes=5).complete([small("one", 40)])
    assert len(bench.trials()) == 4
    assert bench.now <= 300
    assert bench.told[-1] == "no trial fits into the rest of the time"


def test_a_shorter_case_is_taken_where_a_longer_one_does_not_fit(tmp_path: Path) -> None:
    """What is next by cost but too long for the rest of the time makes room for what fits."""
    bench = Bench(tmp_path / "rig.jsonl", seconds=70.0)

    assert not bench.campaign(minutes=3).complete([small("long", 1, seconds=60), small("short", 9)])
    assert {name for name, _ in bench.trials()} == {"short"}


def test_the_length_of_trials_is_learnt_from_the_last_ones(tmp_path: Path) -> None:
    """A case is as expensive as its trials were, not as its plan says; trials by another plan do not count."""
    case = small("one", 9)
    lines = [line("one", 1, seconds=200.0), line("one", 2, seconds=1.0, overrides={"launches": 6})]

    (work,) = remaining([case], lines)

    assert work.seconds == 200.0 + quiet.LOOK_S
    assert (work.left, work.cost) == (7, 7 * work.seconds)


def test_a_machine_that_does_not_become_quiet_stops_the_campaign(tmp_path: Path) -> None:
    """Without a quiet moment no trial is run, unless the noise is asked for."""
    bench = Bench(tmp_path / "rig.jsonl", load=None)

    assert not bench.campaign().complete([small("one", 1)])
    assert bench.trials() == []
    assert bench.campaign(noisy=True).complete([small("one", 1)])


def test_so_many_trials_now_are_run_on_top_of_what_there_is(tmp_path: Path) -> None:
    """``--trials`` counts from now on and leaves refused ones out of the count."""
    bench = Bench(tmp_path / "rig.jsonl", iter(["passed", "refused", "failed"]))
    ledger.append(bench.data, line("one", 1))

    assert bench.campaign().some(small("one", 1), 2)
    assert [one.result for one in ledger.read(bench.data)] == ["passed", "passed", "refused", "failed"]


# -- a quiet machine --------------------------------------------------------------------------------------------------

STAT = "cpu  {user} 0 0 {idle} 0 0 0 {steal} 5 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"


def test_time_lost_to_others_counts_as_busy_and_guest_time_not_twice() -> None:
    """Busy is all but idle and waiting for disks; the shares add up."""
    before = quiet.read_ticks(STAT.format(user=1000, idle=5000, steal=0))
    after = quiet.read_ticks(STAT.format(user=1020, idle=5170, steal=10))

    assert before.share_until(after) == pytest.approx(30 / 200)


def _wait(shares: list[float], patience: float) -> tuple[float | None, float]:
    """The answer and how long it took, on a clock that only sleeping moves."""
    now = [0.0]
    busy = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        busy[0] += seconds * shares.pop(0)

    answer = quiet.wait_until_quiet(
        patience, read=lambda: Ticks(busy[0], now[0]), clock=lambda: now[0], sleep=sleep, look=3, limit=0.15
    )
    return answer, now[0]


def test_waiting_ends_with_the_first_quiet_look() -> None:
    """Two busy looks are followed by a quiet one, whose share is the answer."""
    answer, seconds = _wait([0.9, 0.4, 0.05, 0.0], 600)

    assert answer == pytest.approx(0.05)
    assert seconds == 9


def test_waiting_is_bounded() -> None:
    """A machine that stays busy is given up."""
    assert _wait([0.9] * 100, 30) == (None, 30)


def test_without_patience_one_look_is_taken() -> None:
    """Whatever it shows."""
    assert _wait([0.9, 0.0], 0) == (None, 3)


# -- disturbances -----------------------------------------------------------------------------------------------------


def test_busy_processes_stay_on_their_core_and_end_with_the_block() -> None:
    """A disturbance is there while the block runs and gone afterwards."""
    import psutil

    core = min(os.sched_getaffinity(0))

    def mine() -> list[psutil.Process]:
        found = []
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.ZombieProcess):  # one of another test that nobody has waited for
                if "sched_setaffinity" in " ".join(child.cmdline()):
                    found.append(child)
        return found

    with busy(core, 60.0, count=2):
        running = mine()
        assert len(running) == 2
    assert mine() == []
    assert not any(child.is_running() for child in running)


# -- page and command -------------------------------------------------------------------------------------------------


def lines_of_a_campaign() -> list[Line]:
    """A few trials of the two main cases: an alarm, a miss, a refusal."""
    known = {"injected_ms": 0.02, "site_ms": 0.019}
    change = {"change_ms": [0.021, 0.018, 0.024], "covered": True, **known}
    missed = {"change_ms": [0.03, 0.025, 0.035], "covered": False, **known}
    return [
        line("same", 1),
        line("same", 2, "failed", why="alarm: reader article p50 slower", facts={"alarms": 1}),
        line("same", 3, "refused", why="invalid, by saturated", facts={}),
        line("hit-0.02ms", 1, facts=change),
        line("hit-0.02ms", 2, facts=missed, swap=("the whole is slower and slower",)),
        line("hit-0.02ms-interval", 1, facts=change),
        line("hit-0.02ms-interval", 2, "failed", facts=missed, why="leaves it out"),
        line("same", 4, overrides={"launches": 6}, result="failed", why="of another plan"),
    ]


def test_the_page_tells_counts_alarms_coverage_misses_and_refusals() -> None:
    """Every kind of outcome is on the page, with its exact interval; trials by other plans are not."""
    page = report.render(lines_of_a_campaign(), CASES, figure=False)

    assert "| same | Both arms are the same site. | 2 of 40 | 1 | 1 % to 99 % | 5 | 1 |" in page
    assert "same: 1 of 2 trials with any alarm" in page
    assert "the interval held what was injected in 1 of 2 trials" in page
    assert "0.02 ms injected; by the site's own clock its answers took 0.019 ms longer (median of the trials)" in page
    assert "found were 0.0255 ms (median)" in page
    assert "* same 2 (seed" in page
    assert "* same: invalid, by saturated" in page
    assert "In 6 of 7 trials every word turned round" in page
    assert "hit-0.02ms 2: the whole is slower and slower" in page
    assert "of another plan" not in page
    assert f"python -m tests.calibration.rig run {CASES[0].name} --trials 40" in page


def section_of(page: str, title: str) -> str:
    """The text below a title of a page, up to the next one."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_page_tells_every_word_of_judged_trials_and_of_their_cells() -> None:
    """Words of the whole and of primary cells are counted by case; refused trials and cases without data are not."""
    undecided = tuple(primary(comparison(UNDECIDED)))
    unequal = tuple(primary(comparison(slower(ARTICLE), HOME)))
    lines = [
        line("same", 1),
        line("same", 2, word="not enough data", cells=undecided),
        line("same", 3, "refused", word="invalid"),
        line("hit-only", 1, word="slower", cells=unequal),
    ]

    told = section_of(report.render(lines, CASES, figure=False), "Words")

    whole, cells = "1 *no difference*, 1 *not enough data*", "1 *no difference*, 2 *not enough data*"
    assert f"| same | 2 | {whole} | 3 | {cells} |" in told
    assert "| hit-only | 1 | 1 *slower* | 2 | 1 *slower*, 1 *no difference* |" in told
    assert "invalid" not in told
    assert "one-route" not in told


@pytest.mark.parametrize(
    ("half", "silent", "is_short"), [(0.01, 0, False), (0.04, 2, True), (math.inf, 2, True)], ids=str
)
def test_the_page_tells_whether_intervals_are_too_wide_to_say_no_difference(
    half: float, silent: int, is_short: bool
) -> None:
    """Median half width and margin of equal arms are told, and that the plan is short only where most are too wide."""
    ratio = (1.0, None, None) if half == math.inf else (1.0, 1 / (1 + half), 1 + half)
    seen = primary(comparison(cell(ARTICLE, "not enough data", ratio)))
    lines = [line("same", number, cells=tuple(seen)) for number in (1, 2)]

    told = section_of(report.render(lines, CASES, figure=False), "Words")

    width = "unbounded" if half == math.inf else f"{100 * half:.1f} %"
    assert f"The median half width of the intervals is {width}, the median margin 3.0 %." in told
    assert f"In {silent} of 2 cells half the interval is wider than the margin" in told
    assert f"| {ARTICLE} | 2 | {width} | 3.0 % | {silent} | 0 |" in told
    assert ("The plan is short, 8 launches of 3 s" in told) == is_short


def test_no_committed_cell_says_no_difference_with_an_interval_too_wide_for_it() -> None:
    """What the page calls impossible does not occur in the data."""
    cells = [seen for one in ledger.read(ledger.DATA) for seen in one.cells if seen.word == "no difference"]

    assert cells
    assert all(words.half_width(seen) < seen.margin for seen in cells)


def test_the_page_tells_how_many_of_all_runs_were_refused_and_that_they_are_repeated() -> None:
    """Refusals stand beside all runs of their case; where one is right, the page says so, and only there."""
    refused = [line("throttle-halfway", number, "refused", why="invalid, by saturated") for number in (1, 2)]
    lines = [*lines_of_a_campaign(), line("throttle-halfway", 3), *refused]

    page = report.render(lines, CASES, figure=False)

    assert "A refused trial is repeated" in page
    assert "Refused were, of all runs of a case: same 1 of its 3, throttle-halfway 2 of its 3." in page
    assert "For throttle-halfway a refusal by the gate `saturated` is a right answer too" in page
    assert "is a right answer too" not in report.render(lines_of_a_campaign(), CASES, figure=False)
    assert "A refused trial is repeated" not in report.render([line()], CASES, figure=False)


def test_without_data_the_page_says_so_and_draws_nothing(tmp_path: Path) -> None:
    """An empty file gives a page without a figure."""
    (page,) = report.write([], CASES, tmp_path)

    assert "No trial has been run yet." in page.read_text()


def test_the_same_data_give_the_same_figure(tmp_path: Path) -> None:
    """Drawn twice, the figure is the same to the byte, with an interval in each colour."""
    for name in ("one", "two"):
        report.write(lines_of_a_campaign(), CASES, tmp_path / name)

    one, two = ((tmp_path / name / report.FIGURE).read_bytes() for name in ("one", "two"))
    assert one == two
    assert all(colour in one.decode() for colour in ("#1b6ca8", "#c8501e"))


@pytest.mark.parametrize(
    "names",
    [
        ["same", "hit-0.02ms", "hit-0.02ms-interval"],
        ["same", "hit-0.02ms"],
        ["hit-0.02ms", "hit-0.02ms-interval"],
        ["hit-0.02ms"],
    ],
    ids="+".join,
)
def test_only_cases_with_data_have_a_panel_and_the_caption_names_no_other(names: list[str], tmp_path: Path) -> None:
    """Every case with data has a panel with its name in the title; width and caption follow."""
    import matplotlib as mpl

    lines = [one for one in lines_of_a_campaign() if one.case in names]
    figure = tmp_path / "drawn.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        assert report.draw(lines, CASES, figure)
    drawn = figure.read_text()
    page = report.render(lines, CASES, figure=True)
    (caption,) = (part for part in page.split("\n\n") if "are orange" in part)
    drawable = ["same", "hit-0.02ms", "hit-0.02ms-interval"]

    assert drawn.count("judged trial, in order</text>") == len(names)
    assert [name for name in drawable if f">{name}: " in drawn] == names
    assert [name for name in drawable if f"{name} (" in caption] == names
    assert ("From left to right" in caption) == (len(names) > 1)
    assert float(drawn.partition('width="')[2].partition("pt")[0]) == pytest.approx(72 * (0.4 + 3.8 * len(names)))


def test_an_unbounded_interval_alone_is_no_panel(tmp_path: Path) -> None:
    """Trials that can be drawn nowhere give no figure."""
    cells = tuple(primary(comparison(UNBOUNDED)))

    assert not report.draw([line(cells=cells)], CASES, tmp_path / "none.svg")


def test_the_committed_page_is_made_of_the_committed_data() -> None:
    """docs/calibration/real-trials.md is what ``report`` writes today."""
    folder = ledger.DATA.parent
    page = report.render(ledger.read(ledger.DATA), CASES, figure=(folder / report.FIGURE).exists())

    assert (folder / "real-trials.md").read_text() == page, "run: python -m tests.calibration.rig report"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "same", "--launches", "6"], "--out"),
        (["run", "smae", "--minutes", "0"], "did you mean same?"),
        (["run", "all", "--trials", "3"], "--trials is for one case"),
    ],
)
def test_a_wrong_command_is_answered_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run, the exit code is 2, the remedy is named."""
    with pytest.raises(SystemExit) as caught:
        command.main(words)

    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1


def test_the_module_can_be_run_from_the_checkout(tmp_path: Path) -> None:
    """``python -m tests.calibration.rig status`` works where a distribution has put another ``tests`` on the path."""
    words = [sys.executable, "-m", "tests.calibration.rig", "status", "--data", str(tmp_path / "none.jsonl")]

    done = subprocess.run(words, cwd=trial.ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stderr
    assert "0 of 40" in done.stdout


def test_a_trial_that_says_nothing_is_an_error_with_the_commands_own_words(tmp_path: Path) -> None:
    """The last line of standard error and the exit code are told."""
    words = [sys.executable, "-c", "import sys; sys.exit('error: there is no site')"]

    with pytest.raises(TrialError, match="exit code 1: error: there is no site"):
        trial._command(words, 60.0)
    assert trial._command([sys.executable, "-c", "print('{}')"], 60.0) == json.loads("{}")


@pytest.mark.parametrize(("factor", "result"), [(1.0, "passed"), (1.4, "failed")])
def test_a_trial_becomes_a_line_and_its_record_goes_unless_it_is_wanted(
    make_trial: Callable[..., Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float, result: str
) -> None:
    """The command's comparison, the exchanged one and the circumstances are in the line; failed records are kept."""
    record = make_trial(launches=6, factor=factor, pages=[{"persona": "reader", "route": "article", "requests": 300}])
    case = find("same")
    asked: list[str] = []

    def command_of(words: list[str], longest: float) -> dict[str, Any]:
        asked.extend(words)
        shutil.copytree(record.path, Path(words[words.index("--out") + 1]) / record.path.name)
        return compare_trial(record).to_dict()

    monkeypatch.setattr(trial, "_command", command_of)

    line = trial.run(case, 7, overrides={"launches": 6}, load=0.03, keep=tmp_path / "kept")

    assert asked[1:4] == ["-m", "harness", "trial"]
    assert asked[-2:] == ["--launches", "6"]
    assert (line.case, line.number, line.seed, line.launches) == ("same", 7, seed_of("same", 7), 6)
    assert (line.result, line.swap) == (result, ())
    assert line.load[0] == 0.03
    assert [cell.primary for cell in line.cells] == [True] * len(line.cells)
    assert line.cells
    assert [path.name for path in (tmp_path / "kept").glob("*")] == ([] if result == "passed" else ["same-007"])
