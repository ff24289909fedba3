"""What the site tells of itself over real sockets: the contract, the access log, and a real Prometheus reading it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from synth import Corpus
from tests import warm
from tests.contract import Reply, breaches, parsed
from tests.servers import Server, caching_proxy, reference_site

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "observability.md"
ARTICLE = f"/articles/{Corpus(first_id=500, count=80, seed=3).article(500).slug}/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PATHS = ("/", "/", ARTICLE, ARTICLE, "/none", "/login", "/health/live", "/health/ready", "/anp/stats", "/metrics")


def ask(client: httpx.Client, path: str, method: str = "GET", **options: Any) -> Reply:
    """One exchange, its body as it was sent."""
    with client.stream(method, path, **options) as answer:
        body = b"".join(answer.iter_raw())
    asked, headers = (
        tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.headers.raw)
        for message in (answer.request, answer)
    )
    return Reply(method, str(answer.request.url), asked, answer.status_code, headers, body)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is bound to come."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def lines(path: Path) -> list[dict[str, Any]]:
    """What stands in a log."""
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def end(server: Server) -> None:
    """Ask the site to end, and wait for it."""
    assert isinstance(server.process, psutil.Process)
    server.process.terminate()
    assert server.process.wait(30) == 0


def test_the_contract_holds_over_the_wire(cached: Server) -> None:
    """The server adds nothing to it and leaves nothing out."""
    with httpx.Client(base_url=cached.url) as client:
        for path in PATHS:
            for method in ("GET", "HEAD"):
                assert breaches(ask(client, path, method)) == [], path
        assert breaches(ask(client, "/", "POST")) == []
        assert breaches(ask(client, "/", headers={"host": "evil.example"})) == []


def test_health_through_a_proxy_keeps_what_the_site_said(cached: Server, tmp_path: Path) -> None:
    """A cache before the site adds its own member, and neither keeps what must not be kept."""
    with caching_proxy(cached.url, tmp_path) as proxy, httpx.Client(base_url=proxy.url) as client:
        for path in ("/health/live", "/health/ready"):
            for _ in range(2):
                reply = ask(client, path)
                members = parsed(", ".join(reply.all("cache-status")))
                assert reply.status == 200
                assert members[0] == ("anp", {"fwd": "bypass", "detail": "nostore"})
                assert members[1][0] == "anp"
                assert members[1][1]["fwd"] in {"bypass", "uri-miss"}
                assert "stored" not in members[1][1]
                assert reply["x-cache"] == "BYPASS"
                assert [name for name, _ in parsed(reply["server-timing"])][-1] == "app"


def test_the_last_line_is_written_before_the_end(database: Path, tmp_path: Path) -> None:
    """A site that is asked to end has a line for every answer that it gave."""
    log = tmp_path / "access.jsonl"
    with reference_site(database, options=("--access-log", str(log))) as site:
        with httpx.Client(base_url=site.url) as client:
            replies = [ask(client, ARTICLE) for _ in range(500)]
        end(site)
    logged = lines(log)
    assert [line["request_id"] for line in logged] == [reply["x-request-id"] for reply in replies]
    assert [line["cache"] for line in logged] == ["MISS", *["HIT"] * 499]
    assert {line["bytes"] for line in logged} == {len(replies[0].body)}


def test_a_log_is_turned_over_while_it_is_written(database: Path, tmp_path: Path) -> None:
    """The file is moved away and SIGUSR1 sent, as logrotate does: no line is lost, and none stands in both files."""
    log, old = tmp_path / "access.jsonl", tmp_path / "access.jsonl.1"
    with reference_site(database, options=("--access-log", str(log))) as site:
        with httpx.Client(base_url=site.url) as client:
            ids = [ask(client, "/")["x-request-id"] for _ in range(50)]
            log.rename(old)
            ids += [ask(client, "/")["x-request-id"] for _ in range(50)]
            site.process.send_signal(signal.SIGUSR1)
            until(log.exists)
            ids += [ask(client, "/")["x-request-id"] for _ in range(50)]
        end(site)
    first, second = ([line["request_id"] for line in lines(path)] for path in (old, log))
    assert first + second == ids
    assert len(first) >= 100
    assert second


def test_a_log_may_go_to_standard_error(database: Path) -> None:
    """Which is where a container's log is read from; standard output still has the one line."""
    words = [sys.executable, "-m", "target_app", "serve", "--db", str(database), "--access-log", "-"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url) as client:
            ids = [ask(client, path)["x-request-id"] for path in PATHS]
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == ""
    assert [json.loads(line)["request_id"] for line in err.splitlines()] == ids


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--access-log", "/nowhere/log"], "cannot write the access log /nowhere/log (No such file or directory)"),
        (["--access-log", "/"], "cannot write the access log / (Is a directory)"),
        (["--server-timing", "token"], "name one with --purge-token"),
        (["--purge-token", ""], "an empty --purge-token would let everybody in"),
    ],
)
@pytest.mark.parametrize(
    "program",
    [pytest.param(("target_app", "serve"), marks=pytest.mark.deep), ("target_app", "check"), ("harness", "serve")],
)
def test_what_cannot_be_is_refused_in_one_line(
    program: tuple[str, str], words: list[str], says: str, database: Path, tmp_path: Path
) -> None:
    """Exit code 2, and nothing was imported or left behind."""
    own = [] if program[1] == "check" else ["--db", str(database if program[0] == "target_app" else tmp_path / "n.db")]
    done = warm.run(program[0], program[1], *own, *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert list(tmp_path.iterdir()) == []


def test_the_site_of_the_command_line_takes_them_all(database: Path, tmp_path: Path) -> None:
    """``anp serve`` hands log, token and timing on; the token does not stand in the process's command line."""
    log = tmp_path / "log"
    words = ["--db", str(database), "--access-log", str(log), "--purge-token", "s3cret", "--server-timing", "token"]
    command = [sys.executable, "-m", "harness", "serve", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        shown = " ".join(psutil.Process(process.pid).cmdline())
        with httpx.Client(base_url=url) as client:
            told, untold = (ask(client, "/", headers=headers) for headers in ({"x-anp-token": "s3cret"}, {}))
            statuses = [
                client.get("/metrics", headers=headers).status_code
                for headers in ({}, {"authorization": "Bearer s3cret"}, {"x-anp-token": "s3cret"})
            ]
        process.terminate()
        assert process.wait(30) == 0
    assert str(log) in shown
    assert "s3cret" not in shown
    assert breaches(told) == breaches(untold, told=False) == []
    assert statuses == [403, 200, 200]
    assert [line["path"] for line in lines(log)] == ["/", "/", "/metrics", "/metrics", "/metrics"]
    assert "s3cret" not in log.read_text()


def test_a_swarm_repeats_what_the_sites_own_log_says(cached: Server, database: Path, tmp_path: Path) -> None:
    """The addresses that people asked the reference site for are asked of it again, in their proportions."""
    log = tmp_path / "access.jsonl"
    wanted = {"/": 30, ARTICLE: 20, "/search?q=slow": 10}
    with reference_site(database, options=("--access-log", str(log))) as site:
        with httpx.Client(base_url=site.url, headers={"user-agent": BROWSER}) as browser:
            for path, count in wanted.items():
                for _ in range(count):
                    browser.get(path)
            browser.get("/none")
            browser.post("/login", data={"login": "x"})
        httpx.get(f"{site.url}/metrics")
        end(site)
    words = ["--host", cached.url, "--scenario", "cache_hit", "--access-log", "access.jsonl", "--rate", "100"]
    words += ["--duration", "2s", "--warmup", "1s", "--visitors", "8", "--out", "runs"]
    done = warm.anp("swarm", *words, folder=tmp_path)
    assert done.returncode in {0, 4}, done.stderr  # a busy machine may make the figures invalid
    assert "63 lines, 95 % kept for 3 addresses" in done.stderr
    (table,) = (tmp_path / "runs").glob("*/run.json")
    assert json.loads(table.read_text())


@contextlib.contextmanager
def prometheus(site: Server, folder: Path) -> Iterator[str]:
    """A real Prometheus that scrapes a site every second; gives its URL."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed")
    with socket.socket() as free:  # it cannot be handed a socket, nor say which port it took
        free.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*free.getsockname())
    (folder / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s"},
                "scrape_configs": [
                    {
                        "job_name": "anp",
                        "authorization": {"credentials": "s3cret"},
                        "static_configs": [{"targets": [site.url.removeprefix("http://")]}],
                    }
                ],
            }
        )
    )
    words = [binary, "--config.file", str(folder / "prometheus.yml"), "--storage.tsdb.path", str(folder / "data")]
    words += ["--web.listen-address", address]
    with (folder / "prometheus.out").open("w") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)
    with process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


def test_a_real_prometheus_reads_it_and_the_documents_queries_answer(database: Path, tmp_path: Path) -> None:
    """It scrapes with the token as its configuration says, and each query of the document has a result."""
    queries = re.findall(r"```promql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) >= 3
    with (
        # Short outages, one after the other: so that there are failures to be told.
        reference_site(database, "errors=0.5:0.000001:0.000002", options=("--purge-token", "s3cret")) as site,
        prometheus(site, tmp_path) as url,
        httpx.Client(base_url=site.url) as client,
        httpx.Client(base_url=url) as prom,
    ):

        def result(query: str) -> list[dict[str, Any]]:
            try:
                answer = prom.get("/api/v1/query", params={"query": query})
            except httpx.TransportError:
                return []
            if answer.status_code == 503:  # not ready yet
                return []
            assert answer.status_code == 200, (query, answer.text)
            found: list[dict[str, Any]] = answer.json()["data"]["result"]
            return found

        def told() -> bool:
            for path in ("/", ARTICLE, "/none", "/login"):
                client.get(path)
            return all(result(query) for query in queries)

        until(told)
        (hits,) = result('anp_http_requests_total{route="article",cache="HIT"}')
    assert float(hits["value"][1]) > 0
