"""The same bytes by every Python that is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import synth

ROOT = Path(__file__).parents[3]
CODE = """
import sys, types

# Other Pythons have none of our packages. Without one that encodes, what the standard library says is asked for.
orjson = types.ModuleType("orjson")
orjson.OPT_UTC_Z, orjson.JSONEncodeError = 0, TypeError

def dumps(*_, **__):
    raise TypeError

orjson.dumps = dumps
sys.modules["orjson"] = orjson
from synth import fingerprint

print(*sys.version_info[:2], fingerprint("natural"), fingerprint("classic"))
"""


def found(minor: int) -> str:
    """Path of a Python of this version, or a reason to leave the test out."""
    if sys.version_info[:2] == (3, minor):
        return sys.executable
    for each in filter(None, (shutil.which(f"python3.{minor}"), *_of_pyenv(minor))):
        if subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode == 0:
            return each
    pytest.skip(f"there is no python3.{minor} here")


def _of_pyenv(minor: int) -> list[str]:
    """Those that pyenv has installed; its own commands of this name work only where they are switched on."""
    shim = shutil.which("pyenv")
    root = Path(shim).resolve().parents[1] if shim else Path()
    return [str(path) for path in sorted(root.glob(f"versions/3.{minor}.*/bin/python"))]


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_another_python_makes_the_same_articles(minor: int) -> None:
    """A thousand of each profile, by the whole record."""
    done = subprocess.run(
        [found(minor), "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){CODE}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["3", str(minor), synth.fingerprint("natural"), synth.fingerprint("classic")]
