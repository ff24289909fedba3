"""Values as PHP serializes them."""

from __future__ import annotations

import json

import phpserialize
import pytest

from synth.formats._php import serialized, stored
from synth.model import Meta
from tests.unit.synth.formats import php
from tests.unit.synth.formats.material import NASTY, deep

CASES: list[tuple[Meta, str]] = [
    ("", 's:0:"";'),
    ('é"👩', 's:7:"é"👩";'),
    ("a\r\nb", 's:3:"a\nb";'),
    ("\0", 's:3:"\ufffd";'),
    (7, "i:7;"),
    (-(2**63), "i:-9223372036854775808;"),
    (2**63, 's:19:"9223372036854775808";'),
    ((), "a:0:{}"),
    ({}, "a:0:{}"),
    (("x", ("y", 1)), 'a:2:{i:0;s:1:"x";i:1;a:2:{i:0;s:1:"y";i:1;i:1;}}'),
    (
        {"k": "v", "7": 1, "07": 2, "-0": 3, "-5": 4},
        'a:5:{s:1:"k";s:1:"v";i:7;i:1;s:2:"07";i:2;s:2:"-0";i:3;i:-5;i:4;}',
    ),
]


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_a_value_is_serialized_as_php_does(value: Meta, expected: str) -> None:
    """Lengths are in bytes, keys that PHP makes integers are integers, and integers that it lacks are strings."""
    assert serialized(value) == expected


def test_a_scalar_is_stored_as_it_is() -> None:
    """A text or a number is stored bare, as WordPress stores it."""
    assert stored("a text; not a value") == "a text; not a value"
    assert stored(7) == "7"


@pytest.mark.parametrize(
    "text", ['a:1:{i:0;s:1:"x";}', " N; ", 's:3:"abc";', "i:5;", "b:1;", 'O:8:"stdClass":0:{}', "a:0:{\n}"]
)
def test_a_text_that_looks_serialized_comes_back_as_that_text(text: str) -> None:
    """What WordPress would unserialize is serialized once more."""
    assert phpserialize.loads(stored(text).encode(), decode_strings=True) == text


def test_php_itself_reads_what_is_written() -> None:
    """PHP gives back every value; its own serialization of that is the same, byte by byte."""
    values: list[Meta] = [*(value for value, _ in CASES), *NASTY, NASTY, dict.fromkeys(NASTY, NASTY), deep(20)]
    given = [serialized(value) for value in values]
    again = "array_map(fn ($each) => serialize(unserialize($each)), json_decode(stream_get_contents(STDIN)))"
    assert php.run(f"echo json_encode({again});", given=json.dumps(given)) == given
