import dataclasses
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from results import statistics
from results.design import Design, Question
from results.errors import ComparisonError
from results.measures import Pair
from results.planning import LAUNCHES, PilotCell, Planning, plan, weigh, worst
from results.report.planning import text
from results.samples import Cell, Samples
from results.spread import Spread
from tests.unit.results.launches import known, make_launch, make_samples, pilot, within_of

P50 = Question(Cell("reader", "article"), "p50")
P95 = Question(Cell("reader", "article"), "p95")


def planned(samples: Samples, design: Design | None = None, **settings: Any) -> Planning:
    """What is advised from a pilot of ten seconds a launch."""
    asked = {"fixed_cost_s": 10.0, "rate": 40.0, "seconds": 10.0} | settings
    return plan(samples, samples.launches, design or Design(), **asked)


def cell_of(found: Spread, margin: float = 0.05, quantile: str = "p95", requests: int = 400) -> PilotCell:
    """A cell of which everything is known."""
    return PilotCell(Cell("reader", "article"), quantile, requests, Pair(5.0, 5.0), margin, found, 10.0, "")


def drawn(option_seconds: float, k: int, found: Spread, effect: float, trials: int = 4000) -> Any:
    """Log ratios of many trials by a process that has this spread at ten seconds, shape (trials, launches)."""
    sd = math.hypot(found.between, found.within * math.sqrt(10 / option_seconds))
    return effect + np.random.default_rng(k).normal(0, sd, (trials, k))


def ends(values: Any, alpha: float, m: int) -> tuple[Any, Any]:
    """Interval of each trial."""
    k = values.shape[1]
    half = statistics.t_critical(k, alpha, m) * values.std(axis=1, ddof=1) / math.sqrt(k)
    return values.mean(axis=1) - half, values.mean(axis=1) + half


@pytest.mark.parametrize("k", [6, 12, 24])
def test_a_slowdown_of_the_predicted_size_is_found_19_times_in_20(k: int) -> None:
    """At the change that the table names, so many launches of that length say slower with about 95 % power."""
    found = known(0.02, 0.04)
    option = weigh((cell_of(found),) * 3, k, 20.0, 0.05, 10.0, 10.0, 1)
    low, _ = ends(drawn(20.0, k, found, math.log1p(option.changes[0].slower)), 0.05, 3)

    assert 0.92 <= np.mean(low > math.log1p(0.05)) <= 0.98


@pytest.mark.parametrize("k", [6, 12, 24])
def test_equal_arms_are_called_equal_within_the_predicted_margin_19_times_in_20(k: int) -> None:
    """With a margin as wide as the table says, two equal arms are told to be no different."""
    found = known(0.02, 0.04)
    option = weigh((cell_of(found),) * 3, k, 20.0, 0.05, 10.0, 10.0, 1)
    low, high = ends(drawn(20.0, k, found, 0.0), 0.05, 3)
    margin = math.log1p(option.changes[0].no_difference)

    assert np.mean((low > -margin) & (high < margin)) >= 0.92


def test_the_recommended_trial_finds_what_it_was_recommended_for() -> None:
    """Trials as advised by pilots of three launches find the wanted change 9 times in 10, where it is a hard one."""
    design = Design(primary=(P50,))
    true = known(math.sqrt(2) * 0.02, within_of(0.5, 1000))
    advised = []
    for seed in range(10):
        chosen = planned(pilot(requests=1000, between=0.02, seed=seed), design, detect=0.12).recommended
        if chosen is not None:
            advised.append(chosen)
    powers = []
    for option in advised:
        low, _ = ends(drawn(option.seconds, option.launches, true, math.log1p(0.12), 500), design.alpha, 1)
        powers.append(np.mean(low > math.log1p(0.03)))

    assert len(powers) >= 5
    assert np.mean(powers) >= 0.9


def test_every_number_of_launches_is_weighed_with_every_length() -> None:
    """Options cover half to four times the pilot's length and the best one, and cost what they take."""
    advice = planned(pilot())
    lengths = sorted({option.seconds for option in advice.options})

    assert {5.0, 10.0, 20.0, 40.0} < set(lengths)
    assert len(lengths) == 5
    assert [(option.launches, option.seconds) for option in advice.options] == [
        (k, length) for k in LAUNCHES for length in lengths
    ]
    assert all(each.minutes == pytest.approx(each.launches * (10 + each.seconds) / 60) for each in advice.options)


def test_the_best_length_follows_costs_and_variances() -> None:
    """A launch should last ``sqrt(fixed cost x within / between)``, less where each second is spent twice."""
    (one, *_), (twice, *_) = (planned(pilot(), passes=passes).cells for passes in (1, 2))

    assert one.spread is not None
    expected = math.sqrt(10.0 * one.spread.within**2 * 10.0) / one.spread.between
    assert one.best_seconds == pytest.approx(expected)
    assert twice.best_seconds == pytest.approx(expected / math.sqrt(2))


def test_the_cheapest_option_that_finds_the_change_is_recommended() -> None:
    """No cheaper option finds the wanted change in every p50 and p95 cell, and the command asks for this one."""
    advice = planned(pilot(requests=2000, between=0.01), detect=0.2)
    chosen = advice.recommended

    assert chosen is not None
    assert worst(advice.cells, chosen)[0] <= 0.2
    cheaper = [option for option in advice.options if option.minutes < chosen.minutes]
    assert all(worst(advice.cells, option)[0] > 0.2 for option in cheaper)
    assert advice.command == f"anp trial --launches {chosen.launches} --seconds {chosen.seconds:g} --rate 40"


def test_more_launches_longer_ones_and_a_sure_spread_find_smaller_changes() -> None:
    """Down and to the right of the table changes become smaller, and the likely ones never exceed the sure ones."""
    advice = planned(pilot())
    table = np.array([worst(advice.cells, option)[0] for option in advice.options]).reshape(len(LAUNCHES), -1)

    assert (np.diff(table, axis=0) < 0).all()
    assert (np.diff(table, axis=1) < 0).all()
    for change in (change for option in advice.options for change in option.changes):
        assert change.slower_likely <= change.slower
        assert change.no_difference_likely <= change.no_difference


def test_what_would_do_with_a_sure_spread_is_told_beside() -> None:
    """The pilot's own spread asks for less than its upper bound, and both are said."""
    advice = planned(pilot(), detect=0.15)

    assert advice.likely is not None
    assert worst(advice.cells, advice.likely, high=False)[0] <= 0.15
    assert worst(advice.cells, advice.likely)[0] > 0.15
    told = f"{advice.likely.launches} launches of {advice.likely.seconds:g} s would do"
    assert f"Were the pilot's own spread the true one, {told}" in advice.why


def test_p99_is_shown_and_does_not_hold_up_the_recommendation() -> None:
    """A p99 that no option settles leaves the advice to p50 and p95."""
    advice = planned(pilot(requests=2000, between=0.01), detect=0.2)
    (p99,) = (place for place, one in enumerate(advice.cells) if one.quantile == "p99")

    assert advice.recommended is not None
    assert advice.recommended.changes[p99].slower > 0.2


def test_a_launch_too_short_for_a_quantile_shows_nothing_of_it() -> None:
    """Half of 300 requests are too few for p95, so such an option finds no change at all in it."""
    advice = planned(pilot(requests=300))
    short = next(option for option in advice.options if option.seconds == 5.0)

    assert [one.quantile for one in advice.cells] == ["p50", "p95"]
    assert math.isfinite(short.changes[0].slower)
    assert math.isinf(short.changes[1].slower)
    assert math.isinf(worst(advice.cells, short)[0])


def test_a_margin_above_the_wanted_change_is_told() -> None:
    """On a page so fast that the rig's floor is a fifth of it, a change of a tenth does not count."""
    advice = planned(pilot(level_ms=0.1), Design(floor_ms=0.02))

    assert advice.recommended is None
    assert advice.command == ""
    assert "does not count there, however many launches there are" in advice.why


def test_why_nothing_is_recommended_names_the_cell_and_the_remedy() -> None:
    """Launches that differ by themselves ask for a larger pilot, noisy requests for more of them."""
    alike = []
    for launch in pilot(requests=220).launches:
        ms = launch.response_ms.copy()
        ms[220:] *= np.quantile(ms[:220], 0.95) / np.quantile(ms[220:], 0.95)
        alike.append(dataclasses.replace(launch, response_ms=ms))
    launches = planned(pilot(between=0.3))
    requests = planned(make_samples(alike), Design(primary=(P95,)), detect=0.06)

    assert "Launches differ there by themselves" in launches.why
    assert "in reader article p" in launches.why
    assert requests.recommended is None
    assert "a higher rate or longer launches help" in requests.why


def test_failures_that_reach_a_quantile_leave_nothing_to_plan() -> None:
    """A quantile that failed requests reach has no spread, and the advice says so."""
    advice = planned(pilot(failures=300))

    assert advice.cells[0].spread is None
    assert advice.recommended is None
    assert advice.why == "None is recommended: nothing can be planned for reader article p50, failed requests reach it."


def test_a_quantile_between_hits_and_misses_is_not_planned_for() -> None:
    """Where half are fast and half are slow no number of launches settles p50."""
    rng = np.random.default_rng(1)
    launches = []
    for number in (1, 2, 3):
        ms = np.where(np.arange(800) % 2 == 0, 1.0, 40.0) * rng.lognormal(0, 0.1, 800)
        launches.append(make_launch(number, arm=np.repeat([0, 1], 400), ms=ms))
    advice = planned(make_samples(launches), Design(primary=(P50,)))

    assert advice.cells[0].why_not.startswith("it falls between fast and slow replies")
    assert advice.recommended is None


def test_a_control_takes_what_it_shares_off_the_spread() -> None:
    """A shift that hits every page of an arm alike is no spread where a control page shows it."""
    rng = np.random.default_rng(2)
    launches = []
    for number, shift in enumerate((0.0, 0.4, -0.4), 1):
        arm = np.tile(np.repeat([0, 1], 400), 2)
        ms = np.exp(0.05 * rng.normal(size=1600) + shift * arm)
        launches.append(make_launch(number, arm=arm, ms=ms, route=np.repeat([0, 1], 800), routes=2))
    samples = make_samples(launches, routes=("article", "about"))
    primary = (P50,)
    plain = planned(samples, Design(primary=primary)).cells[0].spread
    steadied = planned(samples, Design(primary=primary, control=Cell("reader", "about"))).cells[0].spread

    assert plain is not None
    assert steadied is not None
    assert plain.total > 0.3
    assert steadied.total < 0.02
    assert steadied.within > plain.within


@pytest.mark.parametrize(
    ("launches", "settings", "words"),
    [
        (1, {}, "a pilot of 1 launch cannot say how launches differ; run one of three"),
        (3, {"requests": 10}, "no page had enough requests in every launch of the pilot"),
        (3, {"seconds": 0.0}, "seconds is 0.0; it must be above zero"),
        (3, {"detect": -0.1}, "detect is -0.1; it must be above zero"),
        (3, {"fixed_cost_s": -1.0}, "fixed_cost_s is -1.0; it must not be negative"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused(launches: int, settings: dict[str, Any], words: str) -> None:
    """The refusal says what there was and what to do."""
    asked = dict(settings)
    samples = pilot(launches, requests=asked.pop("requests", 100))

    with pytest.raises(ComparisonError, match=words):
        planned(samples, **asked)


def test_a_plan_is_plain_data() -> None:
    """It can be written as JSON, figures that are not finite as null, and is the same each time."""
    samples = pilot(requests=300)
    advice = planned(samples)
    data = json.loads(json.dumps(advice.to_dict(), allow_nan=False))

    assert data["options"][0]["changes"][1]["slower"] is None
    assert data["cells"][0]["cell"] == {"persona": "reader", "route": "article", "cache": "all"}
    assert advice == planned(samples)


def printed(advice: Planning, width: int = 80) -> str:
    """The text on a terminal of that width."""
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(text(advice))
    return capture.get()


def test_the_text_ends_in_the_command_to_type() -> None:
    """Cells, table and recommendation fit 80 columns; the last line is the command."""
    advice = planned(pilot(requests=2000, between=0.01), detect=0.2, command="anp trial cache.toml")
    lines = printed(advice).rstrip().splitlines()

    assert lines[-1].strip() == advice.command
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert sum("►" in line for line in lines) == 1
    assert any(line.startswith("reader article p95") and "✗" in line for line in lines)


def test_the_text_without_a_recommendation_ends_in_the_reason() -> None:
    """Where nothing is recommended the reason comes last, and nothing is marked."""
    advice = planned(pilot(failures=300), passes=2)
    out = printed(advice, 200)

    assert out.rstrip().endswith(advice.why)
    assert "►" not in out
    assert "spent 2 times" in out


def test_a_pilot_that_shows_nothing_is_printed_without_absurd_figures() -> None:
    """Launches that differ by half give changes beyond any use, which are capped at 1000 %."""
    out = printed(planned(pilot(between=1.0)))

    assert "> 1000 % (2.0)" in out
    assert not re.search(r"\d{5} %", out)


def test_cells_that_decide_are_those_of_p50_and_p95() -> None:
    """With p99 alone there is nothing to recommend by."""
    cell = cell_of(known(0.01, 0.01), quantile="p99", requests=2000)
    option = weigh((cell,), 6, 10.0, 0.05, 10.0, 10.0, 1)

    assert worst((cell,), option) == (math.inf, None)
    assert worst((dataclasses.replace(cell, quantile="p50"),), option)[0] == option.changes[0].slower
