"""How often the statistics raise an alarm when nothing differs, over a grid of noise. Run by ``make calibrate``."""

from __future__ import annotations

import numpy as np
import pytest

from results.statistics import interval, max_t_critical

EXPERIMENTS = 2000
MOST_ALARMS = 131
"""99.9 % point of Binomial(2000, 0.05): more alarms than this do not happen by chance at a true 5 %."""

NOISE = {
    "normal": lambda draw, k, m: draw.normal(size=(k, m)),
    "heavy tails": lambda draw, k, m: draw.standard_t(4, size=(k, m)),
    "one launch in ten wild": lambda draw, k, m: draw.normal(size=(k, m)) * np.where(draw.random((k, 1)) < 0.1, 6, 1),
    "cells that move together": lambda draw, k, m: draw.normal(size=(k, 1)) + 0.3 * draw.normal(size=(k, m)),
}


@pytest.mark.calibrate
@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("cells", [1, 12])
@pytest.mark.parametrize("launches", [6, 8, 12])
def test_alarms_stay_within_the_binomial_limit(launches: int, cells: int, noise: str) -> None:
    """With no difference, some interval of the family misses a ratio of one in at most about 5 % of experiments."""
    draw = np.random.default_rng([launches, cells, sorted(NOISE).index(noise)])
    alarms = 0
    for _ in range(EXPERIMENTS):
        values = 0.03 * NOISE[noise](draw, launches, cells)
        critical = max_t_critical(values, 0.05)
        ends = [interval(values[:, cell], critical) for cell in range(cells)]
        alarms += any(low > 0 or high < 0 for low, high in ends)

    print(
        f"\n{launches} launches, {cells} cells, {noise}: {alarms} alarms in {EXPERIMENTS} ({alarms / EXPERIMENTS:.1%})"
    )
    assert alarms <= MOST_ALARMS
