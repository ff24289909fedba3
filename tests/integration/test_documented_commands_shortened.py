"""Commands of README and docs that want a site, a plan or a repository: each is run, shortened, where it finds them.

Which they are is said in ``tests/commands.py``: all that no other test runs. A launch or a swarm takes a second, a site
has few articles, ports are free ones. Addresses become those of real sites that are what their page means; programs of
the reader (``gunicorn``, ``node``, ``./v1`` and the like) start ``tests/little_site.py``. Where the page shows an error
or an exit code after a command, it must be that; else any verdict will do.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
import pytest
import trustme

import tests.member_site
import tests.shop_site
from tests import example_site, warm
from tests.commands import ROOT, Command, commands, documents, example, is_run_shortened
from tests.member_site import ACCOUNTS, RECIPE, RECIPES
from tests.reference_pages import RUN_KEYS
from tests.servers import import_site, nginx, reference_site, site_program
from tests.shop_site import PRODUCTS
from tests.trials import until

pytestmark = pytest.mark.deep

SHOWN: Final = [command for document in documents() for command in commands(document) if is_run_shortened(command)]

# --- shortened ---------------------------------------------------------------------------------------------------

CUT_OFF: Final = "results/runs/20261129T093946Z-menu-cache"
SMALLER: Final = {
    "--articles": "30",
    "--duration": "1s",
    "--launches": "1",
    "--members": "4",
    "--port": "0",
    "--resume": CUT_OFF,
    "--seconds": "1",
    "--spare": "0",
}
"""Values of options, in the place of those that a page shows."""
_FEW: Final = {
    "ANP_CACHE_PORT": "0",
    "ANP_DEMO_LAUNCHES": "1",
    "ANP_DEMO_SECONDS": "1",
    "ANP_SERVE_ARTICLES": "30",
    "ANP_SERVE_PORT": "0",
    "ANP_SWARM_DURATION": "1s",
    "ANP_SWARM_WARMUP": "0s",
    "ANP_TRIAL_LAUNCHES": "1",
    "ANP_TRIAL_RATE": "60",
    "ANP_TRIAL_SECONDS": "1",
}
"""Where a command does not give them."""
_CLASHES: Final = {
    "--articles-from": {"ANP_SERVE_ARTICLES"},
    "--plan-only": {"ANP_TRIAL_LAUNCHES", "ANP_TRIAL_SECONDS"},
}
"""Options that do not go with one of these."""
_FINE: Final = {0, 1, 3, 4}
"""Exit codes of a command that did what it was asked for, whatever the verdict."""


def shortened(command: Command) -> list[str]:
    """The words of a command after ``anp``, with small values; addresses are as they were."""
    words = [word.replace("/tmp/runs", "results/runs") for word in command.words[1:]]
    after = words.index("--") if "--" in words else len(words)
    small = [SMALLER.get(last, word) for last, word in itertools.pairwise(["", *words[:after]])]
    if "reversal" in small:  # which takes two cycles at least
        small = ["4" if last == "--launches" else word for last, word in itertools.pairwise(["", *small])]
    return small + words[after:]


# --- sites -------------------------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"https?://(127\.0\.0\.1:(\d+)|[\w.]+\.example)(?![\w.])")
_FOREIGN: Final = {
    "8080": "kitchen",
    "8081": "members",
    "8082": "members leaky",
    "8083": "members deaf",
    "8084": "kitchen MOVED",
    "8443": "kitchen TLS",
}
"""Ports of docs/foreign-sites.md."""
_BY_OPTION: Final = {
    "--alias": "kitchen",
    "--locustfile": "shop",
    "--before-url": "kitchen OWN",
    "--login": "members",
    "--i-may-load": "kitchen OWN",
    "--i-may-probe": "kitchen OWN",
}
"""Options that tell which site a page means."""


def site_of(command: Command, port: str | None) -> str:
    """Which site an address of a command is one of."""
    if command.page == "docs/foreign-sites.md" and port:
        return _FOREIGN[port]
    if port == "8002":
        return "kitchen" if "--after-url" in command.words else "reference none again"
    named = (site for option, site in _BY_OPTION.items() if option in command.words)
    return next(named, "reference leak_member_page" if command.page == "docs/audit.md" else "reference none")


KITCHEN: Final = """
    default_type text/html;
    add_header X-Cache-Status HIT;
    expires 1h;
    root site;
    ssl_certificate site.pem; ssl_certificate_key site.pem;
    server { listen LISTEN; listen LISTEN_TLS ssl; location = /sitemap.xml {
        return 200 "<sitemapindex xmlns='SITEMAP'><sitemap><loc>http://$http_host/pages.xml</loc></sitemap></sitemapindex>";
    } }
    server { listen LISTEN_OWN; location = /sitemap.xml {
        return 200 "<urlset xmlns='SITEMAP'><url><loc>http://$http_host/</loc></url></urlset>";
    } }
    server { listen LISTEN_MOVED; return 301 https://LISTEN_TLS$request_uri; }
"""
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_PAGES: Final = ["", *(f"recipes/{number}/" for number in range(RECIPES))]


@contextlib.contextmanager
def kitchen(folder: Path) -> Iterator[dict[str, str]]:
    """A copy of a site that calls itself www.kitchen.example; one that does not, one that only leads on, and by TLS."""
    site = folder / "site"
    pages = [*_PAGES, "about/"]
    for page in pages:
        (site / page).mkdir(parents=True)
        (site / page / "index.html").write_text(f"<!DOCTYPE html><title>{page}</title>{'<p>Plums.' * 200}")
    entries = "".join(f"<url><loc>https://www.kitchen.example/{page}</loc></url>" for page in pages)
    (site / "pages.xml").write_text(f"<urlset xmlns='{_SITEMAP}'>{entries}</urlset>")
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "site.pem"))
    with nginx(folder, KITCHEN.replace("SITEMAP", _SITEMAP)) as server:
        names = {"kitchen": "LISTEN"} | {f"kitchen {name}": f"LISTEN_{name}" for name in ("MOVED", "OWN", "TLS")}
        yield {name: f"http://127.0.0.1:{server.ports[socket]}" for name, socket in names.items()}


class Sites:
    """Sites, each started when it is first asked for."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of a site."""
        if name not in self._urls:
            kind, fault, *_ = [*name.split(), "none"]
            folder = self._folder / name
            folder.mkdir()
            enter = self._stack.enter_context
            if kind == "kitchen":
                self._urls |= enter(kitchen(folder))
            elif kind == "reference":
                database = import_site(folder / "site.sqlite", count=60, members=20)
                self._urls[name] = enter(reference_site(database, f"fault={fault}")).url
            else:
                site = tests.member_site if kind == "members" else tests.shop_site
                self._urls[name] = enter(site_program(site.__file__, fault))
        return self._urls[name]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The sites, gone after the tests."""
    with contextlib.ExitStack() as stack:
        yield Sites(stack, tmp_path_factory.mktemp("sites"))


# --- what lies in the reader's folder ----------------------------------------------------------------------------

PLAN: Final = """
name = "menu-cache"
reason = "Keep the rendered menu for a minute."
seconds = 1
warmup = 0.1
settle = 0
keep_awake = false
[site]
sitemap = "/sitemap.xml"
[before]
command = "node app.js {port}"
[after]
command = "node app.js {port}"
env = { LITTLE_DELAY = "0.001" }
"""
_LINE: Final = '203.0.113.7 - - [21/Nov/2026:02:03:04 +0000] "GET {} HTTP/1.1" 200 5120 "-" "Mozilla/5.0"\n'
_PROGRAM: Final = """#!/bin/sh
for last; do :; done
exec "{python}" "{site}" "${{last##*:}}"
"""
"""A reader's program: the port is the end of its last word."""


def _git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def _commit(folder: Path, number: int) -> None:
    (folder / "requirements.txt").write_text(f"# {number}\n", encoding="utf-8")
    _git(folder, "add", "requirements.txt")
    _git(folder, "commit", "--quiet", f"--message=Commit {number}")


def _program(path: Path, site: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PROGRAM.format(python=sys.executable, site=site), encoding="utf-8")
    path.chmod(0o755)


def _desk(home: Path) -> Path:
    """A folder with all that pages take for granted, a repository of three commits; programs are in ``bin`` beside."""
    desk = home / "desk"
    desk.mkdir()
    site = home / "little_site.py"
    text = (ROOT / "tests" / "little_site.py").read_text(encoding="utf-8")
    site.write_text(text.replace("little.example", "127.0.0.1"), encoding="utf-8")
    for name in ("bin/flask", "bin/gunicorn", "bin/node", "shop/v1", "shop/v2"):
        _program(home / name, site)
    (home / "bin" / "python").symlink_to(sys.executable)

    for name in ("plan.toml", "my-change.toml", "my-site.toml"):
        (desk / name).write_text(PLAN, encoding="utf-8")
    for name, changed in {
        "login.toml": {},
        "flour.toml": {'page = "/account"': 'page = "/"', "Welcome, {login}!": "Flour"},
        "hello.toml": {"Welcome, {login}!": "Hello {login}"},
    }.items():
        recipe = RECIPE
        for old, new in changed.items():
            recipe = recipe.replace(old, new)
        (desk / name).write_text(recipe, encoding="utf-8")
    rows = "".join(f'{login},"{password}"\n' for login, password in ACCOUNTS.items())
    (desk / "accounts.csv").write_text(f"login,password\n{rows}", encoding="utf-8")
    for name in ("shop_readers.py", "shop_members.py"):
        (desk / name).write_text(example(name), encoding="utf-8")
    (desk / "shop.py").write_text(example("shop_members.py").replace("shop_members", "shop"), encoding="utf-8")
    for name in ("access.log", "access.log.1"):
        (desk / name).write_text("".join(_LINE.format(f"/{page}") for page in _PAGES), encoding="utf-8")
    subprocess.run(["gzip", "--keep", "access.log.1"], cwd=desk, check=True)

    _git(desk, "init", "--quiet", "--initial-branch=main")
    _commit(desk, 0)
    _git(desk, "tag", "v1.4")
    _commit(desk, 1)
    _git(desk, "checkout", "--quiet", "-b", "change")
    _commit(desk, 2)
    return desk


def _blog(home: Path) -> Path:
    """The example's folder, whose page is docs/my-own-site.md."""
    blog = example_site.copy_to(home, posts=40)
    for name in ("plan.toml", "login.toml"):
        shutil.copy(example_site.BLOG / name, blog)
    plan = (blog / "plan.toml").read_text(encoding="utf-8")
    (blog / "plan.toml").write_text(plan.replace("seconds = 20 ", "seconds = 1 "), encoding="utf-8")
    return blog


class Reader:
    """Somebody with a folder and a terminal.

    Attributes:
        desk: The folder.
    """

    def __init__(self, home: Path, desk: Path) -> None:
        self.desk = desk
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ANP_", "LOCUST_", "GIT_"))}
        path = f"{home / 'bin'}:{own['PATH']}"
        self._environment = own | _FEW | {"BROWSER": "true", "PATH": path, "PYTHONPATH": str(ROOT)}

    def _around(self, words: Sequence[str]) -> dict[str, str]:
        clashing = {name for word in words for name in _CLASHES.get(word, ())}
        return {name: value for name, value in self._environment.items() if name not in clashing}

    def type(self, *words: str) -> warm.Done:
        """Carry out a command."""
        return warm.anp(*words, folder=self.desk, environment=self._around(words))

    @contextlib.contextmanager
    def leave_running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command, which is stopped by Ctrl-C."""
        argv = [sys.executable, "-m", "harness", *words]
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, cwd=self.desk, env=self._around(words), stdout=pipe, text=True) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)

    def provide(self, words: list[str], site: str) -> None:
        """Make the files that only some commands read, or that are of a site."""
        paths = [*(f"/p/{number}" for number in range(1, PRODUCTS + 1)), *(f"/c/{number}" for number in range(3))]
        paths = paths if site == "shop" else [f"/{page}" for page in _PAGES]
        (self.desk / "urls.txt").write_text("\n".join(paths), encoding="utf-8")
        if "--articles-from" in words:
            self.type("synth", "--count", "30", "--out", words[words.index("--articles-from") + 1])
        if words[0] == "init" and "--force" not in words:
            (self.desk / "plan.toml").unlink()
        if words[:2] == ["trial", "lists.toml"]:
            shutil.copy(self.desk / "plan.toml", self.desk / "lists.toml")
        if "--resume" in words:
            with self.leave_running("trial", "plan.toml"):
                [begun] = until(lambda: [*self.desk.glob("results/runs/*/launches/01*")], "no launch began")
            begun.parents[1].rename(self.desk / CUT_OFF)


def shown_after(command: Command) -> tuple[str | None, set[int]]:
    """The error that a page shows after a command, and the exit codes that go with what it shows."""
    lines = (ROOT / command.page).read_text(encoding="utf-8").splitlines()[command.line - 1 :]
    while lines[0].endswith("\\"):
        del lines[0]
    del lines[0]
    output = list(itertools.takewhile(lambda line: not line.startswith(("$ ", "```")), lines))
    if output and output[0].startswith("error: "):
        return output[0], {2}
    asked, code, *_ = [*lines[len(output) :], "", ""]
    return None, {int(code)} if asked == "$ echo $?" else _FINE


def _masked(text: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text).strip()


def _tests() -> Iterator[object]:
    """Commands that differ in more than shortened values and a plan's name: in sites, or in the folder, as well."""
    seen = set()
    for command in SHOWN:
        words = [re.sub(r"^my-(change|site)\.toml$", "plan.toml", word) for word in command.words]
        own = (word for last, word in itertools.pairwise(words) if not {last, word} & set(SMALLER))
        names = {site_of(command, port) for _, port in _ADDRESS.findall(command.text)}
        key = (*own, *names, "--resume" in words, command.page == "docs/my-own-site.md")
        if key not in seen:
            seen.add(key)
            yield pytest.param(command, id=str(command))


@pytest.mark.parametrize("command", list(_tests()))
def test_a_command_runs_shortened(command: Command, sites: Sites, tmp_path: Path) -> None:
    """It ends as the page says, or with a verdict, and leaves what it should; what serves answers."""
    error, codes = shown_after(command)
    names = {}
    if {"--i-may-load", "--i-may-probe"} & set(command.words) or "http://127" in command.text:
        names = {address: site_of(command, port) for address, port in _ADDRESS.findall(command.text)}
    words = [
        _ADDRESS.sub(lambda found: sites.url(names[found[1]]) if found[1] in names else found[0], word)
        for word in shortened(command)
    ]
    is_blog = command.page == "docs/my-own-site.md"
    reader = Reader(tmp_path, _blog(tmp_path) if is_blog else _desk(tmp_path))
    reader.provide(words, next(iter(names.values()), ""))

    if words[0] in {"serve", "cache"}:
        with reader.leave_running(*words) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert httpx.get(json.loads(line)["url"], trust_env=False).status_code == 200
        assert process.returncode in {0, 130}
    else:
        done = reader.type(*words)
        assert done.returncode in codes, done.stderr
        assert "Traceback" not in done.stderr
        if error is not None:
            assert _masked(done.stderr) == _masked(error)
            return
    assert [path for path in _left_by(words) if not list(reader.desk.glob(path))] == []
    assert _unexplained(reader.desk) == set()


def _left_by(words: list[str]) -> Iterator[str]:
    """What a command should leave, as patterns."""
    yield from (word for last, word in itertools.pairwise(words) if last in _FILES)
    if words[0] in {"swarm", "trial", "demo"}:
        yield "results/runs/**/run.json"
    if words[0] in {"trial", "demo"} and "--plan-only" not in words:
        yield "results/runs/**/report.html"
    if words[0] == "init":
        yield words[1] if words[1].endswith(".toml") else "plan.toml"


_FILES: Final = {"--access-log", "--db", "--junit", "--markdown", "--out"}
"""Options that name a file which is there afterwards."""


def _unexplained(folder: Path) -> set[str]:
    """Keys of the records' ``run.json`` that docs/run-record.md does not tell of."""
    runs = folder.glob("results/runs/*/run.json")
    return {key for run in runs for key in json.loads(run.read_text(encoding="utf-8"))} - set(RUN_KEYS)
