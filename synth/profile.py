"""The names and versions of the two kinds of prose.

A version goes up whenever any article of its profile changes by one byte; the fingerprints pinned in the
tests say when.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

PROFILES = ("natural", "classic")

PROFILE_VERSIONS: Mapping[str, int] = MappingProxyType({"natural": 4, "classic": 2})


def unknown(profile: object) -> str:
    """Return the one-line message for a profile that does not exist, with the nearest name when there is one."""
    near = get_close_matches(str(profile), PROFILES, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(PROFILES)}"
    return f"unknown profile {profile!r}: {remedy}"
