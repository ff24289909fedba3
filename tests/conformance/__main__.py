"""``python -m tests.conformance SUITE``: run the public suite against the caches, and keep what they were found to do.

What our own caches passed once they must pass again: where a required test is lost, in two runs, nothing is written.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tests.conformance import record, report
from tests.conformance.caches import CACHES, Cache
from tests.conformance.record import Column, Results, count, lost
from tests.conformance.suite import Suite, SuiteError

_DOUBTFUL = frozenset({"retry", "harness"})
"""Verdicts that say more of the run than of the cache."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 is done, 1 is a required test lost, 2 a usage error."""
    parser = _parser()
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    if shutil.which("node") is None:
        parser.exit(
            2, "error: node is not on the PATH; the suite is written in JavaScript, install Node.js 14 or newer\n"
        )
    if not (options.suite / "cli.mjs").exists():
        parser.exit(2, f"error: {options.suite} is not the package http-cache-tests; run: make conformance\n")
    try:
        return _run(options)
    except SuiteError as error:
        parser.exit(2, f"error: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "interrupted; nothing was written\n")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> int:
    suite = Suite(options.suite.resolve())
    old = record.read()
    groups, _ = suite.judged({})
    new = Results(suite.version, tuple(groups), dict(old.columns))
    missed = False
    for cache in CACHES:
        if options.only and cache.name not in options.only:
            continue
        server = cache.server()
        if server is None:
            print(f"{cache.name}: not installed, its earlier results stay", flush=True)
            continue
        new = _with(new, cache.name, _tried(suite, cache, server, old))
        print(f"{cache.name}: {_summary(new, cache.name)}", flush=True)
        gone = lost(old, new, cache.name) if cache.own else []
        for test in gone:
            print(f"  lost: {test}: {new.columns[cache.name].outcomes[test].said}", flush=True)
        missed |= bool(gone)
    if missed and not options.accept:
        print("nothing was written; --accept takes the loss")
        return 1
    record.write(new)
    report.DOCUMENT.write_text(report.written_into(report.DOCUMENT.read_text(encoding="utf-8"), new), encoding="utf-8")
    return 0


def _tried(suite: Suite, cache: Cache, server: str, old: Results) -> Column:
    """What a cache was found to do; what the suite wants run again, or what seems lost, counts as in a second run."""
    findings = _findings(suite, cache)
    groups, outcomes = suite.judged(findings)
    once = Column(server, outcomes)
    again = {test for test, outcome in outcomes.items() if outcome.verdict in _DOUBTFUL}
    if cache.own:
        again |= set(lost(old, Results(suite.version, tuple(groups), {cache.name: once}), cache.name))
    if not again:
        return once
    second = _findings(suite, cache)
    _, outcomes = suite.judged({**findings, **{test: second[test] for test in again if test in second}})
    return Column(server, outcomes, frozenset(again))


def _findings(suite: Suite, cache: Cache) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="anp-conformance-") as folder:
        own = Path(folder) / "cache"
        own.mkdir()
        with suite.origin(Path(folder)) as origin, cache.before(origin, own) as server:
            return suite.findings(server.url)


def _with(results: Results, name: str, column: Column) -> Results:
    columns = {**results.columns, name: column}
    return dataclasses.replace(
        results, columns={each.name: columns[each.name] for each in CACHES if each.name in columns}
    )


def _summary(results: Results, name: str) -> str:
    column = results.columns[name]
    counts = [(kind, count(results.counted(), kind, column)) for kind in ("required", "optimal")]
    words = [f"{each.passed} of {each.total} {kind} tests passed, {each.failed} failed" for kind, each in counts]
    return "; ".join([*words, f"{len(column.again)} run twice"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder of the npm package http-cache-tests")
    parser.add_argument("--only", action="append", choices=[cache.name for cache in CACHES], help="this cache alone")
    parser.add_argument("--accept", action="store_true", help="write the results although a required test was lost")
    return parser


if __name__ == "__main__":
    sys.exit(main())
