"""What a trial's record says of the source it was run from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from results import source


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git work tree on branch ``work``, apart from the settings of whoever runs the tests."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/work")
    return folder


def git(folder: Path, *words: str) -> str:
    """Run git as somebody."""
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, **files: str) -> str:
    """Commit files and return the commit."""
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "files")
    return git(folder, "rev-parse", "HEAD")


def test_a_clean_tree_is_its_commit(tree: Path) -> None:
    """Commit and branch are told, and no file differs; a folder inside is of the same tree."""
    head = commit(tree, a="1")
    (tree / "inside").mkdir()

    assert source.describe(tree) == {"commit": head, "branch": "work", "dirty": []}
    assert source.describe(tree / "inside") == source.describe(tree)


def test_files_that_differ_are_named(tree: Path) -> None:
    """Changed, new and renamed files are named as they are now, in the words of the tree."""
    commit(tree, changed="1", old="a file that is long enough to be known again")
    (tree / "changed").write_text("2")
    (tree / "with space").write_text("new")
    git(tree, "mv", "old", "renamed")

    found = source.describe(tree)

    assert found is not None
    assert sorted(found["dirty"]) == ["changed", "renamed", "with space"]


def test_a_tree_without_a_commit_has_a_branch(tree: Path) -> None:
    """Before the first commit there is nothing to name but the branch."""
    assert source.describe(tree) == {"commit": None, "branch": "work", "dirty": []}


def test_a_commit_without_a_branch(tree: Path) -> None:
    """A commit that is checked out by itself has no branch."""
    head = commit(tree, a="1")
    git(tree, "checkout", "--quiet", "--detach")

    found = source.describe(tree)

    assert found is not None
    assert (found["commit"], found["branch"]) == (head, None)


def test_outside_a_tree_nothing_is_known(tree: Path) -> None:
    """A folder that git does not know has no source."""
    assert source.describe(tree.parent) is None


def test_without_git_nothing_is_known(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git, a trial goes on without."""
    monkeypatch.setenv("PATH", str(tree))

    assert source.describe(tree) is None
