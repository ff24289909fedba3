"""Synthetic records, written through ``RecordWriter`` as a swarm writes them, so that the whole path is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, PHASES, REQUESTS, SECONDS, URLS, words
from results.plan import Arm, SwarmPlan
from results.record import Record, RecordWriter, launch_directory, read_record

MACHINE = {"cpu": "test", "cores": 2, "system": "Linux"}
VERSIONS = {"anp": "0.1.0", "python": "3.11"}
EXAMPLES = [
    {"check": "wrong_article", "arm": "before", "path": "/a/1", "viewer": "anonymous", "expected": "7", "got": "8"}
]


@dataclass
class Page:
    """One persona's requests to one route: how many a launch, and how each arm answers."""

    persona: str
    route: str
    requests: int
    before_ms: float = 4.0
    after_ms: float = 4.0
    before_cache: str = "MISS"
    after_cache: str = "MISS"
    before_calls: float = 5
    after_calls: float = 5
    sigma: float = 0.3


def demo_pages(effect: float = 0.1, requests: int = 400) -> list[Page]:
    """The main demo in small: readers whose pages come from the cache afterwards, members who bypass it."""
    return [
        Page("reader", "article", requests, 4.0, 4.0 * effect, "BYPASS", "HIT", 5, 0),
        Page("reader", "home", requests // 2, 6.0, 6.0 * effect, "BYPASS", "HIT", 7, 0),
        Page("member", "article", requests // 4, 5.0, 5.0, "BYPASS", "BYPASS"),
    ]


@dataclass
class Trial:
    """A trial to be written; each launch draws common noise for both arms and a little of its own."""

    pages: Sequence[Page] = field(default_factory=demo_pages)
    launches: int = 8
    seed: int = 1
    launch_sd: float = 0.02
    failures: tuple[float, float] = (0.0, 0.0)
    failure_s: float = 0.0001
    wrong_pages: int = 0
    unknown: float = 0.0
    lag_ms: float = 0.05
    lag_in: Sequence[int] = ()
    start_lag_ms: float = 0.1
    steal: float = 0.0
    cpu: float = 0.4
    achieved: float = 1.0
    ledger: dict[str, Any] = field(default_factory=lambda: {"complete": True, "site": {"before": {"agrees": True}}})
    drop_rows: int = 0
    other_url: int = 0
    cut_off: Sequence[int] = ()
    interrupted: Sequence[int] = ()
    plan: dict[str, Any] = field(default_factory=dict)
    rates: Sequence[float] = ()
    arm_names: tuple[str, str] = ("before", "after")
    identical: bool = False
    factor: float = 1.0
    swapped: bool = False
    order: Sequence[int] = ()
    scale: float = 1.0
    warmup: int = 0
    method: Literal["duet", "rounds", "reversal"] = "duet"
    again: bool = False
    again_factor: float = 1.0
    drift: float = 0.0
    second_gains: float = 0.0
    settling: float = 0.0
    settled_after: float = 3.0
    retried: float = 0.0
    untimed: float = 0.0
    untimed_ms: float = 0.0
    after_bytes: int = 12_000
    checked: bool = True
    urls: dict[str, Any] | None = None
    copied: dict[int, int] = field(default_factory=dict)
    """Launch to the launch that it repeats."""
    unreadable: str = ""
    """Column of the first launch that holds NaN in its first rows."""
    machines: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What the generator of a launch says of its machine, where that is another."""


def draw(trial: Trial, launch: int) -> dict[str, Any]:
    """Rows of one launch: the same requests in both arms."""
    rng = np.random.default_rng([trial.seed, launch])
    pages = list(trial.pages)
    n = sum(page.requests for page in pages)
    page = rng.permutation(np.repeat(np.arange(len(pages)), [p.requests for p in pages]))
    scheduled = np.sort(rng.uniform(1.0, 9.0, n))
    if trial.warmup:
        page = np.concatenate([rng.integers(0, len(pages), trial.warmup), page])
        scheduled = np.concatenate([np.sort(rng.uniform(0.0, 1.0, trial.warmup)), scheduled])
        n += trial.warmup
    shared = rng.normal(size=n)
    out: dict[str, list[Any]] = {name: [] for name in ("arm", "page", "request", "scheduled", "ms", "failed", "cache")}
    noise = rng.normal(0, trial.launch_sd, (2, len(pages)))
    if trial.again:
        noise = np.vstack([noise, rng.normal(0, trial.launch_sd, len(pages)) + np.log(trial.again_factor)])
    for arm in (0, 1, 2) if trial.again else (0, 1):
        level = np.array([p.after_ms if arm == 1 else p.before_ms for p in pages])
        sigma = np.array([p.sigma for p in pages])
        own = rng.normal(size=n)
        if trial.identical:
            own, noise[1], level = np.zeros(n), noise[0], np.array([p.before_ms for p in pages])
        ms = level[page] * np.exp(sigma[page] * (0.6 * shared + 0.8 * own) + noise[arm][page]) * trial.scale
        ms = ms * np.exp(trial.drift * launch + trial.settling * (scheduled < trial.settled_after))
        if arm == 1:
            ms = ms * trial.factor
        classes = [p.after_cache if arm == 1 else p.before_cache for p in pages]
        cache = np.array([CACHE_CLASSES.index(name) for name in classes])[page]
        cache[rng.random(n) < trial.unknown] = CACHE_CLASSES.index("UNKNOWN")
        if arm == 1 and trial.untimed:
            ms[rng.random(n) < trial.untimed] = trial.untimed_ms
        failed = rng.random(n) < trial.failures[arm % 2]
        ms[failed] = trial.failure_s * 1000
        side = 1 - arm if trial.swapped and arm < 2 else arm
        for name, value in zip(out, (np.full(n, side), page, np.arange(n), scheduled, ms, failed, cache), strict=True):
            out[name].append(value)
    return {name: np.concatenate(parts) for name, parts in out.items()}


def write_launch(directory: Path, trial: Trial, launch: int, position: int) -> None:
    """One swarm record of a duet, or one for each arm where they are loaded in turn."""
    data = draw(trial, trial.copied.get(launch, launch))
    arms = (0, 1, 2) if trial.again else (0, 1)
    if trial.method == "duet":
        write_swarm(directory, trial, data, arms, launch, position)
        return
    after_first = position % 2 == 1 if trial.method == "reversal" else np.random.default_rng(launch).random() < 0.5
    order = arms if not after_first else (1, 0, *arms[2:])
    for place, arm in enumerate(order, 1):
        mine = data["arm"] == arm
        part = {name: values[mine] for name, values in data.items()}
        if place == 2:
            part["ms"] = part["ms"] * np.exp(trial.second_gains)
        folder = directory.with_name(f"{directory.name}.{place}-{names(trial)[arm]}")
        write_swarm(folder, trial, part, (arm,), launch, position)


def names(trial: Trial) -> tuple[str, ...]:
    """Of the arms by their codes."""
    return (*trial.arm_names, "again") if trial.again else trial.arm_names


def write_swarm(
    directory: Path, trial: Trial, data: dict[str, Any], codes: tuple[int, ...], launch: int, position: int
) -> None:
    """One swarm record of the arms with these codes."""
    pages = list(trial.pages)
    personas = list(dict.fromkeys(page.persona for page in pages))
    routes = list(dict.fromkeys(page.route for page in pages))
    n = data["arm"].size
    arms = tuple(Arm(names(trial)[code], f"http://127.0.0.1:{9000 + code}") for code in codes)
    rate = trial.rates[position] if trial.rates else 50.0
    plan = SwarmPlan(
        "readers_and_members", arms, seed=7, launch=launch, rate=rate, warmup_s=1.0, duration_s=8.0, urls=trial.urls
    )
    writer = RecordWriter(directory, "swarm", {"plan": plan.to_dict()})
    scheduled, page = data["scheduled"], data["page"]
    lag = trial.lag_ms if not trial.lag_in or position in trial.lag_in else 0.05
    sent = scheduled + lag / 1000 * 0.5
    end = scheduled + data["ms"] / 1000
    arm = data["arm"]
    calls = np.array([[p.before_calls, p.after_calls, p.before_calls] for p in pages])[page, arm]
    check = np.full(n, 0 if trial.checked else CHECKS.index("unchecked"), np.int8)
    if position == 0:
        check[: trial.wrong_pages] = CHECKS.index("wrong_article")
    url = page.copy()
    url[np.flatnonzero(arm == 1)[: trial.other_url]] += 1
    order = np.argsort(scheduled, kind="stable")
    seq = np.empty(n, np.int64)
    seq[order] = np.arange(n)
    columns = {
        "launch": pa.array(np.full(n, position), pa.int16()),
        "arm": words(arm.astype(np.int8), names(trial)),
        "worker": pa.array(np.zeros(n), pa.int16()),
        "seq": pa.array(seq),
        "request": pa.array(data["request"], pa.int64()),
        "phase": words((scheduled >= 1.0).astype(np.int8), PHASES),
        "scheduled": pa.array(scheduled),
        "released": pa.array(scheduled + lag / 1000),
        "sent": pa.array(sent),
        "first_byte": pa.array(end),
        "end": pa.array(end),
        "persona": words(np.array([personas.index(p.persona) for p in pages], np.int8)[page], personas),
        "route": words(np.array([routes.index(p.route) for p in pages], np.int8)[page], routes),
        "url": pa.array(url, pa.int32()),
        "visitor": pa.array(np.zeros(n), pa.int32()),
        "cache": words(data["cache"].astype(np.int8), CACHE_CLASSES),
        "status": pa.array(np.where(data["failed"], 503, 200), pa.int16()),
        "error": words(np.where(data["failed"], ERROR_CLASSES.index("status"), 0).astype(np.int8), ERROR_CLASSES),
        "bytes": pa.array(np.where(arm == 1, trial.after_bytes, 12_000), pa.int64()),
        "new_connection": pa.array(np.zeros(n, bool)),
        "server_ms": pa.array(data["ms"] * 0.8, pa.float32()),
        "db_ms": pa.array(data["ms"] * 0.4, pa.float32()),
        "db_calls": pa.array(calls, pa.int32(), from_pandas=True),  # NaN: not told
        "check": words(check, CHECKS),
        "hop": pa.array(np.zeros(n), pa.int8()),
        "conditional": pa.array(np.zeros(n, bool)),
        "retried": pa.array(np.arange(n) < trial.retried * n),
    }
    if trial.unreadable and position == 0:
        moments = columns[trial.unreadable].to_numpy(zero_copy_only=False).copy()
        moments[:20] = np.nan
        columns[trial.unreadable] = pa.array(moments)
    batch = pa.RecordBatch.from_arrays([columns[name] for name in REQUESTS.names], schema=REQUESTS)
    batch = batch.take(pa.array(order[: n - trial.drop_rows if position == 0 else n]))
    half = batch.num_rows // 2
    writer.stream("requests").write(batch.slice(0, half))
    writer.stream("requests").write(batch.slice(half))
    # The last interval is a hundredth of a second long and fully busy, as the end of a run is.
    offered = np.append(np.bincount(np.clip(np.ceil(scheduled).astype(int) - 1, 0, 9), minlength=10), 0)
    offered = np.round(offered / trial.achieved).astype(np.int64)
    series: dict[str, Any] = {name: np.zeros(11) for name in SECONDS.names}
    series |= {"second": np.append(np.arange(1.0, 11.0), 10.01), "interval": np.append(np.ones(10), 0.01)}
    series |= {"offered": offered, "sent": offered, "completed": offered}
    series |= {"cpu": np.append(np.full(10, trial.cpu), 1.0), "lag_p99_ms": np.full(11, lag)}
    series |= {"start_lag_p99_ms": np.full(11, trial.start_lag_ms), "steal": np.full(11, trial.steal)}
    writer.stream("seconds").write(
        pa.RecordBatch.from_arrays([pa.array(series[f.name]).cast(f.type) for f in SECONDS], schema=SECONDS)
    )
    writer.stream("urls").write(
        pa.RecordBatch.from_arrays(
            [
                pa.array(range(len(pages)), pa.int32()),
                pa.array([p.route for p in pages]),
                pa.array([f"/{p.route}/" for p in pages]),
            ],
            schema=URLS,
        )
    )
    if position in trial.cut_off:
        for stream in ("requests", "seconds", "urls"):
            writer.stream(stream).close()
        return
    ended = "interrupted" if position in trial.interrupted else "completed"
    writer.finish(
        ended,
        {
            "ledger": trial.ledger,
            "traffic_key": plan.traffic_key,
            "failed_checks": EXAMPLES[: trial.wrong_pages],
            "machine": trial.machines.get(position, MACHINE),
            "versions": VERSIONS,
        },
    )


def write_trial(directory: Path, trial: Trial) -> Record:
    """A trial record with its launches."""
    before, after = trial.arm_names
    writer = RecordWriter(
        directory,
        "trial",
        {
            "name": "page cache",
            "reason": "Does the page cache make pages faster?",
            "arms": [
                {"name": before, "settings": {"page_cache": "off"}},
                {"name": after, "settings": {}},
                *([{"name": "again", "settings": {"page_cache": "off"}}] if trial.again else []),
            ],
            "method": trial.method,
            "launches": trial.launches,
            "seconds": 8.0,
            "warmup": 1.0,
            "rate": 50.0,
            "scenario": "readers_and_members",
            "seed": 7,
            "corpus": {"profile": "natural", "seed": 1, "start": 11730, "count": 2000},
            "commands": ["anp serve --set page_cache=off", "anp serve", "anp trial --launches 8"],
            "design": {},
            "machine": MACHINE,
            "versions": VERSIONS,
            **trial.plan,
        },
    )
    for position, launch in enumerate(list(trial.order) or list(range(trial.launches))):
        write_launch(launch_directory(directory, position), trial, launch, position)
    writer.finish("completed", {})
    return read_record(directory)
