import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.caching import HitRatio, hit_ratios
from results.design import Design
from results.measures import Interval, Pair
from results.mix import FLOOR, MixReport, Part, decompose, sentence, weighted_quantiles
from results.record import Record
from results.samples import ALL, Launch, Samples, read_trial
from tests.unit.results.launches import make_launch, make_samples

DESIGN = Design()

Blocks = list[tuple[int, str, Any]]
"""Arm, cache class and latencies of some requests."""


def launch_of(number: int, blocks: Blocks, url: Any = 0) -> Launch:
    """One launch of one page."""
    return make_launch(
        number,
        arm=np.concatenate([np.full(len(ms), arm) for arm, _, ms in blocks]),
        cache=np.concatenate([np.full(len(ms), cache) for _, cache, ms in blocks]),
        ms=np.concatenate([ms for _, _, ms in blocks]),
        url=url,
    )


def report_of(*launches: Launch, paired: bool = True) -> MixReport:
    """The launches of one page, decomposed."""
    samples = make_samples(launches)
    return decompose(samples, samples.launches, DESIGN, paired=paired)


def found(report: MixReport, statistic: str, scope: str = "reader") -> Part:
    """A part that has to be there."""
    part = report.part(scope, statistic)
    assert part is not None
    return part


def shape(n: int) -> Any:
    """Latencies around one, of mean one, without a random number."""
    return np.linspace(0.7, 1.3, n)


def swapped(launch: Launch) -> Launch:
    """The same launch with the names of its arms exchanged."""
    return make_launch(
        launch.number, arm=1 - launch.arm, cache=launch.cache, ms=launch.response_ms, url=launch.url, route=launch.route
    )


def worked_example(number: int = 1, noise: tuple[float, float] = (1.0, 1.0)) -> Launch:
    """Hits and misses 5 % slower each, while the hit ratio rises from 80 to 88 %."""
    return launch_of(
        number,
        [
            (0, "HIT", 4.3 * noise[0] * shape(800)),
            (0, "MISS", 86.3 * noise[0] * shape(200)),
            (1, "HIT", 1.05 * 4.3 * noise[1] * shape(880)),
            (1, "MISS", 1.05 * 86.3 * noise[1] * shape(120)),
        ],
    )


@st.composite
def any_launches(draw: st.DrawFn) -> list[Launch]:
    """Two launches of any classes, counts, latencies and failures."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    launches = []
    for number in (1, 2):
        blocks: Blocks = []
        for arm in (0, 1):
            for cache in ("HIT", "MISS", "BYPASS"):
                n = draw(st.sampled_from([0, 3, 25, 120, 1000]))
                ms = rng.lognormal(draw(st.floats(-2, 5)), draw(st.floats(0, 1)), n)
                ms[rng.random(n) < draw(st.sampled_from([0, 0, 0.02]))] = math.inf
                blocks.append((arm, cache, ms))
        launches.append(launch_of(number, blocks))
    return launches


@given(any_launches())
def test_mix_and_within_add_up_to_the_total(launches: list[Launch]) -> None:
    """Whatever the launches hold, every split that has figures is exact, and its total is after minus before."""
    for part in report_of(*launches).parts:
        if not part.why_not:
            scale = 1e-9 * max(part.before_after.before, part.before_after.after)
            change = part.before_after.after - part.before_after.before
            assert part.mix.estimate + part.within.estimate == pytest.approx(part.total.estimate, abs=scale)
            assert part.total.estimate == pytest.approx(change, abs=scale)


@given(any_launches())
def test_exchanging_the_arms_turns_every_part_round(launches: list[Launch]) -> None:
    """What is mix stays mix and what is within stays within, with the other sign."""
    forth, back = report_of(*launches), report_of(*(swapped(launch) for launch in launches))

    for there, here in zip(forth.parts, back.parts, strict=True):
        assert here.why_not == there.why_not
        assert here.classes == there.classes
        for name in ("total", "mix", "within") if not there.why_not else ():
            one, other = getattr(there, name), getattr(here, name)
            scale = 1e-9 * there.before_after.before
            assert (other.estimate, other.low, other.high) == pytest.approx(
                (-one.estimate, -one.high, -one.low), abs=max(scale, 1e-9 * abs(one.low))
            )


def test_a_rising_hit_ratio_hides_that_everything_got_slower() -> None:
    """The worked example: 28 % faster on average, of which -6.72 ms are mix and +0.87 ms are within."""
    report = report_of(worked_example())
    mean, p95 = found(report, "mean"), found(report, "p95")

    assert mean.before_after.before == pytest.approx(20.7)
    assert mean.before_after.after == pytest.approx(14.847, abs=0.001)
    assert mean.mix.estimate == pytest.approx(-6.724, abs=0.001)
    assert mean.within.estimate == pytest.approx(0.871, abs=0.001)
    assert mean.compared == Pair(1.0, 1.0)
    assert mean.classes == ("HIT", "MISS")
    assert (p95.total.estimate, p95.mix.estimate) == pytest.approx((-4.215, -8.897), abs=0.001)
    assert p95.within.estimate == pytest.approx(4.682, abs=0.001)


def test_quantiles_of_the_arms_are_those_of_numpy() -> None:
    """Before and after are plain type-7 quantiles of each arm, as everywhere else."""
    launch = worked_example()
    for name, level in (("p50", 50), ("p95", 95), ("p99", 99)):
        part = found(report_of(launch), name)
        before, after = (np.percentile(launch.response_ms[launch.arm == arm], level) for arm in (0, 1))

        assert (part.before_after.before, part.before_after.after) == pytest.approx((before, after))


def test_exchanged_weights_give_the_quantile_of_the_exchanged_mixture() -> None:
    """The parts of p95 are those of four mixtures that were put together by hand, value by value."""

    def mixed(hits: int, factor: float) -> float:
        whole = np.concatenate([4.3 * factor * shape(100 * hits), 86.3 * factor * shape(100 * (1000 - hits))])
        return float(np.percentile(whole, 95))

    aa, bb, ab, ba = mixed(800, 1), mixed(880, 1.05), mixed(800, 1.05), mixed(880, 1)
    part = found(report_of(worked_example()), "p95")

    assert part.mix.estimate == pytest.approx(((ba - aa) + (bb - ab)) / 2, rel=0.02)
    assert part.within.estimate == pytest.approx(((ab - aa) + (bb - ba)) / 2, rel=0.02)


def noisy(number: int, hits: tuple[int, int], factor: float) -> Launch:
    """A launch of a thousand requests an arm with noise of its requests and of its processes."""
    rng = np.random.default_rng(number)
    blocks: Blocks = []
    for arm in (0, 1):
        level = math.exp(rng.normal(0, 0.01)) * (factor if arm else 1.0)
        for cache, base, n in (("HIT", 1.0, hits[arm]), ("MISS", 50.0, 1000 - hits[arm])):
            blocks.append((arm, cache, base * level * rng.lognormal(0, 0.3, n)))
    return launch_of(number, blocks)


@pytest.mark.parametrize("statistic", ["mean", "p50", "p95"])
def test_a_hit_ratio_that_moves_alone_is_mix_alone(statistic: str) -> None:
    """With unchanged hits and misses the interval of within holds zero, and that of mix does not."""
    part = found(report_of(*(noisy(number, (700, 850), 1.0) for number in range(1, 9))), statistic)

    assert part.within.low < 0 < part.within.high
    assert part.mix.high < 0


@pytest.mark.parametrize("statistic", ["mean", "p50", "p95", "p99"])
def test_a_speed_that_changes_alone_is_within_alone(statistic: str) -> None:
    """With unchanged counts of hits and misses there is no mix at all, and the change is certain."""
    part = found(report_of(*(noisy(number, (850, 850), 1.2) for number in range(1, 9))), statistic)

    assert part.mix.estimate == pytest.approx(0, abs=1e-9)
    assert part.within.estimate == pytest.approx(part.total.estimate)
    assert part.within.low > 0


def switched_on(number: int) -> Launch:
    """The main demo: every page bypassed the cache before, and is a hit afterwards."""
    rng = np.random.default_rng(number)
    return launch_of(number, [(0, "BYPASS", rng.lognormal(3, 0.3, 400)), (1, "HIT", rng.lognormal(0, 0.3, 400))])


def test_a_class_that_one_arm_alone_holds_is_mix() -> None:
    """With the cache switched on nothing is in both arms: all of the change is mix, and within is zero."""
    report = report_of(*(switched_on(number) for number in range(1, 7)))

    for statistic in ("mean", "p50", "p95"):
        part = found(report, statistic)
        assert part.total.high < 0
        assert part.mix == part.total
        assert part.within == Interval(0.0, 0.0, 0.0)
        assert part.compared == Pair(0.0, 0.0)
        assert part.classes == ()


@pytest.mark.parametrize(("held", "compared"), [(FLOOR - 1, ("HIT",)), (FLOOR, ("HIT", "MISS"))])
def test_a_handful_of_requests_does_not_stand_for_a_class(held: int, compared: tuple[str, ...]) -> None:
    """Misses of which the after arm holds fewer than a median needs have no speed to be compared with."""
    launch = launch_of(
        1,
        [
            (0, "HIT", shape(500)),
            (0, "MISS", 50 * shape(500)),
            (1, "HIT", shape(1000 - held)),
            (1, "MISS", 500 * shape(held)),
        ],
    )
    part = found(report_of(launch), "mean")

    assert part.classes == compared
    assert (part.within.estimate > 100) == ("MISS" in compared)


def test_a_rare_page_of_both_arms_is_compared() -> None:
    """Nine requests before and eight after stand for each other, so a page that got slower is no mix."""
    launch = make_launch(
        1,
        arm=np.repeat([0, 1], [59, 58]),
        route=np.concatenate([np.repeat([0, 1], [50, 9]), np.repeat([0, 1], [50, 8])]),
        ms=np.concatenate([shape(50), 10 * shape(9), shape(50), 20 * shape(8)]),
        routes=2,
    )
    samples = make_samples([launch], routes=("article", "search"))
    part = found(decompose(samples, samples.launches, DESIGN, paired=True), "mean")

    assert part.compared == Pair(1.0, 1.0)
    assert part.within.estimate == pytest.approx(10 * (9 / 59 + 8 / 58) / 2)


def test_a_mean_is_of_answered_requests_and_a_quantile_of_all() -> None:
    """Two failures in a hundred leave the mean alone and take the figures of p99, with the reason."""
    failed = np.array([math.inf] * 40)
    launch = launch_of(1, [(0, "MISS", shape(2000)), (1, "MISS", 2 * shape(1960)), (1, "UNKNOWN", failed)])
    report = report_of(launch)
    mean, p95, p99 = (found(report, name) for name in ("mean", "p95", "p99"))

    assert mean.before_after == Pair(pytest.approx(1.0), pytest.approx(2.0))
    assert (mean.mix.estimate, mean.within.estimate) == pytest.approx((0.0, 1.0))
    assert math.isfinite(p95.total.estimate)
    assert p99.why_not == "failed requests reach it in 1 of 1 launch"
    for interval in (p99.total, p99.mix, p99.within):
        assert math.isnan(interval.estimate)
        assert (interval.low, interval.high) == (-math.inf, math.inf)


def test_too_few_requests_give_a_reason_and_no_figure() -> None:
    """The floors of the cells hold here too: 20 for a mean or p50, 200 for p95, 1,000 for p99."""
    small = launch_of(1, [(0, "MISS", shape(19)), (1, "MISS", shape(300))])
    larger = launch_of(2, [(0, "MISS", shape(250)), (1, "MISS", shape(300))])

    assert found(report_of(small), "mean").why_not == "19 requests in the smallest launch, 20 needed"
    assert found(report_of(larger), "p95").why_not == ""
    assert found(report_of(larger), "p99").why_not == "250 requests in the smallest launch, 1000 needed"
    assert found(report_of(small, larger), "p50").why_not == "19 requests in the smallest launch, 20 needed"


def test_an_arm_that_answers_nothing_has_no_figure() -> None:
    """Where every request of an arm failed there is neither a mean nor a quantile, and nothing breaks."""
    launch = launch_of(1, [(0, "MISS", shape(1000)), (1, "MISS", np.full(1000, math.inf))])
    report = report_of(launch, launch)

    assert found(report, "mean").why_not == "fewer than 20 requests were answered in some launch"
    assert found(report, "p50").why_not == "failed requests reach it in 2 of 2 launches"
    assert report.matched == ()


def test_one_launch_has_estimates_and_no_interval() -> None:
    """Nothing is ruled out by one launch, nor by launches that are not pairs."""
    single = found(report_of(worked_example()), "p95")
    unpaired = report_of(worked_example(1), worked_example(2), paired=False)

    for part in (single, found(unpaired, "p95")):
        assert math.isfinite(part.mix.estimate)
        for interval in (part.total, part.mix, part.within):
            assert (interval.low, interval.high) == (-math.inf, math.inf)
    assert unpaired.matched == ()
    assert all(math.isinf(each.ratio.high) for each in report_of(worked_example()).matched)


def test_personas_are_split_apart_and_together() -> None:
    """Each persona has its parts; all replies have theirs, in which each persona's classes stay strata of their own."""
    n = 400
    launch = make_launch(
        1,
        arm=np.tile(np.repeat([0, 1], n), 2),
        persona=np.repeat([0, 1], 2 * n),
        cache=np.concatenate([np.full(n, "BYPASS"), np.full(n, "HIT"), np.full(2 * n, "BYPASS")]),
        ms=np.concatenate([10 * shape(n), shape(n), 20 * shape(n), 22 * shape(n)]),
        personas=2,
    )
    samples = make_samples([launch], ("reader", "member"))
    report = decompose(samples, samples.launches, DESIGN, paired=True)

    assert [part.scope for part in report.parts[::4]] == ["reader", "member", ALL]
    assert found(report, "mean", "member").within.estimate == pytest.approx(2.0)
    assert found(report, "mean", ALL).mix.estimate == pytest.approx(-4.5)
    assert found(report, "mean", ALL).within.estimate == pytest.approx(1.0)
    assert found(report, "mean", ALL).compared == Pair(0.5, 0.5)


def test_the_closed_workload_is_split_by_service_time() -> None:
    """The latency that decides verdicts is the one that is split."""
    launch = dataclasses.replace(worked_example(), service_ms=np.ones(2000))
    samples = make_samples([launch], workload="closed")

    part = decompose(samples, samples.launches, DESIGN, paired=True).part("reader", "mean")
    assert part is not None
    assert part.before_after == Pair(1.0, 1.0)


@given(
    st.lists(st.floats(0.01, 1e4), min_size=1, max_size=60),
    st.floats(0.01, 100),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_equal_weights_give_the_quantile_of_numpy(values: list[float], weight: float, levels: list[float]) -> None:
    """Of values of one weight, whatever it is, the weighted quantile is the type-7 one."""
    ordered = np.sort(np.array(values))
    weighted = weighted_quantiles(ordered, np.full(ordered.size, weight), np.array(levels))

    assert weighted == pytest.approx(np.quantile(ordered, levels))


@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.01, 10)), min_size=1, max_size=60))
def test_weighted_quantiles_rise_from_the_least_to_the_greatest(pairs: list[tuple[float, float]]) -> None:
    """Higher levels never have lower quantiles; the ends are the smallest and the largest value."""
    pairs = sorted(pairs)
    values, weights = np.array(pairs).T
    quantiles = weighted_quantiles(values, weights, np.linspace(0, 1, 21))

    assert (quantiles[0], quantiles[-1]) == (values[0], values[-1])
    assert (np.diff(quantiles) >= -1e-9 * values[-1]).all()


def test_an_infinite_value_is_never_interpolated() -> None:
    """A quantile between a finite and an infinite value is infinite, and exactly at the finite one it is that."""
    values = np.array([1.0, 2.0, 3.0, math.inf])

    assert weighted_quantiles(values, np.ones(4), np.array([0.5, 2 / 3, 0.7])).tolist() == [2.5, 3.0, math.inf]


def told(total: Any, mix: Any, within: Any, statistic: str = "p95", classes: tuple[str, ...] = ("HIT", "MISS")) -> Any:
    """The sentence of one part of reader replies whose hit ratio rose from 80 to 88 %."""
    hit = HitRatio("reader", Pair(0.80, 0.88), Interval(0.08, 0.07, 0.09), moved=True)
    intervals = (Interval(*total), Interval(*mix), Interval(*within))
    part = Part("reader", statistic, Pair(100.0, 86.0), *intervals, Pair(1.0, 1.0), classes, "")
    return sentence(MixReport((part,), (), ()), (hit,))


ROSE = "the hit ratio rose from 80 % to 88 %"
SAME = "hits and misses themselves"


@pytest.mark.parametrize(
    ("total", "mix", "within", "expected"),
    [
        (
            (-14.3, -16, -12),
            (-18.2, -20, -16),
            (3.9, 2, 6),
            f"−14.3 ms: −18.2 ms because {ROSE}, +3.90 ms because {SAME} got slower",
        ),
        ((-14.3, -16, -12), (-14.2, -16, -12), (-0.1, -0.5, 0.3), f"−14.3 ms, nearly all of it because {ROSE}"),
        ((-14.3, -16, -12), (-14.3, -16, -12), (0, 0, 0), f"−14.3 ms, all of it because {ROSE}"),
        (
            (-14.3, -16, -12),
            (0.0, -0.1, 0.1),
            (-14.3, -16, -12),
            f"−14.3 ms, nearly all of it because {SAME} got faster; {ROSE}, which hardly shows in it",
        ),
        (
            (-14.3, -16, -12),
            (-15.3, -18, -12),
            (1.0, -2, 4),
            f"−14.3 ms: −15.3 ms because {ROSE}; how {SAME} changed is open (−2.00 ms to +4.00 ms)",
        ),
        (
            (4.0, 2, 6),
            (-1.0, -3, 1),
            (5.0, 3, 7),
            f"+4.00 ms: +5.00 ms because {SAME} got slower; {ROSE}, and what that does is open (−3.00 ms to +1.00 ms)",
        ),
    ],
)
def test_the_sentence_says_what_is_why(total: Any, mix: Any, within: Any, expected: str) -> None:
    """Two parts are told with both figures, one that is shown to be small without one, an open one as open."""
    assert told(total, mix, within) == f"p95 of reader replies {expected}"


@pytest.mark.parametrize("within", [(1.0, -3, 5), (0.0, 0, 0)])
def test_nothing_certain_is_said_to_be_open(within: Any) -> None:
    """Where neither part is told from zero the sentence claims neither, also where nothing was compared."""
    expected = f"{ROSE}; what that does to the p95 of reader replies is open (−4.00 ms to +2.00 ms)"

    assert told((-1.0, -4, 2), (-1.0, -4, 2), within) == expected


def test_without_a_moved_hit_ratio_there_is_no_sentence() -> None:
    """A change that no cache had a part in needs no explanation by it."""
    report = report_of(worked_example(1), worked_example(2))
    still = HitRatio("reader", Pair(0.8, 0.8), Interval(0.0, -0.01, 0.01), moved=False)

    assert sentence(report, (still,)) is None
    assert sentence(report, ()) is None
    assert sentence(MixReport((), (), ()), (dataclasses.replace(still, moved=True),)) is None


def test_where_several_hit_ratios_moved_the_sentence_is_of_all_replies() -> None:
    """One moved persona is named; of several the whole is told, unless its own hit ratio did not move."""
    up = Interval(0.08, 0.07, 0.09)
    reader, member, whole = (HitRatio(name, Pair(0.8, 0.88), up, moved=True) for name in ("reader", "member", ALL))
    part = found(report_of(worked_example(1), worked_example(2)), "p50")
    report = MixReport(tuple(dataclasses.replace(part, scope=name) for name in ("reader", "member", ALL)), (), ())
    still = dataclasses.replace(whole, moved=False)

    assert "p50 of all replies" in str(sentence(report, (reader, member, whole)))
    assert "p50 of reader replies" in str(sentence(report, (reader, whole)))
    assert "of reader replies" in str(sentence(report, (reader, member, still)))


def test_the_main_demo_reads_as_one_cause(make_trial: Callable[..., Record]) -> None:
    """Readers from no hit at all to nothing but hits: all of it is because the hit ratio rose."""
    samples: Samples = read_trial(make_trial(), "before", "after")
    report = decompose(samples, samples.launches, DESIGN, paired=True)
    text = sentence(report, hit_ratios(samples, samples.launches, DESIGN, paired=True))

    assert text is not None
    assert text.startswith("p95 of reader replies −")
    assert text.endswith(", all of it because the hit ratio rose from 0 % to 100 %")
    assert report.warnings == ()
