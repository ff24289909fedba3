from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results import distribution
from results.comparison import Comparison
from results.record import Record
from results.samples import ALL, Cell, Samples, read_trial

HOME = Cell("reader", "home")
PAGES = [{"persona": "reader", "route": "home", "requests": 300}]
FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def samples(make_trial: Callable[..., Record], **trial: Any) -> Samples:
    """A synthetic trial as arrays."""
    return read_trial(make_trial(**({"pages": PAGES, "launches": 6} | trial)), "before", "after")


def pooled(data: Samples, arm: int, cell: Cell = HOME) -> np.ndarray[Any, Any]:
    """All latencies of one arm of a cell, ascending."""
    return np.sort(np.concatenate([data.deciding_ms(each)[data.rows(each, arm, cell)] for each in data.launches]))


def test_pages_are_whole_and_few() -> None:
    """Cells of one page are drawn as one, whatever their class, and at most four pages are."""
    cells = [Cell("a", "home", "HIT"), Cell("a", "home"), *(Cell("b", str(number)) for number in range(9))]

    pages = distribution.pages(cells)

    assert len(pages) == distribution.MOST_PAGES
    assert pages[:2] == (Cell("a", "home"), Cell("b", "0"))
    assert {page.cache for page in pages} == {ALL}


def test_curves_are_quantiles_of_all_requests(make_trial: Callable[..., Record]) -> None:
    """Every point of a curve is the quantile of all launches' requests, as far as ten lie beyond."""
    data = samples(make_trial)

    [curve] = distribution.curves(data, data.launches, [HOME], 0.05)

    for side, arm in ((curve.before, 0), (curve.after, 1)):
        latencies = pooled(data, arm)
        assert side.ms == pytest.approx(np.quantile(latencies, side.p), rel=1e-4)
        assert (1 - side.p[-1]) * latencies.size == pytest.approx(10, rel=1e-3)


def test_ribbons_go_no_further_than_each_launch(make_trial: Callable[..., Record]) -> None:
    """A ribbon ends where a launch has fewer than ten requests beyond, and encloses the launches' geometric mean."""
    data = samples(make_trial)

    [curve] = distribution.curves(data, data.launches, [HOME], 0.05)

    count = len(curve.after.ribbon.low)
    assert 0 < count < len(curve.after.p)
    assert (1 - curve.after.p[count - 1]) * 300 >= 10 - 1e-3
    assert (1 - curve.after.p[count]) * 300 < 10
    each = [np.quantile(data.deciding_ms(one)[data.rows(one, 1, HOME)], curve.after.p[:count]) for one in data.launches]
    middle = np.exp(np.log(each).mean(axis=0))
    assert np.all(np.array(curve.after.ribbon.low) <= middle * 1.0001)
    assert np.all(middle <= np.array(curve.after.ribbon.high) * 1.0001)


def test_one_launch_has_neither_ribbon_nor_band(make_trial: Callable[..., Record]) -> None:
    """From one launch nothing is said of how launches differ."""
    data = samples(make_trial, launches=1)

    [curve] = distribution.curves(data, data.launches, [HOME], 0.05)
    [shift] = distribution.shifts(data, data.launches, [HOME], 0.05)

    assert curve.before.p
    assert curve.before.ribbon.low == ()
    assert shift.ratio
    assert shift.joint.low == shift.pointwise.low == ()


def test_the_shift_goes_through_the_cells_that_decide(demo_comparison: Comparison) -> None:
    """At the quantiles of the primary cells the shift function has their ratio and their level."""
    for shift in demo_comparison.shifts:
        for result in demo_comparison.primary:
            p = {"p50": 0.5, "p95": 0.95, "p99": 0.99}[result.quantile]
            if result.cell != shift.cell:
                continue
            index = shift.p.index(p)
            assert shift.ratio[index] == pytest.approx(result.ratio.estimate, rel=1e-3)
            assert shift.before_ms[index] == pytest.approx(result.latency_ms.before, rel=1e-3)


@given(st.integers(0, 1000), st.floats(0.3, 3))
@FEW
def test_a_known_factor_shifts_every_percentile_alike(
    make_trial: Callable[..., Record], seed: int, factor: float
) -> None:
    """An after arm that takes a constant multiple has that ratio at every percentile, and bands without width."""
    data = samples(make_trial, identical=True, factor=factor, seed=seed)

    [shift] = distribution.shifts(data, data.launches, [HOME], 0.05)

    for values in (shift.ratio, shift.joint.low, shift.joint.high):
        assert values == pytest.approx([factor] * len(shift.p), rel=1e-3)


@given(st.integers(0, 1000))
@FEW
def test_joint_bands_enclose_pointwise_ones(make_trial: Callable[..., Record], seed: int) -> None:
    """What holds for all percentiles together is nowhere narrower than what holds for one."""
    data = samples(make_trial, seed=seed, launches=8)

    [shift] = distribution.shifts(data, data.launches, [HOME], 0.05)

    assert all(joint <= one for joint, one in zip(shift.joint.low, shift.pointwise.low, strict=True))
    assert all(joint >= one for joint, one in zip(shift.joint.high, shift.pointwise.high, strict=True))
    assert all(low <= ratio <= high for low, ratio, high in zip(*_band(shift), strict=True))


def _band(shift: distribution.Shift) -> tuple[distribution.Numbers, ...]:
    return shift.pointwise.low, shift.ratio, shift.pointwise.high


def test_a_shift_needs_ten_requests_on_either_side(make_trial: Callable[..., Record]) -> None:
    """The percentiles of a shift leave ten requests of every launch below and above; with too few there is none."""
    data = samples(make_trial)
    few = samples(make_trial, pages=[{"persona": "reader", "route": "home", "requests": 15}])

    [shift] = distribution.shifts(data, data.launches, [HOME], 0.05)

    assert shift.p[0] * 300 == pytest.approx(10, abs=0.01)
    assert (1 - shift.p[-1]) * 300 == pytest.approx(10, abs=0.01)
    assert distribution.shifts(few, few.launches, [HOME], 0.05) == ()


def test_failed_requests_end_a_shift(make_trial: Callable[..., Record]) -> None:
    """Where failed requests reach a percentile, it and all beyond are not drawn."""
    data = samples(make_trial, failures=(0.0, 0.3))

    [shift] = distribution.shifts(data, data.launches, [HOME], 0.05)

    assert 0.5 < shift.p[-1] < 0.8
    assert np.isfinite(shift.ratio).all()


def test_tails_are_the_distribution_of_each_class(make_trial: Callable[..., Record]) -> None:
    """Each class that an arm has brings its distribution: from its fastest request to its slowest, in few points."""
    page = PAGES[0] | {"before_cache": "MISS", "after_cache": "HIT"}
    data = samples(make_trial, pages=[page])

    before, after = sorted(distribution.tails(data, data.launches, [HOME]), key=lambda tail: tail.arm == "after")

    assert (before.cell.cache, before.arm, after.cell.cache, after.arm) == ("MISS", "before", "HIT", "after")
    for tail, arm in ((before, 0), (after, 1)):
        latencies = pooled(data, arm)
        assert tail.requests == latencies.size == 1800
        assert (tail.ms[0], tail.ms[-1]) == pytest.approx((latencies[0], latencies[-1]), rel=1e-4)
        assert len(tail.p) <= 200
        ranks = np.round(np.array(tail.p) * latencies.size).astype(int) - 1
        assert tail.ms == pytest.approx(latencies[ranks], rel=1e-4)


def test_tails_are_dense_where_few_requests_are(make_trial: Callable[..., Record]) -> None:
    """The ten slowest requests are all drawn, however many others there are."""
    data = samples(make_trial)

    tail = distribution.tails(data, data.launches, [HOME])[0]

    assert sum(1 - p < 9.5 / tail.requests for p in tail.p) >= 7


def test_failed_requests_are_kept_in_sight(make_trial: Callable[..., Record]) -> None:
    """The share of requests that failed is told, and the line ends below it."""
    data = samples(make_trial, failures=(0.0, 0.25))

    tail = next(each for each in distribution.tails(data, data.launches, [HOME]) if each.arm == "after")

    assert tail.failed == pytest.approx(0.25, abs=0.04)
    assert tail.p[-1] == pytest.approx(1 - tail.failed, abs=0.01)
    assert np.isfinite(tail.ms).all()
