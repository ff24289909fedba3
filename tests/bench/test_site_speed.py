"""What a page costs on the reference site, from its cache and without, beside servers that do a part of it.

All are served by uvicorn on the first core and asked by wrk from the last, in turns.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from synth import Corpus
from tests.bench.rivals import (
    CONNECTIONS,
    HERE,
    PER_CPU_SECOND,
    PER_SECOND,
    SECONDS,
    Run,
    cores,
    in_turns,
    on,
    ratio,
    tool,
)
from tests.servers import Server, import_site, reference_site

AT_LEAST = {"bare": 0.8, "fastapi": 3.5}
AT_MOST_RENDERING = 2.0
ARTICLES = 200
FIRST_ID = 500


@contextlib.contextmanager
def plain(kind: str, answer: Path, core: int) -> Iterator[str]:
    """One of the rivals; gives its URL."""
    said = answer.with_suffix(f".{kind}.port")
    words = [sys.executable, str(HERE / "plain.py"), kind, str(answer), str(said), str(core)]
    with subprocess.Popen(words) as process:
        try:
            deadline = time.monotonic() + 30
            while not (said.exists() and said.read_text()):
                assert process.poll() is None, "the rival did not start"
                assert time.monotonic() < deadline, "the rival did not listen"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{said.read_text()}"
        finally:
            process.terminate()


def wrk(url: str, core: int, *headers: str, paths: Sequence[str] = ()) -> Callable[[Path], Run]:
    """Ask for one page, or for several in turn, as fast as they come; every answer must be a good one."""

    def run(folder: Path) -> Run:
        words = [*on(core), tool("wrk"), "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS:g}s"]
        for header in headers:
            words += ["-H", header]
        turns = ["-s", str(HERE / "turns.lua"), url, "--", *paths] if paths else [url]
        told = subprocess.run([*words, *turns], capture_output=True, text=True, check=True).stdout
        assert "Non-2xx" not in told, told
        count, seconds = re.search(r"(\d+) requests in ([\d.]+)s", told).groups()  # type: ignore[union-attr]
        return Run(int(count), float(seconds), float("nan"))

    return run


@pytest.mark.bench
def test_a_hit_costs_little_more_than_the_server_alone(tmp_path: Path) -> None:
    """At least 0.8 of the requests of a bare ASGI application, and 3.5 times those of a FastAPI route."""
    site_core, own_core = cores()[0], cores()[-1]
    path = f"/articles/{Corpus(first_id=FIRST_ID, count=20).article(FIRST_ID).slug}/"
    database = import_site(tmp_path / "site.db", first_id=FIRST_ID, count=20, seed=0, members=1)
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(reference_site(database, options=("--cpu", str(site_core))))
        with httpx.Client(headers={"accept-encoding": "identity"}) as client:
            client.get(site.url + path)
            hit = client.get(site.url + path)
        assert hit.headers["x-cache"] == "HIT"
        answer = tmp_path / "answer.json"
        answer.write_text(json.dumps({"headers": list(hit.headers.items()), "text": hit.text}))
        rivals = {"ours": wrk(site.url + path, own_core)}
        for kind in AT_LEAST:
            rivals[kind] = wrk(stack.enter_context(plain(kind, answer, site_core)) + path, own_core)
        found = in_turns(rivals, tmp_path)
    print(f"\na hit of {len(hit.content):,} bytes:")
    for kind, least in AT_LEAST.items():
        print(
            f"  {ratio(found['ours'], found[kind], PER_SECOND):.2f} of the requests a second of {kind} ({least} asked)"
        )
    for kind, least in AT_LEAST.items():
        assert ratio(found["ours"], found[kind], PER_SECOND) >= least, kind


@pytest.mark.bench
def test_an_access_log_costs_less_than_the_hit_it_tells_of(tmp_path: Path) -> None:
    """A line for each; the processor time of the site, its thread that writes the log included."""
    site_core, own_core = cores()[0], cores()[-1]
    path = f"/articles/{Corpus(first_id=FIRST_ID, count=20).article(FIRST_ID).slug}/"
    database = import_site(tmp_path / "site.db", first_id=FIRST_ID, count=20, seed=0, members=1)
    options = {"without": ("--cpu", str(site_core))}
    options["with"] = (*options["without"], "--access-log", str(tmp_path / "access.jsonl"))
    with contextlib.ExitStack() as stack:
        sites = {kind: stack.enter_context(reference_site(database, options=words)) for kind, words in options.items()}

        def hits(site: Server) -> Callable[[Path], Run]:
            ask, process = wrk(site.url + path, own_core), psutil.Process(site.process.pid)

            def run(folder: Path) -> Run:
                before = sum(process.cpu_times()[:2])
                told = ask(folder)
                return replace(told, cpu_seconds=sum(process.cpu_times()[:2]) - before)

            return run

        found = in_turns({kind: hits(site) for kind, site in sites.items()}, tmp_path)
        lines = httpx.get(f"{sites['with'].url}/metrics").text
    told = dict(re.findall(r'anp_access_log_lines_total\{result="(\w+)"\} (\S+)', lines))
    dropped = sum(float(count) for result, count in told.items() if result != "written")
    assert float(told["written"]) > 0
    asked = sum(run.requests for run in found["with"])
    cost = ratio(found["without"], found["with"], PER_CPU_SECOND)
    print(f"\na hit with a line in an access log: {cost:.2f} times the processor time of one without", end="")
    print(f" ({dropped / asked:.1%} of the lines dropped)")
    assert cost < 2


@pytest.mark.bench
def test_an_article_that_is_made_costs_no_more_than_twice_its_rendering(tmp_path: Path) -> None:
    """Four statements at most; the rival fills the same template from records that it holds in memory."""
    site_core, own_core = cores()[0], cores()[-1]
    corpus = Corpus(first_id=FIRST_ID, count=ARTICLES)
    slugs = [corpus.article(number).slug for number in range(FIRST_ID, FIRST_ID + ARTICLES)]
    paths = [f"/articles/{slug}/" for slug in slugs]
    database = import_site(tmp_path / "site.db", first_id=FIRST_ID, count=ARTICLES, seed=0, members=1)
    with contextlib.ExitStack() as stack:
        options = ("--cpu", str(site_core))
        site = stack.enter_context(reference_site(database, "page_cache=off", options=options))
        for path in paths[:10]:
            timing = httpx.get(site.url + path).headers["server-timing"]
            assert int(re.findall(r"db-calls;dur=(\d+)", timing)[0]) <= 4
        needed = tmp_path / "rendering.json"
        needed.write_text(json.dumps({"db": str(database), "slugs": slugs}))
        rival = stack.enter_context(plain("rendering", needed, site_core))
        rivals = {
            "ours": wrk(site.url, own_core, paths=paths),
            "zipped": wrk(site.url, own_core, "Accept-Encoding: gzip", paths=paths),
            "rendering": wrk(rival, own_core, paths=paths),
        }
        found = in_turns(rivals, tmp_path)
    cost = ratio(found["rendering"], found["ours"], PER_SECOND)
    zipped = ratio(found["rendering"], found["zipped"], PER_SECOND)
    print(
        f"\nan article that is made: {cost:.2f} times its rendering ({AT_MOST_RENDERING} at most), {zipped:.2f} zipped"
    )
    assert cost <= AT_MOST_RENDERING
