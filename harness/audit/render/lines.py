"""A kind of page in the words of one line."""

from __future__ import annotations

from dataclasses import dataclass

from harness.audit import explain
from harness.audit.model import Seen


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a kind.

    Attributes:
        layers: What each layer did with the first reply, then with the last; nearest to the reader first.
        kept: Whether it may be kept and is, and why not.
        confirmed: The validators that get a 304; None where there is none to ask with.
        coding: How it is compressed.
    """

    layers: str
    kept: str
    confirmed: tuple[str, ...] | None
    coding: str


def row(seen: Seen) -> Row:
    """Put a kind into words."""
    first, last = seen.replies[0], seen.last
    ways = explain.layers(first), explain.layers(last)
    return Row(
        ways[0] if ways[0] == ways[1] else f"{ways[0]} → {ways[1]}",
        _kept(seen),
        _confirmed(seen),
        last.coding or ("plain" if last.is_text and last.body else "–"),
    )


def _kept(seen: Seen) -> str:
    policy = seen.last.policy
    if policy.invites:
        lifetime = explain.span(str(policy.seconds))
        return f"yes, {lifetime}" if seen.is_kept else f"yes, {lifetime}; no hit seen"
    if seen.is_kept:
        return f"kept, though {policy.why}"
    return ("no: " if policy.shared is False else "unsaid: " if policy.shared is None else "") + policy.why


def _confirmed(seen: Seen) -> tuple[str, ...] | None:
    asked = [(name, reply) for name, reply in (("ETag", seen.by_tag), ("date", seen.by_date)) if reply is not None]
    return tuple(name for name, reply in asked if reply.status == 304) if asked else None
