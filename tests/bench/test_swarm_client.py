"""The precise client beside locust's own fast client, on one core, against nginx on another."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RIG = Path(__file__).with_name("swarm_client_rig.py")
PAGE_BYTES = 12 * 1024
ROUNDS = 3
SECONDS = "3"

CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type text/html;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port}; root {folder}/www;
    add_header Cache-Status 'anp; hit; ttl=60';
    add_header Server-Timing 'cache;desc="HIT";dur=0.01, db;dur=0, db-calls;dur=0, app;dur=0.05';
  }}
}}
"""


@pytest.fixture
def page_url(tmp_path: Path) -> Iterator[str]:
    """A marked page of 12 KB, served by nginx on the first core."""
    nginx = shutil.which("nginx")
    cores = sorted(os.sched_getaffinity(0))
    if nginx is None or len(cores) < 2:
        pytest.skip("the comparison needs nginx and two cores")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    head = '<!doctype html><html><head><meta name="anp-mark" content="page=home viewer=anonymous">'
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "index.html").write_text(head.ljust(PAGE_BYTES, "x"))
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # nginx's worker may be another user
    (tmp_path / "nginx.conf").write_text(CONFIGURATION.format(folder=tmp_path, port=port))
    command = ["taskset", "-c", str(cores[0]), nginx, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "e.log")]
    with subprocess.Popen(command) as process:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < until, "nginx did not come up"
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def requests_per_core_second(client: str, url: str) -> float:
    """What one client manages on the last core."""
    core = str(sorted(os.sched_getaffinity(0))[-1])
    command = ["taskset", "-c", core, sys.executable, str(RIG), client, url, SECONDS]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(result.stdout.split()[-1])


@pytest.mark.bench
def test_the_precise_client_needs_a_fraction_of_the_processor(page_url: str) -> None:
    """With recording, checks and locust's event on, a core makes at least 3.5 times the requests of FastHttpUser."""
    rates: dict[str, list[float]] = {"precise": [], "fast": []}
    for _ in range(ROUNDS):
        for client, found in rates.items():
            found.append(requests_per_core_second(client, page_url))
    best = {client: max(found) for client, found in rates.items()}
    ratio = best["precise"] / best["fast"]
    print(
        f"\nrequests per second of one core: precise client {best['precise']:,.0f}, "
        f"FastHttpUser {best['fast']:,.0f}, ratio {ratio:.2f}"
    )
    assert ratio >= 3.5
