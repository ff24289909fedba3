"""Every command that README and docs show is tried, and none is left out silently.

All of them, wherever they stand, are *parsed* by the program that they are for: those of ``anp`` by the command line
itself, whose verbs then do nothing, so that no verb, option, scenario, preset or kind of value is one that does not
exist; those of ``make`` against the Makefile, those of locust by its parser with the scenarios' own options. Programs
of others are named in ``OTHERS`` with what tries them; a program that is nowhere named fails.

All of ``anp`` are *run* beside that, each by the first of these that it fits (``tests/commands.py``):

- in tutorials, from top to bottom: ``test_tutorials.py``;
- mentions in a line of text, which lack what the verb must have, or stand in ``MENTIONED``: here, and refused;
- whole, but with no more than ``MOST`` articles: everything of ``anp synth``, ``anp runs``, ``anp compare`` and
  ``anp report``, with records and files of other tools that lie there; ``--help``, ``--list-presets`` and the like;
  ``python -m target_app import``: here, each in a folder for its page, in the order of the page;
- all others, shortened, on sites and plans that are given to them: ``test_documented_commands_shortened.py``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from typer.exceptions import TyperException

from harness.cli import VERBS
from harness.presets import presets
from harness.scenarios import scenarios
from harness.trial_plan import load
from tests import warm
from tests.commands import (
    MENTIONED,
    ROOT,
    Command,
    commands,
    documents,
    is_mention,
    is_run_whole,
    is_usage,
    parse,
)
from tests.records import Trial, draw, write_swarm, write_trial
from tests.servers import program

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
    shown = [command for command in of("anp") if command.page == page and not is_usage(command)]

    assert {str(command): said for command in shown if (said := complaint(command))} == {}


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


def smaller(words: list[str]) -> list[str]:
    """A command with no more than ``MOST`` articles."""
    given = zip(["", *words], words, strict=False)
    return [str(min(int(word), MOST)) if _SMALLER.match(last) else word for last, word in given]


_NAMED = re.compile(r"^(?:\d{8}T\d{6}Z-\S+|BEFORE|AFTER|PATH|RECORD|runs/…)$")
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
        path = folder / name if "/" in name else runs / name
        if not path.exists():
            write_trial(path, Trial(launches=6 if name.endswith("-page-cache") else 1, seed=len(list(runs.iterdir()))))
    if words[1] == "report":
        for record in runs.iterdir():
            (record / "report.html").touch()
    if "promote" in words or "--baseline" in words:  # of a swarm; all else is of a trial
        _session(runs / _LATEST)
        shutil.rmtree(folder / "results" / "baselines", ignore_errors=True)
        if "--baseline" in words:
            assert warm.anp("runs", "promote", _LATEST, "--as", "main", folder=folder).returncode == 0
    foreign = [word for word in words if word.endswith("_stats.csv") or word.startswith("sessions/")]
    for number, name in enumerate(foreign):
        stats = (ROOT / "tests/fixtures/foreign_results/locust_stats.csv").read_text(encoding="utf-8")
        path = folder / name if name.endswith(".csv") else folder / name / "1_stats.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stats.replace("172,0,26", f"172,0,{26 + number}"), encoding="utf-8")
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


def test_what_is_only_mentioned_is_refused(tmp_path: Path) -> None:
    """What can be carried out is no mention but a command that is shown: nothing hides among the mentions."""
    mentions = {command.text: command.words[1:] for command in of("anp") if is_mention(command)}
    done = {text: warm.anp(*words, folder=tmp_path) for text, words in mentions.items()}

    assert {text: one for text, one in done.items() if one.returncode != 2} == {}
    silent = [text for text, one in done.items() if not re.search(r"^error: .+\n\Z", one.stderr, re.MULTILINE)]
    assert silent == ["anp runs"]  # a verb of verbs, which shows its help
    assert set(MENTIONED) <= set(mentions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has who has carried out a trial."""
    (tmp_path / "results" / "runs").mkdir(parents=True)
    write_trial(tmp_path / "results" / "runs" / "20261128T100000Z-page-cache", Trial(launches=6))
    return tmp_path


WHOLE: Final = [
    command
    for number, command in enumerate(ALL)
    if is_run_whole(command) and not (command.is_inline and command.text in {one.text for one in ALL[:number]})
]
"""What is run here; a line of text that repeats a command does not repeat it here."""
_FEW: Final = {"ANP_SYNTH_COUNT": f"{MOST}", "ANP_SYNTH_REPORT_ARTICLES": f"{MOST}", "BROWSER": "true"}
"""Where a command does not say how many, and what opens a report."""

_FINE: Final = {0, 1, 3, 4}
"""Exit codes of a command that did what it was asked for, whatever the verdict."""


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.deep) if page == "docs/cli.md" else page
        for page in sorted({command.page for command in WHOLE})
    ],
)
def test_quick_commands_run_as_they_stand(page: str, folder: Path) -> None:
    """From the top of the page to its end, in one folder."""
    failed = {}
    for command in (command for command in WHOLE if command.page == page):
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
