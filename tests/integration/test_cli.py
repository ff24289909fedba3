"""The ``anp`` command as a person meets it: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from synth.formats import BINARY
from tests import warm

ANP = [sys.executable, "-m", "harness"]


def _anp(*words: str, cwd: Path, **environment: str) -> warm.Done:
    """Run ``anp`` in a folder and return what it printed."""
    return warm.anp(*words, folder=cwd, environment=environment)


@contextmanager
def _serving(folder: Path, *words: str) -> Iterator[dict[str, Any]]:
    """A reference site in the foreground of a child; yields the line it printed."""
    child = subprocess.Popen([*ANP, "serve", *words], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=20)
        child.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _figures(done: warm.Done) -> dict[str, Any]:
    """What a swarm printed as JSON, where nothing but a busy machine speaks against it."""
    assert done.stdout, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    assert {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]} <= {"lag", "cpu", "achieved"}
    assert done.returncode == (0 if data["valid"] else 4)
    return data


def _record(folder: Path, plan: dict[str, Any], run: dict[str, Any] | None) -> Path:
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    if run is not None:
        (folder / "run.json").write_text(json.dumps(run))
    return folder


REFUSALS = [
    pytest.param(["synth", "--start", "9007199254740000", "--count", "2000"], "9007199254741999", id="corpus-overflow"),
    pytest.param(["synth", "show", "1", "--profile", "clasic"], "'classic'", id="profile"),
    pytest.param(["synth", "show", "1", "--format", "txt"], "'text'", id="format"),
    pytest.param(["synth", "show", "7", "--format", "wxr"], "anp synth --start 7 --count 1", id="format-of-files"),
    pytest.param(["synth", "--format", "wrx"], "did you mean 'wxr'?", id="export-format"),
    pytest.param(["synth", "--format", "csv", "--shard-size", "5"], "only wxr goes on in another", id="shards"),
    pytest.param(["synth", "--out", "nowhere/articles.jsonl"], "nowhere", id="no-folder"),
    pytest.param(["serve", "--set", "page_cash=off"], "did you mean page_cache?", id="setting"),
    pytest.param(["serve", "--set", "page_cache"], "is not NAME=VALUE", id="setting-form"),
    pytest.param(["serve", "--base-url", "www.example.org"], "https://www.example.org", id="base-url"),
    pytest.param(["serve", "--base-url", "https://www.example.org/blog"], "/blog", id="base-url-path"),
    pytest.param(["serve", "--base-url", "https://x:y@example.org"], "x:y@", id="base-url-user"),
    pytest.param(["serve", "--base-url", "http://example.org:a"], "example.org:a", id="base-url-port"),
    pytest.param(["serve", "--allow-host", "example.org:80"], "example.org:80", id="allow-host"),
    pytest.param(["serve", "--articles-from", "a.jsonl", "--articles", "5"], "leave the others out", id="two-sources"),
    pytest.param(
        ["serve", "--articles-from", "nowhere.jsonl"], "nowhere.jsonl cannot be read (No such", id="no-articles"
    ),
    pytest.param(["trial", "--preset", "page-cash"], "did you mean 'page-cache'?", id="preset"),
    pytest.param(["trial", "missing.toml"], "there is no plan file missing.toml", id="plan-file"),
    pytest.param(["trial"], "say what to try", id="nothing-to-try"),
    pytest.param(["trial", "--preset", "same", "--rate", "fast"], "'fast'", id="rate"),
    pytest.param(["trial", "--preset", "same", "--fail-on", "slow"], "did you mean 'slower'?", id="fail-on"),
    pytest.param(["demo", "--launches", "0"], "launches is 0", id="launches"),
    pytest.param(["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hits"], "'cache_hit'", id="scenario"),
    pytest.param(["swarm", "--host", "ftp://x", "--scenario", "cache_hit"], "'ftp://x'", id="host"),
    pytest.param(
        ["swarm", "--host", "http://site.example", "--scenario", "cache_hit"],
        "--i-may-load site.example",
        id="foreign-host",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--duration", "soon"],
        "'soon' is not a time",
        id="duration",
    ),
    pytest.param(["serve", "--set", "page_cache=maybe"], "'maybe'", id="setting-value"),
    pytest.param(["trial", "--preset", "same", "--rate", "nan"], "rate is nan", id="rate-nan"),
    pytest.param(["trial", "--preset", "same", "--rate", "-5"], "rate is -5.0", id="rate-negative"),
    pytest.param(["swarm", "--host", "http://127.0.0.1:abc", "--scenario", "cache_hit"], ":abc", id="host-port"),
    pytest.param(
        ["swarm", "--host", "http://127.evil.example", "--scenario", "cache_hit"],
        "127.evil.example",
        id="false-loopback",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--duration", "inf"],
        "'inf' is not a time",
        id="duration-inf",
    ),
    pytest.param(
        ["swarm", "--scenario", "cache_hit"], "--host URL for one site, or --arm NAME=URL twice", id="no-site"
    ),
    pytest.param(["swarm", "--arm", "a=http://127.0.0.1:1", "--scenario", "cache_hit"], "given once", id="one-arm"),
    pytest.param(["swarm", "--arm", "http://127.0.0.1:1", "--scenario", "cache_hit"], "is not NAME=URL", id="arm-form"),
    pytest.param(
        ["swarm", "--arm", "a=http://127.0.0.1:1", "--arm", "a=http://127.0.0.1:2", "--scenario", "cache_hit"],
        "both arms are named 'a'",
        id="arms-alike",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--shape", "stepps"],
        "Did you mean 'steps'?",
        id="shape",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--shape", "ramp", "--users", "3"],
        "shape 'ramp' is of a rate",
        id="shape-closed",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--limit-p99", "5"],
        "end --shape breakpoint; the shape is 'steady'",
        id="limit",
    ),
    pytest.param(
        ["swarm", "--host", "http://127.0.0.1:1", "--scenario", "cache_hit", "--users", "3", "--visitors", "4"],
        "--visitors 4 and --users 3 exclude each other",
        id="visitors",
    ),
    pytest.param(
        ["swarm", "--arm", "a=http://127.0.0.1:1", "--arm", "b=http://site.example", "--scenario", "cache_hit"],
        "--i-may-load site.example",
        id="foreign-arm",
    ),
    pytest.param(["runs", "show", "nothing"], "is not a run record", id="no-record"),
    pytest.param(["runs", "show", "latest"], "there are no records in results/runs yet", id="no-records"),
    pytest.param(["compare", "a", "b"], "is not a run record", id="compare"),
    pytest.param(["trail"], "trail", id="verb"),
]


@pytest.mark.parametrize(("words", "says"), REFUSALS)
def test_a_wrong_word_is_one_line_with_the_value_and_exit_code_two(words: list[str], says: str, tmp_path: Path) -> None:
    """Every usage error is a single line on standard error that names the value, and nothing is left behind."""
    done = _anp(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """A swarm at a dead address ends before it leaves a record."""
    url = f"http://127.0.0.1:{_free_port()}"

    done = _anp("swarm", "--host", url, "--scenario", "cache_hit", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: the target {url} does not answer (connect: connection refused)")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.rglob("plan.json")) == []


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """Serving on a taken port names the port and exits with 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = _anp("serve", "--articles", "3", "--members", "1", "--port", str(port), cwd=tmp_path)

    assert done.returncode == 2
    error = done.stderr.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert str(port) in error


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    """A database path that holds other data is refused and not a byte of it changes."""
    other = tmp_path / "notes.sqlite"
    other.write_bytes(b"my diary\n" * 1000)

    done = _anp("serve", "--db", str(other), "--articles", "3", cwd=tmp_path)

    assert done.returncode == 2
    assert "notes.sqlite" in done.stderr.strip().splitlines()[-1]
    assert other.read_bytes() == b"my diary\n" * 1000
    assert [path.name for path in tmp_path.iterdir()] == ["notes.sqlite"]


def test_a_trial_with_a_bad_setting_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """A value that the site does not take is refused in the site's words, before import and record."""
    (tmp_path / "plan.toml").write_text('[before.set]\npage_cache = "maybe"\n')

    done = _anp("trial", "plan.toml", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "error: setting page_cache does not take 'maybe'; it takes on | off\n"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


@pytest.mark.deep
def test_a_swarm_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    """More members than the site has are refused by the swarm, and no record directory stays behind."""
    with _serving(tmp_path, "--articles", "5", "--members", "1") as line:
        words = ("--scenario", "logged_in", "--members", "7", "--out", "runs")
        done = _anp("swarm", "--host", line["url"], *words, cwd=tmp_path)

    assert done.returncode == 2
    assert "7 members" in done.stderr.strip().splitlines()[-1]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".gitignore"]


def test_help_without_a_verb_is_not_an_error_line(tmp_path: Path) -> None:
    """``anp`` alone prints its help and exits with 2, without an empty error."""
    done = _anp(cwd=tmp_path)

    assert done.returncode == 2
    assert "Usage: anp" in done.stdout + done.stderr
    assert "error:" not in done.stderr


def test_an_incomplete_record_can_be_shown_but_not_compared(tmp_path: Path) -> None:
    """A record without ``run.json`` is listed as incomplete, shown, and refused by compare."""
    record = _record(tmp_path / "runs" / "r1", {"format": 1, "kind": "swarm", "plan": {"scenario": "cache_hit"}}, None)

    listed = json.loads(_anp("runs", "list", "--json", "--out", "runs", cwd=tmp_path).stdout)
    shown = _anp("runs", "show", str(record), cwd=tmp_path)
    compared = _anp("compare", str(record), str(record), cwd=tmp_path)

    assert [one["ended_by"] for one in listed] == ["incomplete (no run.json)"]
    assert shown.returncode == 0
    assert compared.returncode == 2
    assert "is incomplete (no run.json)" in compared.stderr
    assert compared.stderr.count("\n") == 1


def test_a_record_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A record written by a later version says which formats can be read and what to do."""
    record = _record(tmp_path / "r1", {"format": 999, "kind": "swarm"}, None)

    done = _anp("runs", "show", str(record), cwd=tmp_path)

    assert done.returncode == 2
    assert "has format 999; this version reads up to 2. Upgrade anp" in done.stderr


def test_the_environment_stands_in_for_a_flag_and_a_flag_wins(tmp_path: Path) -> None:
    """``ANP_SYNTH_COUNT`` sets what ``--count`` sets, unless the flag is given."""
    by_environment = _anp("synth", cwd=tmp_path, ANP_SYNTH_COUNT="3")
    by_flag = _anp("synth", "--count", "2", cwd=tmp_path, ANP_SYNTH_COUNT="3")

    assert (by_environment.stdout.count("\n"), by_flag.stdout.count("\n")) == (3, 2)


def test_articles_on_standard_output_are_data_only(tmp_path: Path) -> None:
    """JSON Lines on standard output parse line by line, in order of id."""
    done = _anp("synth", "--start", "5", "--count", "4", cwd=tmp_path)

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [5, 6, 7, 8]


def test_shards_are_as_long_as_asked_in_megabytes(tmp_path: Path) -> None:
    """``--shard-size`` takes parts of a megabyte; 0 is one file."""
    _anp("synth", "--count", "30", "--format", "wxr", "--shard-size", "0.1", "--out", "a.xml", cwd=tmp_path)
    _anp("synth", "--count", "30", "--format", "wxr", "--shard-size", "0", "--out", "b.xml", cwd=tmp_path)

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sorted(sizes) == [*(f"a.{number:03d}.xml" for number in range(len(sizes) - 1)), "b.xml"]
    assert max(size for name, size in sizes.items() if name != "b.xml") <= 100_000 < sizes["b.xml"]


@pytest.mark.parametrize("format_", sorted(BINARY))
def test_a_terminal_is_spared_what_is_no_text(tmp_path: Path, format_: str) -> None:
    """A database is written into a pipe, and refused where it would end on somebody's terminal."""
    words = [*ANP, "synth", "--count", "1", "--format", format_]
    terminal, end = pty.openpty()
    try:
        refused = subprocess.run(words, cwd=tmp_path, stdout=end, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(end)
        os.close(terminal)
    piped = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)

    assert refused.returncode == 2
    assert refused.stderr == f"error: {format_} is not for a terminal: name a file with --out\n"
    assert piped.stdout.startswith((b"SQLite format 3", b"PAR1"))


def test_serve_prints_one_line_and_answers_there(tmp_path: Path) -> None:
    """The one line of ``anp serve`` holds the address at which the site answers with its corpus and settings."""
    with _serving(tmp_path, "--articles", "5", "--members", "1", "--set", "page_cache=off") as line:
        about = httpx.get(f"{line['url']}/anp/about", trust_env=False).json()

    assert (about["corpus"]["count"], about["members"], about["settings"]["page_cache"]) == (5, 1, "off")


def test_serve_goes_on_with_the_database_that_is_there(tmp_path: Path) -> None:
    """Without a wish for its content, an existing database is served as it is; with another wish it is refused."""
    with _serving(tmp_path, "--articles", "5", "--members", "1"):
        pass

    with _serving(tmp_path) as line:
        assert line["articles"] == 5
    other = _anp("serve", "--articles", "6", "--members", "1", cwd=tmp_path)

    assert other.returncode == 2
    assert other.stderr.strip().splitlines()[-1].startswith("error: ")


def test_the_articles_of_a_file_are_the_corpus_they_were_exported_from(tmp_path: Path) -> None:
    """What ``anp synth`` wrote is served as that corpus: the swarm knows what its pages must say."""
    _anp("synth", "--count", "12", "--start", "70", "--out", "articles.jsonl.gz", cwd=tmp_path)

    with _serving(tmp_path, "--articles-from", "articles.jsonl.gz", "--members", "1") as line:
        words = (
            "swarm",
            "--host",
            line["url"],
            "--scenario",
            "cache_hit",
            "--rate",
            "40",
            "--duration",
            "1s",
            "--json",
        )
        done = _anp(*words, "--warmup", "0s", cwd=tmp_path)

    assert line["articles"] == 12
    assert _figures(done)["run"]["ended_by"] == "completed"


@pytest.mark.deep
def test_articles_that_are_no_corpus_are_swarmed_by_their_addresses(tmp_path: Path) -> None:
    """They are served, but the swarm cannot tell whether their pages are right, and says in one line what to do."""
    articles = [
        {
            "id": each,
            "slug": f"number-{each}",
            "title": f"{each}",
            "intro": "Hello.",
            "published": "2026-01-02T03:04:05Z",
        }
        for each in range(3)
    ]
    (tmp_path / "mine.jsonl").write_text("".join(f"{json.dumps(article)}\n" for article in articles))

    with _serving(tmp_path, "--articles-from", "mine.jsonl", "--members", "1", "--db", "mine.sqlite") as line:
        words = (
            "swarm",
            "--host",
            line["url"],
            "--scenario",
            "cache_hit",
            "--rate",
            "40",
            "--duration",
            "1s",
            "--json",
        )
        refused = _anp(*words, "--warmup", "0s", cwd=tmp_path)
        done = _anp(*words, "--warmup", "0s", "--sitemap", f"{line['url']}/sitemap.xml", cwd=tmp_path)

    assert line["articles"] == 3
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: {line['url']} serves articles of a file, and no corpus says how their pages must read; ask for them "
        f"by their addresses: --sitemap {line['url']}/sitemap.xml\n"
    )
    assert _figures(done)["run"]["ended_by"] == "completed"


def test_settings_are_listed_with_what_they_are_good_for(tmp_path: Path) -> None:
    """``--list-settings`` names every setting with default, choices and purpose."""
    settings = json.loads(_anp("serve", "--list-settings", "--json", cwd=tmp_path).stdout)

    assert {"page_cache", "cache_ttl", "coalesce", "meta_query", "similar", "compression", "inject"} <= {
        setting["name"] for setting in settings
    }
    assert all(setting["purpose"] and setting["choices"] for setting in settings)


def test_settings_are_listed_as_they_are_typed(tmp_path: Path) -> None:
    """Defaults and values are words for ``--set``, and no lists of another language."""
    lines = _anp("serve", "--list-settings", cwd=tmp_path, COLUMNS="200").stdout.splitlines()
    found = {line.split()[0]: line for line in lines if line.strip()}

    assert re.match(r"page_cache +on +on \| off  ", found["page_cache"])
    assert re.match(r"stall +none +none \| SECONDS:EVERY  ", found["stall"])
    assert re.match(r"cache_skip +0 +FRACTION  ", found["cache_skip"])


def test_a_swarm_leaves_a_record_that_adds_up(tmp_path: Path) -> None:
    """Requests in the record equal those the site counted, and the table and the list show the run."""
    with _serving(tmp_path, "--articles", "30", "--members", "3") as line:
        done = _anp(
            *("swarm", "--host", line["url"], "--scenario", "readers_and_members", "--rate", "80", "--duration", "2s"),
            *("--warmup", "500ms", "--members", "3", "--prepare", "warm", "--json"),
            cwd=tmp_path,
        )

    data = _figures(done)
    assert data["run"]["ended_by"] == "completed"
    ledger = data["run"]["ledger"]
    assert (ledger["complete"], ledger["site"]["target"]["agrees"]) == (True, True)
    assert {(row["persona"], row["cache"]) for row in data["rows"]} == {("reader", "HIT"), ("member", "BYPASS")}
    assert all(row["errors"] == row["failed_checks"] == 0 for row in data["rows"])
    listed = json.loads(_anp("runs", "list", "--json", cwd=tmp_path).stdout)
    assert [one["path"] for one in listed] == [data["record"]]
    assert [one["verdict"] for one in listed] == ["valid" if data["valid"] else "invalid"]


@pytest.mark.deep
def test_figures_of_a_cut_off_run_are_shown_as_invalid(tmp_path: Path) -> None:
    """A swarm that is killed keeps its rows; they are shown with the reason not to use them."""
    with _serving(tmp_path, "--articles", "5", "--members", "1") as line:
        words = ["swarm", "--host", line["url"], "--scenario", "cache_hit", "--duration", "1m", "--warmup", "0s"]
        child = subprocess.Popen([*ANP, *words, "--out", "runs"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        _poll(lambda: any(path.stat().st_size > 20_000 for path in tmp_path.rglob("requests.arrows")))
        (swarm,) = psutil.Process(child.pid).children()
        swarm.kill()
        _, said = child.communicate(timeout=60)
    shown = _anp("runs", "show", "latest", "--out", "runs", cwd=tmp_path)

    assert child.returncode == 4
    assert "What it recorded is in runs/" in said
    assert shown.returncode == 0
    assert "incomplete (no run.json)" in shown.stdout
    assert "reader" in shown.stdout
    assert "INVALID: The run was cut off or is still going" in shown.stdout


class _Dropping(socketserver.StreamRequestHandler):
    """A connection on which the first request is answered and the second is not: it is closed instead."""

    def handle(self) -> None:
        """Serve one connection."""
        for is_answered in (True, False):
            line = self.rfile.readline()
            while line not in {b"\r\n", b""}:
                line = self.rfile.readline()
            if not line or not is_answered:
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello")


def test_a_server_that_closes_kept_connections_is_told(tmp_path: Path) -> None:
    """Requests that succeed only when they are sent again are no errors, but the figures are invalid and say why."""
    (tmp_path / "urls.txt").write_text("/a\n/b\n")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dropping) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        words = ("--urls", "urls.txt", "--visitors", "4", "--rate", "40", "--duration", "1s", "--warmup", "0s")
        done = _anp("swarm", "--host", url, "--scenario", "cache_hit", *words, cwd=tmp_path)
        server.shutdown()
    shown = json.loads(_anp("runs", "show", "latest", "--json", cwd=tmp_path).stdout)
    listed = _anp("runs", "list", cwd=tmp_path)

    assert done.returncode == 4
    requests = sum(row["requests"] for row in shown["rows"])
    assert requests > 0
    assert sum(row["errors"] for row in shown["rows"]) == 0
    (remark,) = (remark for remark in shown["remarks"] if remark["code"] == "retried")
    assert 0 < remark["figures"]["requests"] < requests
    assert remark["words"] in done.stdout
    (doubt,) = (doubt for doubt in shown["doubts"] if doubt["code"] == "retried")
    assert f"INVALID: {doubt['words']}" in done.stdout
    assert (shown["ended_by"], shown["verdict"]) == ("completed", "invalid")
    assert listed.stdout.splitlines()[-1].split()[-4:-2] == ["completed", "invalid"]


def _poll(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.mark.deep
def test_what_log_ins_cost_is_said_in_page_cache_hits(tmp_path: Path) -> None:
    """After members logged in, a line below the table prices a log-in."""
    with _serving(tmp_path, "--articles", "5", "--members", "2") as line:
        words = ("--scenario", "readers_and_members", "--members", "2", "--prepare", "warm", "--duration", "1s")
        done = _anp("swarm", "--host", line["url"], *words, "--warmup", "0s", cwd=tmp_path)

    assert done.returncode in {0, 4}
    assert any(line.startswith("log-in p50 ") for line in done.stdout.splitlines())
    assert "page-cache hits of" in done.stdout


@pytest.mark.deep
def test_locusts_own_settings_do_not_leak_into_a_swarm(tmp_path: Path) -> None:
    """A locust.conf where one stands and LOCUST_ variables change nothing about the swarm."""
    (tmp_path / "locust.conf").write_text("host = http://127.0.0.1:1\nusers = 1\nloglevel = nonsense\n")
    with _serving(tmp_path, "--articles", "5", "--members", "1") as line:
        done = _anp(
            *("swarm", "--host", line["url"], "--scenario", "cache_hit", "--rate", "40", "--duration", "1s", "--json"),
            cwd=tmp_path,
            LOCUST_RUN_TIME="1h",
            LOCUST_HOST="http://127.0.0.1:1",
        )

    assert _figures(done)["run"]["ended_by"] == "completed"
