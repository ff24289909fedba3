"""PHP itself, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest


def run(program: str, *arguments: str, given: str = "") -> Any:
    """Return what a program prints as JSON, or skip the test where there is no PHP that can read XML."""
    php = shutil.which("php")
    if (
        php is None
        or subprocess.run([php, "-r", "exit(extension_loaded('simplexml') ? 0 : 1);"], check=False).returncode
    ):
        pytest.skip("needs PHP, of Debian's packages php-cli and php-xml for example")
    words = [php, "-d", "display_errors=stderr", "-d", "error_reporting=-1", "-r", program, "--", *arguments]
    done = subprocess.run(words, input=given, capture_output=True, check=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)
