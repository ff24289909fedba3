"""The GitHub action: its shell steps are executed, in order, on a small repository; GitHub itself is not there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.action_runner import Outcome, run

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
LITTLE = Path(__file__).parents[1] / "little_site.py"
PLAN = """
name = "pull request"
method = "rounds"
seconds = 0.5
rate = 20
warmup = 0.1
settle = 0
keep_awake = false
[site]
sitemap = "/sitemap.xml"
aliases = ["little.example"]
"""
GH = """\
#!{python}
# Stands in for GitHub: remembers what it was called with, and at most one comment.
import json, os, pathlib, sys
state, words = pathlib.Path(__file__).with_name("github"), sys.argv[1:]
assert words[0] == "api"
assert os.environ["GH_TOKEN"] == "a token"
if words[:4] == ["api", "--method", "GET", "repos/owner/site/pulls"]:
    print("12" if "head=someone:$(touch pwned)" in words and "f00d" in words[-1] else "")
elif "--jq" in words:
    print("7\\n8" if state.exists() else "")
else:
    (body,) = [word.removeprefix("body=@") for word in words if word.startswith("body=@")]
    state.write_text(json.dumps([words[1:4:2], pathlib.Path(body).read_text()]))
"""


def git(folder: Path, *words: str) -> str:
    """What git says."""
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def program(file: Path, text: str) -> None:
    """A file that can be started."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pull request as it is checked out: a merge commit and its parents."""
    folder = tmp_path_factory.mktemp("workspace")
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "site").mkdir()
    (folder / "site" / "app.py").write_text(LITTLE.read_text())
    (folder / "site" / "plan.toml").write_text(PLAN)
    program(folder / "site" / "serve.sh", f'#!/bin/sh\nexec {sys.executable} app.py "$1"\n')
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=A site")
    git(folder, "checkout", "--quiet", "-b", "change")
    (folder / "site" / "app.py").write_text(LITTLE.read_text().replace('"LITTLE_DELAY", "0"', '"LITTLE_DELAY", "0.01"'))
    git(folder, "commit", "--quiet", "--all", "--message=A slower site")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message=Merge", "change")
    return folder


def programs(folder: Path) -> str:
    """A search path with the anp of this checkout, and GitHub's command."""
    folder.mkdir(exist_ok=True)
    program(folder / "anp", f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m harness "$@"\n')
    program(folder / "gh", GH.format(python=sys.executable))
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def acted(workspace: Path, temp: Path, *, fork: bool = False, **inputs: str) -> Outcome:
    """Carry out the action of a pull request, with the anp of this checkout."""
    temp.mkdir()
    repository = "someone/fork" if fork else "owner/site"
    github: dict[str, Any] = {
        "repository": "owner/site",
        "event_name": "pull_request",
        "token": "a token",
        "event": {"pull_request": {"number": 12, "head": {"repo": {"full_name": repository}}}},
    }
    given = {"install": "false", **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return run(ROOT, given, github, workspace, temp, programs(temp.parent / "programs"))


SITE = {"working_directory": "site", "plan": "plan.toml", "command": "./serve.sh {port}", "launches": "1", "spare": "0"}


def test_a_pull_request_is_compared_with_its_base_and_told(workspace: Path, tmp_path: Path) -> None:
    """Summary, comment, record and JUnit are there; the next run replaces the comment, and fails after all of that."""
    github = tmp_path / "programs" / "github"
    first = acted(workspace, tmp_path / "first", fail_on="slower", **SITE)
    folder = Path(first.outputs["folder"])
    comment = (folder / "comment.md").read_text(encoding="utf-8")

    assert first.conclusion == "success", first.log
    assert first.outputs["verdict"] in {"not enough data", "invalid"}
    assert first.outputs["exit-code"] == "0"
    assert first.summary == comment
    assert comment.startswith("<!-- anp-comparison -->\n### ")
    assert first.steps["Record"] == {"name": "anp-trial", "path": str(folder)}
    record = Path(first.outputs["record"])
    assert record.parent == folder / "runs"
    assert (record / "report.html").exists()
    arms = json.loads((record / "plan.json").read_text(encoding="utf-8"))["arms"]
    assert [arm["settings"]["revision"].partition(" ")[2] for arm in arms] == ["A site", "Merge"]
    cases = ET.parse(folder / "junit.xml").findall(".//testcase")
    assert all(case.find("skipped") is not None for case in cases)
    assert json.loads(github.read_text()) == [
        ["repos/owner/site/issues/12/comments", "body=@" + str(folder / "comment.md")],
        comment,
    ]

    strict = acted(workspace, tmp_path / "strict", fail_on="slower,invalid,not-enough-data", **SITE)

    assert strict.outputs["exit-code"] == {"not enough data": "3", "invalid": "4"}[strict.outputs["verdict"]]
    assert [name for name, became in strict.steps.items() if became == "failure"] == ["Verdict"]
    assert json.loads(github.read_text()) == [["--method", "repos/owner/site/issues/comments/7"], strict.summary]
    assert git(workspace, "status", "--porcelain") == ""


def test_a_trial_that_does_not_begin_fails_the_action_and_is_no_verdict(workspace: Path, tmp_path: Path) -> None:
    """The summary says that there is none, and no comment is written."""
    outcome = acted(workspace, tmp_path / "temp", command="python3 app.py")

    assert outcome.steps["Verdict"] == "failure"
    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("2", "")
    assert outcome.summary == "### No verdict: anp trial ended with exit code 2\n"
    assert "does not say which port to listen on" in outcome.log
    assert "::error title=anp::There is no verdict" in outcome.log
    assert not (tmp_path / "programs" / "github").exists()


def test_a_fork_gets_no_comment(workspace: Path, tmp_path: Path) -> None:
    """Its token could not write one."""
    assert acted(workspace, tmp_path / "temp", fork=True, command="no port").steps["Comment"] == "skipped"


@pytest.mark.parametrize("sha", ["f00d", "beef"])
def test_the_second_workflow_comments_on_the_pull_request_of_that_commit_alone(tmp_path: Path, sha: str) -> None:
    """The script in docs/ci.md finds it by owner, branch and commit; the name of a branch is no shell; else nothing."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    workflow = yaml.safe_load(page.split("anp-comment.yml -->\n```yaml\n")[1].split("```")[0])
    (step,) = [step for step in workflow["jobs"]["comment"]["steps"] if "run" in step]
    (tmp_path / "anp").mkdir()
    (tmp_path / "anp" / "comment.md").write_text("<!-- anp-comparison -->\n### Slower: …\n" + "x" * 70_000)
    environment = {
        "PATH": programs(tmp_path / "programs"),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_REPOSITORY": "owner/site",
        "GH_TOKEN": "a token",
        "OWNER": "someone",
        "BRANCH": "$(touch pwned)",
        "SHA": sha,
    }
    assert set(step["env"]) <= set(environment)
    for place in ("repos/owner/site/issues/12/comments", "repos/owner/site/issues/comments/7"):
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stderr
        if sha == "beef":
            assert "No open pull request has this commit" in done.stdout
            assert not (tmp_path / "programs" / "github").exists()
            continue
        told, body = json.loads((tmp_path / "programs" / "github").read_text())
        assert place in told
        assert body.startswith("<!-- anp-comparison -->\n> Written by the run of a pull request from a fork")
        assert "### Slower" in body
        assert len(body) < 65_536
    assert not (tmp_path / "pwned").exists()


EVIL = "\"; touch pwned; $(touch pwned) `touch pwned` ' #"


@pytest.mark.parametrize("name", ["plan", "command", "base", "head", "launches", "spare", "fail_on"])
def test_no_input_is_read_as_shell(workspace: Path, tmp_path: Path, name: str) -> None:
    """Whatever an input holds, such as the name of a branch, it is one word of the command."""
    outcome = acted(workspace, tmp_path / "temp", **{"command": "./serve.sh {port}", "base": "nowhere", name: EVIL})

    assert outcome.outputs["exit-code"] == "2", outcome.log
    assert [*workspace.rglob("pwned"), *tmp_path.rglob("pwned")] == []


def test_scripts_hold_no_expression_and_other_actions_are_pinned() -> None:
    """Values reach scripts through the environment alone; an action that is used is named by its commit."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    steps = ACTION["runs"]["steps"]

    assert [step["name"] for step in steps if "${{" in step.get("run", "")] == []
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == sum("uses" in step for step in steps)
    assert [line for line in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    assert [step["name"] for step in steps if "GH_TOKEN" in step.get("env", {})] == ["Comment"]
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []


@pytest.mark.deep
def test_the_action_installs_the_anp_that_it_comes_with(workspace: Path, tmp_path: Path) -> None:
    """From its own folder, with locked dependencies, into an environment that the site does not see."""
    outcome = acted(workspace, tmp_path / "temp", install="true", command="no port")

    assert outcome.steps["Install anp"] == "success", outcome.log
    assert "does not say which port to listen on" in outcome.log
    assert (tmp_path / "temp" / "anp" / "bin" / "anp").exists()
    assert git(ROOT, "status", "--porcelain", "--", "build", "dist", "*.egg-info") == ""
