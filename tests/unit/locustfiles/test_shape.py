"""Shapes: the steps cover the plan, and arrivals follow the rate that the steps state."""

from __future__ import annotations

import itertools
from math import inf

import numpy as np
import pytest
import scipy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from locustfiles._plan import Traffic
from locustfiles._scenario import Persona, Scenario
from locustfiles._shape import FASTEST, STEP_S, Step, steps
from results.plan import Arm, SwarmPlan
from tests.unit.locustfiles.small_site import small_site

ARMS = (Arm("before", "http://127.0.0.1:1"), Arm("after", "http://127.0.0.1:2"))
READERS = Scenario("readers", "readers", (Persona("reader", 1.0, {"article": 1.0}),))
SHAPES = st.one_of(
    st.sampled_from(["steady", "soak", "ramp", "steps", "spike", "breakpoint"]),
    st.builds("ramp:{:.3f}".format, st.floats(0.001, 1)),
    st.builds("steps:{}".format, st.integers(1, 20)),
    st.builds("spike:{:.2f}".format, st.floats(1, 50)),
    st.builds("breakpoint:{:.2f}".format, st.floats(1.01, 3)),
)


def plan(shape: str, **values: object) -> SwarmPlan:
    """A plan of two arms and a shape."""
    return SwarmPlan("readers", ARMS, shape=shape, **{"rate": 100.0, "duration_s": 60.0, **values})  # type: ignore[arg-type]


def moments(made: SwarmPlan, arm: int = 0) -> np.ndarray:
    """All scheduled moments of an arm."""
    return np.concatenate([block.times[arm] for block in Traffic(made, READERS, small_site()).blocks()])


@given(SHAPES, st.floats(0, 50), st.floats(0.1, 300))
@settings(deadline=None)
def test_steps_cover_the_plan_without_gap(shape: str, warmup: float, duration: float) -> None:
    """One step begins where the last ended, from zero to the plan's end, at rates that are never zero."""
    made = list(steps(plan(shape, warmup_s=warmup, duration_s=duration)))
    assert made[0].start == 0
    assert made[-1].end == pytest.approx(warmup + duration)
    for one, other in itertools.pairwise(made):
        assert one.end == pytest.approx(other.start)
    assert all(step.start < step.end and min(step.low, step.high) > 0 for step in made)


@given(SHAPES, st.floats(0.1, 50))
@settings(deadline=None)
def test_the_warm_up_runs_at_the_rate_the_measured_part_begins_with(shape: str, warmup: float) -> None:
    """Between warm-up and measured part the rate does not jump."""
    first, second = itertools.islice(steps(plan(shape, warmup_s=warmup)), 2)
    assert (first.start, first.end) == (0.0, warmup)
    assert first.low == first.high == second.low


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("steady", [(0, 60, 1, 1)]),
        ("soak", [(0, 60, 1, 1)]),
        ("ramp", [(0, 60, 0.1, 1)]),
        ("ramp:0.5", [(0, 60, 0.5, 1)]),
        ("steps:2", [(0, 30, 0.5, 0.5), (30, 60, 1, 1)]),
        ("spike", [(0, 27, 1, 1), (27, 33, 5, 5), (33, 60, 1, 1)]),
        ("breakpoint:2", [(10 * n, 10 * n + 10, 2**n, 2**n) for n in range(6)]),
    ],
)
def test_a_shape_has_the_steps_its_name_says(shape: str, expected: list[tuple[float, ...]]) -> None:
    """Each shape's steps over a minute."""
    made = [(step.start, step.end, step.low, step.high) for step in steps(plan(shape))]
    assert made == [pytest.approx(step) for step in expected]


def test_shapes_without_an_end_go_on() -> None:
    """Of an endless plan the steady rate lasts for ever, and the climb to the breaking point goes ever higher."""
    [steady] = steps(plan("soak", duration_s=inf))
    assert (steady.end, steady.mean) == (inf, 1.0)
    climb = list(itertools.islice(steps(plan("breakpoint:1.5", duration_s=inf)), 15))
    assert climb[-1].low == pytest.approx(1.5**14)
    assert climb[-1].end == 15 * STEP_S


@given(st.floats(0.01, 20), st.floats(0.01, 20), st.floats(0.001, 100), st.floats(0, 1e4))
@settings(deadline=None)
def test_placing_inverts_the_cumulated_rate(low: float, high: float, length: float, start: float) -> None:
    """The share of the step's requests up to the moment that u is placed at is u itself."""
    assume(start + length > start)
    step = Step(start, start + length, low, high)
    uniform = np.linspace(0, 1, 21)
    placed = step.place(uniform)
    assert placed[0] == pytest.approx(step.start)
    assert placed[-1] == pytest.approx(step.end)
    assert (np.diff(placed) >= 0).all()
    into = (placed - step.start) / (step.end - step.start)
    share = (low * into + (high - low) * into**2 / 2) / step.mean
    assert np.allclose(share, uniform, atol=1e-6 + 1e-9 * start / length)


@given(st.floats(0.01, 20), st.floats(0.01, 20), st.lists(st.floats(0, 1), max_size=5))
@settings(deadline=None)
def test_parts_of_a_step_have_its_rate(low: float, high: float, cuts: list[float]) -> None:
    """Cut anywhere, the parts add up to as many requests as the whole."""
    step = Step(5.0, 25.0, low, high)
    edges = [5.0, *sorted(5 + 20 * cut for cut in cuts), 25.0]
    parts = [step.part(start, end) for start, end in itertools.pairwise(edges)]
    assert sum(part.mean * (part.end - part.start) for part in parts) == pytest.approx(step.mean * 20)


@given(SHAPES, st.floats(20, 400), st.floats(0, 10), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_plan_has_as_many_requests_as_its_rate_adds_up_to(shape: str, rate: float, warmup: float, seed: int) -> None:
    """The number of arrivals is Poisson with the integral of the rate as its mean."""
    made = plan(shape, rate=rate, warmup_s=warmup, duration_s=20.0, seed=seed)
    expected = rate * sum(step.mean * (step.end - step.start) for step in steps(made))
    count = len(moments(made))
    # Six standard deviations: false once in a billion draws.
    assert abs(count - expected) <= 6 * expected**0.5 + 1


@pytest.mark.parametrize("shape", ["ramp", "ramp:0.5", "steps", "steps:7", "spike", "spike:12", "steady", "breakpoint"])
@pytest.mark.parametrize("arm", [0, 1])
def test_arrivals_lie_where_the_shape_puts_them(shape: str, arm: int) -> None:
    """The moments of either arm are distributed as the cumulated rate, over the borders of steps and blocks."""
    made = plan(shape, rate=300.0, warmup_s=5.0, duration_s=35.0, seed=11)
    edges, totals = [0.0], [0.0]
    for step in steps(made):
        inside = np.linspace(step.start, step.end, 200)
        rate = step.low + (step.high - step.low) * (inside - step.start) / (step.end - step.start)
        edges += inside[1:].tolist()
        totals += (totals[-1] + scipy.integrate.cumulative_trapezoid(rate, inside)).tolist()
    shares = np.array(totals) / totals[-1]
    assert scipy.stats.kstest(moments(made, arm), lambda x: np.interp(x, edges, shares)).pvalue > 0.01


def test_a_ramp_rises_within_its_steps() -> None:
    """A ramp is no staircase: in each fifth of it there are more requests than in the one before."""
    counts, _ = np.histogram(moments(plan("ramp:0.2", rate=500.0)), bins=5, range=(0, 60))
    expected = 500 * 12 * (0.2 + 0.8 * (np.arange(5) + 0.5) / 5)
    assert (np.diff(counts) > 0).all()
    assert np.abs(counts - expected).max() < 5 * expected.max() ** 0.5


def test_the_climb_ends_where_no_generator_can_follow() -> None:
    """A breakpoint of large steps is not planned beyond what can be sent, however long it may go on."""
    plan = SwarmPlan("x", (Arm("a", "http://127.0.0.1:1"),), rate=50.0, duration_s=3600.0, shape="breakpoint:4")
    rates = [step.high * 50.0 for step in steps(plan)]
    assert rates[:7] == [50.0 * 4**step for step in range(7)]
    assert set(rates[7:]) == {FASTEST}
