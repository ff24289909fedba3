"""The description of the machine that goes into every record."""

from __future__ import annotations

import json
import os
import platform

from results.machine import describe, versions


def test_the_description_is_plain_json_and_says_what_the_machine_is() -> None:
    """Cores, memory, kernel and processor are named, in values that JSON keeps."""
    machine = describe()

    assert json.loads(json.dumps(machine)) == machine
    assert (machine["cores"], machine["kernel"]) == (os.cpu_count(), platform.release())
    assert machine["memory_bytes"] > 2**26
    assert machine["cpu"]


def test_versions_name_python_and_each_package() -> None:
    """The version of Python comes first, then one of each package asked for."""
    assert list(versions(["numpy", "pyarrow"])) == ["python", "numpy", "pyarrow"]
    assert versions([]) == {"python": platform.python_version()}
