"""The arms of a trial as two revisions of a git repository, each in a work tree and an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness import hooks
from harness.errors import UsageError
from harness.own_site import OwnTargets
from harness.processes import uninterrupted
from harness.trial_plan import AFTER, BEFORE, TrialPlan

_OWN_PROGRAMS: Final = (".venv/bin", "venv/bin", "node_modules/.bin")
"""Folders of a work tree whose programs come before those of the machine: what ``setup`` has installed there."""

_NAMED: Final = 3
"""Changed files that are named."""


def resolved(plan: TrialPlan) -> TrialPlan:
    """A plan of revisions with the commits they stand for now, so that it means the same whenever it is gone on with.

    Raises:
        UsageError: There is no repository or no such revision, or both are one commit.
    """
    git = plan.git
    if git is None:
        return plan
    folder = git.repository or plan.before.folder or Path.cwd()
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel"))
    except UsageError:
        raise UsageError(
            f"{folder} is in no git repository; run the trial in one, or name it in the plan: repository in [git]"
        ) from None
    commits = {name: _commit(root, revision) for name, revision in ((BEFORE, git.before), (AFTER, git.after))}
    if commits[BEFORE] == commits[AFTER]:
        raise UsageError(
            f"{git.before} and {git.after} are one commit, {commits[BEFORE][:10]}; name two that differ, or commit "
            "what is to be compared"
        )
    named = git.model_copy(update={"repository": root, **commits})
    arms = {
        name: getattr(plan, name).model_copy(
            update={"folder": getattr(plan, name).folder or folder, "label": describe(root, commits[name])}
        )
        for name in commits
    }
    return plan.model_copy(update={"git": named, **arms})


def describe(repository: Path, commit: str) -> str:
    """``1a2b3c4d5e Keep the menu``."""
    return _git(repository, "show", "--no-patch", "--format=%h %s", "--abbrev=10", commit)


def changes(repository: Path) -> str:
    """What is in the work tree and in no commit, in words; empty where there is nothing."""
    files = [line[3:] for line in _git(repository, "status", "--porcelain").splitlines()]
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f"{', '.join(files[:_NAMED])}{more}" if files else ""


def between(repository: Path, good: str, bad: str) -> list[str]:
    """The commits after ``good`` up to ``bad``, the oldest first, along the first parents.

    Raises:
        UsageError: ``good`` is no ancestor of ``bad``.
    """
    commits = _git(repository, "rev-list", "--reverse", "--first-parent", "--ancestry-path", f"{good}..{bad}").split()
    if not commits:
        raise UsageError(
            f"{good} is no ancestor of {bad} along its first parents; name an older commit of the same line"
        )
    return commits


class GitTargets(OwnTargets):
    """See ``Targets``."""

    def make(self) -> None:
        """Check both revisions out and set them up."""
        git = self._plan.git
        assert git is not None
        assert git.repository is not None
        if changed := changes(git.repository):
            self._stage.steps.say(f"  not committed, and so in neither arm: {changed}")
        for name, commit in ((BEFORE, git.before), (AFTER, git.after)):
            tree = self._tree(name)
            with self._stage.steps.step(f"{name}: {self._plan.arms[name].label}, checked out and set up"):
                self._stage.watchdog.undo_later(
                    f"remove the work tree of {name}", self._remove(tree), environment=dict(os.environ)
                )
                _git(git.repository, "worktree", "add", "--detach", "--force", str(tree), commit)
                if git.setup:
                    hooks.run(
                        f"setup of {name} ({commit[:10]})",
                        git.setup,
                        self._stage,
                        self._stage.log(f"setup-{name}"),
                        folder=self._folder(name),
                        values=hooks.environment(name, "", self._environment(name)),
                        seconds=self._plan.hooks.seconds,
                    )

    def roll_back(self) -> None:
        """Remove the work trees too."""
        try:
            super().roll_back()
        finally:
            with uninterrupted():
                for name in (BEFORE, AFTER):
                    subprocess.run(self._remove(self._tree(name)), capture_output=True, check=False)
                    self._stage.watchdog.undone(f"remove the work tree of {name}")

    def _tree(self, name: str) -> Path:
        return self._stage.work / "trees" / (AFTER if name == AFTER else BEFORE)

    def _remove(self, tree: Path) -> list[str]:
        assert self._plan.git is not None
        return ["git", "-C", str(self._plan.git.repository), "worktree", "remove", "--force", "--force", str(tree)]

    def _folder(self, name: str) -> Path | None:
        """The arm's folder, in its own work tree."""
        git, folder = self._plan.git, self._plan.arms[name].folder
        assert git is not None
        assert git.repository is not None
        inside = folder.resolve().relative_to(git.repository.resolve()) if folder is not None else Path()
        return self._tree(name) / inside

    def _environment(self, name: str) -> dict[str, str]:
        """Programs that were set up in the work tree are found first."""
        folders = {self._folder(name) or Path(), self._tree(name)}
        own = [str(folder / part) for folder in sorted(folders) for part in _OWN_PROGRAMS]
        arm = super()._environment(name)
        path = os.pathsep.join([*own, arm.get("PATH", os.environ.get("PATH", os.defpath))])
        return {**arm, "PATH": path}


def _commit(root: Path, revision: str) -> str:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except UsageError:
        remedy = "name a branch, a tag or a commit (git log)"
        if _git(root, "rev-parse", "--is-shallow-repository") == "true":
            remedy = (
                "the clone is shallow, so fetch more of it (git fetch --unshallow; in CI, fetch-depth: 0) or " + remedy
            )
        raise UsageError(f"{root} has no revision {revision!r}; {remedy}") from None


def _git(folder: Path, *words: str) -> str:
    """What git says.

    Raises:
        UsageError: It fails, in its own last words.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed; install it, or give each arm a command of its own") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UsageError(f"git {words[0]} in {folder}: {said[-1].removeprefix('fatal: ')}")
    return done.stdout.rstrip()


def range_of(word: str) -> Mapping[str, str]:
    """``main..HEAD`` as the revisions of a plan; an end that is left out is ``HEAD``.

    Raises:
        UsageError: It is no range.
    """
    before, dots, after = word.partition("..")
    if not dots or after.startswith(".") or not (before or after):
        raise UsageError(f"--git {word!r} is not a range of two revisions; write BEFORE..AFTER, such as main..HEAD")
    return {"before": before or "HEAD", "after": after or "HEAD"}
