"""Figures that come in twos: of both arms, and with an interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of both arms; NaN where an arm has none."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval; infinite ends say that nothing is ruled out."""

    estimate: float
    low: float
    high: float
