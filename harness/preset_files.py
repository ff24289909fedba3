"""The plans that come with ``anp``, as files: ``harness/presets/NAME.toml``."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any, Final

_FOLDER: Final = resources.files("harness") / "presets"


def presets() -> list[str]:
    """Names of the presets."""
    return sorted(file.name.removesuffix(".toml") for file in _FOLDER.iterdir() if file.name.endswith(".toml"))


def read_preset(name: str) -> dict[str, Any]:
    """What the preset of this name, which is one, says."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
