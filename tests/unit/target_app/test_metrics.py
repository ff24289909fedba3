"""What Prometheus is told: true, bounded, named as its conventions want it, and only to who may know."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from synth import people
from target_app.policy import ROUTES
from target_app.statistics import BOUNDS, Tally
from tests.contract import WORDS
from tests.unit.target_app.addresses import ADDRESSES
from tests.unit.target_app.conftest import BASE, CORPUS, Opened
from tests.unit.target_app.test_query_budgets import calls

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "observability.md"
OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
ANN = people.member(0, seed=CORPUS.seed)
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(client: httpx.AsyncClient) -> list[Metric]:
    """The families, as a parser of the format reads them."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return list(text_string_to_metric_families(answer.text))


def values(families: list[Metric]) -> Values:
    """Value by name and labels."""
    return {(sample.name, frozenset(sample.labels.items())): sample.value for one in families for sample in one.samples}


def value(found: Values, name: str, **labels: str) -> float:
    """One value; 0 where there is none."""
    return found.get((name, frozenset(labels.items())), 0.0)


async def test_requests_are_counted_by_route_cache_word_and_status_class(open_copy: Opener) -> None:
    """Every answer is counted once, whatever it was, and its time is in the histogram."""
    opened = open_copy()
    seen: dict[tuple[str, str, str], int] = {}
    async with opened.client() as client, opened.member(0) as member:
        before = values(await scrape(client))
        for browser in (client, client, member):
            for route, path in ADDRESSES:
                if route == "metrics":
                    continue
                answer = await browser.get(path)
                # A page that is not there has no route; a program that is refused has asked one.
                is_page = not answer.headers.get("content-type", "").startswith("application/problem+json")
                told_as = "error" if answer.status_code >= 400 and is_page else route
                key = told_as, answer.headers["x-cache"], f"{answer.status_code // 100}xx"
                seen[key] = seen.get(key, 0) + 1
        after = values(await scrape(client))
    counted = {
        labels: after[labels] - before.get(labels, 0.0)
        for labels in after
        if labels[0] == "anp_http_requests_total" and ("route", "metrics") not in labels[1]
    }
    told = {
        (dict(labels)["route"], dict(labels)["cache"], dict(labels)["status"]): n for (_, labels), n in counted.items()
    }
    assert {key: n for key, n in told.items() if n} == seen
    for route, word in {(route, word) for route, word, _ in seen}:
        count = value(after, "anp_http_request_duration_seconds_count", route=route, cache=word)
        total = value(after, "anp_http_request_duration_seconds_sum", route=route, cache=word)
        assert count == sum(
            value(after, "anp_http_requests_total", route=route, cache=word, status=f"{n}xx") for n in range(1, 6)
        )
        assert 0 < total < count * 60


async def test_a_time_is_counted_in_the_bucket_that_its_own_header_names(open_copy: Opener) -> None:
    """What ``Server-Timing`` tells as ``app`` is what the histogram holds."""
    opened = open_copy("inject=home:hit:1:30")
    async with opened.client() as client:
        await client.get("/")
        times = [float((await client.get("/")).headers["server-timing"].rpartition("dur=")[2]) / 1e3 for _ in range(5)]
        found = values(await scrape(client))
    buckets = {
        float(dict(labels)["le"]): count
        for (name, labels), count in found.items()
        if name.endswith("_bucket") and {("route", "home"), ("cache", "HIT")} <= labels
    }
    assert buckets == {bound: sum(time <= bound for time in times) for bound in (*BOUNDS, float("inf"))}
    assert value(found, "anp_http_request_duration_seconds_sum", route="home", cache="HIT") == pytest.approx(
        sum(times), abs=1e-5
    )
    assert value(found, "anp_delayed_responses_total") == 5
    assert value(found, "anp_delayed_seconds_total") >= 0.15


@pytest.mark.parametrize("bound", range(len(BOUNDS)))
async def test_a_bucket_holds_its_own_upper_end(bound: int) -> None:
    """The label says less than or equal."""
    tally = Tally()
    tally.add(BOUNDS[bound])
    tally.add(BOUNDS[bound] * 1.000001)
    assert tally.buckets[bound : bound + 2] == [1, 1]


async def test_the_databases_work_is_told_by_route_and_for_whom(open_copy: Opener) -> None:
    """Statements of requests are those of their headers; those of a refresh stand apart."""
    opened = open_copy("early_refresh=off")
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    async with opened.client() as client:
        first = await client.get(opened.article_path())
        now[0] += 3601
        await client.get(opened.article_path())
        await opened.layers.cache.drain()
        found = values(await scrape(client))
    for work in ("request", "background"):
        assert value(found, "anp_database_statements_total", route="article", work=work) == calls(first)
        assert value(found, "anp_database_seconds_total", route="article", work=work) > 0
        assert value(found, "anp_render_seconds_total", route="article", work=work) > 0
    assert value(found, "anp_background_refresh_seconds_count", route="article") == 1
    assert value(found, "anp_background_refresh_seconds_sum", route="article") > 0
    assert value(found, "anp_cache_refreshes_total") == 1


async def test_the_cache_and_the_sign_in_are_told(open_copy: Opener) -> None:
    """Pages, bytes, evictions and rescues are the cache's own figures; both ends of a sign-in are counted."""
    opened = open_copy("cache_bytes=40000", "early_refresh=off")
    cache = opened.layers.cache
    async with opened.client() as client:
        for place in range(8):
            await client.get(opened.article_path(place))
        for password in (ANN.password, "wrong"):
            await client.post("/login", data={"login": ANN.login, "password": password})
        found = values(await scrape(client))
    assert value(found, "anp_cache_pages") == len(cache.store) > 0
    assert value(found, "anp_cache_bytes") == cache.store.bytes <= 40_000
    assert value(found, "anp_cache_limit_bytes") == 40_000
    assert value(found, "anp_cache_evictions_total") == cache.store.evictions > 0
    assert value(found, "anp_logins_total", result="accepted") == 1
    assert value(found, "anp_logins_total", result="refused") == 1


async def test_it_is_told_what_runs_here(open_copy: Opener) -> None:
    """Version and settings are labels; the process has its usual metrics."""
    async with open_copy("cache_ttl=7", "inject=home:hit:1:1", "inject=tag:any:1:2").client() as client:
        families = await scrape(client)
        about = (await client.get("/anp/about")).json()
    found = values(families)
    settings = {dict(labels)["name"]: dict(labels)["value"] for (name, labels) in found if name == "anp_setting_info"}
    assert settings == {
        name: " ".join(one) if isinstance(one, list) else one for name, one in about["settings"].items()
    }
    (build,) = (dict(labels) for (name, labels) in found if name == "anp_build_info")
    assert build["version"] == about["version"]
    assert value(found, "process_resident_memory_bytes") > 1e6
    assert value(found, "process_open_fds") > 0
    assert {"process_cpu_seconds_total", "process_start_time_seconds"} <= {name for name, _ in found}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
        ("application/openmetrics-text; version=one", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
async def test_the_format_is_the_one_asked_for(accept: str, kind: str, open_copy: Opener) -> None:
    """OpenMetrics where it is wanted, else the text format; both hold the same figures, and are never kept."""
    opened = open_copy()
    async with opened.client() as client:
        await client.get("/")
        plain = values(await scrape(client))
        answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-cache"] == "BYPASS"
    read = openmetrics_families if kind.startswith("application") else text_string_to_metric_families
    told = values(list(read(answer.text)))
    same = {key: one for key, one in told.items() if "home" in dict(key[1]).values()}
    assert same
    assert {key: plain[key] for key in same} == same


def addresses_of_strangers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests that nobody foresaw: any method, path, query and host."""
    for number in range(60):
        yield "GET", f"/articles/none-{number}/", {}
        yield "GET", f"/tags/t{number}/page/{number}/", {}
        yield "GET", f"/?a{number}={number}", {}
        yield "GET", f"/search?q=w{number}", {}
        yield "GET", f"/anp/x{number}", {}
        yield f"M{number}", f"/{number}", {}
        yield "GET", "/", {"headers": {"host": f"h{number}.example:{number}"}}
        yield "POST", "/login", {"data": {"login": f"l{number}", "password": "x"}} if number < 3 else {"content": b"x"}


async def test_labels_stay_few_whatever_is_asked(open_copy: Opener) -> None:
    """No method, path, query, host or name of a stranger becomes a label, nor do they add to their number."""
    opened = open_copy("cache_bytes=100000")
    async with opened.client() as client:
        for method, path, options in addresses_of_strangers():
            await client.request(method, path, **options)
        families = await scrape(client)
    allowed = {
        "route": set(ROUTES),
        "cache": WORDS,
        "status": {"1xx", "2xx", "3xx", "4xx", "5xx"},
        "work": {"request", "background"},
        "result": {"accepted", "refused", "throttled", "written", "overflowed", "failed"},
        "le": {format(bound, "g") for bound in BOUNDS} | {"+Inf"},
    }
    for family in families:
        if family.name in {"anp_build_info", "anp_setting_info"}:  # of the site alone: no request changes them
            continue
        for sample in family.samples:
            assert all(one in allowed[name] for name, one in sample.labels.items()), sample
    assert sum(len(family.samples) for family in families) < 600


async def test_names_follow_the_conventions(open_copy: Opener) -> None:
    """Counters end in total, times are seconds, sizes bytes; every family has words of help and none comes twice."""
    async with open_copy().client() as client:
        text = (await client.get("/metrics", headers={"accept": OPENMETRICS})).text
    families = list(openmetrics_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert re.fullmatch(r"(?:anp|process)_[a-z_]+", family.name)
        assert len(family.documentation) > 10
        assert family.documentation[0].isupper()
        assert family.documentation.endswith(".")
        assert not re.search(r"milli|_ms\b|kilo|_kb\b|percent", family.name)
        if family.type == "counter":
            assert {sample.name for sample in family.samples} <= {f"{family.name}_total"}


async def test_promtool_has_nothing_to_say(open_copy: Opener) -> None:
    """Prometheus's own linter of metrics is content."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    async with open_copy().client() as client:
        for _, path in ADDRESSES:
            await client.get(path)
        text = (await client.get("/metrics")).content
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("token", "headers", "address", "status"),
    [
        (None, {}, "127.0.0.1", 200),
        (None, {}, "::1", 200),
        (None, {}, "192.0.2.7", 403),
        (None, {"x-forwarded-for": "127.0.0.1"}, "192.0.2.7", 403),
        (None, {"x-anp-token": ""}, "192.0.2.7", 403),
        ("secret", {}, "127.0.0.1", 403),
        ("secret", {"x-anp-token": "wrong"}, "127.0.0.1", 403),
        ("secret", {"x-anp-token": "secret"}, "192.0.2.7", 200),
        ("secret", {"authorization": "Bearer secret"}, "192.0.2.7", 200),
        ("secret", {"authorization": "bearer secret"}, "192.0.2.7", 200),
        ("secret", {"authorization": "Bearer wrong"}, "192.0.2.7", 403),
        ("secret", {"authorization": "Basic secret"}, "192.0.2.7", 403),
    ],
)
async def test_only_who_may_look_is_told(
    token: str | None, headers: dict[str, str], address: str, status: int, open_copy: Opener
) -> None:
    """The token decides where there is one, else only this machine may look; a refusal says what to do."""
    app = open_copy(purge_token=token).layers.app
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "token" in answer.json()["expected"]
        assert "anp_" not in answer.text


async def test_the_document_lists_what_is_told(open_copy: Opener) -> None:
    """Every metric with its type, labels and meaning, and none besides."""
    opened = open_copy("early_refresh=off")
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    async with opened.client() as client:
        await client.get(opened.article_path())
        now[0] += 3601
        await client.get(opened.article_path())
        await opened.layers.cache.drain()
        families = list(openmetrics_families((await client.get("/metrics", headers={"accept": OPENMETRICS})).text))
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            family.type,
            ", ".join(f"`{name}`" for name in _labels(family)),
            family.documentation,
        )
        for family in families
    }
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:anp|process)_\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$", text, re.MULTILINE)
    assert {name: (kind, labels, words) for name, kind, labels, words in rows} == told
    assert len(rows) == len(told)


def _labels(family: Metric) -> list[str]:
    assert family.samples, family.name
    return [name for name in family.samples[0].labels if name != "le"]
