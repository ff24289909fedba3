"""``python -m target_app``: import a corpus, serve it, cache another site, or list the settings. ``anp`` starts it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from target_app.errors import SiteError
from target_app.listener import listen
from target_app.server_timing import SERVER_TIMING, check_timing
from target_app.settings import catalogue, parse_settings

_PROGRESS_INTERVAL = 0.2
_TOKEN_VARIABLE = "ANP_SERVE_PURGE_TOKEN"
"""As the option of ``anp serve`` is called: other users of a machine can read what stands in a command line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0, 2 with one line on stderr, or 130 when interrupted."""
    parent = os.getppid()
    options = _parser().parse_args(arguments)
    try:
        if getattr(options, "purge_token", None) == "":
            raise SiteError("an empty --purge-token would let everybody in; name one, or leave the option out")
        if options.command == "settings":
            print(json.dumps(catalogue(), indent=2))
        elif options.command == "check":
            _check(options)
        elif options.command == "import":
            _import(options)
        elif options.command == "cache":
            _cache(options)
        else:
            _serve(options, parent)
    except SiteError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _check(options: argparse.Namespace) -> None:
    parse_settings(options.set)
    check_timing(options.server_timing, options.purge_token)
    listen(options.host, options.port).close()
    if options.access_log is not None:
        from target_app.access_log import check

        check(options.access_log)


def _import(options: argparse.Namespace) -> None:
    from synth import Corpus
    from synth.errors import SynthError
    from target_app.importer import import_corpus, import_file

    wishes = {name: getattr(options, name) for name in ("first_id", "count", "profile", "seed")}
    asked = {name: value for name, value in wishes.items() if value is not None}
    if options.members < 0:
        raise SiteError(f"there cannot be {options.members} members; name 0 or more")
    if options.jsonl is not None:
        if asked:
            named = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
            raise SiteError(f"--jsonl {options.jsonl} says itself which articles there are; leave out {named}")
        import_file(options.db, options.jsonl, members=options.members, progress=_Report())
        return
    try:
        corpus = Corpus(**asked)
    except SynthError as error:
        raise SiteError(str(error)) from None
    import_corpus(options.db, corpus, members=options.members, progress=_Report())


class _Report:
    """Tells how far the import is, in one line of JSON now and then."""

    def __init__(self) -> None:
        self._last = -1.0
        self._begun: tuple[float, int] | None = None

    def __call__(self, done: int, of: int) -> None:
        """See ``target_app.importer.Progress``."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = now, done
        if now - self._last < _PROGRESS_INTERVAL and done < of:
            return
        self._last = now
        line: dict[str, float | None] = {"imported": done, "of": of}
        begun, before = self._begun
        if before < done < of:
            rate = (done - before) / max(now - begun, 1e-6)
            line |= {"per_second": round(rate), "left_s": round((of - done) / rate, 1)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _serve(options: argparse.Namespace, parent: int) -> None:
    settings = parse_settings(options.set)
    from target_app.server import ServeOptions, die_with_parent, serve

    if options.die_with_parent:
        die_with_parent(parent)
    serve(
        ServeOptions(
            options.db,
            options.host,
            options.port,
            options.cpu,
            options.base_url,
            tuple(options.allow_host),
            options.purge_token,
            options.access_log,
            options.server_timing,
        ),
        settings,
    )


def _cache(options: argparse.Namespace) -> None:
    from target_app.page_cache import PROFILES
    from target_app.proxy import ProxyOptions
    from target_app.server import serve_proxy

    proxy = ProxyOptions(
        options.origin,
        PROFILES[options.profile],
        options.max_bytes,
        options.timeout,
        tuple(options.session_cookie),
    )
    serve_proxy(proxy, host=options.host, port=options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m target_app", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser(
        "import", help="store a corpus, or the articles of a file, and members in a database file"
    )
    one.add_argument("--db", type=Path, required=True, help="the file; an unfinished import into it goes on")
    one.add_argument("--first-id", type=int, help="id of the first article (default 11730)")
    one.add_argument("--count", type=int, help="how many articles (default 2000)")
    one.add_argument("--profile", help="how articles are written (default natural)")
    one.add_argument("--seed", type=int, help="another seed is another corpus (default 0)")
    one.add_argument(
        "--jsonl",
        type=Path,
        metavar="FILE",
        help="articles from a file, one a line, as anp synth writes it, compressed or not",
    )
    one.add_argument("--members", type=int, default=50, help="how many members may sign in (default %(default)s)")

    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    place.add_argument("--port", type=int, default=0, help="port to listen on; 0 is a free one (default %(default)s)")
    place.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; may be repeated")
    place.add_argument("--access-log", metavar="PATH", help="write a line of JSON about each request; - is stderr")
    place.add_argument(
        "--purge-token",
        default=os.environ.get(_TOKEN_VARIABLE) or None,
        help=f"secret for purge, edit and metrics (default: ${_TOKEN_VARIABLE}; else this machine may, without one)",
    )
    place.add_argument(
        "--server-timing",
        choices=SERVER_TIMING,
        default="public",
        help="who is told in Server-Timing what a response cost: token is whoever presents it (default %(default)s)",
    )

    commands.add_parser("check", parents=[place], help="find out, before an import, whether serve would be refused")

    one = commands.add_parser("serve", parents=[place], help="serve an imported database until SIGTERM or SIGINT")
    one.add_argument("--db", type=Path, required=True, help="an imported file")
    one.add_argument("--cpu", type=int, help="run on this processor only")
    one.add_argument(
        "--base-url",
        help="what absolute addresses begin with (default: the address bound; where that is every one, a name)",
    )
    one.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="a further host name to answer")
    one.add_argument("--die-with-parent", action="store_true", help="end when the process that started this one ends")

    one = commands.add_parser("cache", help="put the page cache before another server until SIGTERM or SIGINT")
    one.add_argument("--origin", required=True, help="scheme and host of the server")
    one.add_argument("--profile", choices=["rfc", "site"], default="rfc", help="what it keeps (default %(default)s)")
    one.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    one.add_argument("--port", type=int, default=0, help="port to listen on; 0 is a free one (default %(default)s)")
    one.add_argument(
        "--max-bytes", type=int, default=256 * 2**20, help="bound on the memory of pages (default 256 MiB)"
    )
    one.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for the origin (default %(default)s)")
    one.add_argument(
        "--session-cookie",
        action="append",
        default=[],
        metavar="NAME",
        help="a further cookie whose bearers are passed by; may be repeated",
    )

    commands.add_parser("settings", help="list the settings as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
