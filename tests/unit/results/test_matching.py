import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.design import Design
from results.matching import Matched, match, warning
from results.mix import decompose
from results.samples import Launch
from tests.unit.results.launches import make_launch, make_samples


def matched_of(*launches: Launch) -> tuple[Matched, ...]:
    """The classes of the launches' only page, address for address."""
    samples = make_samples(launches)
    return match(samples, samples.launches, Design())


def pages(number: int, *, moved: bool, factor: float = 1.0) -> Launch:
    """Two addresses, one cheap (10 ms) and one dear (40 ms); ``moved`` makes most cheap misses hits afterwards."""
    rng = np.random.default_rng(number)
    rows: list[tuple[int, str, int, float]] = []
    for arm, cheap in ((0, 200), (1, 40 if moved else 200)):
        rows += [(arm, "MISS", 1, 10.0)] * cheap + [(arm, "HIT", 1, 1.0)] * (400 - cheap)
        rows += [(arm, "MISS", 2, 40.0)] * 200 + [(arm, "HIT", 2, 1.0)] * 200
    arm, cache, url, level = (np.array(column) for column in zip(*rows, strict=True))
    ms = level * rng.lognormal(0, 0.1, len(rows)) * np.where(arm == 1, factor, 1.0)
    return make_launch(number, arm=arm, cache=cache, url=url, ms=ms)


def test_misses_that_only_look_slower_are_called_out() -> None:
    """When cheap pages become hits the rest looks slower; address for address it is not, and a sentence says so."""
    launches = [pages(number, moved=True) for number in range(1, 9)]
    hit, miss = matched_of(*launches)

    assert (miss.cache, miss.is_selected, hit.is_selected) == ("MISS", True, False)
    assert miss.plain.low > 1.3
    assert miss.ratio.low < 1 < miss.ratio.high
    assert miss.requests == (8 * 400, 8 * 240)
    assert warning(miss).startswith("Misses of reader article pages look slower (+")
    assert "yet address for address they are not" in warning(miss)
    samples = make_samples(launches)
    assert decompose(samples, samples.launches, Design(), paired=True).warnings == (warning(miss),)


def test_a_change_of_the_pages_themselves_is_no_selection() -> None:
    """Misses that are slower address for address are slower, and there is nothing to warn of."""
    found = matched_of(*(pages(number, moved=False, factor=1.2) for number in range(1, 9)))

    assert [each.cache for each in found] == ["HIT", "MISS"]
    assert all(each.ratio.low > 1.1 and not each.is_selected for each in found)


@given(st.lists(st.floats(-3, 5), min_size=6, max_size=6), st.floats(0.5, 2))
def test_how_dear_an_address_is_does_not_matter_to_its_match(levels: list[float], factor: float) -> None:
    """An address compared with itself gives the factor between the arms, whatever the addresses cost."""
    rng = np.random.default_rng(3)
    url, arm = rng.integers(0, 6, 500), rng.integers(0, 2, 500)
    ms = np.exp(np.array(levels))[url] * np.where(arm == 1, factor, 1.0)

    (matched,) = matched_of(make_launch(1, arm=arm, ms=ms, url=url))
    assert matched.ratio.estimate == pytest.approx(factor)


def test_an_address_of_one_arm_alone_is_not_matched() -> None:
    """Addresses without a request of the class in the other arm, or of unknown number, take no part."""
    arm = np.repeat([0, 1], 100)
    url = np.concatenate([np.repeat([1, 2], 50), np.repeat([1, 3], 50)])
    unknown = np.where(url == 1, -1, url)

    (matched,) = matched_of(make_launch(1, arm=arm, ms=np.where(url == 1, 5.0, 50.0), url=url))
    assert matched.requests == (50, 50)
    assert matched.ratio.estimate == pytest.approx(1.0)
    assert matched_of(make_launch(1, arm=arm, ms=np.ones(200), url=unknown)) == ()


def test_failures_are_no_latency_of_an_address() -> None:
    """Failed requests are left out on both sides; a class of which nothing was answered is not matched."""
    arm, ms = np.repeat([0, 1], 100), np.where(np.arange(200) % 4 == 0, np.inf, 3.0)

    (matched,) = matched_of(make_launch(1, arm=arm, ms=ms))
    assert matched.requests == (75, 75)
    assert matched.ratio.estimate == matched.plain.estimate == pytest.approx(1.0)
    assert matched_of(make_launch(1, arm=arm, ms=np.where(arm == 1, np.inf, 3.0))) == ()


def test_every_launch_has_to_hold_enough_matched_requests() -> None:
    """Nineteen in one launch leave the class out, twenty keep it in."""
    one = make_launch(1, arm=np.repeat([0, 1], 20), ms=np.ones(40))
    other = make_launch(2, arm=np.repeat([0, 1], [20, 19]), ms=np.ones(39))

    assert len(matched_of(one, one)) == 1
    assert matched_of(one, other) == ()
