"""What the rig reads of a ``compare.json``: only keys that every format of it has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Comparison = Mapping[str, Any]
JUDGED = frozenset({"faster", "slower", "no difference"})


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate and its interval; what JSON cannot hold is infinite again."""

    estimate: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Seen:
    """One cell at one quantile, as compared.

    Attributes:
        label: ``reader article p50``, with the cache class before the quantile where it is not all.
        word: The verdict, after the gates.
        alarm: Which way the interval of the ratio points where it leaves out no change at all, else ``none``.
        service_ms: Service times of both arms; NaN where there are none.
        server_ms: Of both arms, medians of what the site itself said an answer took; NaN where it said nothing.
    """

    label: str
    cache: str
    quantile: str
    primary: bool
    ratio: Range
    change_ms: Range
    margin: float
    word: str
    alarm: str
    service_ms: tuple[float, float]
    server_ms: tuple[float, float]


def cells(comparison: Comparison) -> list[Seen]:
    """Every cell of a comparison, in its order."""
    return [_seen(cell) for cell in comparison["cells"]]


def primary(comparison: Comparison) -> list[Seen]:
    """The cells that decide."""
    return [cell for cell in cells(comparison) if cell.primary]


def words_of(seen: Iterable[Seen], *words: str) -> list[str]:
    """Labels of the cells with one of these verdicts."""
    return [cell.label for cell in seen if cell.word in words]


def failed_gates(comparison: Comparison) -> list[str]:
    """Codes of the gates that failed."""
    return [gate["code"] for gate in comparison["gates"] if not gate["ok"]]


def refusal(comparison: Comparison) -> list[str]:
    """Codes of the failed gates that withhold every verdict; empty where there were verdicts."""
    return [
        gate["code"]
        for gate in comparison["gates"]
        if not gate["ok"] and gate["effect"] in {"invalid", "not comparable", "not enough data"}
    ]


def text(comparison: Comparison) -> str:
    """All sentences of the verdict of the whole."""
    overall = comparison["overall"]
    return " ".join([overall["headline"], *overall["sentences"]])


def _seen(cell: Mapping[str, Any]) -> Seen:
    where = cell["cell"]
    cache = where["cache"]
    label = " ".join([where["persona"], where["route"], *([] if cache == "all" else [cache]), cell["quantile"]])
    ratio = _range(cell["ratio"])
    service, server = cell.get("service_ms") or {}, cell.get("server_ms") or {}
    return Seen(
        label,
        cache,
        cell["quantile"],
        bool(cell["primary"]),
        ratio,
        _range(cell["change_ms"]),
        float(cell["margin"]),
        cell["verdict"]["word"],
        "slower" if ratio.low > 1 else "faster" if ratio.high < 1 else "none",
        _pair(service),
        _pair(server),
    )


def _pair(data: Mapping[str, Any]) -> tuple[float, float]:
    return _number(data.get("before"), math.nan), _number(data.get("after"), math.nan)


def _range(data: Mapping[str, Any]) -> Range:
    return Range(_number(data["estimate"], math.nan), _number(data["low"], -math.inf), _number(data["high"], math.inf))


def _number(value: Any, otherwise: float) -> float:
    return otherwise if value is None else float(value)
