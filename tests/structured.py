"""The structured fields (RFC 9651) of an answer: each must be one, of its own types, and say the same when sent on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import http_sf

SEEN: set[str] = set()
"""Names of the fields that were checked in this process."""

_FORWARD = {"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}


def check(headers: Iterable[tuple[str, str]]) -> None:
    """Check every structured field that says how an answer is, was or may be kept.

    Args:
        headers: All lines of an answer, names in any case.

    Raises:
        AssertionError: A field is no structured one, or holds what its standard does not know.
    """
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        lines.setdefault(name.lower(), []).append(value)
    for name, (kind, is_right) in _FIELDS.items():
        if name not in lines:
            continue
        value = ", ".join(lines[name]).encode()
        try:
            parsed = http_sf.parse(value, tltype=kind)
        except ValueError as error:
            raise AssertionError(f"{name}: {value!r} is no structured {kind}") from error
        assert parsed, f"{name} says nothing"
        assert http_sf.parse(http_sf.ser(parsed).encode(), tltype=kind) == parsed, (
            f"{name}: {value!r} does not come back"
        )
        assert is_right(parsed), f"{name}: {value!r} is not what its standard knows"
        SEEN.add(name)


def _is_status(members: list[tuple[Any, dict[str, Any]]]) -> bool:
    """RFC 9211: caches by name, each with a hit or a way of forwarding, and numbers where numbers belong."""
    for cache, said in members:
        if not isinstance(cache, str | http_sf.Token) or ("hit" in said) == ("fwd" in said):
            return False
        if said.get("hit", True) is not True or said.get("stored", True) is not True:
            return False
        if "fwd" in said and str(said["fwd"]) not in _FORWARD:
            return False
        if not all(type(said.get(name, 0)) is int for name in ("ttl", "fwd-status")):
            return False
        if ("collapsed" in said or "stored" in said or "fwd-status" in said) and "fwd" not in said:
            return False
    return True


def _are_groups(members: list[tuple[Any, dict[str, Any]]]) -> bool:
    """RFC 9875: strings, not one of them twice."""
    names = [name for name, said in members if not said]
    return len(names) == len(set(names)) == len(members) and all(isinstance(name, str) for name in names)


def _are_directives(members: dict[str, tuple[Any, dict[str, Any]]]) -> bool:
    """RFC 9213: seconds are whole numbers of at least 0, and other directives are there or not."""
    values = {name: member[0] for name, member in members.items()}
    seconds = {name for name, value in values.items() if type(value) is int and value >= 0}
    return all(name in seconds or value is True for name, value in values.items())


_FIELDS: dict[str, tuple[str, Any]] = {
    "cache-status": ("list", _is_status),
    "cache-groups": ("list", _are_groups),
    "cache-group-invalidation": ("list", _are_groups),
    "cdn-cache-control": ("dictionary", _are_directives),
}
