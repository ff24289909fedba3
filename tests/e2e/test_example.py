"""From ``anp init`` to a report, on the example site: what a newcomer does with a site of their own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from results.record import read_record
from tests.example_site import copy_to

pytestmark = pytest.mark.e2e

INIT = """init --before-command ".venv/bin/python app.py --port {port}" --before-env PAGE_CACHE=off
    --after-env PAGE_CACHE=on --accounts accounts.csv --name blog-cache"""
TRIAL = "trial plan.toml --launches 1 --seconds 3 --rate 30 --out runs --fail-on slower --json"


def test_from_nothing_to_a_report_of_a_site_of_ones_own(tmp_path: Path) -> None:
    """The plan that was written is carried out as it stands: readers are served from the cache after the change alone.

    Members log in by the recipe that was written, bypass the cache, and get their own pages.
    """
    blog = copy_to(tmp_path, posts=40)

    written = _anp(blog, INIT)
    assert written.returncode == 0, written.stderr
    tried = _anp(blog, TRIAL)

    assert tried.returncode in {0, 1}, tried.stderr
    (path,) = (folder for folder in (blog / "runs").iterdir() if folder.is_dir())
    record = read_record(path)
    assert record.run is not None
    assert record.run["ended_by"] == "completed"
    rows = [row for launch in record.launches() for row in launch.table("requests").to_pylist()]
    classes: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row["route"] == "posts":
            classes.setdefault((row["arm"], row["persona"]), set()).add(row["cache"])
    assert classes == {
        ("before", "reader"): {"BYPASS"},
        ("before", "member"): {"BYPASS"},
        ("after", "reader"): {"HIT"},
        ("after", "member"): {"BYPASS"},
    }
    assert {row["route"] for row in rows if row["persona"] == "member"} >= {"posts", "member"}
    comparison = json.loads(tried.stdout)
    assert {(cell["cell"]["persona"], cell["cell"]["route"]) for cell in comparison["cells"] if cell["primary"]} == {
        ("reader", "posts"),
        ("member", "posts"),
    }
    assert {gate["code"]: gate["ok"] for gate in comparison["gates"]}["checks"]
    assert (path / "report.html").exists()


def _anp(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *shlex.split(words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
