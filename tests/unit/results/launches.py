"""Launches made of arrays in memory, for tests of what is computed from them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy import special

from results.columns import CACHE_CLASSES
from results.samples import Launch, Samples
from results.spread import Spread


def make_launch(
    number: int,
    *,
    arm: Any,
    ms: Any,
    persona: Any = 0,
    route: Any = 0,
    cache: Any = "MISS",
    url: Any = 0,
    request: Any = None,
    scheduled: Any = None,
    personas: int = 1,
    routes: int = 1,
) -> Launch:
    """One launch; a latency that is infinite is a failed request, single values stand for all rows."""
    latency = np.asarray(ms, np.float64)
    n = latency.size

    def spread(values: Any, kind: Any) -> Any:
        return np.array(np.broadcast_to(np.asarray(values), n), kind)

    words = np.asarray(cache)
    codes = [CACHE_CLASSES.index(word) for word in words.ravel()] if words.dtype.kind == "U" else words
    columns: dict[str, Any] = {
        "arm": spread(arm, np.int16),
        "persona": spread(persona, np.int16),
        "route": spread(route, np.int16),
        "cache": spread(codes if words.ndim else np.asarray(codes).ravel()[0], np.int16),
    }
    key = columns["arm"].astype(np.int64)
    for name, size in (("persona", personas), ("route", routes), ("cache", len(CACHE_CLASSES))):
        key = key * size + columns[name]
    groups = 2 * personas * routes * len(CACHE_CLASSES)
    columns |= {
        "number": number,
        "request": np.arange(n) if request is None else spread(request, np.int64),
        "failed": ~np.isfinite(latency),
        "response_ms": latency,
        "service_ms": latency,
        "scheduled": np.linspace(0, 10, n) if scheduled is None else spread(scheduled, np.float64),
        "url": spread(url, np.int32),
        "order": np.argsort(key, kind="stable"),
        "bounds": np.concatenate([[0], np.cumsum(np.bincount(key, minlength=groups))]).astype(np.intp),
    }
    # What is computed from requests alone looks at nothing else.
    columns |= {field.name: None for field in dataclasses.fields(Launch) if field.name not in columns}
    return Launch(**columns)


def make_samples(
    launches: Sequence[Launch],
    personas: tuple[str, ...] = ("reader",),
    routes: tuple[str, ...] = ("article",),
    workload: Literal["open", "closed"] = "open",
) -> Samples:
    """The launches over one vocabulary."""
    return Samples(personas, routes, tuple(launches), workload)


_SIGMA = 0.5


def pilot_launch(
    number: int, *, requests: int = 400, between: float = 0.02, seed: int = 1, level_ms: float = 5.0, failures: int = 0
) -> Launch:
    """Ten seconds of lognormal latencies in both arms; ``between`` is the standard deviation of an arm's level."""
    rng = np.random.default_rng([seed, number])
    moment = np.sort(rng.uniform(0, 10, requests))
    ms = [level_ms * np.exp(rng.normal(0, between) + _SIGMA * rng.normal(size=requests)) for _ in range(2)]
    ms[1][:failures] = math.inf
    return make_launch(number, arm=np.repeat([0, 1], requests), ms=np.concatenate(ms), scheduled=np.tile(moment, 2))


def pilot(launches: int = 3, **settings: Any) -> Samples:
    """A pilot of one page."""
    return make_samples([pilot_launch(number, **settings) for number in range(1, launches + 1)])


def within_of(p: float, requests: int) -> float:
    """What so many requests of a ``pilot`` add to the log ratio of a quantile: ``sqrt(2 p (1-p) / n) / (f(q) q)``."""
    density = math.exp(-(special.ndtri(p) ** 2) / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(2 * p * (1 - p) / requests) * _SIGMA / density


def known(between: float, within_sd: float) -> Spread:
    """A spread that needs no estimate."""
    total = math.hypot(between, within_sd)
    return Spread(total, total, between, between, within_sd)
