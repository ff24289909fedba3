"""``anp init`` on the example site: a real blog on Flask in an environment of its own, started, asked and stopped."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import ssl
import stat
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import trustme

from harness.trial_plan import load
from tests import warm
from tests.example_site import BLOG, copy_to
from tests.small_site import small_site
from tests.swarms import free_port, wait_for

DEADLINE_S = 60.0
COMMAND = ".venv/bin/python app.py --port {port}"
ARMS = ("--before-command", COMMAND, "--before-env", "PAGE_CACHE=off", "--after-env", "PAGE_CACHE=on")
HITS = ("--before-command", COMMAND, "--before-env", "PAGE_CACHE=on", "--after-env", "PAGE_CACHE=on")


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blog with all its posts, and nothing that anp init wrote."""
    return copy_to(tmp_path_factory.mktemp("blog"))


@pytest.fixture
def folder(blog: Path, tmp_path: Path) -> Path:
    """An empty folder with the accounts, for a plan."""
    shutil.copy(blog / "accounts.csv", tmp_path)
    return tmp_path


def test_the_examples_own_plan_is_what_init_writes(blog: Path) -> None:
    """The command in the tutorial, carried out where it says, writes the plan and the recipe that lie there."""
    tutorial = (BLOG.parents[1] / "docs" / "my-own-site.md").read_text(encoding="utf-8")
    command = re.findall(r"^\$ anp (init --before-command (?:.*\\\n)+.*)$", tutorial, re.MULTILINE)[0]

    done = warm.anp(*shlex.split(command.replace("\\\n", " ")), folder=blog)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["login.toml", "plan.toml"]
    for name in ("plan.toml", "login.toml"):
        assert (blog / name).read_text(encoding="utf-8") == (BLOG / name).read_text(encoding="utf-8"), name
    plan = load(blog / "plan.toml", None, {})
    assert (plan.kind, plan.site.login, plan.before.folder) == ("command", blog / "login.toml", blog)
    assert _serving(blog) == []


def test_what_was_found_stands_in_the_plan(blog: Path, folder: Path) -> None:
    """Sitemap, the name it gives the site, routes, both arms' caches and the members, as values and as comments."""
    done = _init(folder, "cache.toml", *ARMS, "--folder", str(blog), "--accounts", "accounts.csv")
    assert done.returncode == 0, done.stderr
    text = (folder / "cache.toml").read_text(encoding="utf-8")
    plan = tomllib.loads(text)

    assert plan["name"] == "cache"
    assert plan["scenario"] == "readers_and_members"
    assert plan["members"] == 4
    assert plan["site"] == {
        "sitemap": "/sitemap.xml",
        "aliases": ["blog.example"],
        "login": "cache-login.toml",
        "ready": "/",
        "ready_seconds": 60,
        "stop_seconds": 10,
    }
    assert plan["before"]["env"] == {"PAGE_CACHE": "off"}
    assert plan["after"] == {"command": COMMAND, "folder": os.path.relpath(blog, folder), "env": {"PAGE_CACHE": "on"}}
    assert plan["primary"] == [{"persona": "reader", "route": "posts"}, {"persona": "member", "route": "posts"}]
    comments = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    assert "313 addresses; by route: posts 300, home 1, tags 12." in comments
    assert "X-Cache said BYPASS to the first reader, BYPASS to the second." in comments
    assert "X-Cache said MISS to the first reader, HIT to the second." in comments
    assert "2 accounts logged in; /account then shows 'Hello, NAME!'." in comments


def test_a_swarm_takes_the_recipe(blog: Path, folder: Path) -> None:
    """Members log in by it, their pages are told from those of readers, and nothing is amiss."""
    assert _init(folder, *ARMS, "--folder", str(blog), "--accounts", "accounts.csv").returncode == 0

    with _running(blog) as url:
        words = ("--sitemap", f"{url}/sitemap.xml", "--alias", "blog.example", "--login", "login.toml")
        done = warm.anp(
            *("swarm", "--host", url, "--scenario", "readers_and_members", "--rate", "40", "--duration", "2s"),
            *words,
            folder=folder,
        )

    assert done.returncode in {0, 4}, done.stderr  # a busy machine makes figures invalid
    assert "Wrong pages" not in done.stdout
    assert re.search(r"^target +member +member +BYPASS", done.stdout, re.MULTILINE)
    assert "(4 log-ins)" in done.stdout


def test_without_accounts_readers_come_alone(blog: Path, folder: Path) -> None:
    """No recipe is written, no member's cell decides, and the plan says how they would come."""
    done = _init(folder, *ARMS, "--folder", str(blog), "--route", "home")
    assert done.returncode == 0, done.stderr
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    plan = tomllib.loads(text)

    assert done.stdout.split() == ["plan.toml"]
    assert plan["scenario"] == "cache_hit"
    assert "login" not in plan["site"]
    assert plan["primary"] == [{"persona": "reader", "route": "home"}]
    assert "A login form is at /login (fields user and password); with --accounts FILE" in text


def test_where_both_arms_hit_hits_decide(blog: Path, folder: Path) -> None:
    """Hits are set against hits."""
    done = _init(folder, *HITS, "--after-env", "LIST_QUERIES=one", "--folder", str(blog))
    assert done.returncode == 0, done.stderr

    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert plan["primary"] == [{"persona": "reader", "route": "posts", "cache": "HIT"}]
    assert plan["after"]["env"] == {"PAGE_CACHE": "on", "LIST_QUERIES": "one"}


def test_sites_that_run_already_are_asked_and_left_running(blog: Path, folder: Path) -> None:
    """Their addresses are in the plan; so is a recipe that was there before."""
    (folder / "mine.toml").write_text("# a recipe\n")
    with _running(blog) as before, _running(blog) as after:
        done = _init(folder, "--before-url", before, "--after-url", after, "--login", "mine.toml")
        assert done.returncode == 0, done.stderr
        assert len(_serving(blog)) == 2
    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert load(folder / "plan.toml", None, {}).kind == "url"
    assert (plan["before"], plan["after"]) == ({"url": before}, {"url": after})
    assert plan["site"]["login"] == "mine.toml"
    assert (folder / "mine.toml").read_text() == "# a recipe\n"


def test_switch_commands_are_written_down_and_not_run(blog: Path, folder: Path) -> None:
    """The one slot is looked at as it is."""
    with _running(blog) as url:
        done = _init(folder, "--url", url, "--before-switch", "touch ran-1", "--after-switch", "touch ran-2")
    assert done.returncode == 0, done.stderr
    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert load(folder / "plan.toml", None, {}).method == "reversal"
    assert plan["site"]["url"] == url
    assert [plan[arm] for arm in ("before", "after")] == [
        {"switch": f"touch ran-{number}", "folder": "."} for number in (1, 2)
    ]
    assert not list(folder.glob("ran-*"))


def test_a_certificate_is_believed_only_by_its_authority(tmp_path: Path) -> None:
    """Else it is one line with the reason; the authority that was named is in the plan."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with small_site({"/": '<a href="/posts/1">One</a>', "/posts/1": "one"}, tls) as site:
        urls = ("--before-url", site.url, "--after-url", site.url.replace("127.0.0.1", "localhost"))
        slot = ("--url", site.url, "--before-switch", "./v1", "--after-switch", "./v2")
        refused = _init(tmp_path, *slot)
        wrong = _init(tmp_path, *slot, "--ca-file", "none.pem")
        believed = _init(tmp_path, *slot, "--ca-file", "ca.pem")
        careless = _init(tmp_path, "careless.toml", *urls, "--insecure")

    assert (refused.returncode, wrong.returncode, believed.returncode, careless.returncode) == (2, 2, 0, 0)
    assert "certificate verify failed" in refused.stderr
    assert wrong.stderr == "error: --ca-file none.pem holds no certificates (No such file or directory)\n"
    assert believed.stdout.split() == ["urls.txt", "plan.toml"]
    assert load(tmp_path / "plan.toml", None, {}).site.ca_file == tmp_path / "ca.pem"
    plan = load(tmp_path / "careless.toml", None, {})
    assert (plan.site.insecure, plan.site.urls) == (True, tmp_path / "careless-urls.txt")
    assert [line for line in (tmp_path / "urls.txt").read_text().splitlines() if not line.startswith("#")] == [
        "/",
        "/posts/1",
    ]


REFUSED = [
    pytest.param(
        ["plan.toml"], "plan.toml is there already; name another plan, or write over it with --force", id="plan"
    ),
    pytest.param(["x.toml", "--accounts", "accounts.csv"], "x-login.toml is there already", id="recipe"),
    pytest.param(["x.toml", "--accounts", "wrong.csv"], "'ann' could not log in at http://127.0.0.1:", id="password"),
    pytest.param(
        ["x.toml", "--accounts", "none.csv"], "--accounts none.csv cannot be read (No such file", id="accounts"
    ),
    pytest.param(["x.toml", "--accounts", "bare.csv"], "--accounts bare.csv does not give every account", id="columns"),
    pytest.param(["x.toml", "--login-page", "/tags/tea"], "--login-page /tags/tea: no form with a name and", id="form"),
    pytest.param(["x.toml", "--sitemap", "/feed.xml"], "--sitemap /feed.xml of http://127.0.0.1:", id="sitemap"),
    pytest.param(["x.toml", "--route", "post"], "unknown route for --route 'post'; did you mean 'posts'?", id="route"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_a_refusal_is_one_line_and_writes_nothing(words: list[str], says: str, blog: Path, folder: Path) -> None:
    """Whatever is there stays as it is, and no site is left running."""
    (folder / "plan.toml").write_text("mine\n")
    (folder / "x-login.toml").write_text("mine\n")
    (folder / "wrong.csv").write_text("login,password\nann,sunny-day-plums\n")
    (folder / "bare.csv").write_text("ann,rainy-day-plums\n")
    before = {file: file.read_bytes() for file in folder.iterdir()}

    done = _init(folder, *words, *ARMS, "--folder", str(blog))

    assert (done.returncode, done.stdout) == (2, "")
    error = done.stderr.splitlines()[-1]
    assert error.startswith("error: ")
    assert says in error
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
    assert _serving(blog) == []


def test_force_writes_over_what_is_there(blog: Path, folder: Path) -> None:
    """The plan of before is gone."""
    (folder / "plan.toml").write_text("mine\n")

    assert _init(folder, *ARMS, "--folder", str(blog), "--force").returncode == 0
    assert tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))["launches"] == 8


BROKEN = [
    pytest.param(
        ".venv/bin/python nowhere.py {port}",
        r"the command of before ended with exit code 2 before it answered at http://127\.0\.0\.1:\d+/; "
        r"its last words: .*nowhere\.py.*No such file",
        id="ends",
    ),
    pytest.param(
        "sh -c 'echo warming up; exec sleep 99' {port}",
        r"the command of before did not answer http://127\.0\.0\.1:\d+/ with a page within 1 s \(.*refused.*\); "
        r"is that its port\? Its last words: warming up",
        id="silent",
    ),
    pytest.param(
        "./nowhere {port}",
        r"the command of before, './nowhere \{port\}', cannot be started in .* \(No such file or directory: ",
        id="no-program",
    ),
]


@pytest.mark.parametrize(("command", "says"), BROKEN)
def test_a_site_that_does_not_come_up_is_one_line(command: str, says: str, blog: Path, folder: Path) -> None:
    """With its last words; nothing is written, and nothing runs on."""
    done = _init(
        folder, "--before-command", command, "--after-env", "A=1", "--folder", str(blog), "--ready-seconds", "1"
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(f"^error: {says}", done.stderr.splitlines()[-1]), done.stderr
    assert [file.name for file in folder.iterdir()] == ["accounts.csv"]
    assert _serving(blog) == []


def test_an_address_where_nobody_answers_is_one_line(folder: Path) -> None:
    """With the question whether the site runs."""
    url = f"http://127.0.0.1:{free_port()}"

    done = _init(folder, "--before-url", url, "--after-url", "http://127.0.0.1:9")

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: before: {url}/ does not answer with a page (")
    assert done.stderr.endswith("Is the site running?\n")
    assert done.stderr.count("\n") == 1


def test_a_person_is_asked_and_what_was_found_is_the_default(blog: Path, folder: Path) -> None:
    """At a terminal: four answers about the arms, a wrong password and the right one, and Enter for the rest."""
    (folder / "accounts.csv").unlink()
    with _terminal(folder, "--folder", str(blog)) as terminal:
        terminal.answer("Command that starts the site", COMMAND)
        terminal.answer("variables before the change", "PAGE_CACHE=off")
        terminal.answer(f"Command after the change ({COMMAND})", "")
        terminal.answer("variables after the change", "PAGE_CACHE=on")
        terminal.answer("Sitemap (/sitemap.xml)", "")
        terminal.answer("Route that decides (posts)", "")
        terminal.answer("Members: ", "ann")
        terminal.answer("Password of ann", "sunny-day-plums", secret=True)
        terminal.answer("Members: ", "ann")
        terminal.answer("Password of ann", "rainy-day-plums", secret=True)
        terminal.answer("Name of the trial", "asked")
        terminal.answer("What is changed, and why", 'Pages "kept".')
        assert terminal.ended() == 0
    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert "'ann' could not log in" in terminal.seen
    assert "plums" not in terminal.seen
    assert (plan["name"], plan["reason"]) == ("asked", 'Pages "kept".')
    assert plan["members"] == 1
    assert plan["before"]["env"] == {"PAGE_CACHE": "off"}
    assert plan["after"]["command"] == COMMAND
    assert (folder / "accounts.csv").read_text() == "login,password\nann,rainy-day-plums\n"
    assert stat.S_IMODE((folder / "accounts.csv").stat().st_mode) == 0o600
    assert tomllib.loads((folder / "login.toml").read_text())["accounts"] == {"file": "accounts.csv"}


def test_a_wrong_answer_is_told_and_asked_for_again(blog: Path, folder: Path) -> None:
    """Of every question, with what is wrong in one line; what was answered before is kept, and members come in turn."""
    wrong = COMMAND.replace("app.py", "nowhere.py")
    with _terminal(folder, "--folder", str(blog)) as terminal:
        terminal.answer("Command that starts the site", "./serve 80")
        terminal.answer("does not say which port", wrong)
        terminal.answer("variables before the change", "PAGE_CACHE")
        terminal.answer("'PAGE_CACHE' is not NAME=VALUE", "'PAGE_CACHE=off")
        terminal.answer("cannot be split into words (No closing quotation)", "PAGE_CACHE=off")
        terminal.answer(f"Command after the change ({wrong})", "")
        terminal.answer("variables after the change", "PAGE_CACHE=off")
        terminal.answer("before and after are the same", "")
        terminal.answer("variables after the change", "PAGE_CACHE=on")
        terminal.answer("the command of before ended with exit code 2", COMMAND)
        terminal.answer("Sitemap (/sitemap.xml)", "/feed.xml")
        terminal.answer("--sitemap /feed.xml of http://127.0.0.1:", "")
        terminal.answer("Route that decides (posts)", "post")
        terminal.answer("unknown route 'post'; did you mean 'posts'?", "")
        terminal.answer("Members: ", "nowhere.csv")
        terminal.answer("--accounts nowhere.csv cannot be read", "accounts.csv")
        terminal.answer("Name of the trial", "asked")
        terminal.answer("What is changed, and why", "")
        assert terminal.ended() == 0
    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert (plan["before"]["command"], plan["before"]["env"]) == (COMMAND, {"PAGE_CACHE": "off"})
    assert (plan["after"]["command"], plan["after"]["env"]) == (COMMAND, {"PAGE_CACHE": "on"})
    assert (plan["members"], plan["primary"][0]["route"]) == (4, "posts")
    assert "error: " not in terminal.seen
    assert _serving(blog) == []


def test_a_wrong_address_is_told_and_asked_for_again(blog: Path, folder: Path) -> None:
    """One that is none, one of a host that may not be loaded, one where nobody answers, and the same one twice."""
    (folder / "accounts.csv").unlink()
    with _running(blog) as first, _running(blog) as second, _terminal(folder) as terminal:
        terminal.answer("Command that starts the site", "")
        terminal.answer("Address before the change", "nowhere")
        terminal.answer("url 'nowhere' is no origin", "http://shop.example")
        terminal.answer("shop.example is not this machine", f"http://127.0.0.1:{free_port()}")
        terminal.answer("Address after the change", second)
        terminal.answer("does not answer with a page (", second)
        terminal.answer("before and after are the same", first)
        terminal.answer("Sitemap (/sitemap.xml)", "")
        terminal.answer("Route that decides (posts)", "")
        terminal.answer("Members: ", "ann")
        terminal.answer("Password of ann", "rainy-day-plums", secret=True)
        terminal.answer("Name of the trial", "asked")
        terminal.answer("What is changed, and why", "")
        assert terminal.ended() == 0
    plan = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))

    assert (plan["before"]["url"], plan["after"]["url"]) == (first, second)


def test_an_interrupt_at_a_question_stops_the_site_and_writes_nothing(blog: Path, folder: Path) -> None:
    """Ctrl-C is exit code 130, as everywhere."""
    with _terminal(folder, *ARMS, "--folder", str(blog)) as terminal:
        terminal.answer("Sitemap (/sitemap.xml)", "\x03", enter=False)
        assert terminal.ended(again="\x03") == 130

    assert "interrupted" in terminal.seen
    assert [file.name for file in folder.iterdir()] == ["accounts.csv"]
    assert _serving(blog) == []


class _Terminal:
    """A terminal with ``anp init`` in it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.seen = ""
        self._process = process
        self._screen = screen
        self._read = 0

    def answer(self, question: str, text: str, *, enter: bool = True, secret: bool = False) -> None:
        """Wait for a question that was not answered yet, and type an answer to it, a secret once nothing is echoed."""
        deadline = time.monotonic() + DEADLINE_S
        while (place := self.seen.find(question, self._read)) < 0 or not self.seen[place:].endswith(": "):
            assert time.monotonic() < deadline, f"{question!r} was not asked: {self.seen}"
            self._look()
        self._read = len(self.seen)
        if secret:  # what is typed before is thrown away
            wait_for(lambda: not termios.tcgetattr(self._screen)[3] & termios.ECHO, "a terminal without echo")
        os.write(self._screen, f"{text}\r".encode() if enter else text.encode())

    def ended(self, again: str = "") -> int:
        """The exit code.

        ``again`` is typed where nothing happens for a second: a signal that comes just before Python begins to read is
        not heard until the next.
        """
        deadline = time.monotonic() + DEADLINE_S
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.seen
            if not self._look() and self._process.poll() is None:
                os.write(self._screen, again.encode())
        while self._look():
            pass
        return self._process.returncode

    def _look(self) -> bool:
        if not select.select([self._screen], [], [], 1.0)[0]:
            return False
        try:
            more = os.read(self._screen, 10_000)
        except OSError:  # as Linux has it when nobody is at the other end
            return False
        self.seen += more.decode(errors="replace").replace("\r\n", "\n")
        return bool(more)


@contextmanager
def _terminal(folder: Path, *words: str) -> Iterator[_Terminal]:
    screen, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "init", *words],
        cwd=folder,
        env=os.environ | {"COLUMNS": "400", "TERM": "dumb"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: _control(inside),  # noqa: PLW1509 - the terminal must be the session's own
    )
    os.close(inside)
    try:
        yield _Terminal(process, screen)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        os.close(screen)


def _control(terminal: int) -> None:
    """Make a terminal that of this session, so that Ctrl-C typed there is a signal."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _init(folder: Path, *words: str) -> warm.Done:
    return warm.anp("init", *words, folder=folder)


@contextmanager
def _running(blog: Path) -> Iterator[str]:
    """The blog, as somebody has started it by hand."""
    port = free_port()
    with (blog / "blog.log").open("ab") as log:
        process = subprocess.Popen(
            shlex.split(COMMAND.format(port=port)), cwd=blog, env=os.environ | {"PAGE_CACHE": "on"}, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url), "the blog")
        yield url
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.ConnectError:
        return False


def _serving(blog: Path) -> list[Any]:
    """Processes whose working folder is the blog."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(blog) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
