"""Running a site as a process: the socket, the processor it is pinned to, uvicorn, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from target_app.access_log import AccessLog
from target_app.app import build_app
from target_app.database import undamaged
from target_app.errors import ListenError
from target_app.listener import listen
from target_app.protocol import SiteProtocol
from target_app.proxy import ProxyOptions, build_proxy
from target_app.settings import Settings
from target_app.site import open_site

_PR_SET_PDEATHSIG = 1
_EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""What a socket is bound to that answers at every address of the machine."""
_GRACE = 2
"""Seconds that answers under way get at the end."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where and how to serve.

    Attributes:
        port: 0 for a free one.
        cpu: Index of the processor to stay on, None for any.
        base_url: What absolute addresses begin with; None: the address that was bound or, where that is every one, the
            first of ``hosts``, else this machine's name.
        hosts: Further host names to answer to. When bound to every address, any well-formed name is answered.
        purge_token: What purges and edits must present; None: they must come from this machine.
        access_log: File that gets a line about each request, ``-`` for standard error; None: no log.
        server_timing: Who is told what a response cost, one of ``target_app.server_timing.SERVER_TIMING``.
    """

    db: Path
    host: str = "127.0.0.1"
    port: int = 0
    cpu: int | None = None
    base_url: str | None = None
    hosts: tuple[str, ...] = ()
    purge_token: str | None = None
    access_log: str | None = None
    server_timing: str = "public"


def serve(options: ServeOptions, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; one JSON line on stdout says when connections are answered.

    SIGUSR1 has the access log opened anew.

    Raises:
        ListenError: The host, port or processor is not to be had.
        LogFileError: The access log cannot be opened.
        SettingError: ``Server-Timing`` is for bearers of the token, and there is none.
        DatabaseFileError: See ``open_site``.
    """
    if options.cpu is not None:
        _pin(options.cpu)
    with contextlib.closing(listen(options.host, options.port)) as listener:
        bound, port, *_ = listener.getsockname()
        is_everywhere = bound in _EVERYWHERE
        shown_host = f"[{options.host}]" if ":" in options.host else options.host
        url = f"http://{shown_host}:{port}"
        base_url = options.base_url or (_guessed_url(options.hosts, port) if is_everywhere else url)
        site = open_site(options.db, settings, base_url=base_url, purge_token=options.purge_token)
        with contextlib.closing(site), undamaged(options.db):
            hosts = _own_hosts(options, shown_host, is_everywhere=is_everywhere)
            announcement = {
                "url": url,
                "pid": os.getpid(),
                "db": str(options.db),
                "articles": site.library.count() if site.corpus is None else site.corpus.count,
                "settings": settings.to_dict(),
            }
            with _access_log(options.access_log) as log:
                layers = build_app(site, hosts=hosts, log=log, server_timing=options.server_timing)
                _run(layers.app, listener, announcement, keep_alive=5, parser=SiteProtocol)


@contextlib.contextmanager
def _access_log(path: str | None) -> Iterator[AccessLog | None]:
    """A log as long as the site is served, whose last lines are written at the end."""
    if path is None:
        yield None
        return
    with contextlib.closing(AccessLog(path)) as log:
        signal.signal(signal.SIGUSR1, lambda *_: log.reopen())
        yield log


def serve_proxy(options: ProxyOptions, *, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve a cache before an origin until SIGTERM or SIGINT; one JSON line on stdout says when it listens.

    Raises:
        ListenError: The host or port is not to be had.
        SettingError: The origin is no address of a server.
    """
    app = build_proxy(options)
    with contextlib.closing(listen(host, port)) as listener:
        shown_host = f"[{host}]" if ":" in host else host
        url = f"http://{shown_host}:{listener.getsockname()[1]}"
        announcement = {
            "url": url,
            "pid": os.getpid(),
            "origin": options.origin,
            "profile": options.profile.name,
        }
        # A proxy's clients are often proxies: what they keep open is not to be closed under them. The slower parser
        # takes any method there may be, and bounds what stands before a body.
        _run(app, listener, announcement, keep_alive=75, parser="h11")


def _run(
    app: ASGIApp,
    listener: socket.socket,
    announcement: dict[str, object],
    *,
    keep_alive: int,
    parser: Literal["h11"] | type[asyncio.Protocol],
) -> None:
    config = uvicorn.Config(
        app,
        http=parser,
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_level="error",
        access_log=False,
        date_header=False,  # the page cache sets Date when a page is made, and keeps it
        server_header=False,
        proxy_headers=False,  # who is local decides who may purge: no header may say so
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=_GRACE,
    )
    _Server(config, announcement).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn that says when it answers, and takes a signal for a wish to end and not for a failure."""

    def __init__(self, config: uvicorn.Config, announcement: dict[str, object]) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was built so far stays: the collector need not look at it again in the middle of a request.
        gc.collect()
        gc.freeze()
        sys.stdout.write(json.dumps(self._announcement) + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for wish in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wish, self.handle_exit)
        yield


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the one that started it ends, however that happens.

    Args:
        parent: Process id of the parent as it was at the start; if it is gone already, this process ends now.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _pin(cpu: int) -> None:
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        have = ", ".join(str(one) for one in sorted(os.sched_getaffinity(0)))
        raise ListenError(f"there is no processor {cpu} to run on; --cpu takes one of {have}") from None


def _guessed_url(hosts: Sequence[str], port: int) -> str:
    """Where a site that is bound to every address is most likely read: nobody can ask 0.0.0.0 for anything.

    What a request calls it is not taken, as pages that are kept for all would then hold what one has said.
    """
    url = f"http://{hosts[0] if hosts else socket.gethostname().lower()}:{port}"
    if not hosts:
        sys.stderr.write(
            f"warning: listening at every address, the site calls itself {url} in feeds, sitemaps and links to itself; "
            "if it is read under another name, say so with --base-url\n"
        )
    return url


def _own_hosts(options: ServeOptions, shown_host: str, *, is_everywhere: bool) -> Sequence[str]:
    if is_everywhere and not options.hosts and options.base_url is None:
        return ()  # under which of this machine's names it is meant to be read, nobody has said
    named = urlsplit(options.base_url or "").hostname
    return [shown_host, "localhost", "127.0.0.1", "[::1]", *options.hosts, *([named] if named else [])]
