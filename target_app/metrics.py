"""What the site has counted, for Prometheus: read when it is asked for, so that no request pays for it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from itertools import accumulate

import apsw
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
from starlette.exceptions import HTTPException

from target_app import __version__
from target_app.access import may_look
from target_app.access_log import AccessLog
from target_app.page_cache import EXCHANGE, PageCache
from target_app.policy import ROUTES
from target_app.site import Site
from target_app.statistics import BOUNDS, Statistics

PATH = "/metrics"
_ENDS = [*(format(bound, "g") for bound in BOUNDS), "+Inf"]


class SiteCollector(Collector):
    """The counters of one site as families of metrics."""

    def __init__(self, site: Site, cache: PageCache, log: AccessLog | None) -> None:
        """Name what is to be read: the site's own counters, its page cache's, and its access log's."""
        self._site = site
        self._cache = cache
        self._log = log

    def collect(self) -> Iterator[Metric]:
        """All of them as they are now."""
        yield from _responses(self._site.statistics)
        yield from _work(self._site.statistics)
        yield from self._pages()
        yield from self._others()
        yield from self._identity()

    def _pages(self) -> Iterator[Metric]:
        store = self._cache.store
        yield GaugeMetricFamily("anp_cache_pages", "Addresses with a page in the page cache.", len(store))
        yield GaugeMetricFamily("anp_cache_bytes", "Memory taken by the pages in the page cache.", store.bytes)
        limit = self._site.settings.cache_bytes
        yield GaugeMetricFamily("anp_cache_limit_bytes", "Memory that these pages may take.", limit)
        yield CounterMetricFamily("anp_cache_evictions", "Pages dropped to make room for others.", store.evictions)
        yield CounterMetricFamily(
            "anp_cache_collapsed", "Requests that waited for another one's page.", self._cache.flights.waited
        )
        yield CounterMetricFamily(
            "anp_cache_refreshes", "Pages begun to be made anew beside the requests.", self._cache.refreshes
        )
        yield CounterMetricFamily("anp_cache_rescues", "Failures that a stale page stood in for.", self._cache.rescues)

    def _others(self) -> Iterator[Metric]:
        statistics, log = self._site.statistics, self._log
        yield _counter(
            "anp_logins",
            "Attempts to sign in.",
            "result",
            {"accepted": statistics.logins, "refused": statistics.refused_logins},
        )
        yield CounterMetricFamily(
            "anp_delayed_responses", "Responses held back on purpose, by the setting inject.", statistics.delayed
        )
        yield CounterMetricFamily("anp_delayed_seconds", "For how long, in all.", statistics.delayed_seconds)
        lines = {"written": 0, "overflowed": 0, "failed": 0}
        if log is not None:
            lines = {"written": log.written, "overflowed": log.overflowed, "failed": log.failed}
        yield _counter(
            "anp_access_log_lines",
            "Lines of the access log: written, dropped because too many waited, dropped because writing failed.",
            "result",
            lines,
        )

    def _identity(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "anp_build_info", "Always 1; what runs here, in its labels.", labels=["version", "python", "sqlite"]
        )
        build.add_metric([__version__, platform.python_version(), apsw.sqlite_lib_version()], 1)
        yield build
        settings = GaugeMetricFamily(
            "anp_setting_info", "Always 1; a setting of the site and its value.", labels=["name", "value"]
        )
        for name, value in self._site.settings.to_dict().items():
            settings.add_metric([name, " ".join(value) if isinstance(value, list) else str(value)], 1)
        yield settings


def add_metrics(api: FastAPI, site: Site, cache: PageCache, log: AccessLog | None) -> None:
    """Let the API answer what Prometheus asks, in its text format or in OpenMetrics."""
    registry = CollectorRegistry()
    registry.register(SiteCollector(site, cache, log))
    ProcessCollector(registry=registry)

    @api.get(PATH, response_class=Response)
    async def metrics(request: Request) -> Response:
        """Counters since the start, for Prometheus."""
        request.scope[EXCHANGE].route = "metrics"
        if not may_look(request.scope, site.purge_token):
            raise HTTPException(403, _refusal(site.purge_token))
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except TypeError:  # the library's way to take a version that is no number
            encode, content_type = choose_encoder("")
        headers = {"cache-control": ROUTES["metrics"].browser, "content-type": content_type}
        return Response(encode(registry), headers=headers)


def _refusal(token: str | None) -> str:
    if token is None:
        return "only this machine may read metrics; start the site with a purge token to allow others"
    return "the token is missing or wrong; send it in X-Anp-Token, or as Authorization: Bearer"


def _responses(statistics: Statistics) -> Iterator[Metric]:
    """Counts by status class, and times summed over statuses."""
    counts: dict[tuple[str, str, str], int] = {}
    buckets: dict[tuple[str, str], list[int]] = {}
    seconds: dict[tuple[str, str], float] = {}
    for (route, word, status), tally in sorted(statistics.tallies.items()):
        kind = f"{status // 100}xx"
        counts[route, word, kind] = counts.get((route, word, kind), 0) + tally.count
        before = buckets.get((route, word))
        buckets[route, word] = list(map(sum, zip(before, tally.buckets, strict=True))) if before else tally.buckets
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
    yield took


def _work(statistics: Statistics) -> Iterator[Metric]:
    """What answers and refreshes cost, apart from each other."""
    kinds = {"request": statistics.requests, "background": statistics.background}
    labels = ["route", "work"]
    statements = CounterMetricFamily("anp_database_statements", "Database statements, pragmas aside.", labels=labels)
    seconds = CounterMetricFamily("anp_database_seconds", "Time in the database driver.", labels=labels)
    rendering = CounterMetricFamily("anp_render_seconds", "Time in templates.", labels=labels)
    background = SummaryMetricFamily(
        "anp_background_refresh_seconds", "Pages made anew beside the requests, and the time it took.", labels=["route"]
    )
    for kind, works in kinds.items():
        for route, work in sorted(works.items()):
            statements.add_metric([route, kind], work.statements)
            seconds.add_metric([route, kind], work.statement_seconds)
            rendering.add_metric([route, kind], work.rendering_seconds)
    for route, work in sorted(statistics.background.items()):
        background.add_metric([route], work.pieces, work.seconds)
    yield from (statements, seconds, rendering, background)


def _counter(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
