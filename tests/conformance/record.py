"""What the caches were found to do, as it is kept in docs/conformance/results.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).resolve().parents[2] / "docs" / "conformance" / "results.json"
"""The committed results."""

UNCOUNTED: Final = frozenset({"surrogate-control"})
"""Groups of what no cache here claims to read; they are shown and not counted."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of the suite; its kind is ``required``, ``optimal`` or ``check`` (of which nothing is expected)."""

    __test__ = False  # to pytest

    id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """Tests of one subject."""

    id: str
    name: str
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the suite says of one test.

    Attributes:
        verdict: ``pass`` or ``fail``; ``yes`` or ``no`` of a check; ``setup``, ``dependency``, ``retry``, ``harness``
            or ``untested`` where the test did not come to its question.
        said: Why, in the suite's words.
    """

    verdict: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """Tests of one kind.

    Attributes:
        passed: Those that passed.
        failed: Those that failed; all others did not come to their question.
        wrong: The failed ones in which the cache sent a stored response that it had to ask for.
        total: All of them.
    """

    passed: int
    failed: int
    wrong: int
    total: int

    @property
    def unreached(self) -> int:
        """Tests that did not come to their question."""
        return self.total - self.passed - self.failed


@dataclass(frozen=True, slots=True)
class Column:
    """What one cache was found to do.

    Attributes:
        server: Name and version, for people.
        outcomes: By test.
        again: Tests that were run a second time, whose outcome is that of the second run.
    """

    server: str
    outcomes: Mapping[str, Outcome]
    again: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Results:
    """One suite and the caches it was run against, by their short names."""

    suite: str
    groups: tuple[Group, ...]
    columns: Mapping[str, Column] = field(default_factory=dict)

    def counted(self) -> tuple[Group, ...]:
        """The groups that count."""
        return tuple(group for group in self.groups if group.id not in UNCOUNTED)


def count(groups: Iterable[Group], kind: str, column: Column) -> Count:
    """How a cache did in the tests of one kind."""
    tests = [test for group in groups for test in group.tests if test.kind == kind]
    outcomes = [column.outcomes[test.id] for test in tests]
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    wrong = sum(outcome.verdict == "fail" and " comes from cache" in outcome.said for outcome in outcomes)
    return Count(verdicts["pass"], verdicts["fail"], wrong, len(tests))


def not_passed(results: Results, name: str, *kinds: str) -> list[str]:
    """Ids of the counted tests of these kinds that a cache did not pass, in the suite's order."""
    outcomes = results.columns[name].outcomes
    tests = [test for group in results.counted() for test in group.tests if test.kind in kinds]
    return [test.id for test in tests if outcomes[test.id].verdict != "pass"]


def lost(old: Results, new: Results, name: str) -> list[str]:
    """Ids of the required tests that a cache passed in the old results and does not pass in the new ones."""
    if name not in old.columns:
        return []
    before, missed = old.columns[name].outcomes, not_passed(new, name, "required")
    return [test for test in missed if test in before and before[test].verdict == "pass"]


def read(path: Path = DATA) -> Results:
    """The results in a file; none where there is no such file."""
    if not path.exists():
        return Results("", ())
    told = json.loads(path.read_text(encoding="utf-8"))
    groups = tuple(
        Group(group["id"], group["name"], tuple(starmap(Test, group["tests"].items()))) for group in told["groups"]
    )
    columns = {
        name: Column(
            column["server"],
            {test: Outcome(verdict, column["said"].get(test, "")) for test, verdict in column["verdicts"].items()},
            frozenset(column["again"]),
        )
        for name, column in told["caches"].items()
    }
    return Results(told["suite"], groups, columns)


def write(results: Results, path: Path = DATA) -> None:
    """Keep results in a file, in an order that does not change from run to run."""
    told = {
        "suite": results.suite,
        "groups": [
            {"id": group.id, "name": group.name, "tests": {test.id: test.kind for test in group.tests}}
            for group in results.groups
        ],
        "caches": {
            name: {
                "server": column.server,
                "again": sorted(column.again),
                "verdicts": {test: outcome.verdict for test, outcome in sorted(column.outcomes.items())},
                "said": {test: outcome.said for test, outcome in sorted(column.outcomes.items()) if outcome.said},
            }
            for name, column in results.columns.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
