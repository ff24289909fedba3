"""Files of other tools as tests need them: sessions with given latencies."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from results.foreign.compare import ForeignComparison, compare
from results.foreign.sniff import read

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "foreign_results"

LOCUST_HEADER = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,99%,100%"
)


@pytest.fixture
def fixtures() -> Path:
    """The folder of result files."""
    return FIXTURES


Locust = Callable[..., Path]


@pytest.fixture
def write_locust(tmp_path: Path) -> Locust:
    """Write a statistics CSV of locust with one route."""

    def write(name: str, p50: int, *, p95: int = 0, requests: int = 5000, failed: int = 0) -> Path:
        p95 = p95 or 2 * p50
        row = (
            f"{requests},{failed},{p50},{p50 * 1.1},{p50 / 2},{3 * p95},413.0,50.0,0.0,{p50},{p95},{2 * p95},{3 * p95}"
        )
        path = tmp_path / name
        path.write_text(f"{LOCUST_HEADER}\r\nGET,/articles,{row}\r\n,Aggregated,{row}\r\n")
        return path

    return write


Vegeta = Callable[..., Path]


@pytest.fixture
def write_vegeta(tmp_path: Path) -> Vegeta:
    """Write vegeta's NDJSON with given latencies, the first of which may be of failed requests."""

    def write(
        name: str, latencies_ms: Sequence[float], *, failed: int = 0, failed_ms: float = 0.05, url: str = "/articles"
    ) -> Path:
        lines = []
        for number, latency in enumerate([*[failed_ms] * failed, *latencies_ms]):
            lines.append(
                {
                    "attack": "",
                    "seq": number,
                    "code": 503 if number < failed else 200,
                    "timestamp": "2026-11-20T10:00:00Z",
                    "latency": round(latency * 1e6),
                    "method": "GET",
                    "url": f"http://127.0.0.1:8080{url}",
                }
            )
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    return write


def lognormal(seed: int, *, scale: float = 10.0, session: float = 0.01, n: int = 400) -> list[float]:
    """Latencies of one session in milliseconds: a common shape, and a level of the session's own."""
    draw = np.random.default_rng(seed)
    level = scale * np.exp(draw.normal(0, session))
    p = (np.arange(n) + 0.5) / n
    body = np.exp(0.4 * np.sqrt(2) * _inverse_error(2 * p - 1))
    return [float(value) for value in level * body]


def _inverse_error(x: np.ndarray) -> np.ndarray:
    from scipy.special import erfinv

    return np.asarray(erfinv(x))


@pytest.fixture
def decided(write_vegeta: Callable[..., Path]) -> ForeignComparison:
    """Six sessions and two, three times as slow."""
    base = np.linspace(5, 20, 250)
    before = [read(write_vegeta(f"a{n}", base * (1 + n / 200))) for n in range(6)]
    after = [read(write_vegeta(f"b{n}", base * (3 + n / 200))) for n in range(2)]
    return compare(before, after)
