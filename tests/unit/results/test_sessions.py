import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from results.sessions import session_interval

LOGS = st.floats(-1, 1, allow_subnormal=False)
HISTORY = st.lists(LOGS, min_size=5, max_size=12).map(np.array).filter(lambda logs: logs.std() > 1e-9)
"""Sessions that differ; for those that do not, see ``test_baselines.py``."""


@given(HISTORY, LOGS, st.sampled_from([0.05, 0.01]), st.sampled_from([1, 12]))
def test_one_new_session_has_to_leave_the_prediction_interval(
    history: np.ndarray, new: float, alpha: float, m: int
) -> None:
    """For a single new session the interval is what a normal prediction interval of the history says."""
    estimate, low, high = session_interval(history, np.array([new]), alpha, m)
    reach = scipy.stats.t.ppf(1 - alpha / 2 / m, len(history) - 1) * scipy.stats.tstd(history)
    reach *= math.sqrt(1 + 1 / len(history))

    assert estimate == pytest.approx(new - history.mean())
    assert (low, high) == pytest.approx((estimate - reach, estimate + reach))


@given(st.lists(LOGS, min_size=1, max_size=4).map(np.array), LOGS)
def test_a_short_history_rules_nothing_out(history: np.ndarray, new: float) -> None:
    """Below five earlier sessions the interval is the whole line, and the estimate is still told."""
    estimate, low, high = session_interval(history, np.array([new]), 0.05)

    assert (low, high) == (-math.inf, math.inf)
    assert estimate == pytest.approx(new - history.mean())


def test_sessions_that_are_not_there_have_no_estimate() -> None:
    """Without a session on one side there is nothing to estimate."""
    for before, after in ((np.zeros(0), np.zeros(3)), (np.zeros(6), np.zeros(0))):
        estimate, low, high = session_interval(before, after, 0.05)

        assert math.isnan(estimate)
        assert (low, high) == (-math.inf, math.inf)


@given(HISTORY, LOGS)
def test_more_new_sessions_narrow_the_interval(history: np.ndarray, new: float) -> None:
    """Three new sessions say more than one, and less than the history allows."""
    one = session_interval(history, np.array([new]), 0.05)
    three = session_interval(history, np.full(3, new), 0.05)

    assert three[2] - three[1] <= (one[2] - one[1]) * (1 + 1e-12)
