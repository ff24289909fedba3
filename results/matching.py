"""Address for address: what a cache class did once it does not matter which pages are in it.

A cache class is an outcome. If cheap pages become hits, the misses that are left are dear ones and look slower without
any page being slower. Here every address is compared with itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from results import statistics
from results.columns import CACHE_CLASSES
from results.design import Design
from results.measures import Interval
from results.samples import AFTER, BEFORE, Floats, Launch, Samples
from results.units import change

FLOOR: Final = statistics.floor(0.5)
"""Matched requests of each arm that every launch has to hold: those that a median needs."""

NOUNS: Final = {
    "HIT": "hits",
    "STALE": "stale replies",
    "REVALIDATED": "revalidated replies",
    "EXPIRED": "expired replies",
    "MISS": "misses",
    "BYPASS": "bypassing replies",
    "ERROR": "error replies",
    "UNKNOWN": "replies of unknown class",
}
"""What a sentence calls the replies of a class."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One cache class of a page, as it is and address for address.

    Attributes:
        requests: Of each arm, over all launches: answered, and to addresses that have this class in both arms.
        ratio: After over before of the geometric mean latency, every address compared with itself.
        plain: The same of all answered requests of the class, whatever their addresses.
        is_selected: Whether the plain ratio shows a change that the addresses themselves do not show.
    """

    persona: str
    route: str
    cache: str
    requests: tuple[int, int]
    ratio: Interval
    plain: Interval
    is_selected: bool


def match(samples: Samples, launches: tuple[Launch, ...], design: Design) -> tuple[Matched, ...]:
    """Of every class of a page for which all launches hold enough matched requests in both arms."""
    out = []
    groups = [(launch.bounds.size - 1) // 2 for launch in launches]
    held = [np.diff(launch.bounds).reshape(2, -1) for launch in launches]
    logs = []
    for launch in launches:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs.append(np.log(samples.deciding_ms(launch)))
    for group in np.flatnonzero(np.all([counts >= FLOOR for counts in held], axis=(0, 1))):
        found = [
            _address_effect(launch, log, int(group), size)
            for launch, log, size in zip(launches, logs, groups, strict=True)
        ]
        requests = np.array([counts for counts, _, _ in found])  # (launches, arms)
        if requests.min() < FLOOR:
            continue
        ratio = np.array([effect for _, effect, _ in found])
        plain = np.array([effect for _, _, effect in found])
        page, cache = divmod(int(group), len(CACHE_CLASSES))
        persona, route = divmod(page, len(samples.routes))
        matched, whole, between = (
            Interval(*statistics.mean_interval(values, design.alpha)) for values in (ratio, plain, plain - ratio)
        )
        out.append(
            Matched(
                samples.personas[persona],
                samples.routes[route],
                CACHE_CLASSES[cache],
                (int(requests[:, BEFORE].sum()), int(requests[:, AFTER].sum())),
                _ratio(matched),
                _ratio(whole),
                _is_selected(matched, whole, between, math.log1p(design.margins.get("p50", 0.03))),
            )
        )
    return tuple(out)


def _address_effect(launch: Launch, log: Floats, group: int, groups: int) -> tuple[tuple[int, int], float, float]:
    """Log ratio of one class in one launch, address for address: matched requests, its value, and the plain one.

    The least-squares effect of the arm where log latency is a level of the address plus an effect of the arm: each
    address has its difference of mean logs, weighted by ``n_A n_B / (n_A + n_B)``, the inverse of its variance.
    """
    counts, sums = [], []
    rows = [
        launch.order[launch.bounds[place] : launch.bounds[place + 1]]
        for place in (BEFORE * groups + group, AFTER * groups + group)
    ]
    rows = [part[np.isfinite(log[part])] for part in rows]
    plain = float(log[rows[AFTER]].mean() - log[rows[BEFORE]].mean()) if all(part.size for part in rows) else math.nan
    rows = [part[launch.url[part] >= 0] for part in rows]
    size = max((int(launch.url[part].max(initial=0)) for part in rows), default=0) + 1
    for part in rows:
        url = launch.url[part]
        counts.append(np.bincount(url, minlength=size))
        sums.append(np.bincount(url, weights=log[part], minlength=size))
    both = np.flatnonzero((counts[BEFORE] > 0) & (counts[AFTER] > 0))
    before, after = counts[BEFORE][both], counts[AFTER][both]
    if not both.size:
        return (0, 0), math.nan, plain
    difference = sums[AFTER][both] / after - sums[BEFORE][both] / before
    weight = before * after / (before + after)
    return (int(before.sum()), int(after.sum())), float(weight @ difference / weight.sum()), plain


def _is_selected(matched: Interval, plain: Interval, between: Interval, log_margin: float) -> bool:
    """Whether the plain effect is certain, the matched one is not on its side, and what is between them is certain."""
    side = 1 if plain.low > 0 else -1 if plain.high < 0 else 0
    agrees = matched.low > 0 if side > 0 else matched.high < 0
    apart = between.low > 0 if side > 0 else between.high < 0
    return side != 0 and not agrees and apart and abs(between.estimate) > log_margin


def _ratio(log: Interval) -> Interval:
    return Interval(*(math.exp(value) if value < 700 else math.inf for value in (log.estimate, log.low, log.high)))


def warning(matched: Matched) -> str:
    """What a reader has to be told of a class whose plain ratio is a matter of selection."""
    word = "slower" if matched.plain.estimate > 1 else "faster"
    low, high = change(matched.ratio.low), change(matched.ratio.high)
    return (
        f"{NOUNS[matched.cache].capitalize()} of {matched.persona} {matched.route} pages look {word} "
        f"({change(matched.plain.estimate)}), yet address for address they are not: "
        f"{change(matched.ratio.estimate)} [{low}, {high}]. Other pages are in this class afterwards."
    )
