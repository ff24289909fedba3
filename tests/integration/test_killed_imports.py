"""Imports that are killed, again and again, and run again until they are done."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from synth import Corpus
from synth.export import export
from tests.dumps import content, dump

CORPUS = Corpus(first_id=900, count=260, seed=2)
MEMBERS = 3
KILLS = 6
END_DEADLINE_S = 60.0

# The command as it is, with fewer articles in a batch, so that there are more moments between two of them.
_PROGRAM = """
import sys
from target_app import importer
from target_app.__main__ import main
import target_app.__main__ as command

importer.BATCH, importer.RUN, importer.AHEAD, importer.SIDE_BY_SIDE_FROM = 20, 10, 40, int(sys.argv[1])
command._PROGRESS_INTERVAL = 0
sys.exit(main(sys.argv[2:]))
"""
FEW, MANY = "1000000", "0"
"""From how many articles on other processes make them."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the corpus' articles, one of which is not the corpus'."""
    path = tmp_path_factory.mktemp("exported") / "articles.jsonl"
    export(CORPUS, "jsonl", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    intro = '"intro":"'
    lines[150] = (
        lines[150]
        .replace(intro, intro + "By hand. ", 1)
        .replace(f'"digest":"{CORPUS.article(1050).digest}"', '"digest":null')
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _words(kind: str, database: Path, exported: Path) -> list[str]:
    words = ["import", "--db", str(database), "--members", str(MEMBERS)]
    if kind == "file":
        return [*words, "--jsonl", str(exported)]
    return [
        *words,
        *("--first-id", str(CORPUS.first_id)),
        *("--count", str(CORPUS.count)),
        *("--seed", str(CORPUS.seed)),
    ]


def _start(side_by_side_from: str, words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, side_by_side_from, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _killed(process: subprocess.Popen[str], lines: int, seconds: float) -> bool:
    """Kill an import some time after it has said some lines; gives whether it had not ended by itself."""
    assert process.stdout is not None
    for _ in range(lines):
        if not process.stdout.readline():
            break
    # Not a wait for anything: some moment or other between two batches.
    select.select([], [], [], seconds)
    others = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.kill()
    _, said = process.communicate()
    assert process.returncode in {-9, 0}, said
    deadline = time.monotonic() + END_DEADLINE_S
    while any(other.is_running() and other.status() != psutil.STATUS_ZOMBIE for other in others):
        assert time.monotonic() < deadline, "a process of the killed import goes on without it"
        psutil.wait_procs(others, timeout=0.05)
    return process.returncode == -9


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["corpus", "file"])
@pytest.mark.parametrize("side_by_side_from", [FEW, MANY])
def test_nothing_is_lost_or_doubled(kind: str, side_by_side_from: str, exported: Path, tmp_path: Path) -> None:
    """Killed at random moments and run again, an import ends with what one ends with that nobody disturbed."""
    whole, path = tmp_path / "whole.db", tmp_path / "killed.db"
    done = _start(side_by_side_from, _words(kind, whole, exported))
    _, said = done.communicate()
    assert (done.returncode, said) == (0, "")
    chance = random.Random(f"{kind} {side_by_side_from}")
    killed = 0
    for _ in range(KILLS):
        # Most imports are stopped early, or the first would be the last.
        process = _start(side_by_side_from, _words(kind, path, exported))
        killed += _killed(process, chance.choice([0, 1, 1, 2, 2, 3]), chance.uniform(0, 0.15))
    last = _start(side_by_side_from, _words(kind, path, exported))
    _, said = last.communicate()
    assert (last.returncode, said) == (0, "")
    assert killed > 2
    assert dump(path) == dump(whole)
    assert content(path) == content(whole)
    assert len(content(path)["article"]) == CORPUS.count
    assert not path.with_name("killed.db-wal").exists()
