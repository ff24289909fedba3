from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import main
from harness.cli import VERBS

SLOW = {"fastapi", "gevent", "httpx", "locust", "matplotlib", "numpy", "pyarrow", "scipy"}
"""Packages that take longer to import than a person waits for a word."""


def test_a_defect_has_a_code_that_no_verdict_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that broke must not pass for a trial that was judged; the line says how to see where."""

    def broken() -> int:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(main, "_command_line", broken)

    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 70
    assert capsys.readouterr().err == (
        "error: ZeroDivisionError: division by zero. This is a defect of anp; anp --debug shows where\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("audit http://127.0.0.1:1 --format sraif", "unknown word for --format 'sraif'; did you mean 'sarif'?"),
        ("serve --server-timing pubic", "unknown word for --server-timing 'pubic'; did you mean 'public'?"),
        ("cache --origin x --profile none", "unknown word for --profile 'none'; choose one of rfc, site"),
    ],
)
def test_a_word_that_an_option_does_not_take_is_told_with_those_it_takes(
    words: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words that plan keys and names have too, whichever verb it is."""
    monkeypatch.setattr(sys, "argv", ["anp", *words.split()])

    with pytest.raises(SystemExit) as end:
        main.main()
    assert (end.value.code, capsys.readouterr().err) == (2, f"error: {says}\n")


def _imported(*words: str, folder: Path) -> set[str]:
    """Every module that ``anp`` with these words imports."""
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "from harness.main import main; main()"
    )
    argv = [sys.executable, "-c", program, *words]
    return set(subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stderr.split())


def test_the_help_waits_for_nothing_that_only_the_work_of_a_verb_needs(tmp_path: Path) -> None:
    """Every verb is imported to be listed, as it is to refuse an option; what takes long to import is not."""
    imported = _imported("--help", folder=tmp_path)

    assert {f"harness.cli.{verb}" for verb in VERBS} <= imported
    assert not SLOW & imported


def test_an_article_is_shown_without_what_other_verbs_need(tmp_path: Path) -> None:
    """``anp synth show`` imports the synthesizer and neither other verbs nor what draws tables."""
    imported = _imported("synth", "show", "5", folder=tmp_path)

    assert "synth.generator" in imported
    assert not (SLOW | {"rich"} | {f"harness.cli.{verb}" for verb in VERBS if verb != "synth"}) & imported
