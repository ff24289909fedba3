"""The front ends of docs/front-ends, as they are shipped but for addresses, before any server of a test."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from results.cache_status import Reading, read
from tests.servers import nginx, program, varnish

SHIPPED = Path(__file__).resolve().parents[1] / "docs" / "front-ends"
KINDS = ("nginx", "varnish")
VARNISH_OPTIONS = ("-p", "backend_idle_timeout=4")
"""Of the documented command."""

_TIMEOUT_S = 60.0
_VMODS = ("/usr/lib", "/usr/lib/*", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``headers`` are by lower-case name, a repeated one joined with commas."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def word(self) -> str:
        """What the front says that it did."""
        return self.headers["x-cache"]

    @property
    def reading(self) -> Reading:
        """What the swarm makes of the headers."""
        return read(self.headers)


@dataclass(frozen=True, slots=True)
class Front:
    """A front end that runs.

    Attributes:
        kind: One of ``KINDS``.
        folder: Where it works.
    """

    kind: str
    url: str
    folder: Path

    def ask(
        self,
        target: str = "/",
        method: str = "GET",
        body: bytes | None = None,
        *,
        source: str = "127.0.0.1",
        **headers: str | list[str],
    ) -> Answer:
        """Send one request on a connection of its own.

        Args:
            target: As it goes on the wire.
            method: Any.
            body: Any.
            source: The address to ask from.
            headers: With underscores for hyphens, several lines as a list; gzip is accepted unless they say otherwise.
        """
        named: dict[str, str | list[str]] = {"Accept-Encoding": "gzip"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return ask(self.url, target, method, body, named, source=source)

    def admin(self, *words: str) -> str:
        """What ``varnishadm`` prints."""
        command = [program("varnishadm"), "-n", str(self.folder / "varnish"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ask(
    url: str,
    target: str,
    method: str,
    body: bytes | None,
    headers: Mapping[str, str | list[str]],
    *,
    source: str = "127.0.0.1",
) -> Answer:
    """Send one request on a connection of its own."""
    place = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(place, timeout=_TIMEOUT_S, source_address=(source, 0))
    try:
        # Not request(): it would refuse targets that a browser never sends.
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, values in headers.items():
            for value in [values] if isinstance(values, str) else values:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        lines: dict[str, str] = {}
        for name, value in response.getheaders():
            lines[name.lower()] = f"{lines[name.lower()]}, {value}" if name.lower() in lines else value
        return Answer(response.status, lines, response.read())
    finally:
        connection.close()


@contextlib.contextmanager
def front_of(
    kind: str, folder: Path, port: int, *, changes: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> Iterator[Front]:
    """Run a shipped front end.

    Args:
        kind: One of ``KINDS``.
        folder: An existing one for its files.
        port: Where the server behind it listens on this machine.
        changes: Passages of the configuration and what stands in their place; each must be there exactly once.
        options: Further words of ``varnishd``.
    """
    if kind == "nginx":
        name, own = (
            "nginx.conf",
            {
                "server 127.0.0.1:8000;": f"server 127.0.0.1:{port};",
                "server unix:/run/nginx-anp.sock;": f"server unix:{folder}/anp.sock;",
                "listen unix:/run/nginx-anp.sock;": f"listen unix:{folder}/anp.sock;",
                "listen 8080;": "listen LISTEN;",
                "proxy_cache_path /var/cache/nginx-anp ": "proxy_cache_path cache ",
            },
        )
    else:
        name, own = "varnish.vcl", {'.port = "8000";': f'.port = "{port}";'}
        require_vmod("var")
    text = (SHIPPED / name).read_text(encoding="utf-8")
    for passage, instead in {**own, **(changes or {})}.items():
        assert text.count(passage) == 1, f"{name} has {passage!r} {text.count(passage)} times"
        text = text.replace(passage, instead)
    running = nginx(folder, text) if kind == "nginx" else varnish(folder, text, *VARNISH_OPTIONS, *options)
    with running as server:
        yield Front(kind, server.url, folder)


def require_vmod(name: str) -> None:
    """Skip the test where Varnish has no such module."""
    program("varnishd")
    places = [f"{place}/varnish/vmods/libvmod_{name}.so" for place in _VMODS]
    if not any(list(Path("/").glob(place[1:])) for place in places):
        pytest.skip(f"Varnish has no vmod {name}: install varnish-modules")
