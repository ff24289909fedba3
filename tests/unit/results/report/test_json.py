import json

import jsonschema

from results.comparison import Comparison
from results.report.json import render, schema


def test_the_schema_is_a_schema() -> None:
    """What is shipped as JSON Schema is one."""
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_schema_names_every_key(demo_comparison: Comparison) -> None:
    """Schema and comparison have the same keys at the top."""
    assert set(schema()["properties"]) == set(demo_comparison.to_dict())


def test_the_text_is_strict_json(demo_comparison: Comparison) -> None:
    """No figure is written as NaN or Infinity, which no other reader knows."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(render(demo_comparison), parse_constant=refuse)["overall"]["word"] == "faster"
