from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from results import heatmap
from results.heatmap import Heat
from results.record import Record
from results.samples import read_trial

PAGES = [{"persona": "reader", "route": "home", "requests": 200}]


def drawn(make_trial: Callable[..., Record], **trial: Any) -> Heat:
    """The heat map of a synthetic trial."""
    data = read_trial(make_trial(**({"pages": PAGES, "launches": 3} | trial)), "before", "after")
    heat = heatmap.heat(data, data.launches)
    assert heat is not None
    return heat


def test_no_request_is_lost(make_trial: Callable[..., Record]) -> None:
    """Every measured request is in a row of its arm or in the strip of failed ones."""
    heat = drawn(make_trial, failures=(0.0, 0.2))

    for arm in heat.arms:
        assert sum(map(sum, arm.counts)) + sum(arm.failed) == 600
    assert sum(heat.arms[0].failed) == 0
    assert sum(heat.arms[1].failed) == pytest.approx(120, abs=40)


def test_launches_have_equal_room(make_trial: Callable[..., Record]) -> None:
    """Launch after launch has the same number of columns, and together its own requests."""
    heat = drawn(make_trial)

    assert heat.launches == (1, 2, 3)
    counts = np.array(heat.arms[1].counts)
    assert counts.shape[0] == 3 * heat.columns
    assert counts.reshape(3, heat.columns, -1).sum(axis=(1, 2)).tolist() == [200, 200, 200]


def test_rows_are_even_in_the_logarithm(make_trial: Callable[..., Record]) -> None:
    """An arm that takes ten times as long fills rows that lie a decade higher."""
    heat = drawn(make_trial, pages=[PAGES[0] | {"after_ms": 40.0}], identical=False, launch_sd=0.0)

    rows = len(heat.arms[0].counts[0])
    places = np.arange(rows)
    middles = [np.average(places, weights=np.array(arm.counts).sum(axis=0)) for arm in heat.arms]
    decades = np.log10(heat.high_ms / heat.low_ms)
    assert (middles[1] - middles[0]) / rows * decades == pytest.approx(1, abs=0.1)


def test_many_launches_make_no_bigger_map(make_trial: Callable[..., Record]) -> None:
    """Thirty launches share the columns that a few would have had."""
    heat = drawn(make_trial, launches=30, pages=[PAGES[0] | {"requests": 30}])

    assert len(heat.arms[0].counts) <= 150
    assert heat.columns >= 1


def test_nothing_answered_is_no_map(make_trial: Callable[..., Record]) -> None:
    """Where every request failed there is no latency to draw."""
    data = read_trial(make_trial(pages=PAGES, launches=2, failures=(1.0, 1.0)), "before", "after")

    assert heatmap.heat(data, data.launches) is None
