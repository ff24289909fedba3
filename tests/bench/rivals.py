"""What the benches of the swarm share: the page that is asked for, and each load tool's run of it.

Every tool runs on the last core and nginx on the first, so that neither takes the other's time. A machine with one core
can say nothing here, and one whose other core is busy with something else says little: the ratios per processor second
are printed as well, which suffer less.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import synth
from results.record import Record
from tests.servers import Server, nginx
from tests.swarms import finished, start

HERE = Path(__file__).parent
PAGE_BYTES = 12 * 1024
CONNECTIONS = 32
WARMUP_S = 1.0
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))

_SITE = """
    server {
        listen LISTEN;
        root %s;
        access_log off;
        default_type text/html;
        sendfile on;
        keepalive_requests 1000000000;
        open_file_cache max=10000;
        add_header Cache-Status 'anp; hit; ttl=60';
        add_header Server-Timing 'cache;desc="HIT";dur=0.010, db;dur=0.000, db-calls;dur=0, app;dur=0.050';
    }
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one tool did.

    Attributes:
        requests: Good answers in the measured time.
        seconds: The measured time.
        cpu_seconds: Processor time of the tool in it.
    """

    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Requests per second of the clock."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests per second of processor time."""
        return self.requests / self.cpu_seconds


PER_SECOND: Callable[[Run], float] = attrgetter("per_second")
PER_CPU_SECOND: Callable[[Run], float] = attrgetter("per_cpu_second")


def cores() -> list[int]:
    """The cores this process may use; skips the bench where there are not two."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        pytest.skip("the generator and the server want a core each")
    return found


def tool(name: str) -> str:
    """A rival's program; skips the bench where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def write_site(folder: Path, articles: int) -> Path:
    """Write the pages of a small site that says it is the reference site, each of 12 KB with the mark it must carry.

    The site proper would be the bottleneck. The swarm makes no difference: it asks who the site is, gets the corpus
    from the answer, and checks every page by it.
    """
    corpus = synth.Corpus(count=articles)
    about = {"site": "anp-reference", "corpus": corpus.to_dict(), "members": 0, "assets": []}
    root = folder / "www"
    _write(root / "anp" / "about", json.dumps(about))
    _write(root / "anp" / "revisions", '{"revisions": {}}')
    _write(root / "index.html", _page("page=home viewer=anonymous"))
    for number in corpus.by_popularity():
        article = corpus.article(number)
        slug = synth.slug(number, profile=corpus.profile, seed=corpus.seed)
        mark = f"page=article id={number} revision=0 digest={article.digest} viewer=anonymous"
        _write(root / "articles" / slug / "index.html", _page(mark))
    return root


def _page(mark: str) -> str:
    return f'<!doctype html><html><head><meta name="anp-mark" content="{mark}">'.ljust(PAGE_BYTES, "x")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextlib.contextmanager
def serve(folder: Path, root: Path, core: int) -> Iterator[Server]:
    """Serve the pages with nginx on one core."""
    folder.mkdir(exist_ok=True)
    with nginx(folder, _SITE % root) as server:
        for process in (server.process.pid, *children(server.process.pid)):
            bind(process, core)
        yield server


def children(process: int) -> list[int]:
    """The processes that a process forked."""
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def bind(process: int, core: int) -> None:
    """Bind a process that runs to a core, with all its threads."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def on(*where: int) -> tuple[str, ...]:
    """Words before a command that bind it to cores."""
    return (tool("taskset"), "-c", ",".join(map(str, where)))


# -- our side ----------------------------------------------------------------------------------------------------------


def swarm(folder: Path, url: str, locustfile: str, *options: str, before: Sequence[str], seconds: float) -> Record:
    """A swarm of ours with everything on, in real locust processes, and its record."""
    folder.mkdir()
    words = (
        "--headless",
        "--host",
        url,
        "--warmup",
        str(WARMUP_S),
        "--duration",
        str(seconds),
        "--out",
        "record",
        *options,
    )
    record = finished(folder, start(folder, HERE / f"{locustfile}.py", *words, before=before), seconds + 60)
    assert record.run is not None
    assert record.run["ledger"]["complete"]
    return record


def timing(seconds: float) -> tuple[str, ...]:
    """Options of a swarm that is measured for so long."""
    return ("--warmup", str(WARMUP_S), "--duration", str(seconds))


def closed(folder: Path, url: str, core: int) -> Run:
    """Our client as fast as it can, with as many connections as its rivals."""
    record = swarm(folder, url, "home", "--rate", "0", "-u", str(CONNECTIONS), before=on(core), seconds=SECONDS)
    return read_run(record)


def read_run(record: Record) -> Run:
    """Requests of a record's measured time, and its workers' processor time; all of them must be good ones."""
    requests = record.table("requests")
    ends = requests["end"].to_numpy()
    inside = (ends >= WARMUP_S) & (ends < WARMUP_S + SECONDS)
    for name, good in (("error", {"none"}), ("check", {"ok"}), ("cache", {"HIT"})):
        found = set(requests.column(name).unique().to_pylist())
        assert found == good, f"{name} is {found}"
    seconds = record.table("seconds")
    intervals = seconds["interval"].to_numpy()
    whole = (seconds["second"].to_numpy() > WARMUP_S) & (intervals > 0.5)
    cpu = (seconds["cpu"].to_numpy() * intervals)[whole].sum() / intervals[whole].sum()
    workers = len(set(seconds["worker"].to_pylist()))
    return Run(int(inside.sum()), SECONDS, float(cpu) * workers * SECONDS)


# -- rivals ------------------------------------------------------------------------------------------------------------


def stock(folder: Path, url: str, core: int, user: str, users: int = CONNECTIONS, rate: float = 1.0) -> dict[str, Any]:
    """One of locust's own clients."""
    folder.mkdir()
    words = ("--headless", "--host", url, "-u", str(users), "-r", str(users), user)
    environment = {"BENCH_SECONDS": str(SECONDS), "BENCH_RATE": str(rate)}
    process = start(folder, HERE / "stock.py", *words, before=on(core), **environment)
    log = folder / "locust.log"
    assert process.wait(SECONDS + 60) == 0, log.read_text()[-3000:]
    found = _bench_line(log.read_text())
    assert found["failures"] == 0
    return found


def stock_run(folder: Path, url: str, core: int, user: str) -> Run:
    """The same, as fast as it can."""
    found = stock(folder, url, core, user)
    return Run(found["requests"], found["seconds"], found["cpu_seconds"])


def hey(url: str, core: int) -> Run:
    """hey, told to use one processor."""
    words = [*on(core), tool("hey"), "-z", f"{SECONDS:g}s", "-c", str(CONNECTIONS), "-cpus", "1", f"{url}/"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    numbers = {line.split(":")[0].strip(): line.split(":")[1].split() for line in output.splitlines() if ":" in line}
    seconds = float(numbers["Total"][0])
    requests = round(float(numbers["Requests/sec"][0]) * seconds)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(requests, seconds, cpu)


def wrk(url: str, core: int, rate: float) -> dict[str, float]:
    """The other C tool, wrk, at a rate spread over threads of one connection each."""
    threads = max(1, round(rate / 2000))
    words = [*on(core), tool("wrk"), "-t", str(threads), "-c", str(threads), "-d", f"{SECONDS:g}s"]
    words += ["-s", str(HERE / "pace.lua"), f"{url}/", "--", str(rate / threads)]
    return _bench_line(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def _bench_line(output: str) -> Any:
    [line] = [line for line in output.splitlines() if line.startswith("BENCH ")]
    return json.loads(line.removeprefix("BENCH "))


def in_turns(rivals: dict[str, Callable[[Path], Run]], folder: Path) -> dict[str, list[Run]]:
    """Let each rival run in each round, so that a machine whose speed changes changes it for all."""
    found: dict[str, list[Run]] = {name: [] for name in rivals}
    for number in range(ROUNDS):
        for name, run in rivals.items():
            found[name].append(run(folder / f"{name}-{number}"))
    return found


def ratio(ours: list[Run], theirs: list[Run], figure: Callable[[Run], float]) -> float:
    """The median over the rounds of our figure divided by theirs in the same round."""
    return median(figure(a) / figure(b) for a, b in zip(ours, theirs, strict=True))
