"""Writes ``results/schema/compare.schema.json`` from the types and docstrings of ``Comparison``: ``make schema``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from results.comparison import FORMAT, Comparison

PATH: Final = Path(__file__).resolve().parents[1] / "results" / "schema" / "compare.schema.json"

_ABOUT: Final = (
    f"A comparison of two arms, format {FORMAT}. A figure that is not finite (an open interval, a quantile that nobody "
    "reached) is null. Ratios are after over before; shares, margins and changes are fractions; latencies are "
    "milliseconds."
)
_EXIT_CODE: Final = {
    "enum": [0, 1, 3, 4],
    "description": "What anp compare exits with under its default policy: 0 nothing to object to, 1 slower, 3 not "
    "enough data, 4 invalid or not comparable.",
}
_WORDS: Final = {"None": "null", "True": "true", "False": "false"}


def generate() -> dict[str, Any]:
    """The schema of what ``Comparison.to_dict`` returns, which adds an exit code and writes the design its own way."""
    drawn = TypeAdapter(Comparison).json_schema(mode="serialization")
    definitions = {name: _restate(each) for name, each in drawn.pop("$defs").items()}
    question, cell = definitions.pop("Question"), definitions["Cell"]
    declared = {key: value for key, value in question["properties"].items() if key != "cell"}
    flat = {**question, "properties": {**cell["properties"], **declared}}
    flat["required"] = list(flat["properties"])
    definitions["Design"]["properties"]["primary"] |= {"type": ["array", "null"], "items": flat}
    body = _restate(drawn)
    body["properties"] |= {"format": {"const": FORMAT}, "exit_code": _EXIT_CODE}
    body["required"] = list(body["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:anp:compare:{FORMAT}",
        "title": "compare.json",
        **body,
        "description": _ABOUT,
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """The schema as it stands in its file."""
    return json.dumps(generate(), indent=2, ensure_ascii=False) + "\n"


def _restate(schema: Any) -> Any:
    """A part of a drawn schema, made exact: every key and no other, and ``null`` for a figure that is not finite."""
    if isinstance(schema, list):
        return [_restate(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: _restate(value) for key, value in schema.items() if key not in {"title", "default", "properties"}}
    if out.get("type") == "number":
        out["type"] = ["number", "null"]
    if "anyOf" in out:
        out = _merge(out)
    if "properties" in schema:
        # Names of properties are not keywords: one may be called "title".
        about, attributes = read_docstring(out.pop("description", ""))
        properties = {name: _restate(value) for name, value in schema["properties"].items()}
        for name, sentence in attributes.items():
            properties[name]["description"] = sentence
        head = {"description": about} if about else {}
        out = {**head, "type": "object", "properties": properties}
        out |= {"required": list(properties), "additionalProperties": False}
    return out


def _merge(schema: dict[str, Any]) -> dict[str, Any]:
    """``anyOf`` a single type and null as a list of types, which reads better."""
    branches = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
    if len(branches) == len(schema["anyOf"]) or len(branches) != 1 or "type" not in branches[0]:
        return schema
    (branch,) = branches
    types = branch["type"] if isinstance(branch["type"], list) else [branch["type"]]
    rest = {key: value for key, value in branch.items() if key != "type"}
    if "enum" in rest:
        rest["enum"] = [*rest["enum"], None]
    return {
        "type": list(dict.fromkeys([*types, "null"])),
        **rest,
        **{key: value for key, value in schema.items() if key != "anyOf"},
    }


def read_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """The text before the first section of a Google docstring, and its attributes with what is said of each."""
    head, _, section = docstring.partition("\nAttributes:\n")
    about = _in_json(" ".join(re.split(r"\n[A-Z]\w+:\n", head)[0].split()))
    attributes: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break  # the next section
        start = re.match(r" {4}(\w+(?:, \w+)*): (.*)", line)
        if start:
            names = start[1].split(", ")
            said = start[2]
        else:
            said = f"{attributes[names[0]]} {line.strip()}" if names else ""
        attributes |= dict.fromkeys(names, _in_json(said.strip()))
    return about, attributes


def _in_json(sentence: str) -> str:
    """A docstring's words as a reader of JSON knows them."""
    sentence = re.sub(r"``(\w*[^`]*)``", lambda found: f"`{_WORDS.get(found[1], found[1])}`", sentence)
    return re.sub(r"\bNaN\b", "null", sentence)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
