"""Locust's statistics, added up once a second, against locust's own sums."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests import warm

PROBE = Path(__file__).with_name("tally_probe.py")


def log(requests: list[Any]) -> dict[str, Any]:
    """Log requests in both ways; ``tally_probe`` says what comes back."""
    found: dict[str, Any] = json.loads(warm.probe(PROBE, json.dumps(requests), strict=False))
    return found


def test_the_sums_are_those_of_locust() -> None:
    """Counts, times rounded and not, bytes and errors are the same, whenever they are added up."""
    draws = random.Random(7)
    requests: list[Any] = []
    for _ in range(2000):
        error = "status 500" if draws.random() < 0.1 else None
        name = draws.choice(["article", "home"])
        requests.append(
            [draws.choice(["GET", "POST"]), name, draws.lognormvariate(0, 3), draws.randrange(20_000), error]
        )
        if draws.random() < 0.01:
            requests.append(None)
    found = log(requests)
    assert found["ours"] == found["theirs"]
    assert found["ours"]["total"]["requests"] == 2000


def test_an_event_without_a_time_is_left_to_locust() -> None:
    """Other listeners' events may have none, which locust counts apart."""
    found = log([["WS", "message", None, 10, None], ["GET", "home", 1.4, 5, None]])
    assert found["ours"] == found["theirs"]
    assert found["ours"]["total"]["without_time"] == 1


def test_afterwards_locust_counts_by_itself() -> None:
    """Once the swarm has ended a request is in the statistics at once."""
    assert log([["GET", "home", 1.0, 5, None]])["after"]["requests"] == 1
