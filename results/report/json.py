"""The comparison for machines: ``compare.json``, described by ``results/schema/compare.schema.json``.

The schema is generated from the data classes with ``make schema``; those of older formats stay beside it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from results.comparison import FORMAT, Comparison
from results.errors import ResultsError


def render(comparison: Comparison) -> str:
    """JSON text; figures that are not finite are ``null``."""
    return json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@cache
def schema(version: int | None = None) -> dict[str, Any]:
    """The JSON Schema that every ``compare.json`` of a format fulfils; of this version's format by default.

    Raises:
        ResultsError: No such format was ever written, or a newer version writes it.
    """
    name = "compare.schema.json" if version in {None, FORMAT} else f"compare-{version}.schema.json"
    file = resources.files("results") / "schema" / name
    if not file.is_file():
        raise ResultsError(f"compare.json of format {version} has no schema here; the newest known format is {FORMAT}")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded
