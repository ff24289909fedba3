"""How fast articles are made and written, beside Faker, beside ready records, and beside one process."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
import pytest
from orjson import dumps

import synth
from synth.record import record
from tests.bench.rivals import HERE, ROUNDS, cores, on

MILLION = int(os.environ.get("BENCH_ARTICLES", "1000000"))
FEW, MANY = 3_000, 200_000
AT_LEAST = {"natural": 10.0, "classic": 25.0}
MOST_FOR_JSON = 1.5
LEAST_OF_TWO = 1.8
MOST_MEMORY = 1.1
MOST_FAR = 1.15
MOST_START_S = 0.5


def made(kind: str, count: int, start: int, words: int = 0) -> dict[str, float]:
    """Some articles, by a process on the last core."""
    command = [
        *on(cores()[-1]),
        sys.executable,
        str(HERE / "article_rivals.py"),
        kind,
        str(count),
        str(start),
        str(words),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


def mean_words(profile: str) -> int:
    """Words of an article's prose, on average."""
    total = 0
    for number in range(400):
        one = synth.article(number, profile=profile)
        total += sum(len(p.split()) for s in one.sections for p in s.paragraphs)
        total += len(one.intro.split()) + len(one.final_notes.split())
    return total // 400


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_articles_are_made_many_times_faster_than_by_faker() -> None:
    """In turns on one core: natural 10 times, classic 25 times as many as Faker of as many words and fields."""
    for profile, least in AT_LEAST.items():
        words = mean_words(profile)
        ratios = []
        for turn in range(ROUNDS):
            ours = made(profile, FEW, 5_000 + turn * FEW)
            faker = made("faker", FEW // 10, 5_000 + turn * FEW, words)
            ratios.append((faker["cpu"] / (FEW // 10)) / (ours["cpu"] / FEW))
        print(
            f"\n{profile}, {words} words: {ours['cpu'] / FEW * 1e6:,.0f} µs an article, Faker "
            f"{faker['cpu'] / (FEW // 10) * 1e6:,.0f} µs: {median(ratios):.1f} times ({least:.0f} asked)"
        )
        assert median(ratios) >= least, profile


@pytest.mark.bench
def test_json_lines_cost_little_more_than_writing_ready_records() -> None:
    """What a line takes beyond its article is at most 1.5 times of what a ready record of plain values takes."""
    records = [record(synth.article(number)) for number in range(FEW)]
    corpus = synth.Corpus(0, FEW)
    took: dict[str, list[float]] = {"article": [], "line": [], "record": []}
    for _ in range(2 * ROUNDS + 1):
        for name, make in (("article", corpus.article), ("line", corpus.line), ("record", lambda n: dumps(records[n]))):
            began = time.process_time()
            for number in range(FEW):
                make(number)
            took[name].append((time.process_time() - began) / FEW * 1e6)
    beyond = [line - article for line, article in zip(took["line"], took["article"], strict=True)]
    ratio = median(more / ready for more, ready in zip(beyond, took["record"], strict=True))
    print(
        f"\nan article {median(took['article']):.0f} µs, its line {median(beyond):.1f} µs more, a ready record "
        f"{median(took['record']):.1f} µs: {ratio:.2f} times ({MOST_FOR_JSON} allowed)"
    )
    assert ratio <= MOST_FOR_JSON


def exported(path: Path, count: int, workers: int, where: list[int]) -> tuple[float, float, int]:
    """Seconds, processor seconds and most bytes of a process in memory of an export to JSON lines."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    words = ["-m", "harness", "synth", "--count", str(count), "--workers", str(workers), "--out", str(path)]
    process = psutil.Popen([*on(*where), sys.executable, *words], stderr=subprocess.DEVNULL)
    memory = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            memory = max(memory, *(each.memory_info().rss for each in (process, *process.children(recursive=True))))
        time.sleep(0.1)
    seconds = time.monotonic() - began
    assert process.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    path.unlink()
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


def in_memory(otherwise: Path) -> Path:
    """A folder without a disk below it, which would have to be waited for the longer the more processes write."""
    shared = Path("/dev/shm")
    room = 3 * MANY * 8200
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > room else otherwise


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_two_workers_do_nearly_twice_as_much_and_memory_stays_where_it_is(tmp_path: Path) -> None:
    """An export with two workers beside one with one, in memory, and of a million beside ten thousand, on disk."""
    two = cores()[-2:]
    ratios = []
    with TemporaryDirectory(dir=in_memory(tmp_path), prefix="anp-bench-") as folder:
        for _ in range(ROUNDS + 2):
            alone, _, _ = exported(Path(folder) / "one.jsonl", MANY, 1, two[-1:])
            both, _, _ = exported(Path(folder) / "two.jsonl", MANY, 2, two)
            ratios.append(alone / both)
    print(
        f"\n{MANY:,} articles: one worker {alone:.1f} s, two {both:.1f} s: "
        f"{', '.join(f'{each:.2f}' for each in ratios)} times ({LEAST_OF_TWO} asked of the median)"
    )
    _, _, few = exported(tmp_path / "few.jsonl", 10_000, 2, two)
    seconds, cpu, many = exported(tmp_path / "many.jsonl", MILLION, 2, two)
    print(
        f"{MILLION:,} articles: {seconds:.0f} s, {MILLION / seconds:,.0f} a second, {cpu:.0f} s of processor time; the "
        f"largest process held {many / 2**20:.0f} MB, with ten thousand {few / 2**20:.0f} MB"
    )
    assert median(ratios) >= LEAST_OF_TWO
    assert many <= MOST_MEMORY * few


@pytest.mark.bench
def test_an_article_far_away_costs_what_the_first_costs() -> None:
    """Ids from a billion on beside those from 0 on, in turns."""
    ratios = [made("natural", FEW, 10**9)["cpu"] / made("natural", FEW, 0)["cpu"] for _ in range(ROUNDS)]
    print(f"\nan article of the second billion: {median(ratios):.2f} times what one of the first ids takes")
    assert median(ratios) <= MOST_FAR


@pytest.mark.bench
def test_one_article_is_shown_in_half_a_second() -> None:
    """``anp synth show``, from the start of the process to its end, beside a Python that does nothing."""
    took: dict[str, list[float]] = {"show": [], "nothing": []}
    for _ in range(2 * ROUNDS + 1):
        for name, words in (("show", ["-m", "harness", "synth", "show", "11730"]), ("nothing", ["-c", "pass"])):
            began = time.monotonic()
            subprocess.run([*on(cores()[-1]), sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
            took[name].append(time.monotonic() - began)
    print(f"\nanp synth show: {median(took['show']):.2f} s, a Python that does nothing {median(took['nothing']):.3f} s")
    assert median(took["show"]) < MOST_START_S
