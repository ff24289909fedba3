"""The live figures: what is counted, how exact quantiles are, and what a looker-on is told anew."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._live import ALL, KEPT_S, SERVED, Figures, Live, hit_ratio
from results import caching
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, PHASES

ARMS = ("before", "after")
CODES = [(name, np.int8) for name in ("arm", "cache", "error", "check", "phase")]
ROW = np.dtype([*CODES, ("scheduled", float), ("end", float)])
Rows = npt.NDArray[np.void]
EXACT = 2 ** (1 / 64) - 1  # half a bucket, 1.1 %

REQUEST = st.tuples(
    st.integers(0, len(ARMS) - 1),
    st.sampled_from(CACHE_CLASSES),
    st.sampled_from(("none", "none", "none", "closed", "status")),
    st.sampled_from(("ok", "unchecked", "leak")),
    st.sampled_from(("measured", "measured", "measured", "warmup")),
    st.floats(0, 30),
    st.floats(2e-6, 900),
)


def rows(*requests: tuple[int, str, str, str, str, float, float]) -> Rows:
    """Rows of requests: arm, cache class, error class, check, phase, scheduled moment and response time in seconds."""
    vocabularies = (CACHE_CLASSES, ERROR_CLASSES, CHECKS, PHASES)
    values = [
        (arm, *(each.index(word) for each, word in zip(vocabularies, words, strict=True)), scheduled, scheduled + took)
        for arm, *words, scheduled, took in requests
    ]
    return np.array(values, ROW)


def answers(second: float, count: int, *, cache: str = "HIT", took: float = 0.001, arm: int = 0) -> Rows:
    """Rows of good answers to requests of one second."""
    return rows(*[(arm, cache, "none", "ok", "measured", second + i / count, took) for i in range(count)])


def by_cell(figures: list[Figures]) -> dict[tuple[str, str], Figures]:
    """Figures by arm and class; none occurs twice."""
    found = {(each.arm, each.cache): each for each in figures}
    assert len(found) == len(figures)
    return found


@given(st.lists(REQUEST, max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_figures_add_up_over_shipments_and_classes(requests: list[tuple], cuts: list[int]) -> None:
    """However the rows are shipped, counts are exact, and shares of the classes of an arm are one together."""
    live = Live(ARMS)
    for part in np.split(rows(*requests), sorted(min(cut, len(requests)) for cut in cuts)):
        live.add(part)

    measured = [request for request in requests if request[4] == "measured"]
    cells: Counter[tuple[str, str]] = Counter()
    errors: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for arm, cache, error, check, *_ in measured:
        for key in ((ARMS[arm], cache), (ARMS[arm], ALL)):
            cells[key] += 1
            errors[key] += error != "none"
            failed[key] += check == "leak"
    found = by_cell(live.totals())
    assert {key: each.requests for key, each in found.items()} == cells
    assert {key: each.errors for key, each in found.items()} == errors
    assert {key: each.failed_checks for key, each in found.items()} == failed
    for arm in {arm for arm, _ in found}:
        shares = [each.share for (of, cache), each in found.items() if of == arm and cache != ALL]
        assert math.fsum(shares) == pytest.approx(1.0)


@given(st.lists(REQUEST, min_size=1, max_size=60))
def test_quantiles_are_within_half_a_bucket_of_the_exact_ones(requests: list[tuple]) -> None:
    """Each quantile is the exact order statistic of the good answers but for 1.1 percent; NaN where there are none."""
    live = Live(ARMS)
    found = rows(*requests)
    live.add(found)

    took = (found["end"] - found["scheduled"]) * 1e3
    good = (found["phase"] == PHASES.index("measured")) & (found["error"] == ERROR_CLASSES.index("none"))
    for each in live.totals():
        mask = good & (found["arm"] == ARMS.index(each.arm))
        if each.cache != ALL:
            mask &= found["cache"] == CACHE_CLASSES.index(each.cache)
        times = np.sort(took[mask])
        for share, value in ((0.5, each.p50_ms), (0.95, each.p95_ms), (0.99, each.p99_ms)):
            if not len(times):
                assert math.isnan(value)
            else:
                exact = times[math.ceil(share * len(times)) - 1]
                assert value == pytest.approx(exact, rel=EXACT + 1e-6)


@given(st.lists(REQUEST, max_size=40))
def test_the_seconds_together_are_the_total(requests: list[tuple]) -> None:
    """Within the last two minutes, a stretch that holds every second has the figures since the start."""
    live = Live(ARMS)
    live.add(rows(*requests))

    assert repr(live.between(-math.inf, math.inf)) == repr(live.totals())
    assert repr(live.overall(-math.inf, math.inf)) == repr([each for each in live.totals() if each.cache == ALL])


def test_the_latest_seconds_are_as_many_as_asked_for() -> None:
    """Ten seconds are the one under way and the nine before it."""
    live = Live(ARMS)
    for second in range(30):
        live.add(answers(second, 4))

    [both, hits] = live.latest(10)

    assert (both.cache, hits.cache) == (ALL, "HIT")
    assert both.requests == hits.requests == 40


def test_nothing_measured_is_no_figures() -> None:
    """Before the first measured row, and after rows of the warm-up only, there is nothing to show."""
    live = Live(ARMS)
    live.add(rows((0, "HIT", "none", "ok", "warmup", 0.5, 0.001)))

    assert live.totals() == live.latest(10) == live.overall(0, 10) == list(live.changed(0)) == []
    assert live.mark == 0


def test_a_looker_on_is_told_what_changed() -> None:
    """Only seconds that a shipment touched since the mark are given again, a late answer's second among them."""
    live = Live(ARMS)
    live.add(answers(1, 3))
    live.add(answers(2, 3))
    assert [number for number, _ in live.changed(0)] == [1, 2]

    mark = live.mark
    assert list(live.changed(mark)) == []
    live.add(np.concatenate([answers(1, 1, took=2.5), answers(3, 2)]))

    told = {number: by_cell(figures)["before", ALL].requests for number, figures in live.changed(mark)}
    assert told == {1: 4, 3: 2}


def test_two_minutes_are_kept_and_the_oldest_second_goes_first() -> None:
    """In whatever order seconds come in, the newest are kept; what is too late for its second is in the total."""
    live = Live(ARMS)
    for second in (1, 0, *range(3, KEPT_S), 2, *range(KEPT_S, KEPT_S + 3)):
        live.add(answers(second, 1))
    live.add(answers(0, 5))

    assert [number for number, _ in live.changed(0)] == list(range(3, KEPT_S + 3))
    assert by_cell(live.totals())["before", ALL].requests == KEPT_S + 3 + 5


def test_the_hit_ratio_is_that_of_the_comparison() -> None:
    """Hits and stale hits count, errors do not, of all the arm's good answers; the classes are the comparison's."""
    assert tuple(CACHE_CLASSES.index(name) for name in SERVED) == caching.SERVED
    live = Live(ARMS)
    live.add(np.concatenate([answers(0, 5), answers(0, 1, cache="STALE"), answers(0, 2, cache="REVALIDATED")]))
    live.add(np.concatenate([answers(0, 3, cache="MISS"), answers(0, 1, cache="UNKNOWN")]))
    live.add(rows((0, "HIT", "closed", "unchecked", "measured", 0.0, 0.1)))

    assert hit_ratio(live.totals(), "before") == 6 / 12


def test_there_is_no_hit_ratio_where_no_answer_tells() -> None:
    """An arm that was not asked, or whose answers say nothing of a cache, has none: it is not zero."""
    live = Live(ARMS)
    live.add(answers(0, 4, cache="UNKNOWN", arm=1))
    live.add(rows((1, "ERROR", "closed", "unchecked", "measured", 0.0, 0.1)))

    assert hit_ratio(live.totals(), "before") is None
    assert hit_ratio(live.totals(), "after") is None
