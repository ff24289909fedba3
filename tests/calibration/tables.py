"""Which settings are simulated, and the tables that hold what they showed."""

from __future__ import annotations

from tests.calibration.noise import KINDS
from tests.calibration.report import Table

EXPERIMENTS = 2000
MOST_ALARMS = 131
"""99.9 % point of Binomial(2000, 0.05): more alarms than this do not happen by chance at a true 5 %."""
LEAST_POWER = EXPERIMENTS - MOST_ALARMS
"""The same limit from the other side, for a true power of 95 %."""

LAUNCHES = (6, 8, 10, 16)
CELLS = (1, 12, 60)
SETTINGS = tuple(f"{m} · {k}" for m in CELLS for k in LAUNCHES)

ALARMS = Table("alarms", "noise", tuple(KINDS), SETTINGS)
FALSE_PEACE = Table("no difference at the margin", "noise", tuple(KINDS), SETTINGS)
POWER = Table("power", "noise", tuple(KINDS), SETTINGS)
EXPLORATORY = Table("exploratory", "noise", tuple(KINDS), tuple(str(k) for k in LAUNCHES))

FLIPS = Table(
    "flips",
    "launches",
    ("6", "8", "10", "12", "16"),
    tuple(f"{rule}, {m} cells" for m in (3, 12) for rule in ("plain flips", "stretched", "Bonferroni", "in use")),
)
SHORTCUT = Table("shortcut", "launches", tuple(str(k) for k in LAUNCHES), ("1 cell", "3 cells", "12 cells"))

STRESS = Table(
    "stress",
    "noise",
    ("p95 between hits and misses", "ratios with skewness 1", "ratios with skewness 2"),
    tuple(f"{m} · {k}" for m in (1, 12) for k in LAUNCHES),
)

TRUTHS = ("0 %", "half the margin", "the margin", "twice the margin", "detectable", "30 %")
WORDS = Table(
    "words",
    "true slowdown",
    TRUTHS,
    ("slower", "faster", "no difference", "not enough data", "another cell faster or slower"),
)
SESSIONS = Table("sessions", "earlier sessions", ("5", "8"), ("1 new, 1 cell", "3 new, 1 cell", "1 new, 12 cells"))
TEMPTATIONS = Table(
    "temptations",
    "what was done",
    (
        "ten launches of one arm, then ten of the other, on a machine with slow waves",
        "the same launches in pairs of random order",
        "launches added from 6 to 30 until the interval excludes a ratio of one",
        "30 launches, fixed in advance",
        "3,000 requests a launch counted as replicates, launches differing by 2 %",
        "the same trials with launches as replicates",
        "two sessions of ten launches, launches as replicates, sessions differing by 2 %",
    ),
    ("false alarms, %",),
)
HIT_RATIO = Table(
    "hit ratio",
    "cell",
    ("HIT p50", "HIT p95", "MISS p50", "MISS p95", "all p50", "all p95"),
    ("faster or slower", "faster", "no difference", "not enough data"),
)
GAPS = Table(
    "gaps",
    "sample",
    (
        "one mode, sigma 0.3",
        "one mode, sigma 1",
        "one mode, sigma 1.5",
        "hits 2 points below the quantile",
        "hits at the quantile",
        "hits 2 points above the quantile",
        "hits 10 points below the quantile",
    ),
    ("p50, n = 200", "p95, n = 200", "p95, n = 1000", "p50, n = 5000", "p95, n = 5000", "p99, n = 5000"),
)
WARMUP = Table(
    "warm-up",
    "series",
    ("steady, independent", "steady, waves (0.5)", "50 % higher, fading over a tenth", "rising by half to the end"),
    tuple(f"{what}, {n} values" for n in (80, 200, 400) for what in ("unsteady", "cut > 20 %")),
)

TABLES = (
    ALARMS,
    FALSE_PEACE,
    POWER,
    EXPLORATORY,
    FLIPS,
    SHORTCUT,
    STRESS,
    WORDS,
    SESSIONS,
    TEMPTATIONS,
    HIT_RATIO,
    GAPS,
    WARMUP,
)
