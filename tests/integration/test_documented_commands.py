"""Every command that README and docs show is tried, and none is left out silently.

All of them, wherever they stand, are *parsed* by the program that they are for: those of ``anp`` by the command line
itself, whose verbs then do nothing, so that no verb, option, scenario, preset or kind of value is one that does not
exist; those of ``make`` against the Makefile, those of locust by its parser with the scenarios' own options. Programs
of others are named in ``OTHERS`` with what tries them; a program that is nowhere named fails.

*Run*, beside that, each in a folder for its page, in the order of the page:

- whole, but with no more than ``MOST`` articles: everything of ``anp synth``, ``anp runs`` and ``anp compare``, with
  records and files of other tools that lie there; ``--help``, ``--list-presets``, ``--list-settings``;
  ``python -m target_app import``;
- shortened, in ``make test-deep``: swarms of one reference site on this machine (a second each), trials of presets and
  the demo (one launch of a second), ``anp serve`` and ``anp cache`` (until they answer).

*Parsed* alone are swarms of hosts that are examples, or of the sites that ``test_other_sites.py`` builds; trials of
plans that the reader is to write; and what is only mentioned in a line of text without all that it needs.
The commands of tutorials are typed from top to bottom by ``test_tutorials.py``, in ``make test-deep``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
from typer.exceptions import TyperException

from harness.cli import VERBS, app
from harness.presets import presets
from harness.scenarios import scenarios
from harness.trial_plan import load
from tests import warm
from tests.commands import ROOT, Command, commands, documents
from tests.records import Trial, draw, write_swarm, write_trial
from tests.reference_pages import RUN_KEYS
from tests.servers import caching_proxy, import_site, program, reference_site

MOST: Final = 30
"""Articles that a command makes here at most."""

OTHERS: Final = {
    ".": "of the shell",
    "apt-get": "of the system",
    "cat": "of the system",
    "cd": "of the shell",
    "curl": "what it shows is in test_front_ends.py and test_tutorials.py",
    "echo": "of the shell",
    "else": "of the shell",
    "fi": "of the shell",
    "gh": "of a host of repositories",
    "git": "of the user's own repository, or run by test_tutorials.py",
    "if": "of the shell",
    "java": "of HdrHistogram; the log that it reads is tried by tests/unit/results/test_export.py",
    "jq": "run by a test here, where it is installed",
    "mkdir": "run by test_tutorials.py",
    "nginx": "run by test_tutorials.py, with the file that test_front_ends.py tries",
    "sed": "run by test_tutorials.py",
    "varnishadm": "run by test_front_ends.py",
    "varnishd": "run by test_front_ends.py",
    "wp": "of WordPress",
}
"""Programs that are not of this house, and what tries what they are shown for."""

ALL: Final = [command for document in documents() for command in commands(document)]
_SMALLER = re.compile(r"^(?:--count|--articles|--launches|--workers)$")
_INCOMPLETE: Final = ("Missing parameter", "Missing option", "Missing argument", "requires an argument")
"""What is said of a command that lacks something, as one that is only mentioned may."""


def of(program: str) -> list[Command]:
    """The commands of a program."""
    return [command for command in ALL if command.program == program]


def test_every_command_is_of_a_program_that_is_tried() -> None:
    """A program that neither this file nor OTHERS knows is a command that nobody tries."""
    strangers = [str(command) for command in ALL if command.program not in {"anp", "make", "locust", "python", *OTHERS}]

    assert len(of("anp")) > 100
    assert strangers == []


_TOLD_ELSEWHERE: Final = {"docs/ci.md": "tests/unit/test_ci_document.py and test_action.py"}
"""Pages whose commands stand in files of another kind, and what tries them there."""


def test_no_block_of_another_kind_hides_a_command() -> None:
    """A block of YAML or the like with a command of ours in it is on a page that names what tries it."""
    hiding = {
        document.relative_to(ROOT).as_posix()
        for document in documents()
        for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if kind not in {"", "console", "sh", "text"} and re.search(rf"\banp (?:{'|'.join(VERBS)}) ", text)
    }

    assert hiding <= set(_TOLD_ELSEWHERE)


def parse(words: list[str]) -> dict[str, Any]:
    """What the command line makes of the words, without doing it.

    Raises:
        TyperException: It refuses them.
    """
    command: Any = typer.main.get_command(app)
    context = command.make_context("anp", list(words))
    while getattr(command, "commands", None) is not None and (rest := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return dict(context.params)


def complaint(command: Command) -> str | None:
    """Why ``anp`` would refuse a command; ``None`` where it would not."""
    words = command.words[1:]
    if {"--help", "-h"} & set(words):  # printed, and not parsed further
        return None
    try:
        given = parse([re.sub(r"…$", "x", word) for word in words if word not in {"[OPTIONS]", "…"}])
    except TyperException as error:
        is_mention = command.is_inline and any(part in error.format_message() for part in _INCOMPLETE)
        return None if is_mention else error.format_message()
    for key, known in (("scenario", set(scenarios())), ("preset", set(presets()))):
        if given.get(key) not in {None, *known} and not given.get("locustfile"):
            return f"no {key} {given[key]}"
    return None


@pytest.mark.parametrize("page", sorted({command.page for command in of("anp")}))
def test_the_command_line_understands_every_command(page: str) -> None:
    """Each verb, option, value, scenario and preset that the page shows is one there is."""
    shown = [command for command in of("anp") if command.page == page and not _is_usage(command)]

    assert {str(command): said for command in shown if (said := complaint(command))} == {}


_MENTIONED: Final = {"anp runs prune"}
"""Verbs that take no argument and yet do nothing without an option."""


def is_complete(command: Command) -> bool:
    """Whether it can be typed as it stands, and is no mention of a verb or an option."""
    try:
        parse(command.words[1:])
    except TyperException:
        return False
    return command.text not in _MENTIONED


def test_every_plan_of_a_how_to_can_be_carried_out(tmp_path: Path) -> None:
    """Each block of TOML that names a plan is one that a trial would take."""
    plans = [
        text
        for page in (ROOT / "docs" / "how-to").glob("*.md")
        for text in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        if text.startswith("name = ")
    ]

    assert plans
    for text in plans:
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        assert load(tmp_path / "plan.toml", None, {}).reason


def _is_usage(command: Command) -> bool:
    """A line of help that stands for every command of a verb, such as ``anp synth [OPTIONS] COMMAND [ARGS]...``."""
    return command.page == "docs/cli.md" and "[OPTIONS]" in command.text


def test_every_target_of_make_is_there() -> None:
    """What ``make`` is asked for is in the Makefile, with the variables that it reads."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    asked = [word for command in of("make") for word in command.words[1:]]

    assert {word for word in asked if "=" not in word} <= targets
    assert {word.partition("=")[0] for word in asked if "=" in word} <= set(re.findall(r"\$\((\w+)\)", makefile))


_LOCUST = """
import json, sys
from locust.argument_parser import LocustArgumentParser, setup_parser_arguments
from locustfiles._options import add_options

parser = LocustArgumentParser()
setup_parser_arguments(parser)
parser.add_argument("-f", "--locustfile")
add_options(parser)
for words in json.load(sys.stdin):
    print(parser.parse_args(words).locustfile)
"""


def test_locust_understands_every_command() -> None:
    """Locustfiles are there, and their options are locust's or the scenario's own."""
    words = [command.words[1:] for command in of("locust")]
    done = subprocess.run(
        [sys.executable, "-c", _LOCUST], cwd=ROOT, input=json.dumps(words), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert all((ROOT / name).is_file() for name in done.stdout.split())
    assert len(done.stdout.split()) == len(words) > 3


def test_modules_and_files_that_python_runs_are_there() -> None:
    """``python -m`` names a module of this house or pytest, and a test file that is named exists."""
    for command in of("python"):
        words = command.words
        assert words[1] == "-m", command
        module = ROOT.joinpath(*words[2].split("."))
        assert words[2] in {"pytest", "venv"} or module.with_suffix(".py").exists() or module.is_dir(), command
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/")), command


# --- run ---------------------------------------------------------------------------------------------------------


def is_run_whole(command: Command) -> bool:
    """Whether a command is quick, needs no server, and can be given what it reads."""
    words = command.words
    if command.program == "python":
        return words[2:4] == ["target_app", "import"]
    if command.program != "anp" or _is_usage(command) or command.page.startswith("docs/tutorials/"):
        return False
    if {"--help", "-h", "--list-presets", "--list-settings"} & set(words):
        return True
    if command.is_inline and (not command.page.startswith(("README", "docs/cli")) or not is_complete(command)):
        return False  # a mention
    needs_server = any(word.startswith("http") for word in words)
    return len(words) > 2 and words[1] in {"synth", "runs", "compare"} and not needs_server


def smaller(words: list[str]) -> list[str]:
    """A command with no more than ``MOST`` articles."""
    given = zip(["", *words], words, strict=False)
    return [str(min(int(word), MOST)) if _SMALLER.match(last) else word for last, word in given]


_NAMED = re.compile(r"^(?:\d{8}T\d{6}Z-\S+|BEFORE|AFTER)$")
_LATEST: Final = "20991231T235959Z-cache_hit"


def _session(path: Path) -> None:
    """The record of a swarm of one site."""
    trial = Trial(launches=1, arm_names=("target", "other"))
    rows = draw(trial, 0)
    alone = {name: values[rows["arm"] == 0] for name, values in rows.items()}
    write_swarm(path, trial, alone, (0,), 0, 0)


def _provide(command: Command, folder: Path) -> None:
    """Put into a folder what a command reads, as far as no command before it has made it."""
    words, runs = command.words, folder / "results" / "runs"
    for name in filter(_NAMED.match, words):
        if not (runs / name).exists():
            write_trial(
                runs / name, Trial(launches=6 if name.endswith("-page-cache") else 1, seed=len(list(runs.iterdir())))
            )
    if "promote" in words or "--baseline" in words:  # of a swarm; all else is of a trial
        _session(runs / _LATEST)
        shutil.rmtree(folder / "results" / "baselines", ignore_errors=True)
        if "--baseline" in words:
            assert warm.anp("runs", "promote", _LATEST, "--as", "main", folder=folder).returncode == 0
    for number, name in enumerate(word for word in words if word.endswith("_stats.csv")):
        stats = (ROOT / "tests/fixtures/foreign_results/locust_stats.csv").read_text(encoding="utf-8")
        (folder / name).write_text(stats.replace("172,0,26", f"172,0,{26 + number}"), encoding="utf-8")
    for name, made in _READS.items():
        if name in words and not (folder / name).exists() and words[words.index(name) - 1] != "--out":
            made(folder)


def _made(*words: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        assert warm.anp(*words, folder=folder).returncode == 0

    return make


def _posts(folder: Path) -> None:
    (folder / "content" / "posts").mkdir(parents=True)
    for number in range(MOST):
        text = f"---\ntitle: Number {number}\n---\n" + "A few words of a post.\n\n" * (number + 1)
        (folder / "content" / "posts" / f"{number}.md").write_text(text, encoding="utf-8")


def _learned(folder: Path) -> None:
    _READS["articles.jsonl"](folder)
    _made("synth", "learn", "articles.jsonl", "--out", "site.toml")(folder)


_READS: Final[Mapping[str, Callable[[Path], None]]] = {
    "export.xml": _made("synth", "--count", str(MOST), "--format", "wxr", "--out", "export.xml"),
    "articles.jsonl": _made("synth", "--count", str(MOST), "--out", "articles.jsonl"),
    "mine.jsonl.gz": _made("synth", "--count", str(MOST), "--out", "mine.jsonl.gz"),
    "site.toml": _learned,
    "content/posts": _posts,
}
"""Files that a page takes for granted, and how each is made."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has who has carried out a trial."""
    (tmp_path / "results" / "runs").mkdir(parents=True)
    write_trial(tmp_path / "results" / "runs" / "20261128T100000Z-page-cache", Trial(launches=6))
    return tmp_path


_PAGES_RUN: Final = sorted({command.page for command in ALL if is_run_whole(command)})
_FEW: Final = {"ANP_SYNTH_COUNT": f"{MOST}", "ANP_SYNTH_REPORT_ARTICLES": f"{MOST}"}
"""Where a command does not say how many."""

_FINE: Final = {0, 1, 3, 4}
"""Exit codes of a command that did what it was asked for, whatever the verdict."""


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.deep) if page == "docs/cli.md" else page for page in _PAGES_RUN],
)
def test_quick_commands_run_as_they_stand(page: str, folder: Path) -> None:
    """From the top of the page to its end, in one folder."""
    failed = {}
    for command in (command for command in ALL if command.page == page and is_run_whole(command)):
        words = smaller(command.words)
        _provide(command, folder)
        if command.program == "python":
            done = warm.run(words[2], *words[3:], folder=folder)
        else:
            done = warm.anp(*words[1:], folder=folder, environment=_FEW)
        if done.returncode not in _FINE:
            failed[str(command)] = done.stderr
        shutil.rmtree(folder / "results" / "runs" / _LATEST, ignore_errors=True)
    assert failed == {}


def test_jq_finds_what_it_is_asked_for(tmp_path: Path) -> None:
    """On the comparison of the example, where no cell is slower: no error, and no line."""
    program("jq")
    shutil.copy(ROOT / "results" / "example" / "compare.json", tmp_path)
    for command in of("jq"):
        words = ["bash", "-c", command.text]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command


# --- run, shortened ----------------------------------------------------------------------------------------------

SITE_PAGES: Final = ("README.md", "docs/cli.md", "docs/scenarios.md", "docs/distributed.md", "docs/how-to/")
"""Pages whose address ``127.0.0.1:8000`` is the reference site."""


def _swarms() -> Iterator[Command]:
    for command in of("anp"):
        words = command.words
        is_shown = words[1:2] == ["swarm"] and "http://127.0.0.1:8000" in words and not _is_usage(command)
        if is_shown and command.page.startswith(SITE_PAGES) and complaint(command) is None:
            yield command


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a small reference site."""
    database = import_site(tmp_path_factory.mktemp("site") / "site.sqlite", count=60, members=20)
    with reference_site(database) as server:
        yield server.url


def _unexplained(folder: Path) -> set[str]:
    """Keys of the records' ``run.json`` that docs/run-record.md does not tell of."""
    [run] = folder.glob("results/runs/*/run.json")
    return set(json.loads(run.read_text(encoding="utf-8"))) - set(RUN_KEYS)


@pytest.mark.deep
@pytest.mark.parametrize("command", sorted(set(_swarms()), key=str), ids=str)
def test_a_swarm_of_the_reference_site_runs(command: Command, site: str, tmp_path: Path) -> None:
    """For a second; whatever its figures, it is carried out and recorded."""
    words = [site if word == "http://127.0.0.1:8000" else word for word in command.words[1:]]
    done = warm.anp(*words, "--duration", "1s", "--warmup", "0s", folder=tmp_path)

    assert done.returncode in _FINE, done.stderr
    assert _unexplained(tmp_path) == set()


@pytest.mark.deep
@pytest.mark.parametrize(
    "words",
    sorted(
        {
            tuple(smaller(command.words)[1:])
            for command in of("anp")
            if not _is_usage(command)
            and (command.words[1:2] == ["demo"] or (command.words[1:2] == ["trial"] and "--preset" in command.words))
        }
    ),
    ids=" ".join,
)
def test_a_trial_of_a_preset_runs(words: tuple[str, ...], tmp_path: Path) -> None:
    """One launch of a second; whatever its verdict, it ends with a report."""
    runs = ("--out", "results/runs")
    done = warm.anp(*words, "--launches", "1", "--seconds", "1", *runs, folder=tmp_path)

    assert done.returncode in _FINE, done.stderr
    assert list(tmp_path.glob("results/runs/*/report.html"))
    assert _unexplained(tmp_path) == set()


@pytest.mark.deep
def test_the_page_cache_starts_before_a_site(site: str, tmp_path: Path) -> None:
    """``anp cache`` and ``anp serve`` as they are shown, on ports of their own."""
    for command in of("anp"):
        words = command.words[2:]
        if command.words[1:2] == ["cache"] and "--origin" in words and complaint(command) is None:
            rest = [word for word in words if not word.startswith("http://")]
            rest.remove("--origin")
            if "--port" in rest:
                rest[rest.index("--port") + 1] = "0"
            with caching_proxy(site, tmp_path, *rest) as proxy:
                assert proxy.port
