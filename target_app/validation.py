"""What of a request does not fit, in the words of the rest: where it stands, what it is, and what is expected there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

_MOST, _LONGEST_PLACE, _LONGEST_VALUE = 1_000, 200, 60
"""Errors that are looked at, and characters of where one stands and of the value that stands there."""
_SECRET = re.compile(r"(?i)passw|secret|token|authorization|cookie|credential")
"""Names whose values are not repeated."""

_AS_SENT = "is {value}"
_WORDS = {
    "missing": ("is missing", "a value"),
    "extra_forbidden": ("is not known", "no such field"),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size"), (_AS_SENT, "a whole number")),
    "greater_than_equal": (_AS_SENT, "{ge} or more"),
    "less_than_equal": (_AS_SENT, "{le} or less"),
    "string_type": (_AS_SENT, "text"),
    "string_unicode": ("holds what is no character", "text in Unicode"),
    "string_too_short": ("has {length} characters", "at least {min_length}"),
    "string_too_long": ("has {length} characters", "at most {max_length}"),
    "string_pattern_mismatch": (_AS_SENT, "text that matches {pattern}"),
    "literal_error": (_AS_SENT, "{words}"),
    "list_type": (_AS_SENT, "a list"),
    "too_short": ("has {length} entries", "at least {min_length}"),
    "too_long": ("has {length} entries", "at most {max_length}"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), (_AS_SENT, "an object")),
    "recursion_depth_exceeded": ("is nested too deep", "a flatter value"),
    # Of the site's own rules; see ``target_app.texts`` and ``target_app.articles_api``.
    "blank": ("holds no visible character", "at least one"),
    "named_twice": ("names one of them twice", "each of them once"),
    "nested": ("is nested more than {most} deep", "at most {most} levels"),
    "long": ("is longer than {most} characters as JSON", "at most {most} characters"),
    "null": ("holds null, which names nothing", "a value, or no such field"),
}
"""Type of an error of pydantic to what is the matter, and what is expected."""


class Misfit(BaseModel):
    """One thing that does not fit."""

    at: str = Field(description="Where it stands: a JSON pointer (RFC 6901) into the body, or the name of a parameter.")
    detail: str = Field(description="What is there, with the value if it is short.")
    expected: str = Field(description="What would fit.")


class _Fault(NamedTuple):
    """An error of pydantic, at the place in the request where it stands."""

    place: tuple[str | int, ...]
    error: Mapping[str, Any]


def misfits(errors: Sequence[Mapping[str, Any]], body: Any) -> list[Misfit]:
    """What is wrong with a request.

    Args:
        errors: As pydantic lists them, at least one; places begin with ``path``, ``query``, ``header`` or ``body``.
        body: As it was parsed.
    """
    faults = [_Fault(_place(error, body), error) for error in errors[:_MOST]]
    # A value that may be of several types is refused by each of them, at its own place and where it was looked into.
    inner: set[tuple[str | int, ...]] = set()
    for place, _ in faults:
        while place and (place := place[:-1]) not in inner:
            inner.add(place)
    told: dict[tuple[str | int, ...], list[_Fault]] = {}
    for fault in faults:
        if fault.place not in inner:
            told.setdefault(fault.place, []).append(fault)
    return [_misfit(place, [fault.error for fault in some]) for place, some in told.items()]


def _place(error: Mapping[str, Any], body: Any) -> tuple[str | int, ...]:
    """Where an error stands, without the types that pydantic tried there."""
    begin, *parts = error["loc"]
    if begin != "body":
        return (begin, *parts)
    place: list[str | int] = [begin]
    for depth, part in enumerate(parts, 1):
        if part in body if isinstance(body, dict) else isinstance(body, list) and isinstance(part, int):
            body = body[part]
            place.append(part)
        elif error["type"] == "missing" and depth == len(parts):
            place.append(part)
    return tuple(place)


def _misfit(place: tuple[str | int, ...], errors: Sequence[Mapping[str, Any]]) -> Misfit:
    """What stands at a place, and all that may stand there."""
    named = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place[1:])
    at = _short(named if place[0] == "body" else str(place[-1]), _LONGEST_PLACE)
    # Of the types that may stand here, the value has one: what that type says is what matters. That null may stand for
    # a field that is left out is no advice.
    types = [each for each in errors if each["type"] != "none_required"] or errors
    chosen = [each for each in types if not each["type"].endswith("_type")] or types
    is_secret = any(_SECRET.search(str(part)) for part in place)
    words = [_in_words(error, is_secret=is_secret) for error in chosen]
    what, expected = words[0][0], " or ".join(dict.fromkeys(fit for _, fit in words))
    return Misfit(at=at, detail=f"{at or 'the body'} {what}", expected=expected)


def _in_words(error: Mapping[str, Any], *, is_secret: bool) -> tuple[str, str]:
    value, context = error["input"], error.get("ctx", {})
    what, expected = _WORDS.get(error["type"], (_AS_SENT, "{message}"))
    filled = {
        **context,
        "value": "a value that is not repeated" if is_secret else _shown(value),
        "length": len(value) if isinstance(value, str | list | dict) else 0,
        "words": str(context.get("expected")).replace("'", '"').replace("True", "true"),
        "message": str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be "),
    }
    return _text(what.format_map(filled)), _text(expected.format_map(filled))


def _shown(value: Any) -> str:
    """A value in JSON; of what holds others, only that it does."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return _short(json.dumps(value, ensure_ascii=False, default=repr), _LONGEST_VALUE)


def _short(text: str, most: int) -> str:
    return _text(text if len(text) <= most else f"{text[:most]}…")


def _text(text: str) -> str:
    """What was sent can be anything; what is told of it must be text."""
    return text.encode("utf-8", "replace").decode()
