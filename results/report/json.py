"""The comparison for machines: ``compare.json``, described by ``results/schema/compare.schema.json``."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from results.comparison import Comparison


def render(comparison: Comparison) -> str:
    """JSON text; figures that are not finite are ``null``."""
    return json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema that every ``compare.json`` of this version fulfils."""
    text = (resources.files("results") / "schema" / "compare.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
