"""What a trial that still goes shows: the figures that its comparison would have over the same launches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from results.comparison import compare_trial
from results.design import Design
from results.interim import at_the_moment, so_far
from results.record import Record
from tests.records import demo_pages


def test_the_figures_so_far_are_those_of_the_comparison(make_trial: Callable[..., Record]) -> None:
    """Cells, intervals, hit ratios and what the gates say of the last launch."""
    trial = make_trial(pages=demo_pages(0.5, 200), launches=7)
    compared = compare_trial(trial)

    found = so_far(trial, Design())

    assert found is not None
    assert (found.launches, found.counting, found.why_not) == (7, 7, "")
    assert [(cell.label, cell.ratio) for cell in found.cells] == [(c.label, c.ratio) for c in compared.primary]
    (share,) = [each.share for each in compared.hit_ratios if each.persona == "all"]
    assert found.hit_ratios == (share.before, share.after)
    assert found.lag_ms == (compared.launches[-1].lag_p99_ms, compared.launches[-1].lag_limit_ms)


def test_launches_with_a_sick_generator_are_left_out_and_told(make_trial: Callable[..., Record]) -> None:
    """As the comparison leaves them out."""
    found = so_far(make_trial(launches=4, lag_ms=3.0, lag_in=[3]), Design())

    assert found is not None
    assert (found.launches, found.counting) == (4, 3)
    assert found.why_not.startswith("the generator was 3.00 ms late")


def test_where_no_launch_counts_figures_are_shown_all_the_same(make_trial: Callable[..., Record]) -> None:
    """A person sees what there is, and that it does not count."""
    found = so_far(make_trial(launches=3, lag_ms=3.0), Design())

    assert found is not None
    assert found.counting == 0
    assert found.cells


def test_a_load_under_way_is_told_by_what_it_has_recorded(make_trial: Callable[..., Record]) -> None:
    """Requests, failures, hit ratio of each arm, and the generator's last second."""
    (launch,) = make_trial(launches=1, failures=(0.0, 0.1), lag_ms=0.4, cpu=0.3).launches()
    rows = launch.table("requests").to_pylist()

    moment = at_the_moment(launch)

    assert moment is not None
    assert moment.requests == len(rows)
    assert moment.failed == sum(row["error"] != "none" for row in rows) > 0
    assert moment.hit_ratio["before"] == 0
    after = [row["cache"] in {"HIT", "STALE"} for row in rows if row["arm"] == "after"]
    assert moment.hit_ratio["after"] == pytest.approx(sum(after) / len(after))
    assert moment.lag_ms == pytest.approx(0.4)
