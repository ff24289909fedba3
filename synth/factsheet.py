"""What one natural article is about: names and numbers fixed once and repeated through its text and its meta box."""

from __future__ import annotations

from functools import lru_cache

from synth.draws import Draws
from synth.natural_lexicon import FIRST_WORDS, KINDS, SECOND_WORDS, weighted
from synth.subjects import PROBLEMS, SCENARIOS, STACKS, Problem, Stack

TITLE_BITS = 22
"""Any 2**22 consecutive ids have as many different pairs of title template and service name."""

_HALF = TITLE_BITS // 2
_HALF_MASK = (1 << _HALF) - 1
_PROBLEMS = weighted(PROBLEMS)
_STACKS = weighted(STACKS)
_SCENARIOS = weighted(SCENARIOS)
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
_EXTENSIONS = {
    "Python": "py", "JavaScript": "js", "PHP": "php", "SQL": "sql", "TypeScript": "ts", "YAML": "yaml", "Go": "go",
    "nginx": "conf", "Java": "java", "Bash": "sh", "Ruby": "rb", "JSON": "json", "Rust": "rs", "HCL": "tf", "C#": "cs",
    "CSS": "css",
}  # fmt: skip


def subject(draws: Draws) -> tuple[Problem, Stack, str]:
    """Return the problem, the stack and the scenario; some are written about far more often than others."""
    problem, stack, scenario = draws.cells("subject", 3)
    return _PROBLEMS[problem], _STACKS[stack], _SCENARIOS[scenario]


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


def facts(draws: Draws, problem: Problem, stack: Stack, scenario: str, service: str) -> dict[str, str]:
    """Return the fact sheet: what every name in a frame that is not a slot of the lexicon stands for."""
    words = draws.cells("facts", 30)
    noun, other, third = (SECOND_WORDS[word & 127] for word in words[:3])
    before = 180 + words[3] * words[3] * 2400 // (4096 * 4096)
    after = before * (15 + words[4] % 60) // 100
    old = 1 + words[5] % 40
    return {
        "problem": problem.phrase,
        "Problem": problem.phrase[0].upper() + problem.phrase[1:],
        "stack": stack.name,
        "scenario": scenario,
        "service": service,
        "peer": f"{FIRST_WORDS[words[6] & 127]}-{third}",
        "team": _TEAMS[words[7] % len(_TEAMS)],
        "tool": stack.tools[words[8] & 3],
        "metric": _METRICS[words[9] & 7],
        "before": f"{before:,}",
        "after": f"{after:,}",
        "median": f"{before * (20 + words[29] % 50) // 100:,}",
        "goal": f"{(before + 2 * after) // 3:,}",
        "gain": str(100 - 100 * after // before),
        "path": f"/{noun}/{FIRST_WORDS[words[10] & 127]}",
        "share": str(8 + words[28] % 60),
        "table": f"{noun}_{other}",
        "noun": noun,
        "rows": f"{1000 + words[11] * words[12]:,}",
        "file": f"src/{noun}/{other}.{_EXTENSIONS[stack.language]}",
        "config": f"config/{other}.toml",
        "key": f"{noun}.{_SETTINGS[words[13] & 7]}",
        "old": str(old),
        "new": str(old * (2 + words[14] % 7)),
        "months": str(2 + words[15] % 30),
        "month": _MONTHS[words[16] % 12],
        "window": str(5 + words[17] % 56),
        "version": f"{1 + words[18] % 9}.{words[19] % 30}.{words[20] % 12}",
        "commit": f"{words[21] << 24 | words[22] << 12 | words[23]:09x}",
        "host": f"{other}-{1 + words[24] % 48:02d}.{_REGIONS[words[25] % 6]}",
        "ticket": f"{service[:4].strip('-').upper()}-{100 + words[26] * 4 + words[27] % 4}",
    }
