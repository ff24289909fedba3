import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import tests.schema
from results.comparison import FORMAT, Comparison
from results.errors import ResultsError
from results.report.json import render, schema

EXAMPLE = Path(__file__).resolve().parents[4] / "results" / "example" / "compare.json"


def test_the_schema_is_a_schema() -> None:
    """What is shipped as JSON Schema is one."""
    jsonschema.Draft202012Validator.check_schema(schema())


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object in which keys are named."""
    if isinstance(part, dict):
        if "properties" in part and isinstance(part["properties"], dict) and "type" in part:
            yield part
        for each in part.values():
            yield from objects(each)
    elif isinstance(part, list):
        for each in part:
            yield from objects(each)


def test_the_schema_is_that_of_the_data_classes() -> None:
    """The file that ships is what the type hints and docstrings of today give; make schema writes it anew."""
    assert tests.schema.PATH.read_text(encoding="utf-8") == tests.schema.text()


def test_every_object_of_the_schema_is_closed() -> None:
    """No object of named keys may lack one of them or have another."""
    found = list(objects(schema()))

    assert len(found) > 15
    assert all(each["additionalProperties"] is False for each in found)
    assert all(sorted(each["required"]) == sorted(each["properties"]) for each in found)


def test_attributes_become_descriptions() -> None:
    """What a docstring says of an attribute stands in the schema, over line ends and for several names at once."""
    about, attributes = tests.schema.read_docstring(
        "One thing.\n\nMore of it.\n\nAttributes:\n    one, two: The ``None`` of\n        this.\n    three: That."
        "\n\nRaises:\n    four: Never."
    )

    assert about == "One thing. More of it."
    assert attributes == {"one": "The `null` of this.", "two": "The `null` of this.", "three": "That."}


def test_an_older_format_keeps_its_schema() -> None:
    """A compare.json of an earlier version can still be checked, and one of a later version is refused in words."""
    assert schema(1)["$id"] == "urn:anp:compare:1"
    assert schema(FORMAT) == schema()
    with pytest.raises(ResultsError, match=f"format {FORMAT + 1} has no schema here"):
        schema(FORMAT + 1)


def test_the_published_example_fulfils_the_schema_of_its_format() -> None:
    """The example in the repository is a comparison of the format that it names."""
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema(example["format"])).validate(example)


def test_the_schema_names_every_key(demo_comparison: Comparison) -> None:
    """Schema and comparison have the same keys at the top."""
    assert set(schema()["properties"]) == set(demo_comparison.to_dict())


def test_the_text_is_strict_json(demo_comparison: Comparison) -> None:
    """No figure is written as NaN or Infinity, which no other reader knows."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(render(demo_comparison), parse_constant=refuse)["overall"]["word"] == "faster"


def test_only_a_page_brings_the_plotting_library() -> None:
    """Every other form is there without the second that the library takes."""
    code = "import sys, results.report, results.report.html; print('matplotlib' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "False"
