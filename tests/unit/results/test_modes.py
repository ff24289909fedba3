import numpy as np
import pytest

from results.modes import in_density_gap

SAMPLES = 60


def hits_and_misses(rng: np.random.Generator, n: int, share: float, miss_ms: float) -> np.ndarray:
    """Ordered times of a page with hits of 0.2 ms and misses, each spread by 30 %; the count of hits is binomial."""
    hit = rng.random(n) < share
    return np.sort(np.where(hit, 0.2, miss_ms) * np.exp(0.3 * rng.normal(size=n)))


@pytest.mark.parametrize("sigma", [0.3, 1.0, 1.5])
@pytest.mark.parametrize(("n", "p"), [(200, 0.5), (200, 0.95), (1000, 0.95), (1000, 0.99)])
def test_one_mode_has_no_gap(sigma: float, n: int, p: float) -> None:
    """Of unimodal lognormal samples fewer than one in a hundred seem to have a gap at the quantile."""
    samples = np.sort(np.exp(sigma * np.random.default_rng(n).normal(size=(500, n))), axis=1)

    assert np.mean([in_density_gap(sample, p) for sample in samples]) < 0.01


@pytest.mark.parametrize("miss_ms", [4.0, 20.0])
@pytest.mark.parametrize(("n", "p"), [(500, 0.5), (500, 0.95), (2000, 0.99), (5000, 0.95)])
@pytest.mark.parametrize("off", [-1.0, -0.5, 0.0, 0.25])
def test_a_quantile_between_hits_and_misses_is_seen(n: int, p: float, off: float, miss_ms: float) -> None:
    """A hit ratio within two points of the quantile, half a point at p99, is called a gap in most samples."""
    rng = np.random.default_rng([n, int(miss_ms)])
    share = p + off * min(0.02, (1 - p) / 2)

    found = np.mean([in_density_gap(hits_and_misses(rng, n, share, miss_ms), p) for _ in range(SAMPLES)])
    assert found >= 0.8


@pytest.mark.parametrize(("n", "p", "share"), [(1000, 0.5, 0.85), (1000, 0.95, 0.8), (5000, 0.95, 0.85)])
def test_a_quantile_within_one_class_is_not_a_gap(n: int, p: float, share: float) -> None:
    """Where hits and misses meet far from the quantile, the quantile is as good as in one mode."""
    rng = np.random.default_rng([n, 7])

    found = np.mean([in_density_gap(hits_and_misses(rng, n, share, 4.0), p) for _ in range(SAMPLES)])
    assert found < 0.01


def test_failures_are_a_mode() -> None:
    """A quantile that failed requests may reach jumps as well."""
    values = np.sort(np.concatenate([np.random.default_rng(1).lognormal(size=950), np.full(50, np.inf)]))

    assert in_density_gap(values, 0.95)
    assert not in_density_gap(values, 0.5)


@pytest.mark.parametrize("n", [0, 1, 5, 11])
def test_a_handful_of_values_has_no_modes(n: int) -> None:
    """Of a few values nothing is said."""
    assert not in_density_gap(np.geomspace(1, 1e6, n), 0.5)


def test_a_coarse_timer_is_no_gap_at_a_high_level() -> None:
    """Whole milliseconds at 40 ms are steps, not modes."""
    values = np.sort(np.round(np.random.default_rng(2).normal(40, 3, 1000)))

    assert not in_density_gap(values, 0.5)


def test_the_slowest_three_percent_can_be_judged_at_p99() -> None:
    """Where one reply in thirty takes far longer, the 99th percentile is one of those, and no gap."""
    rng = np.random.default_rng(3)

    found = np.mean([in_density_gap(hits_and_misses(rng, 1500, 0.97, 6.0), 0.99) for _ in range(SAMPLES)])
    assert found < 0.05
