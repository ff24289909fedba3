"""What the site has counted, for Prometheus: read when it is asked for, so that no request pays for it.

The counters are copied on the event loop, at one moment and at once; the text is made of the copy in a thread, which
gives the interpreter away every now and then, so that visitors hardly wait for a scrape.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, chain

import apsw
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from target_app import __version__
from target_app.access import Gate
from target_app.access_log import AccessLog
from target_app.page_cache import EXCHANGE, PageCache
from target_app.problems import LIVE, responses
from target_app.site import Site
from target_app.statistics import BOUNDS, Statistics

_ENDS = [*(format(bound, "g") for bound in BOUNDS), "+Inf"]
_AT_ONCE = 32
"""Lines that are made before the interpreter is given away: a fraction of a millisecond of work."""
_BREATH = 0.000_1
"""Seconds for which it is given away: long enough for a thread that waits to wake up."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment.

    Attributes:
        statistics: A copy.
        cache: Of the page cache, by the name of the metric.
        log: Lines of the access log, by what became of them.
        generation_reads: How many times the database was asked what others have changed.
        settings: Every setting in words.
    """

    statistics: Statistics
    cache: Mapping[str, int]
    log: Mapping[str, int]
    generation_reads: int
    settings: Mapping[str, str]


def read(site: Site, cache: PageCache, log: AccessLog | None) -> Reading:
    """All counters as they are now; in the thread that counts."""
    store = cache.store
    return Reading(
        site.statistics.copy(),
        {
            "pages": len(store),
            "bytes": store.bytes,
            "limit_bytes": site.settings.cache_bytes,
            "evictions": store.evictions,
            "purged": store.dropped,
            "collapsed": cache.flights.waited,
            "refreshes": cache.refreshes,
            "rescues": cache.rescues,
        },
        {
            "written": log.written if log is not None else 0,
            "overflowed": log.overflowed if log is not None else 0,
            "failed": log.failed if log is not None else 0,
        },
        site.generations.reads,
        {
            name: " ".join(value) if isinstance(value, list) else value
            for name, value in site.settings.to_dict().items()
        },
    )


class SiteCollector(Collector):
    """A reading as families of metrics."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        reading = self._reading
        for family in chain(
            _responses(reading.statistics),
            _work(reading.statistics, reading.generation_reads),
            _cache(reading.cache),
            _others(reading.statistics, reading.log),
            _identity(reading.settings),
        ):
            family.samples = _Unhurried(family.samples)
            yield family


class _Unhurried(list[Sample]):
    """Samples that give the interpreter away while they are gone through."""

    def __iter__(self) -> Iterator[Sample]:
        for number, sample in enumerate(super().__iter__(), 1):
            if number % _AT_ONCE == 0:
                time.sleep(_BREATH)
            yield sample


def add_metrics(api: FastAPI, site: Site, cache: PageCache, log: AccessLog | None, gate: Gate) -> None:
    """Let the API answer what Prometheus asks, in its text format or in OpenMetrics."""

    @api.get("/metrics", response_class=Response, dependencies=gate.described, responses=responses(*gate.statuses))
    async def metrics(request: Request) -> Response:
        """Counters since the start, for Prometheus."""
        request.scope[EXCHANGE].route = "metrics"
        gate.check_reader(request)
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except TypeError:  # the library's way to take a version that is no number
            encode, content_type = choose_encoder("")
        text = await to_thread.run_sync(_written, read(site, cache, log), encode)
        return Response(text, headers={**LIVE, "content-type": content_type})


def _written(reading: Reading, encode: Callable[[Collector], bytes]) -> bytes:
    registry = CollectorRegistry()
    registry.register(SiteCollector(reading))
    ProcessCollector(registry=registry)
    return encode(registry)


def _responses(statistics: Statistics) -> Iterator[Metric]:
    """Counts by status class, and times summed over statuses."""
    counts: dict[tuple[str, str, str], int] = {}
    buckets: dict[tuple[str, str], list[int]] = {}
    seconds: dict[tuple[str, str], float] = {}
    for (route, word, status), tally in sorted(statistics.tallies.items()):
        kind = f"{status // 100}xx"
        counts[route, word, kind] = counts.get((route, word, kind), 0) + tally.count
        before = buckets.get((route, word), [0] * len(_ENDS))
        buckets[route, word] = [one + other for one, other in zip(before, tally.buckets, strict=True)]
        seconds[route, word] = seconds.get((route, word), 0.0) + tally.seconds
    answered = CounterMetricFamily("anp_http_requests", "Requests answered.", labels=["route", "cache", "status"])
    for labels, count in counts.items():
        answered.add_metric(labels, count)
    yield answered
    took = HistogramMetricFamily(
        "anp_http_request_duration_seconds",
        "From the request to the first byte of its answer, inside the site.",
        labels=["route", "cache"],
    )
    for pair, counted in buckets.items():
        took.add_metric(pair, list(zip(_ENDS, accumulate(counted), strict=True)), seconds[pair])
        time.sleep(_BREATH)
    yield took


def _work(statistics: Statistics, generation_reads: int) -> Iterator[Metric]:
    """What answers and refreshes cost, apart from each other, and what is charged to neither."""
    kinds = {"request": statistics.requests, "background": statistics.background}
    labels = ["route", "work"]
    statements = CounterMetricFamily(
        "anp_database_statements", "Database statements, pragmas and transaction marks aside.", labels=labels
    )
    seconds = CounterMetricFamily("anp_database_seconds", "Time in the database driver.", labels=labels)
    rendering = CounterMetricFamily("anp_render_seconds", "Time in templates.", labels=labels)
    for kind, works in kinds.items():
        for route, work in sorted(works.items()):
            statements.add_metric([route, kind], work.statements)
            seconds.add_metric([route, kind], work.statement_seconds)
            rendering.add_metric([route, kind], work.rendering_seconds)
    yield from (statements, seconds, rendering)
    background = SummaryMetricFamily(
        "anp_background_refresh_seconds", "Pages made anew beside the requests.", labels=["route"]
    )
    for route, work in sorted(statistics.background.items()):
        background.add_metric([route], work.pieces, work.seconds)
    yield background
    yield CounterMetricFamily(
        "anp_generation_reads", "Statements that ask what others have changed, charged to no request.", generation_reads
    )


def _cache(counted: Mapping[str, int]) -> Iterator[Metric]:
    for name, documentation in {
        "pages": "Addresses with a page in the page cache.",
        "bytes": "Memory taken by the pages in the page cache.",
        "limit_bytes": "Memory that these pages may take.",
    }.items():
        yield GaugeMetricFamily(f"anp_cache_{name}", documentation, counted[name])
    for name, documentation in {
        "evictions": "Pages dropped to make room for others.",
        "purged": "Pages dropped because they had become stale.",
        "collapsed": "Requests answered with the page another one waited for.",
        "refreshes": "Pages begun to be made anew beside the requests.",
        "rescues": "Failures that a stale page stood in for.",
    }.items():
        yield CounterMetricFamily(f"anp_cache_{name}", documentation, counted[name])


def _others(statistics: Statistics, lines: Mapping[str, int]) -> Iterator[Metric]:
    yield _counter(
        "anp_logins",
        "Attempts to sign in.",
        "result",
        {
            "accepted": statistics.logins,
            "refused": statistics.refused_logins,
            "throttled": statistics.throttled_logins,
        },
    )
    yield CounterMetricFamily(
        "anp_delayed_responses", "Responses held back on purpose, by the setting inject.", statistics.delayed
    )
    yield CounterMetricFamily("anp_delayed_seconds", "For how long they were held back.", statistics.delayed_seconds)
    yield _counter(
        "anp_access_log_lines",
        "Lines of the access log: written, dropped because too many waited, dropped because writing failed.",
        "result",
        lines,
    )


def _identity(settings: Mapping[str, str]) -> Iterator[Metric]:
    build = GaugeMetricFamily(
        "anp_build_info", "Always 1; the labels say what runs here.", labels=["version", "python", "sqlite"]
    )
    build.add_metric([__version__, platform.python_version(), apsw.sqlite_lib_version()], 1)
    yield build
    named = GaugeMetricFamily(
        "anp_setting_info", "Always 1; the labels are a setting of the site and its value.", labels=["name", "value"]
    )
    for name, value in settings.items():
        named.add_metric([name, value], 1)
    yield named


def _counter(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
