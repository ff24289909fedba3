"""What one natural article is about: names and numbers fixed once and repeated through its text and its meta box."""

from __future__ import annotations

import struct
from functools import lru_cache

from synth.draws import Draws
from synth.natural_lexicon import FIRST_WORDS, KINDS, SECOND_WORDS
from synth.subjects import Problem, Stack

TITLE_BITS = 22
"""Any 2**22 consecutive ids have as many different pairs of title template and service name."""

_HALF = TITLE_BITS // 2
_HALF_MASK = (1 << _HALF) - 1
_TEAMS = ("platform", "search", "media", "accounts", "editorial", "data", "delivery", "storefront", "edge", "insights")
_METRICS = (
    "p95 latency", "time to first byte", "the slowest tenth of reads", "median response time", "p99 latency",
    "render time", "origin wait", "query time",
)  # fmt: skip
_SETTINGS = ("max_age", "pool_size", "timeout_ms", "batch_rows", "retry_limit", "workers", "queue_cap", "idle_seconds")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_REGIONS = ("eu-1", "eu-2", "us-1", "us-2", "ap-1", "sa-1")
_STATUSES = ("503", "504", "429", "500", "502", "503", "429", "504")
_EXTENSIONS = {
    "Python": "py", "JavaScript": "js", "PHP": "php", "SQL": "sql", "TypeScript": "ts", "YAML": "yaml", "Go": "go",
    "nginx": "conf", "Java": "java", "Bash": "sh", "Ruby": "rb", "JSON": "json", "Rust": "rs", "HCL": "tf",
    "C#": "cs", "CSS": "css",
}  # fmt: skip
_GROUPED = tuple(f"{number:,}" for number in range(2600))
_WORDS = struct.Struct("<32H")
SIZE = _WORDS.size
"""How many bytes of a stream a fact sheet is made of."""


def name(id: int, seed: int) -> tuple[int, str]:
    """Return the number of the title's template, 0 to 31, and the service's name; see `TITLE_BITS`."""
    left, right = id >> _HALF & _HALF_MASK, id & _HALF_MASK
    # A Feistel network: whatever the rounds do, no two of 2**22 consecutive ids come out the same.
    for key in _round_keys(seed):
        mixed = (right ^ key) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        left, right = right, left ^ (mixed >> 32 ^ mixed >> 47) & _HALF_MASK
    code = left << _HALF | right
    service = f"{FIRST_WORDS[code >> 5 & 127]}-{SECOND_WORDS[code >> 12 & 127]}-{KINDS[code >> 19]}"
    return code & 31, service


@lru_cache(maxsize=64)
def _round_keys(seed: int) -> tuple[int, ...]:
    draws = Draws("title rounds", 1, seed)
    return tuple(draws.u64(str(turn)) for turn in range(4))


def facts(raw: bytes, problem: Problem, stack: Stack, scenario: str, service: str) -> dict[str, str]:
    """Return the fact sheet: what every name in a frame that is not a slot of the lexicon stands for.

    Args:
        raw: ``SIZE`` bytes of the article's own.
        problem: What the article is about.
        stack: With what.
        scenario: Where.
        service: What it is told about; see `name`.
    """
    (
        a_noun, an_other, a_peer, a_second, a_team, a_tool, a_metric, a_word, a_before, a_drop, a_median, a_share,
        rows_one, rows_two, a_key, a_value, a_factor, some_months, a_month, a_window, a_major, a_minor, a_patch,
        an_old_patch, a_status, commit_one, commit_two, a_day, a_host, a_region, a_ticket, _,
    ) = _WORDS.unpack(raw)  # fmt: skip
    noun, other = SECOND_WORDS[a_noun >> 9], SECOND_WORDS[an_other >> 9]
    if other == noun:
        other = SECOND_WORDS[(an_other >> 9) - 1]
    before = 180 + (a_before * a_before * 2400 >> 32)
    after = before * (15 + (a_drop * 60 >> 16)) // 100
    old = 1 + (a_value * 40 >> 16)
    major, minor = 1 + (a_major * 9 >> 16), 1 + (a_minor * 30 >> 16)
    metric, problem_phrase = _METRICS[a_metric >> 13], problem.phrase
    return {
        "problem": problem_phrase,
        "Problem": _capital(problem_phrase),
        "stack": stack.name,
        "scenario": scenario,
        "service": service,
        "peer": f"{FIRST_WORDS[a_peer >> 9]}-{SECOND_WORDS[a_second >> 9]}",
        "team": _TEAMS[a_team * 10 >> 16],
        "tool": stack.tools[a_tool >> 14],
        "metric": metric,
        "Metric": _capital(metric),
        "before": _GROUPED[before],
        "after": _GROUPED[after],
        "median": _GROUPED[before * (20 + (a_median * 50 >> 16)) // 100],
        "goal": _GROUPED[(before + 2 * after) // 3],
        "gain": _GROUPED[100 - 100 * after // before],
        "path": f"/{noun}/{FIRST_WORDS[a_word >> 9]}",
        "share": _GROUPED[8 + (a_share * 60 >> 16)],
        "table": f"{noun}_{other}",
        "noun": noun,
        "rows": f"{1000 + (rows_one * rows_two >> 8):,}",
        "file": f"src/{noun}/{other}.{_EXTENSIONS[stack.language]}",
        "config": f"config/{other}.toml",
        "key": f"{noun}.{_SETTINGS[a_key >> 13]}",
        "old": _GROUPED[old],
        "new": _GROUPED[old * (2 + (a_factor * 7 >> 16))],
        "months": _GROUPED[2 + (some_months * 30 >> 16)],
        "month": _MONTHS[a_month * 12 >> 16],
        "window": _GROUPED[5 + (a_window * 56 >> 16)],
        "days": _GROUPED[2 + (a_day * 29 >> 16)],
        "previous": f"{major}.{minor - 1}.{an_old_patch * 12 >> 16}",
        "version": f"{major}.{minor}.{a_patch >> 14}",
        "next": f"{major}.{minor + 1}",
        "status": _STATUSES[a_status >> 13],
        # A quarter of a million of them: were each one new, they would be most of the words of a large corpus.
        "commit": f"{(commit_one << 2 | commit_two >> 14) * 0x2545F4914F6CDD1D >> 20 & 0xFFFFFFFFF:09x}",
        "host": f"{other}-{_GROUPED[1 + (a_host * 48 >> 16)]}.{_REGIONS[a_region * 6 >> 16]}",
        "ticket": f"{service[:4].strip('-').upper()}-{100 + (a_ticket >> 2)}",
    }


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
