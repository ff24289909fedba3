"""A runner of composite actions, as far as it takes no GitHub: shell steps are executed, others are only named.

It knows the files that steps write to (``GITHUB_OUTPUT``, ``GITHUB_STEP_SUMMARY``), conditions, and expressions made of
names, texts, ``==``, ``!=``, ``&&`` and ``||``.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TOKEN = re.compile(r"'[^']*'|&&|\|\||[!=]=|[A-Za-z_][\w.-]*")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


@dataclass
class Outcome:
    """What became of an action.

    Attributes:
        steps: By name, success, failure or skipped; of a step that is an action itself, what it was given.
        outputs: Of the action.
        summary, log: What the steps wrote.
    """

    steps: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    @property
    def conclusion(self) -> str:
        """Failure if any step failed."""
        return "failure" if "failure" in self.steps.values() else "success"


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of an expression; a name that is not known is the empty text."""

    def look(name: str) -> Any:
        value: Any = contexts
        for part in name.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return value

    def translated(found: re.Match[str]) -> str:
        word = found.group()
        return {"&&": " and ", "||": " or "}.get(word) or (f"look({word!r})" if word[0].isalpha() else word)

    return eval(_TOKEN.sub(translated, expression.strip()), {"__builtins__": {}}, {"look": look})


def run(
    action: Path, inputs: Mapping[str, str], github: Mapping[str, Any], workspace: Path, temp: Path, path: str
) -> Outcome:
    """Carry out an action.

    Args:
        action: Folder of its ``action.yml``.
        inputs: Those that differ from their defaults.
        github: The context of this name.
        workspace: The checked-out repository.
        temp: Folder for what steps leave.
        path: Where programs are.
    """
    about = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    contexts: dict[str, Any] = {"github": github, "steps": {}}

    def filled(text: str) -> str:
        return _EXPRESSION.sub(lambda found: str(evaluate(found.group(1), contexts)), str(text))

    defaults = {name: filled(each.get("default", "")) for name, each in about["inputs"].items()}
    assert set(inputs) <= set(defaults)
    contexts["inputs"] = {**defaults, **inputs}
    outcome = Outcome()
    summary = temp / "summary.md"
    for number, step in enumerate(about["runs"]["steps"]):
        name = step["name"]
        if outcome.conclusion == "failure" or not evaluate(step.get("if", "'yes'"), contexts):
            outcome.steps[name] = "skipped"
            continue
        if "uses" in step:
            outcome.steps[name] = {key: filled(value) for key, value in step.get("with", {}).items()}
            continue
        script, output = temp / f"{number}.sh", temp / f"{number}.output"
        script.write_text(step["run"], encoding="utf-8")
        output.touch()
        environment = {
            "PATH": path,
            "HOME": os.environ.get("HOME", str(temp)),
            "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_REPOSITORY": str(github["repository"]),
            **{key: filled(value) for key, value in step.get("env", {}).items()},
        }
        done = subprocess.run(
            [step["shell"], "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace / filled(step.get("working-directory", ".")),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        outcome.log += done.stdout
        outcome.steps[name] = "failure" if done.returncode else "success"
        if "id" in step:
            told = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
            contexts["steps"][step["id"]] = {"outputs": told}
    outcome.outputs = {name: filled(each["value"]) for name, each in about["outputs"].items()}
    outcome.summary = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return outcome
