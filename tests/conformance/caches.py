"""The caches that the suite is run against: ours in both profiles, and those of this machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import harness
from tests.servers import Server, caching_proxy, installed, nginx, varnish

_NGINX = """\
    proxy_cache_path cache levels=1:2 keys_zone=tests:8m max_size=100m inactive=600m;
    server {{
        listen LISTEN;
        location / {{
            proxy_pass {origin};
            proxy_cache tests;
            proxy_cache_revalidate on;
        }}
    }}
"""
_VCL = """\
vcl 4.1;
backend origin {{ .host = "{host}"; .port = "{port}"; }}
"""
_VARNISH = ("-p", "default_ttl=0", "-p", "default_grace=0", "-p", "default_keep=3600")
"""As the suite's own image of Varnish is started."""


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache to test.

    Attributes:
        name: Short, and its column in tables.
        own: Whether it is ours, so that what it passed once is held.
        server: Name and version; None where it is not installed.
        before: Runs it before an origin, in a folder.
    """

    name: str
    own: bool
    server: Callable[[], str | None]
    before: Callable[[str, Path], AbstractContextManager[Server]]


def _ours(profile: str) -> Cache:
    return Cache(
        profile,
        own=True,
        server=lambda: f"anp {harness.__version__}, `anp cache --profile {profile}`",
        before=lambda origin, folder: caching_proxy(origin, folder, "--profile", profile),
    )


def _nginx(origin: str, folder: Path) -> AbstractContextManager[Server]:
    return nginx(folder, _NGINX.format(origin=origin))


def _varnish(origin: str, folder: Path) -> AbstractContextManager[Server]:
    address = urlsplit(origin)
    return varnish(folder, _VCL.format(host=address.hostname, port=address.port), *_VARNISH)


def _version(name: str, program: str, option: str) -> Callable[[], str | None]:
    def server() -> str | None:
        found = installed(program)
        if found is None:
            return None
        told = subprocess.run([found, option], capture_output=True, text=True, check=True)
        version = re.search(r"\d+\.\d+\.\d+", told.stdout + told.stderr)
        return f"{name} {version[0]}" if version else name

    return server


CACHES = (
    _ours("rfc"),
    _ours("site"),
    Cache("nginx", own=False, server=_version("nginx", "nginx", "-v"), before=_nginx),
    Cache("Varnish", own=False, server=_version("Varnish", "varnishd", "-V"), before=_varnish),
)
