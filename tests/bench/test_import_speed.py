"""How fast articles get into the database, search index included, beside a plain loop and beside one process."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import pytest

from tests.bench.rivals import HERE, ROUNDS, cores, on

ARTICLES = int(os.environ.get("BENCH_ARTICLES", "100000"))
SHARE = 10
"""A rival imports one article in so many, or the bench would take a quarter of an hour."""
AT_LEAST = {"plain": 2.5, "single": 1.4}
A_MINUTE = 60.0
AT_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Import:
    """One import.

    Attributes:
        articles: How many.
        seconds: From the start of the process to its end.
        cpu_seconds: Of it and of those it started.
        memory: Bytes that all of them held at most.
    """

    articles: int
    seconds: float
    cpu_seconds: float
    memory: int

    @property
    def per_second(self) -> float:
        """Articles a second."""
        return self.articles / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Articles a second of processor time."""
        return self.articles / self.cpu_seconds


def ours(database: Path, count: int, where: list[int]) -> Import:
    """The command, on some cores."""
    words = ["-m", "target_app", "import", "--count", str(count), "--members", "0", "--db", str(database)]
    return _measured([*on(*where), sys.executable, *words], database, count)


def plain(database: Path, count: int, core: int) -> Import:
    """The rival, on one core."""
    words = [str(HERE / "plain_import.py"), str(database), "11730", str(count)]
    return _measured([*on(core), sys.executable, *words], database, count)


def _measured(argv: list[str], database: Path, count: int) -> Import:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    memory = 0
    process = psutil.Popen(argv, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            memory = max(memory, sum(each.memory_info().rss for each in (process, *process.children(recursive=True))))
        time.sleep(0.05)
    seconds = time.monotonic() - began
    assert process.returncode == 0, argv
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with closing(sqlite3.connect(database)) as connection:
        for table in ("article", "article_search_docsize"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(count,)]
    database.unlink()
    return Import(count, seconds, cpu_seconds, memory)


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_articles_are_imported_faster_than_one_after_the_other(tmp_path: Path) -> None:
    """On two cores 2.5 times as fast as a plain loop on one, 1.4 times as itself on one; 100,000 in a minute."""
    two = cores()[-2:]
    few = ARTICLES // SHARE
    found: dict[str, list[Import]] = {"plain": [], "single": [], "ours": []}
    for number in range(ROUNDS):
        found["plain"].append(plain(tmp_path / f"plain-{number}.db", few, two[-1]))
        found["single"].append(ours(tmp_path / f"single-{number}.db", few, two[-1:]))
        if number == 0:
            whole = ours(tmp_path / "whole.db", ARTICLES, two)
        found["ours"].append(ours(tmp_path / f"ours-{number}.db", few, two))
    print(
        f"\n{whole.articles:,} articles with their search index: {whole.seconds:.1f} s, {whole.per_second:,.0f} "
        f"articles/s, {whole.memory / 2**20:,.0f} MB at most; {whole.cpu_seconds:.1f} s of processor time"
    )
    for name, title in (("plain", "a plain loop"), ("single", "the same import on one core")):
        by_clock = median(
            our.per_second / other.per_second for our, other in zip(found["ours"], found[name], strict=True)
        )
        by_cpu = median(
            our.per_cpu_second / other.per_cpu_second for our, other in zip(found["ours"], found[name], strict=True)
        )
        rates = ", ".join(f"{other.per_second:,.0f}" for other in found[name])
        mine = ", ".join(f"{our.per_second:,.0f}" for our in found["ours"])
        print(
            f"  {few:,} articles, {title}: {rates} articles/s, ours {mine}: {by_clock:.2f} times "
            f"({AT_LEAST[name]} asked), by processor time {by_cpu:.2f} times"
        )
        assert by_clock >= AT_LEAST[name], name
    assert whole.memory < AT_MOST_BYTES
    assert whole.seconds < A_MINUTE
