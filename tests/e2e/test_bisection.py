"""The commit that made a page slower, found by real trials of a real repository."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from results.record import read_record

pytestmark = [pytest.mark.e2e, pytest.mark.deep]

LITTLE = Path(__file__).parents[1] / "little_site.py"


def git(folder: Path, *words: str) -> str:
    """What git says."""
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.timeout(1800)
def test_the_commit_that_made_a_page_slower_is_found(tmp_path: Path) -> None:
    """Of four commits the third waits for twenty milliseconds; every step is kept with its verdict and its record."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    text = LITTLE.read_text().replace("little.example", "127.0.0.1")
    slow = text.replace('"LITTLE_DELAY", "0"', '"LITTLE_DELAY", "0.02"')
    for number, content in enumerate((text, f"{text}# 1\n", slow, f"{slow}# 3\n")):
        (folder / "app.py").write_text(content)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", f"--message=Commit {number}")

    argv = [sys.executable, "-m", "harness", "trial", "--git", "main~3..main", "--bisect", "reader posts p50", "--json"]
    argv += ["--launches", "8", "--seconds", "3", "--rate", "40", "--method", "rounds", "--spare", "2"]
    argv += ["--out", str(tmp_path / "runs")]
    done = subprocess.run(
        [*argv, "--", sys.executable, "app.py", "{port}"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["suspects"] == [git(folder, "rev-parse", "main~1")]
    assert found["words"].endswith("Commit 2.")
    assert json.loads((Path(found["directory"]) / "bisection.json").read_text()) == found
    words = {step["label"].partition(" ")[2]: step["word"] for step in found["steps"]}
    assert words == {"Commit 3": "slower", "Commit 2": "slower", "Commit 1": "not slower"}
    for step in found["steps"]:
        assert read_record(tmp_path / "runs" / step["record"]).is_complete
    assert len(git(folder, "worktree", "list").splitlines()) == 1
