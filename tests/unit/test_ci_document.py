"""docs/ci.md: its workflows are what GitHub and GitLab take, safe, and call the action as it is."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from harness.cli import app
from harness.cli.options import fail_on
from results import statistics

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
MARKED = re.findall(
    r"<!-- (workflow|gitlab|steps): ?(\S*) -->\n```yaml\n(.*?)```",
    TEXT.replace("<!-- steps -->", "<!-- steps: -->"),
    re.DOTALL,
)
WORKFLOWS = {name: text for kind, name, text in MARKED if kind == "workflow"}
GITLAB = {name: text for kind, name, text in MARKED if kind == "gitlab"}
OURS = "your-org/anp@v1"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tool(name: str) -> str:
    """Where a linter is: in the environment, or on the PATH."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def steps_of(text: str) -> list[dict[str, Any]]:
    """All steps of a workflow."""
    return [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]


def test_every_example_is_looked_at() -> None:
    """Each YAML block of the page is marked as what it is."""
    assert len(MARKED) == TEXT.count("```yaml")
    assert (len(WORKFLOWS), len(GITLAB)) == (3, 1)


@pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_gives_away_nothing(text: str) -> None:
    """Permissions are given job by job; no script holds an expression; what writes for forks runs no code of them."""
    workflow = yaml.safe_load(text)
    steps = steps_of(text)

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in json.dumps(workflow, default=str)
    for job in workflow["jobs"].values():
        assert {scope for scope, level in job["permissions"].items() if level == "write"} <= {"pull-requests"}
        assert job["permissions"].get("contents") in {None, "read"}
    assert [step for step in steps if "${{" in step.get("run", "")] == []
    for step in steps:
        uses = step.get("uses", OURS)
        assert uses == OURS or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", uses)
        if "checkout" in uses:
            assert step["with"]["persist-credentials"] is False
    if True in workflow and "workflow_run" in workflow[True]:  # to YAML 1.1, "on" is a truth value
        assert not any("checkout" in step.get("uses", "") or step.get("uses") == OURS for step in steps)


@pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_calls_the_action_as_it_is(text: str) -> None:
    """Every input is one of the action's, every output that is asked for too, and every policy can be asked for."""
    for step in steps_of(text):
        if step.get("uses") == OURS:
            assert set(step["with"]) <= set(ACTION["inputs"])
            assert fail_on(step["with"].get("fail-on", ""))
    assert set(re.findall(r"steps\.anp\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])


def test_the_two_workflows_of_a_fork_fit_together() -> None:
    """The second waits for the first by name, takes the artifact by the name the action gives it, and its file."""
    first, second = (yaml.safe_load(WORKFLOWS[f".github/workflows/{name}.yml"]) for name in ("anp", "anp-comment"))
    steps = second["jobs"]["comment"]["steps"]

    assert second[True]["workflow_run"]["workflows"] == [first["name"]]
    assert steps[0]["with"]["name"] == ACTION["inputs"]["artifact"]["default"]
    assert "anp/comment.md" in steps[1]["run"]


def test_every_input_is_told_with_its_default() -> None:
    """The table is what action.yml says."""
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*?) \| (.*?) \|$", TEXT.split("### Inputs")[1].split("\n## ")[0], re.MULTILINE
    )
    said = {name: (default.strip("`–"), what) for name, default, what in rows}

    assert said == {name: (each["default"], each["description"]) for name, each in ACTION["inputs"].items()}


def test_every_command_has_options_that_there_are() -> None:
    """Whatever follows ``anp trial`` and ``anp compare`` and looks like an option is one."""
    command: Any = typer.main.get_command(app)
    known = {
        name: {option for each in command.commands[name].params for option in each.opts}
        for name in ("trial", "compare")
    }
    lines = re.findall(r'anp" ?(compare) (.*)|anp (trial|compare) ([^`\n]*(?:\n +--[^\n]*)*)', TEXT)

    assert len(lines) > 6
    for quoted, rest, verb, more in lines:
        used = re.findall(r"(?<![\w-])--[a-z][\w-]*", f"{rest} {more}".split(" -- ")[0])
        assert set(used) <= known[quoted or verb] | {"--setup"}, more


def test_the_policies_are_all_told() -> None:
    """The table of --fail-on has every word there is."""
    from results.verdict import FAIL_ON

    told = re.findall(
        r"^\| `([\w-]+)` \| .* \| \d \|$", TEXT.split("## What fails a build")[1].split("\n## ")[0], re.MULTILINE
    )

    assert sorted(told) == sorted(word.replace(" ", "-") for word in FAIL_ON)


def test_the_changes_that_are_found_are_the_planners() -> None:
    """Each figure of the table is what 95 % power takes, for four cells and a margin of 3 %."""
    rows = [line.strip("| ").split(" | ") for line in TEXT.split("<!-- power -->")[1].split("\n\n")[0].splitlines()[3:]]

    assert len(rows) == 3
    for spread, *found in rows:
        sd = float(spread.removesuffix(" %")) / 100
        logs = [
            statistics.detectable(sd, k, statistics.t_critical(k, 0.05, 4), margin)
            for k in (8, 16, 24)
            for margin in (0.0, math.log1p(0.03))
        ]
        assert found == [f"{100 * math.expm1(log):.1f} %" for log in logs]


def test_the_figures_of_the_rig_are_those_that_were_measured() -> None:
    """What is said of small runners stands in the report of the real trials."""
    real = (ROOT / "docs" / "calibration" / "real-trials.md").read_text(encoding="utf-8")

    for said in (
        "reader article p50 | 40 | 2.6 %",
        "reader home p50 | 40 | 5.8 %",
        "reader article p95 | 40 | 9.2 %",
        "reader article p99 | 40 | 29.8 %",
        "In 200 of 249 cells half the interval is wider than the margin",
        "same 4 of its 44",
        "same: 3 of 40 trials with any alarm (2 % to 20 %)",
        "8 launches of 3 s",
    ):
        assert said in real, said


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("gitlab-ci", GITLAB),
        ("github-actions", {"action.yml": (ROOT / "action.yml").read_text(encoding="utf-8")}),
    ],
)
def test_the_schema_of_the_system_allows_it(schema: str, files: dict[str, str], tmp_path: Path) -> None:
    """Workflows, the job for GitLab and the action are of the form that SchemaStore knows."""
    names = [tmp_path / Path(name).name for name in files]
    for name, text in zip(names, files.values(), strict=True):
        name.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *names],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_an_audit_finds_nothing_but_the_trigger_of_the_second_workflow(tmp_path: Path) -> None:
    """Zizmor has no word against any of it, but that workflow_run is dangerous: which is why that one is so bare."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in WORKFLOWS.items():
        (tmp_path / name).write_text(text.replace(OURS, f"your-org/anp@{COMMIT}"), encoding="utf-8")
    shutil.copy(ROOT / "action.yml", tmp_path)
    argv = [tool("zizmor"), "--offline", "--no-config", "--format", "json", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)

    assert [each["ident"] for each in found] == ["dangerous-triggers"]
    assert "anp-comment.yml" in json.dumps(found[0]["locations"])


@pytest.mark.parametrize("text", [*WORKFLOWS.values(), (ROOT / "action.yml").read_text(encoding="utf-8")])
def test_scripts_are_shell(text: str) -> None:
    """Bash reads every script of the workflows and of the action."""
    about = yaml.safe_load(text)
    steps = about["runs"]["steps"] if "runs" in about else steps_of(text)

    for step in steps:
        if "run" in step:
            done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
            assert done.returncode == 0, shlex.join(["bash", "-n"]) + done.stderr
