import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.design import Design, Question
from results.samples import Cell, Launch
from results.spread import resampled_log_quantiles, spread, within
from tests.unit.results.launches import known, make_launch, make_samples, pilot, within_of

P50 = Question(Cell("reader", "article"), "p50")
P95 = Question(Cell("reader", "article"), "p95")


@pytest.mark.parametrize(("question", "p"), [(P50, 0.5), (P95, 0.95)])
def test_what_requests_add_is_what_theory_says(question: Question, p: float) -> None:
    """Resampling gives the standard deviation of a log quantile ratio, ``sqrt(2 p (1-p) / n) / (f(q) q)``."""
    samples = pilot(12, between=0.05)
    expected = within_of(p, 400)

    assert within(samples, samples.launches, Design(), (question,), 0)[0] == pytest.approx(expected, rel=0.15)


def waves(number: int, *, shared: bool) -> Launch:
    """Load in slow waves, in both arms at once or in each at its own time."""
    rng = np.random.default_rng(number)
    moment = np.sort(rng.uniform(0, 10, 400))
    phases = [0.0, 0.0 if shared else math.pi]
    ms = [np.exp(np.sin(2 * math.pi * moment / 10 + phase) + 0.1 * rng.normal(size=400)) for phase in phases]
    return make_launch(number, arm=np.repeat([0, 1], 400), ms=np.concatenate(ms), scheduled=np.tile(moment, 2))


def test_what_disturbs_both_arms_at_once_is_not_noise_of_their_ratio() -> None:
    """Waves that both arms meet cancel; the same waves at different times do not."""
    both, apart = (make_samples([waves(number, shared=shared) for number in (1, 2)]) for shared in (True, False))
    together, alone = (within(each, each.launches, Design(), (P50,), 0)[0] for each in (both, apart))

    assert together < 0.1 * alone


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0.5, 0.9, 0.95]))
def test_resampling_blocks_is_repeating_their_values(seed: int, n: int, p: float) -> None:
    """Each replicate's quantile is the smallest value that enough of its repeated values do not exceed."""
    rng = np.random.default_rng(seed)
    values, blocks = rng.lognormal(0, 1, n), rng.integers(0, 4, n)
    values[rng.random(n) < 0.1] = math.inf
    times = rng.multinomial(4, np.full(4, 0.25), size=5).T.astype(float)
    found = np.exp(resampled_log_quantiles(values, blocks, times, p))

    for replicate in range(5):
        repeated = np.sort(np.repeat(values, times[blocks, replicate].astype(int)))
        expected = repeated[math.ceil(round(p * repeated.size, 9)) - 1] if repeated.size else math.nan
        assert found[replicate] == pytest.approx(expected, nan_ok=True)


def test_many_values_are_resampled_on_a_grid_of_ranks() -> None:
    """With more values than the grid has points the quantile is interpolated, and hardly another."""
    rng = np.random.default_rng(5)
    values, blocks = rng.lognormal(0, 1, 30_000), rng.integers(0, 20, 30_000)
    times = rng.multinomial(20, np.full(20, 0.05), size=3).T.astype(float)

    for replicate, found in enumerate(resampled_log_quantiles(values, blocks, times, 0.95)):
        repeated = np.sort(np.repeat(values, times[blocks, replicate].astype(int)))
        assert math.exp(found) == pytest.approx(repeated[math.ceil(0.95 * repeated.size) - 1], rel=2e-3)


def test_the_upper_bound_of_the_spread_holds_in_four_pilots_of_five() -> None:
    """Over pilots of three launches the bound lies above the true standard deviation about 80 times in 100."""
    rng = np.random.default_rng(1)
    bounds = [spread(rng.normal(0, 0.05, 3), 0.001).total_high for _ in range(3000)]

    assert np.mean(np.array(bounds) >= 0.05) == pytest.approx(0.8, abs=0.025)


def test_launches_that_agree_by_luck_still_differ_as_processes_do() -> None:
    """However alike the pilot's launches, the between part is at least that of two processes, 0.7 % together."""
    found = spread(np.array([0.01, 0.01, 0.01]), 0.04)

    assert found.total == pytest.approx(0.0, abs=1e-12)
    assert found.between == found.between_high == pytest.approx(0.0071, abs=0.0001)
    assert found.total_high == pytest.approx(math.hypot(0.0071, 0.04), abs=0.0001)


@given(st.floats(0.001, 0.3), st.floats(0.001, 0.3), st.floats(0.1, 10))
def test_longer_launches_shrink_the_part_of_requests_alone(between: float, within_sd: float, length: float) -> None:
    """The variance is that of launches plus that of requests over the length, and the pilot's own at its length."""
    found = known(between, within_sd)

    assert found.at(length, high=True) ** 2 == pytest.approx(between**2 + within_sd**2 / length)
    assert found.at(1.0, high=False) == pytest.approx(found.total)
