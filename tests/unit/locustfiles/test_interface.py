"""What a locustfile of one's own imports: small, documented, and without side effects until the user class is taken."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

import locustfiles
from harness.cli import app

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT.partition("## The interface")[2], re.MULTILINE))
DATA = ("Account", "Members", "PageKind", "Persona", "Request", "Scenario")


def run(code: str) -> Any:
    """What a process of its own prints, as JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_the_package_brings_nothing() -> None:
    """Neither locust nor gevent is there after the import, nor any module of the swarm."""
    code = "import json, sys, locustfiles; print(json.dumps([n for n in sys.modules if n.split('.')[0] in "
    code += "('locust', 'gevent', 'numpy') or n.startswith('locustfiles.')]))"
    assert run(code) == []


def test_only_the_user_class_brings_locust() -> None:
    """Every other name of the interface leaves the process as it is."""
    names = [name for name in locustfiles.__all__ if name != "SwarmUser"]
    code = f"import json, sys; from locustfiles import {', '.join(names)}; "
    shown = "print(json.dumps(sorted({'locust', 'gevent'} & set(sys.modules))))"
    assert run(code + shown) == []
    assert run(code + "from locustfiles import SwarmUser; " + shown) == ["gevent", "locust"]


def test_the_interface_is_in_the_document() -> None:
    """The table has each public name, in the order in which they are exported, and no other."""
    assert list(ROWS) == locustfiles.__all__ == sorted(locustfiles.__all__)
    assert set(locustfiles._HOMES) == set(locustfiles.__all__)
    assert set(locustfiles.__all__) <= set(dir(locustfiles))


@pytest.mark.parametrize("name", DATA)
def test_the_document_has_every_field(name: str) -> None:
    """A row names each field of its class, in order; the promise holds for what is written there."""
    fields = [field.name for field in dataclasses.fields(getattr(locustfiles, name))]
    assert re.findall(r"`(\w+)`", ROWS[name].partition(" of ")[0]) == fields


@pytest.mark.parametrize("name", ["Reply", "Visit"])
def test_what_the_document_promises_is_there(name: str) -> None:
    """Each attribute of what steps are given exists."""
    made = locustfiles.Reply() if name == "Reply" else locustfiles.Visit("/", None, "seed")
    promised = re.findall(r"`(\w+)(?:\(\w*\))?`", ROWS[name])
    assert len(promised) >= 3
    assert [
        attribute for attribute in promised if not hasattr(type(made), attribute) and not hasattr(made, attribute)
    ] == []


def test_the_document_names_only_options_that_there_are() -> None:
    """Every option in the text is one of ``anp swarm``'s, or of ``anp`` itself."""
    command = typer.main.get_command(app)
    known = {name for each in (command, command.commands["swarm"]) for option in each.params for name in option.opts}  # type: ignore[attr-defined]
    links = re.sub(r"\]\([^)]*\)", "]", DOCUMENT)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", links)) <= known


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As of any module, so that ``from locustfiles import …`` says what is wrong."""
    with pytest.raises(AttributeError, match="no attribute 'Marker'"):
        _ = locustfiles.Marker


def test_every_public_class_explains_itself() -> None:
    """Each has a docstring of its own."""
    for name in DATA:
        assert inspect.getdoc(getattr(locustfiles, name))
