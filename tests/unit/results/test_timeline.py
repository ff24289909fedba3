import dataclasses
from collections.abc import Callable

import pytest

from results import timeline
from results.comparison import compare_trial
from results.record import Record
from results.samples import read_trial

PAGES = [
    {"persona": "reader", "route": "home", "requests": 60, "before_cache": "BYPASS", "after_cache": "HIT"},
    {"persona": "member", "route": "home", "requests": 20, "before_cache": "BYPASS", "after_cache": "BYPASS"},
]


def test_moments_keep_the_number_of_requests(make_trial: Callable[..., Record]) -> None:
    """Rates of a launch's stretches, taken together, are the requests that were offered in it."""
    data = read_trial(make_trial(pages=PAGES, launches=2), "before", "after")

    moments = timeline.moments(data.launches)

    for launch in data.launches:
        own = [moment for moment in moments if moment.launch == launch.number]
        assert sum(moment.offered for moment in own) == pytest.approx(launch.health.offered.sum())


def test_long_trials_are_thinned(make_trial: Callable[..., Record]) -> None:
    """However long a trial, it is drawn in about as many stretches as a drawing can show, and its peaks stay."""
    data = read_trial(make_trial(pages=PAGES, launches=1), "before", "after")
    launches = data.launches * 200

    moments = timeline.moments(launches)

    assert len(launches) * launches[0].health.second.size == 2000
    assert len(moments) <= 800
    assert max(moment.lag_p99_ms for moment in moments) == pytest.approx(data.launches[0].health.lag_p99_ms.max())


def test_hit_ratios_are_told_launch_by_launch(make_trial: Callable[..., Record]) -> None:
    """Every launch has the hit ratio of each persona and of all, and says whether it counts."""
    data = read_trial(make_trial(pages=PAGES, launches=2), "before", "after")

    served = timeline.served(data, data.launches, [True, False])

    shares = {(each.persona, each.launch): (each.share.before, each.share.after) for each in served}
    assert shares == {
        ("reader", 1): (0, 1),
        ("reader", 2): (0, 1),
        ("member", 1): (0, 0),
        ("member", 2): (0, 0),
        ("all", 1): (0, 0.75),
        ("all", 2): (0, 0.75),
    }
    assert {each.launch for each in served if each.used} == {1}


def test_launches_left_out_keep_their_levels(make_trial: Callable[..., Record]) -> None:
    """A launch that does not count shows the levels of every primary cell; one that counts is not among them."""
    record = make_trial(pages=PAGES, launches=8, lag_ms=3.0, lag_in=[2])
    comparison = compare_trial(record)

    assert {each.launch for each in comparison.left_out} == {3}
    assert [(each.cell, each.quantile) for each in comparison.left_out] == [
        (result.cell, result.quantile) for result in comparison.primary
    ]
    assert all(1 < each.level_ms.before < 20 for each in comparison.left_out)


def test_side_by_side_nobody_is_first(make_trial: Callable[..., Record]) -> None:
    """The arm that was loaded first is named; of arms that were loaded at once none was."""
    data = read_trial(make_trial(pages=PAGES, launches=2), "before", "after")
    in_turn = [dataclasses.replace(launch, first=code) for launch, code in zip(data.launches, (1, 0), strict=True)]

    assert timeline.loaded_first(data.launches) == (None, None)
    assert timeline.loaded_first(in_turn) == ("after", "before")
