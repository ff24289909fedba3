"""Every command that the documents show, wherever one stands, and how tests run it: whole, shortened, or by another."""

from __future__ import annotations

import contextlib
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer.main
from typer.exceptions import TyperException

from harness.cli import app

ROOT: Final = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^(\s*)(`{3,})(\w*)\s*$")
_PROGRAM = re.compile(r"^(?:\w+=\S+ )*[\w./-]+$")
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)((?:anp|make) .+?)(?<!`)\1(?!`)")
_ASSIGNMENT = re.compile(r"^[A-Z_]+=")
OF_THE_HOUSE: Final = ("anp", "make", "locust", "python")
"""Programs that a line without a prompt may begin with; anything else there is what a program printed."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it stands in a document.

    Attributes:
        page: The document, as seen from the checkout.
        line: Where it begins, from 1.
        text: All of it, lines joined, with neither prompt nor comment.
        is_inline: It stands in a line of text, where a name alone is a mention.
    """

    page: str
    line: int
    text: str
    is_inline: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        """Split as a shell would, what goes elsewhere left out, variables before it too."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split, lexer.commenters = True, ""
        words = itertools.takewhile(lambda word: not set(word) <= set("|&;<>"), lexer)
        return list(itertools.dropwhile(_ASSIGNMENT.match, words))

    @property
    def program(self) -> str:
        """Its first word without a folder: ``python`` for ``.venv/bin/python``."""
        return self.words[0].rpartition("/")[2]


def documents() -> list[Path]:
    """README, and every page of docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(document: Path) -> list[Command]:
    """The commands of one document, in order."""
    page = document.relative_to(ROOT).as_posix()
    return list(_commands(page, document.read_text(encoding="utf-8").splitlines()))


def _commands(page: str, lines: list[str]) -> Iterator[Command]:
    kind: str | None = None  # of the fenced block that the line is in
    position = 0
    while position < len(lines):
        start, line = position, lines[position]
        position += 1
        if fence := _FENCE.match(line):
            kind = fence[3] if kind is None else None
            continue
        is_code = kind is not None or line.startswith("    ")
        text = _command(line, kind) if is_code else None
        if text is None:
            if kind is None and not is_code:
                yield from (Command(page, start + 1, found, True) for _, found in _INLINE.findall(line))
            continue
        while text.endswith("\\") and position < len(lines):
            text = text[:-1].rstrip() + " " + lines[position].strip()
            position += 1
        yield Command(page, start + 1, _without_comment(text))


def _command(line: str, kind: str | None) -> str | None:
    stripped = line.strip()
    if stripped.startswith("$ "):
        return stripped[2:]
    if kind not in {None, "sh", "bash"}:
        return None
    words = [word for word in stripped.split() if not _ASSIGNMENT.match(word)]
    return stripped if words and (kind or Path(words[0]).name in OF_THE_HOUSE) and _PROGRAM.match(words[0]) else None


def _without_comment(text: str) -> str:
    """Without what explains it: after a ``#``, or after two spaces."""
    return re.split(r"\s+#\s|\s{2,}(?=\S)", text)[0].strip()


def example(name: str) -> str:
    """The code block of docs/extending.md that is a file of this name."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if block.startswith(f'"""{name}: '))
    return str(found)


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


# --- how each is run ---------------------------------------------------------------------------------------------

MENTIONED: Final = {
    "anp --debug": "an option, without a verb",
    "anp runs prune": "says itself that it does nothing without an option",
    "anp serve --set NAME=VALUE": "NAME and VALUE stand for any of a table",
    "anp swarm": "the verb",
    "anp swarm --access-log access.jsonl": "an option, without a site",
    "anp swarm --locustfile FILE.py": "an option, without a site",
    "anp swarm --shape breakpoint": "an option, without a site",
    "anp trial": "the verb",
    "anp trial … --markdown comment.md --junit junit.xml": "two options, without a trial",
    'anp trial --git v1.4..main --bisect "reader posts p50"': "two options, without how the site is started",
    "anp init": "the verb, which asks at a terminal",
}
"""What lines of text speak of and nobody can type as it stands, beside what lacks a word that the verb must have."""

_HELP: Final = {"--help", "-h"}


def is_usage(command: Command) -> bool:
    """A line of help that stands for every command of a verb, such as ``anp synth [OPTIONS] COMMAND [ARGS]...``."""
    return command.page == "docs/cli.md" and "[OPTIONS]" in command.text


def is_mention(command: Command) -> bool:
    """Whether a line of text only speaks of it. All of them are run as well, and ``anp`` must refuse them."""
    if not command.is_inline or _HELP & set(command.words):
        return False
    try:
        with contextlib.redirect_stdout(None):  # a verb that has verbs prints its help
            parse(command.words[1:])
    except TyperException:
        return True
    return command.text in MENTIONED


def is_typed_elsewhere(command: Command) -> bool:
    """Whether it is of a tutorial, all of which test_tutorials.py types from top to bottom."""
    is_page = command.page.startswith("docs/tutorials/") and not command.page.endswith("/README.md")
    return is_page and not command.is_inline


def is_run_whole(command: Command) -> bool:
    """Whether a command is quick, needs no server, and can be given what it reads."""
    words = command.words
    if command.program == "python":
        return words[2:4] == ["target_app", "import"]
    if command.program != "anp" or is_usage(command) or is_typed_elsewhere(command) or is_mention(command):
        return False
    if (_HELP | {"--list-presets", "--list-settings"}) & set(words):
        return True
    needs_server = any(word.startswith("http") for word in words)
    return words[1] in {"synth", "runs", "compare", "report"} and not needs_server


def is_run_shortened(command: Command) -> bool:
    """Whether it is none of the above: nothing that the documents show is left out."""
    is_other = is_usage(command) or is_typed_elsewhere(command) or is_mention(command) or is_run_whole(command)
    return command.program == "anp" and not is_other
