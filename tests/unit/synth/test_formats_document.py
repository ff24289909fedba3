"""docs/formats.md tells the truth: what it lists is all there is, and what can be typed here works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from synth.formats import FORMATS
from tests import warm

DOCUMENT = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_is_in_the_table() -> None:
    """The table has each format with what its help says of it, in the order in which they are listed everywhere."""
    assert re.findall(r"^\| `(\w+)` \| ([^|]+) \|", DOCUMENT, re.MULTILINE) == list(FORMATS.items())


def test_its_commands_and_its_example_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command of this page writes what it names, and the example reads them and prints what stands below it."""
    commands = re.findall(r"^\$ anp (.*)$", DOCUMENT, re.MULTILINE)
    assert {*re.findall(r"--format (\w+)", "\n".join(commands)), "jsonl"} >= FORMATS.keys() - {"json", "text", "html"}
    for command in commands:
        done = warm.anp(*shlex.split(command), folder=tmp_path)
        assert done.returncode == 0, done.stderr
    (example,) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", DOCUMENT, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example[0], "docs/formats.md", "exec"), {})

    assert capsys.readouterr().out == example[1]
    assert {path.name for path in tmp_path.iterdir()} == {
        *re.findall(r"--out (\S+)", "\n".join(commands)),
        "articles.000.xml",
        "articles.001.xml",
    } - {"articles.xml"}
