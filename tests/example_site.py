"""The example site in ``examples/``, in an environment of its own as anybody would set it up."""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BLOG = Path(__file__).resolve().parents[1] / "examples" / "flask-blog"
DEADLINE_S = 120.0
_MADE = BLOG / ".venv" / ".stamp"


@functools.cache
def environment() -> Path:
    """The blog's environment: that of ``make example``, else one made from the same requirements."""
    requirements = BLOG / "requirements.txt"
    if _MADE.exists() and _MADE.stat().st_mtime >= requirements.stat().st_mtime:
        return _MADE.parent
    folder = Path(tempfile.mkdtemp(prefix="anp-example-"))
    atexit.register(shutil.rmtree, folder)
    made = folder / "venv"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(made / "bin/python")]
    for words in (
        [sys.executable, "-m", "venv", "--without-pip", str(made)],
        [*pip, "install", "--no-compile", "-r", str(requirements)],
    ):
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert done.returncode == 0, done.stderr
    return made


def copy_to(folder: Path, *, posts: int = 300) -> Path:
    """A copy of the blog with posts of its own, without the files that ``anp init`` writes; returns its folder."""
    blog = folder / "flask-blog"
    shutil.copytree(BLOG, blog, ignore=shutil.ignore_patterns(".venv", "*.sqlite", "*.toml", "__pycache__"))
    (blog / ".venv").symlink_to(environment())
    subprocess.run(
        [blog / ".venv/bin/python", "seed.py", "--posts", str(posts)],
        cwd=blog,
        capture_output=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return blog
