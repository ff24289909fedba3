"""Real servers for tests: the reference site, nginx and Varnish, each on a port of its own and gone after the test."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests import warm

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0
SITE = ("target_app.server", "target_app.worker", "target_app.importer")
"""What the reference site imports, once it serves or imports."""

_LISTEN = re.compile(r"\bLISTEN(?:_[A-Z0-9]+)?\b")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        url: ``http://ADDRESS:PORT`` of its (first) socket, without a slash at the end.
        process: The process to look after; ended when the context is left.
        ports: Port by the name a configuration gave the socket (nginx only).
    """

    url: str
    process: subprocess.Popen[str] | psutil.Process
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The port of ``url``."""
        port = urllib.parse.urlsplit(self.url).port
        assert port is not None
        return port


def import_site(path: Path, *, first_id: int = 500, count: int = 80, seed: int = 3, members: int = 4) -> Path:
    """Import a small corpus into a new database file, and return its path."""
    words = ["import", "--db", str(path), "--first-id", str(first_id), "--count", str(count)]
    words += ["--seed", str(seed), "--members", str(members)]
    done = warm.run("target_app", *words, folder=path.parent, modules=SITE)
    assert done.returncode == 0, done.stderr
    return path


@contextlib.contextmanager
def reference_site(database: Path, *settings: str, options: Sequence[str] = ()) -> Iterator[Server]:
    """Serve an imported database.

    Args:
        database: What ``import_site`` made.
        settings: Words ``NAME=VALUE`` for ``--set``.
        options: Further words of ``python -m target_app serve``.
    """
    words = ["serve", "--db", str(database), *options]
    for setting in settings:
        words += ["--set", setting]
    with _site_process(words, database.parent) as server:
        yield server


@contextlib.contextmanager
def caching_proxy(origin: str, folder: Path, *options: str) -> Iterator[Server]:
    """The page cache before another server.

    Args:
        origin: Its URL.
        folder: Where it runs.
        options: Further words of ``python -m target_app cache``.
    """
    with _site_process(["cache", "--origin", origin, *options], folder) as server:
        yield server


@contextlib.contextmanager
def _site_process(words: Sequence[str], folder: Path) -> Iterator[Server]:
    said, told = os.pipe()
    own = f"/proc/{os.getpid()}/fd"
    with os.fdopen(said) as pipe:
        process = warm.start("target_app", *words, out=f"{own}/{told}", err=f"{own}/2", folder=folder, modules=SITE)
        os.close(told)
        try:
            line = pipe.readline()
            assert line, f"the site did not start, exit code {process.wait(STOP_DEADLINE_S)}"
            yield Server(json.loads(line)["url"], process)
        finally:
            _stop(process)


@contextlib.contextmanager
def site_program(file: str | Path, fault: str = "none") -> Iterator[str]:
    """Run a site of these tests that prints its address as one line of JSON; yields the address."""
    words = [sys.executable, str(file), "--fault", fault]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


@contextlib.contextmanager
def nginx(folder: Path, http: str, *, address: str = "127.0.0.1") -> Iterator[Server]:
    """Run nginx with a configuration of its own.

    Args:
        folder: An existing folder for the configuration, logs and temporary files; relative paths in ``http`` start
            here. ``error.log`` and ``access.log`` are written to it.
        http: What stands in the ``http`` block. The word ``LISTEN`` stands for a free ``ADDRESS:PORT``; ``LISTEN_TLS``,
            ``LISTEN_2`` and the like are further ones, found in ``Server.ports`` by that name.
        address: Where to listen, as nginx writes it: ``127.0.0.1`` or ``[::1]``.
    """
    binary = program("nginx")
    names = sorted(set(_LISTEN.findall(http)))
    assert names, "the configuration listens nowhere: write `listen LISTEN;`"
    bare = address.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket(family, socket.SOCK_STREAM)) for name in names}
        for listener in sockets.values():
            listener.bind((bare, 0))
            listener.listen(511)
        ports = {name: listener.getsockname()[1] for name, listener in sockets.items()}
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX % _LISTEN.sub(lambda found: f"{address}:{ports[found.group()]}", http))
        # nginx takes over listening sockets named in NGINX, as it does when its binary is replaced under load: the
        # port is bound before nginx starts, and cannot be lost to somebody else.
        fds = [listener.fileno() for listener in sockets.values()]
        output = stack.enter_context((folder / "nginx.out").open("w"))
        words = [binary, "-p", f"{folder}/", "-c", str(configuration), "-e", str(folder / "error.log")]
        if os.geteuid() == 0:
            words += ["-g", "user root;"]  # so that its worker may read and write below pytest's private folders
        process = stack.enter_context(
            subprocess.Popen(
                words,
                pass_fds=fds,
                env={**os.environ, "NGINX": "".join(f"{fd};" for fd in fds)},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        for listener in sockets.values():
            listener.close()
        try:
            _wait(process, (folder / "nginx.pid").exists, folder / "nginx.out")
            yield Server(f"http://{address}:{ports.get('LISTEN', ports[names[0]])}", process, ports)
        finally:
            _stop(process)


_NGINX = """\
daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 512; }
http {
    access_log access.log;
    client_body_temp_path tmp_body;
    proxy_temp_path tmp_proxy;
    fastcgi_temp_path tmp_fastcgi;
    uwsgi_temp_path tmp_uwsgi;
    scgi_temp_path tmp_scgi;
%s
}
"""


@contextlib.contextmanager
def varnish(folder: Path, vcl: str, *options: str) -> Iterator[Server]:
    """Run Varnish with a configuration of its own.

    Args:
        folder: An existing folder for the configuration and Varnish's working files.
        vcl: The whole VCL, its first line ``vcl 4.1;``.
        options: Further words of ``varnishd``.
    """
    binary, admin = program("varnishd"), program("varnishadm")
    program("cc")  # Varnish compiles its VCL
    (folder / "test.vcl").write_text(vcl)
    work = folder / "varnish"
    work.mkdir()
    words = [binary, "-j", "none", "-F", "-n", str(work), "-a", "127.0.0.1:0", "-f", str(folder / "test.vcl")]
    words += ["-s", "malloc,32m", "-p", "thread_pool_min=5", *options]
    address: list[str] = []

    def told_its_address() -> bool:
        asked = subprocess.run(
            [admin, "-n", str(work), "-t", "5", "debug.listen_address"], capture_output=True, text=True, check=False
        )
        address[:] = asked.stdout.split()  # NAME ADDRESS PORT
        return asked.returncode == 0 and len(address) == 3

    with (folder / "varnish.out").open("w") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, text=True)
    with process:
        try:
            _wait(process, told_its_address, folder / "varnish.out")
            yield Server(f"http://{address[1]}:{address[2]}", process)
        finally:
            _stop(process)


def installed(name: str) -> str | None:
    """Where a program is, those that only an administrator runs included."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def program(name: str) -> str:
    """The path of a program; where it is not installed, the test is skipped."""
    found = installed(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _wait(process: subprocess.Popen[str], ready: Callable[[], bool], output: Path) -> None:
    until = time.monotonic() + START_DEADLINE_S
    while not ready():
        said = f"{output.read_text()[-2000:]}"
        assert process.poll() is None, f"exit code {process.returncode} at the start: {said}"
        assert time.monotonic() < until, f"not ready within {START_DEADLINE_S:.0f} s: {said}"
        time.sleep(0.02)


def _stop(process: subprocess.Popen[str] | psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    try:
        process.wait(STOP_DEADLINE_S)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        process.kill()
